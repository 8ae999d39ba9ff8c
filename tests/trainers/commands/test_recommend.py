"""Recommendations from a file alone: ranks, what is left out, and mistakes."""

import json

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, save
from trainers.__main__ import main
from trainers.commands.recommend import left_row, recommend
from trainers.core.console import print_progress

LABELS = ["ann", "ben", "ann2", "map", "city", "ben", "sea"]
KNOWN = [["map"], ["map", "city"], [], None, None, None, None]


@pytest.fixture
def made(tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(7, 4)).astype(np.float32)
    roles = ["reader"] * 3 + ["page"] * 4
    return EmbeddingSet.of(vectors, LABELS, {"role": roles, "known": KNOWN}, metric="dot")


def test_all_but_the_known_are_ranked_by_the_files_metric(made):
    found = recommend(made, 0, k=10)
    dots = made.vectors[[4, 5, 6]] @ made.vectors[0]
    order = np.argsort(-dots)
    assert found.rows.tolist() == np.array([4, 5, 6])[order].tolist()
    np.testing.assert_allclose(found.similarities, dots[order], rtol=1e-5)
    assert len(recommend(made, 2, k=2).rows) == 2


def test_a_label_of_both_sides_is_the_left_item(made):
    assert left_row(made, "ben") == 1


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("sea", "'sea' is a page; give a reader"),
        ("zoe", "no reader is called 'zoe'; there are ann, ben, ann2"),
    ],
)
def test_mistakes(made, label, message):
    with pytest.raises(EmbeddingError, match=message):
        left_row(made, label)


def test_labels_never_command_a_terminal(tmp_path, capsys):
    labels = ["ann", "\x1b[2J\x9b\u202e\n"]
    columns = {"role": ["reader", "page"], "known": [[], None]}
    path = tmp_path / "visits.embedding.parquet"
    save(EmbeddingSet.of(np.eye(2), labels, columns, metric="dot"), path)
    assert main(["recommend", str(path), "ann"]) == 0
    assert capsys.readouterr().out == "   0.0000  \\u001b[2J\\u009b\\u202e\\u000a\n"
    assert main(["recommend", str(path), "ann", "--json"]) == 0
    printed = capsys.readouterr().out
    assert not set("\x1b\x9b\u202e") & set(printed)
    assert json.loads(printed)[0]["label"] == labels[1]
    print_progress(f"{labels[1]}next")
    assert capsys.readouterr().err == "\\u001b[2J\\u009b\\u202e\nnext\n"


def test_names_from_a_column(made, tmp_path, capsys):
    names = ["Ann", "Ben", "Ann", None, "The city", "Ben's page", "The sea"]
    path = tmp_path / "visits.embedding.parquet"
    columns = {"role": made.metadata.column("role"), "known": KNOWN, "title": names}
    save(EmbeddingSet.of(made.vectors, LABELS, columns, metric="dot"), path)
    for label in ("ben", "Ben"):
        assert main(["recommend", str(path), label, "--label-column", "title", "--json"]) == 0
        found = {item["row"]: item["label"] for item in json.loads(capsys.readouterr().out)}
        assert found == {5: "Ben's page", 6: "The sea"}
    assert main(["recommend", str(path), "Ann", "--label-column", "title"]) == 2
    assert "'Ann' is the label of rows 0, 2" in capsys.readouterr().err
    assert main(["recommend", str(path), "ann", "--label-column", "none"]) == 2
    assert "no column 'none'; it has role, known, title" in capsys.readouterr().err


def test_other_files_are_refused():
    other = EmbeddingSet.of(np.eye(2), ["a", "b"])
    with pytest.raises(EmbeddingError, match="no columns `role` and `known`"):
        left_row(other, "a")
    with pytest.raises(EmbeddingError, match="is the label of rows 0, 1"):
        twice = {"role": ["user"] * 2, "known": [["x"], ["y"]]}
        left_row(EmbeddingSet.of(np.eye(2), ["a", "a"], twice), "a")


def test_the_command(made, tmp_path, capsys):
    path = tmp_path / "visits.embedding.parquet"
    save(made, path)
    assert main(["recommend", str(path), "ann", "-k", "2", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [item["row"] for item in listed] == recommend(made, 0, 2).rows.tolist()
    assert set(listed[0]) == {"row", "label", "similarity"}
    assert main(["recommend", str(path), "ann"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["recommend", str(path), "ann", "-k", "0"]) == 2
    assert main(["recommend", str(path), "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err
