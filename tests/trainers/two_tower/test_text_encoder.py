"""A saved run encodes new texts as its left tower does."""

import json

import numpy as np
import pytest

from embeddings import EmbeddingError, load
from server.runs.contract import sha256_of
from tests.trainers.two_tower.search_data import search_config, write_topics
from trainers.__main__ import main
from trainers.commands import load_run
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.train import run


@pytest.mark.parametrize("tower", ["table", "network"])
def test_a_new_text_has_the_vector_of_a_query_with_its_words(tmp_path, tower, capsys):
    write_topics(tmp_path)
    settings = search_config(tmp_path, "--max-steps", "9", "--tower", tower)
    run(settings)
    made = load(settings.out)
    text = "ASK2a, ask2c!! please?"  # the words of q21, and one that no page has
    vector = load_run.load(tmp_path / "o.run").encode_text(text)
    np.testing.assert_allclose(vector, made.vectors[made.labels.index("q21")], atol=1e-6)
    assert main(["recommend", str(settings.out), "--text", text, "-k", "3", "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == "ignored, not in the vocabulary: please\n"
    found = json.loads(output.out)
    pages = np.array(made.metadata["role"].to_pylist()) == "page"
    expected = np.sort(made.vectors[pages] @ vector)[::-1][:3]
    np.testing.assert_allclose([item["similarity"] for item in found], expected, atol=1e-5)
    assert main(["encode", str(tmp_path / "o.run"), "--text", "unheard of"]) == 2
    assert "none of the words of 'unheard of'" in capsys.readouterr().err


def test_a_text_needs_the_run_that_made_the_file(tmp_path, capsys):
    write_topics(tmp_path)
    run(search_config(tmp_path, "--max-steps", "1", "--run-dir", str(tmp_path / "other.run")))
    run(search_config(tmp_path, "--max-steps", "1", "--seed", "1"))
    command = ["recommend", str(tmp_path / "o.embedding.parquet"), "--text", "ask2a"]
    assert main(command) == 0
    assert main([*command, "--run-dir", str(tmp_path / "other.run")]) == 2
    assert "not the run that made the file" in capsys.readouterr().err
    assert main(command[:2]) == 2
    assert "expected either a label or --text" in capsys.readouterr().err


def test_the_model_refitted_on_all_pairs_encodes(tmp_path):
    write_topics(tmp_path)
    settings = search_config(
        tmp_path, "--epochs", "2", "--split", "none", "--validation-fraction", "0.1"
    )
    run(settings)
    made = load(settings.out)
    vector = load_run.load(tmp_path / "o.run").encode_text("ask2a ask2c please")
    np.testing.assert_allclose(vector, made.vectors[made.labels.index("q21")], atol=1e-6)
    checkpoint = tmp_path / "o.run" / "refit" / "best.pt"
    assert made.provenance.config["checkpoint_sha256"] == sha256_of(checkpoint)
    assert main(["recommend", str(settings.out), "--text", "ask2a"]) == 0
    checkpoint.unlink()  # as if the run had been stopped before
    with pytest.raises(EmbeddingError, match="has not been trained on all pairs yet; continue it"):
        load_run.load(tmp_path / "o.run")


def test_a_run_without_words_cannot_encode_texts(tmp_path):
    write_topics(tmp_path)
    run(TwoTowerConfig(data=tmp_path / "pairs.csv", out=tmp_path / "o.embedding.parquet",
                       max_steps=1, device="cpu", quiet=True, validation_fraction=0))  # fmt: skip
    with pytest.raises(EmbeddingError, match="cannot encode texts; give one made with"):
        load_run.load(tmp_path / "o.run")
