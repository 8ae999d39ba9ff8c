"""load() and save() as a whole: real files, sniffing by content, and what is refused."""

import pickle
import shutil
import zipfile

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files import WRITERS
from embeddings.files.detect import FORMATS

REAL = [
    # file, companions, rows, dimensions, first labels, metadata columns
    ("emb/lee_fasttext.vec", [], 1762, 10, ["the", "to", "of"], []),
    ("emb/euclidean_vectors.bin", [], 2747, 10, ["the", "to", "of"], []),
    ("emb/test_glove.txt", [], 76, 50, ["the", "ö", "é", "हु"], []),
    ("emb/glove/glove_6B_50d_top10k.npy", [], 10_000, 50, ["0", "1"], []),
    (
        "emb/glove/glove_6B_50d_top10k.npy",
        ["emb/glove/glove_6B_50d_top10k_labels.tsv"],
        10_000,
        50,
        ["the", ",", ".", "of"],
        [],
    ),
    (
        "emb/glove/glove_6B_50d_top10k_labels.tsv",
        ["emb/glove/glove_6B_50d_top10k.npy"],
        10_000,
        50,
        ["the", ",", ".", "of"],
        [],
    ),
    ("emb/glove/glove_6B_50d_top3k.txt", [], 3_000, 50, ["the", ",", ".", "of"], []),
    (
        "emb/articles_bge_small.parquet",
        [],
        829,
        384,
        ["Should You Adopt AI in EU Regulated Manufacturing in 2026?"],
        ["folder", "slug", "published_date", "canonical_url", "local_url", "topics", "summary",
         "text_chars", "model", "embedding_dim"],
    ),
    (
        "emb/articles_150_stringlist.csv",
        [],
        150,
        384,
        ["Should You Adopt AI in EU Regulated Manufacturing in 2026?"],
        ["topics"],
    ),
    ("emb/datamapplot_points.arrow", [], 117_592, 2, ["0", "1"], ["r", "g", "b", "a"]),
    ("emb/glove/glove_top3k.safetensors", [], 3_000, 50, ["0", "1"], []),
    (
        "emb/articles_150.jsonl",
        [],
        150,
        384,
        ["Should You Adopt AI in EU Regulated Manufacturing in 2026?"],
        ["id", "metadata.date"],
    ),
    ("emb/spacerank_embeddings.npz", [], 392, 384, ["3dadeeb3b43c285ba16f2fb08c40ba4a793aa2df"],
     []),
    ("emb/arxiv_ml_data_map.npz", [], 117_592, 2, ["0", "1"], []),
    ("emb/projector_iris/iris_labels.tsv", [], 150, 4, ["Iris-setosa"], ["class"]),
    (
        "5_contextual/minilm_context.npz",
        ["5_contextual/minilm_context.tsv"],
        344,
        384,
        ["spring", "draft", "plant"],
        ["word", "position", "split", "sentence"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "companions", "rows", "dimensions", "labels", "columns"),
    REAL,
    ids=[f"{row[0].rpartition('/')[2]}+{len(row[1])}" for row in REAL],
)
def test_real_files_open(data, file, companions, rows, dimensions, labels, columns):
    found = load(data / file, [data / name for name in companions], note=lambda _: None)
    assert found.vectors.shape == (rows, dimensions)
    assert list(found.labels[: len(labels)]) == labels
    assert found.metadata.column_names == columns
    assert found.metadata.num_rows == rows


def test_real_files_agree_with_one_another(data):
    glove = load(
        data / "emb/glove/glove_6B_50d_top10k.npy",
        [data / "emb/glove/glove_6B_50d_top10k_labels.tsv"],
    )
    text = load(data / "emb/glove/glove_6B_50d_top3k.txt")
    assert text.labels == glove.labels[:3000]
    assert '"' in glove.labels and "," in glove.labels
    np.testing.assert_array_equal(text.vectors, glove.vectors[:3000])
    tensors = load(data / "emb/glove/glove_top3k.safetensors")
    np.testing.assert_array_equal(tensors.vectors, glove.vectors[:3000])
    points = load(data / "emb/datamapplot_points.arrow")
    assert points.vectors.tobytes() == load(data / "emb/arxiv_ml_data_map.npz").vectors.tobytes()
    listed = load(data / "emb/articles_150_stringlist.csv")
    lines = load(data / "emb/articles_150.jsonl")
    assert lines.labels == listed.labels
    np.testing.assert_allclose(lines.vectors, listed.vectors, atol=1e-6)
    whole = load(data / "emb/articles_bge_small.parquet")
    assert listed.labels == whole.labels[:150]
    np.testing.assert_allclose(listed.vectors, whole.vectors[:150], atol=1e-6)


@pytest.mark.parametrize(
    "file", [row[0] for row in REAL if not row[1]], ids=lambda name: name.rpartition("/")[2]
)
def test_the_extension_does_not_matter(data, tmp_path, file):
    copy = tmp_path / "renamed.dat"
    shutil.copyfile(data / file, copy)
    np.testing.assert_array_equal(
        load(copy, note=lambda _: None).vectors, load(data / file, note=lambda _: None).vectors
    )


def test_absent_empty_and_unknown_files(tmp_path):
    with pytest.raises(EmbeddingError, match=r"nothing\.csv: no such file"):
        load(tmp_path / "nothing.csv")
    with pytest.raises(EmbeddingError, match="a folder of 0 files"):
        load(tmp_path)
    empty = tmp_path / "empty.parquet"
    empty.touch()
    with pytest.raises(EmbeddingError, match=r"empty\.parquet: the file is empty"):
        load(empty)
    blank = tmp_path / "blank.csv"
    blank.write_text("\n\r\n\n")
    with pytest.raises(EmbeddingError, match=r"blank\.csv: .*blank lines"):
        load(blank)
    unknown = tmp_path / "photo.png"
    unknown.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0")
    with pytest.raises(EmbeddingError, match=r"photo\.png: no vectors among images"):
        load(unknown)
    unknown.write_bytes(b"\0\1\2\3" * 5)
    with pytest.raises(EmbeddingError) as raised:
        load(unknown)
    assert "photo.png: not a known format" in str(raised.value)
    assert all(each.name in str(raised.value) for each in FORMATS)


def test_a_file_beyond_the_limit_is_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "large.csv"
    path.write_text("a,b\n" + "1,2\n" * 100)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "100")
    with pytest.raises(EmbeddingError, match=r"large\.csv: the file has 404 bytes.* limit of 100"):
        load(path)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "4GB")
    with pytest.raises(EmbeddingError, match="EMBEDDING_MAX_BYTES is '4GB'"):
        load(path)
    monkeypatch.delenv("EMBEDDING_MAX_BYTES")
    assert len(load(path)) == 100


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["vectors.pkl", "vectors.csv", "vectors.npy"])
def test_pickles_are_refused_with_what_to_do(tmp_path, protocol, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Bomb(), protocol=protocol))
    with pytest.raises(EmbeddingError, match=rf"{name}: ") as raised:
        load(path)
    if protocol >= 2 or name == "vectors.pkl":
        assert "numpy.save" in str(raised.value)


def test_torch_files_models_and_packed_files_are_refused(tmp_path):
    torch_file = tmp_path / "model.dat"
    with zipfile.ZipFile(torch_file, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(Bomb()))
        archive.writestr("model/data/0", b"\0" * 16)
    with pytest.raises(EmbeddingError, match=r"model\.dat: a pickle"):
        load(torch_file)
    fasttext = tmp_path / "model.bin"
    fasttext.write_bytes((793712314).to_bytes(4, "little") + b"\x0c\0\0\0" + b"\0" * 100)
    with pytest.raises(EmbeddingError, match=r"model\.bin: a fastText model"):
        load(fasttext)
    packed = tmp_path / "vectors.csv.gz"
    packed.write_bytes(b"\x1f\x8b\x08\0rest")
    with pytest.raises(EmbeddingError, match="damaged or incomplete gzip"):
        load(packed)


def small_set() -> EmbeddingSet:
    return EmbeddingSet.of(
        np.array([[0.1, -2.0, 3e-30], [4.0, 5.5, -0.0]]),
        ["one", "two"],
        {"year": [1999, 2001]},
        name="small",
        metric="dot",
    )


@pytest.mark.parametrize(
    ("suffix", "lost"),
    [
        (".parquet", ()),
        (".npz", ()),
        (".arrow", ()),
        (".arrows", ()),
        (".feather", ()),
        (".safetensors", ("column year",)),
        (".npy", ("labels", "column year", "provenance")),
        (".csv", ("provenance",)),
        (".tsv", ("provenance",)),
        (".jsonl", ("provenance",)),
        (".json", ("provenance",)),
        (".vec", ("column year", "provenance")),
        (".txt", ("column year", "provenance")),
        (".bin", ("column year", "provenance")),
        (".h5ad", ()),
        ("config.json", ()),
    ],
)
def test_save_notes_what_a_format_cannot_store(tmp_path, suffix, lost):
    path = tmp_path / f"small{suffix}"
    assert save(small_set(), path) == lost
    found = load(path)
    assert found.fingerprint == small_set().fingerprint
    assert found.labels == (("0", "1") if "labels" in lost else ("one", "two"))
    assert found.provenance.name == "small"
    beside = {"small.bytes", "small_metadata.tsv"} if suffix == "config.json" else set()
    assert {file.name for file in tmp_path.iterdir()} == {path.name, *beside}


def test_every_writer_lists_what_it_cannot_store():
    (mark,) = test_save_notes_what_a_format_cannot_store.pytestmark
    assert set(WRITERS) == {suffix for suffix, _ in mark.args[1]}


def test_a_set_without_extras_loses_nothing(tmp_path):
    plain = EmbeddingSet.of(np.ones((2, 3)))
    for suffix in WRITERS:
        assert save(plain, tmp_path / f"plain{suffix}") == ()


def test_unknown_extensions_are_not_written(tmp_path):
    for name in ("x.xlsx", "x"):
        with pytest.raises(EmbeddingError, match=r"cannot write .*\.parquet"):
            save(small_set(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_one_row_opens_from_every_format(tmp_path):
    one = EmbeddingSet.of(np.array([[0.5, 1.5, 2.5]]), ["only"])
    for suffix in WRITERS:
        path = tmp_path / f"one{suffix}"
        save(one, path)
        found = load(path)
        assert found.vectors.tolist() == [[0.5, 1.5, 2.5]]
        assert found.labels == (("0",) if suffix == ".npy" else ("only",))
