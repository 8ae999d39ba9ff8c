"""Every file of vectors that we hold, with its companions: `inspect --json` describes it.

The expected values come from the collection's description (SOURCES.md) and from the files.
"""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from embeddings import load
from embeddings.cli import main


@dataclass(frozen=True)
class Case:
    """What opening some files gives; `notes` are parts of the text on standard error."""

    files: tuple[str, ...]
    rows: int
    dimensions: int
    dtype: str
    columns: dict[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    unit: bool = False
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


GLOVE = ("the", ",", ".", "of", "to", "and", "in", "a", '"')
IRIS = {
    "sepal-length": "number", "sepal-width": "number", "petal-length": "number",
    "petal-width": "number", "class": "category",
}  # fmt: skip
CELLS = {
    "bulk_labels": "category", "n_genes": "number", "percent_mito": "number",
    "n_counts": "number", "S_score": "number", "G2M_score": "number", "phase": "category",
    "louvain": "category",
}  # fmt: skip
ARTICLES = {
    "folder": "text", "slug": "text", "published_date": "date", "canonical_url": "text",
    "local_url": "text", "topics": "list", "summary": "category", "text_chars": "number",
    "model": "category", "embedding_dim": "number",
}  # fmt: skip
WORDS = {"word": "category", "position": "number", "split": "category", "sentence": "text"}
ADOPT = "Should You Adopt AI in EU Regulated Manufacturing in 2026?"

CASES = (
    Case(("emb/lee_fasttext.vec",), 1762, 10, "text", labels=("the",)),
    Case(("emb/euclidean_vectors.bin",), 2747, 10, "float32"),
    Case(("emb/test_glove.txt",), 76, 50, "text"),
    Case(
        ("emb/glove/glove_6B_50d_top10k.npy", "emb/glove/glove_6B_50d_top10k_labels.tsv"),
        10_000, 50, "float32", labels=GLOVE,
    ),
    Case(("emb/glove/glove_6B_50d_top10k.npy",), 10_000, 50, "float32", labels=("0", "1")),
    Case(("emb/glove/glove_6B_50d_top3k.txt",), 3000, 50, "text", labels=GLOVE),
    Case(("emb/glove/glove_top3k.safetensors",), 3000, 50, "float32", labels=("0", "1")),
    Case(
        ("emb/projector_iris/oss_demo_projector_config.json",), 150, 4, "float32", IRIS,
        ("Iris-setosa",) * 50 + ("Iris-versicolor",) * 50 + ("Iris-virginica",) * 50,
        notes=("took Iris; missing: Word2Vec 10K (oss_data/word2vec_10000_200d_tensors.bytes)",
              "Word2Vec All", "Mnist with images", "GNMT Interlingua"),
    ),
    Case(
        ("emb/projector_iris/iris_tensors.bytes", "emb/projector_iris/iris_labels.tsv"),
        150, 4, "float32", IRIS, ("Iris-setosa",) * 50,
        notes=("600 numbers for 150 rows, so each vector has 4",),
    ),
    Case(
        ("emb/projector_iris/iris_tensors.bytes",), 150, 4, "float32",
        flags=("--dimensions", "4"),
    ),
    Case(
        ("emb/10x_pbmc68k_reduced.h5ad",), 700, 50, "float32", CELLS, ("AAAGCCTGGCTAAC-1",),
        notes=("took obsm/X_pca (700, 50)", "obsm/X_umap (700, 2)", "X (700, 765)"),
    ),
    Case(
        ("emb/10x_pbmc68k_reduced.h5ad",), 700, 2, "float64", CELLS, ("AAAGCCTGGCTAAC-1",),
        flags=("--vector", "X_umap"),
    ),
    Case(
        ("emb/10x_pbmc68k_reduced.h5ad",), 700, 765, "float32", CELLS, flags=("--vector", "X")
    ),
    Case(("emb/articles_bge_small.parquet",), 829, 384, "float32", ARTICLES, unit=True),
    Case(
        ("emb/articles_150_stringlist.csv",), 150, 384, "text", {"topics": "list"}, (ADOPT,),
        unit=True,
    ),
    Case(
        ("emb/articles_150.jsonl",), 150, 384, "float32", {"id": "text", "metadata.date": "date"},
        (ADOPT,), unit=True,
    ),
    Case(("emb/spacerank_embeddings.npz",), 392, 384, "float32", unit=True),
    Case(("emb/arxiv_ml_data_map.npz",), 117_592, 2, "float32", labels=("0", "1")),
    Case(
        ("emb/datamapplot_points.arrow",), 117_592, 2, "float32",
        dict.fromkeys("rgba", "number"), ("0", "1"),
    ),
    Case(
        ("5_contextual/minilm_context.npz", "5_contextual/minilm_context.tsv"), 344, 384,
        "float32", WORDS, notes=("took layer0 (344, 384) as the vectors, not layer6 (344, 384)",),
    ),
    Case(
        ("5_contextual/minilm_context.tsv", "5_contextual/minilm_context.npz"), 344, 384,
        "float32", WORDS, flags=("--vector", "layer6"),
    ),
    Case(
        ("5_contextual/elmo_lm_embeddings_0.hdf5", "5_contextual/elmo_sentences.json"), 295, 16,
        "float32", {"sentence": "number", "position": "number", "text": "category"},
        ("The", "U.S.", "Centers", "for", "Disease", "Control"),
        notes=("10 sentences of 2 layers: took the last layer", "took list 0 of 3"),
    ),
    Case(
        ("5_contextual/elmo_lm_embeddings_0.hdf5",), 295, 16, "float32",
        {"sentence": "number", "position": "number"}, ("0", "1"), flags=("--vector", "layer 0"),
    ),
)  # fmt: skip

NO_VECTORS = {"emb/projector_iris/word2vec_10000_200d_labels.tsv"}
"""Metadata of tensors that are not there."""


def inspected(capsys, data, files, flags=()):
    """Return what `inspect --json` prints on standard output, and the text on standard error."""
    status = main(["inspect", *(str(data / name) for name in files), *flags, "--json"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    return json.loads(printed.out), printed.err


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join((*case.files, *case.flags)))
def test_a_file_agrees_with_its_description(capsys, data, case):
    facts, printed = inspected(capsys, data, case.files, case.flags)
    assert (facts["rows"], facts["dimensions"]) == (case.rows, case.dimensions)
    assert facts["dtype"] == case.dtype
    assert {column["name"]: column["kind"] for column in facts["columns"]} == case.columns
    assert facts["health"]["norms"]["unit"] is case.unit
    assert facts["health"]["non_finite_rows"] == facts["health"]["zero_rows"] == 0
    for part in case.notes:
        assert part in printed
    if case.labels:
        first, *others = (data / name for name in case.files)
        answers = dict(zip(case.flags[::2], case.flags[1::2], strict=True))
        if "--dimensions" not in answers:
            found = load(first, others, vector=answers.get("--vector"), note=lambda _: None)
            assert found.labels[: len(case.labels)] == case.labels


def test_no_file_is_missing_from_the_table(data):
    named = NO_VECTORS | {name for case in CASES for name in case.files}
    held = {
        path.relative_to(data).as_posix()
        for folder in ("emb", "5_contextual")
        for path in (data / folder).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    assert held == named


@pytest.mark.parametrize("name", sorted(NO_VECTORS))
def test_metadata_alone_are_refused(capsys, data, name):
    assert main(["inspect", str(data / name), "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ") and printed.err.count("\n") == 1
    assert "no vectors" in printed.err and "open both together" in printed.err


def test_the_neighbors_of_king(capsys, data, tmp_path):
    vectors = "emb/glove/glove_6B_50d_top10k.npy"
    together = tmp_path / "glove.embedding.parquet"
    files = [str(data / vectors), str(data / vectors.replace(".npy", "_labels.tsv"))]
    assert main(["convert", *files, str(together)]) == 0
    capsys.readouterr()
    assert main(["neighbors", str(together), "king", "-k", "7", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    named = [answer["label"] for answer in found]
    assert named == ["prince", "queen", "ii", "emperor", "son", "uncle", "kingdom"]


def test_one_set_in_several_formats_is_one_set(data):
    matrix = np.load(data / "emb/glove/glove_6B_50d_top10k.npy")
    assert matrix.flags.f_contiguous
    np.testing.assert_array_equal(load(data / "emb/glove/glove_6B_50d_top10k.npy").vectors, matrix)
    text = load(data / "emb/glove/glove_6B_50d_top3k.txt")
    tensor = load(data / "emb/glove/glove_top3k.safetensors")
    np.testing.assert_array_equal(text.vectors, matrix[:3000])
    np.testing.assert_array_equal(tensor.vectors, matrix[:3000])
    table = load(data / "emb/articles_bge_small.parquet", note=lambda _: None)
    rows = {title: row for row, title in enumerate(table.labels)}
    for name in ("articles_150.jsonl", "articles_150_stringlist.csv"):
        part = load(data / "emb" / name, note=lambda _: None)
        same = table.vectors[[rows[title] for title in part.labels]]
        np.testing.assert_allclose(part.vectors, same, atol=1e-6)


def test_points_and_their_colors(data):
    points = load(data / "emb/arxiv_ml_data_map.npz")
    colored = load(
        data / "emb/datamapplot_points.arrow", [data / "emb/arxiv_ml_data_map.npz"],
        note=lambda _: None,
    )  # fmt: skip
    np.testing.assert_array_equal(colored.vectors, points.vectors)
    assert colored.metadata.column_names == ["x", "y", "r", "g", "b", "a"]


def test_facts_of_single_files(data):
    words = load(data / "emb/test_glove.txt").labels
    assert any("ö" in word for word in words) and "हु" in words
    cells = load(data / "emb/10x_pbmc68k_reduced.h5ad", note=lambda _: None).metadata
    assert len(cells["bulk_labels"].unique()) == 10
    assert set(cells["phase"].to_pylist()) == {"G1", "S", "G2M"}
    contexts = load(
        data / "5_contextual/minilm_context.npz", [data / "5_contextual/minilm_context.tsv"],
        note=lambda _: None,
    )  # fmt: skip
    counts = {word: contexts.labels.count(word) for word in set(contexts.labels)}
    assert len(counts) == 12
    assert counts["bank"] == 37 and counts["match"] == counts["light"] == counts["star"] == 40
    topics = load(data / "emb/articles_bge_small.parquet", note=lambda _: None).metadata["topics"]
    assert all(isinstance(topic, str) for topics_of in topics.to_pylist() for topic in topics_of)
