"""Quirky but valid files, as libraries, services and databases really write them."""

import json
import struct
import zipfile
from decimal import Decimal
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file
from scipy.sparse import coo_array, save_npz

from embeddings import EmbeddingError, load

ROWS, DIMENSIONS = 12, 8
WORDS = [f"word {i}" if i == 3 else f"word{i}" for i in range(ROWS)]
VECTORS = np.random.default_rng(0).normal(size=(ROWS, DIMENSIONS)).astype(np.float32).round(3)
LISTS = [[round(float(x), 3) for x in row] for row in VECTORS]
NAMES = [word.replace(" ", "_") for word in WORDS]


def check(path: Path, *companions: Path, labels=WORDS, note: str = "") -> list[str]:
    notes: list[str] = []
    found = load(path, companions, note=notes.append)
    np.testing.assert_allclose(found.vectors, VECTORS, rtol=1e-6)
    expected = map(str, range(ROWS)) if labels is None else labels
    assert list(found.labels) == list(expected)
    assert note in " ".join(notes)
    return found.metadata.column_names


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(between: str = " ", words=WORDS, first: str | None = None) -> str:
    first = between if first is None else first
    rows = zip(words, LISTS, strict=True)
    return "".join(word + first + between.join(map(str, row)) + "\n" for word, row in rows)


def table(delimiter: str = ",", decimal: str = ".") -> str:
    header = delimiter.join(["word", *"abcdefgh"]) + "\n"
    return header + lines(delimiter).replace(".", decimal)


TEXTS = {
    "header with more spaces": f"{ROWS}  {DIMENSIONS} \n" + lines(),
    "CRLF": (f"{ROWS} {DIMENSIONS}\n" + lines()).replace("\n", "\r\n"),
    "word2vec of tabs": f"{ROWS}\t{DIMENSIONS}\n" + lines("\t"),
    "GloVe of tabs": lines("\t"),
    "a tab after the word": lines(first="\t"),
    "decimal comma": table(";", ","),
    "Excel's first line": "sep=;\n" + table(";"),
    "comments": "# made by hand\n# in 2020, and 2021\n" + table(),
    "numpy.savetxt": "# words of eight\n" + lines(words=NAMES),
    "UTF-16": table().encode("utf-16"),
    "quoted": "".join(
        ",".join(f'"{c}"' for c in line.split(",")) + "\n" for line in table().splitlines()
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(tmp_path, name):
    words = NAMES if name == "numpy.savetxt" else WORDS  # where a space always divides
    check(write(tmp_path / "words.txt", TEXTS[name]), labels=words)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda row: str(row),
        lambda row: f"tensor({row}, device='cuda:0')",
        lambda row: f"array({row}, dtype=float32)",
        lambda row: f"[{', '.join(f'np.float32({x})' for x in row)}]",
        lambda row: f"[{row}]",
        lambda row: "{" + ",".join(map(str, row)) + "}",
    ],
    ids=["list", "tensor", "array", "numpy 2", "list in a list", "PostgreSQL"],
)
def test_lists_in_cells(tmp_path, spelled):
    rows = (f'{word},"{spelled(row)}"\n' for word, row in zip(WORDS, LISTS, strict=True))
    check(write(tmp_path / "words.csv", "text,embedding\n" + "".join(rows)))


def test_a_label_may_be_a_hash(tmp_path):
    words = ["#", *WORDS[1:]]
    check(write(tmp_path / "glove.txt", lines(words=words)), labels=words)
    np.save(tmp_path / "v.npy", VECTORS)
    labels = write(tmp_path / "labels.txt", "\n".join(words))
    check(tmp_path / "v.npy", labels, labels=words)


def test_wide_tables(tmp_path):
    for width in (30_000, 70_000):
        names = ",".join(f"g{i}" for i in range(width))
        write(tmp_path / f"{width}.csv", f"{names}\n" + (",".join(["1.5"] * width) + "\n") * 20)
    assert load(tmp_path / "30000.csv").vectors.shape == (20, 30_000)
    with pytest.raises(EmbeddingError, match="a row of 70,000 columns; expected at most 65,536"):
        load(tmp_path / "70000.csv")


RECORDS = [{"id": word, "v": row} for word, row in zip(WORDS, LISTS, strict=True)]
BY_WORD = dict(zip(WORDS, LISTS, strict=True))
DOCUMENTS = {
    "object by word": BY_WORD,
    "OpenAI": {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(LISTS)],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
    },
    "Cohere": {"id": "x", "texts": WORDS, "embeddings": LISTS, "meta": {"api_version": {"v": "1"}}},
    "Cohere 2": {"id": "x", "texts": WORDS, "embeddings": {"float": LISTS}, "meta": {}},
    "Gemini": {"embeddings": [{"values": row} for row in LISTS]},
    "Chroma, get": {
        "ids": WORDS, "embeddings": LISTS, "metadatas": [{"a": 1}] * ROWS, "documents": NAMES,
        "uris": None, "data": None, "included": ["embeddings"],
    },
    "Chroma, query": {"ids": [WORDS], "embeddings": [LISTS], "distances": [[0.5] * ROWS]},
    "Pinecone, fetch": {
        "vectors": {r["id"]: {"id": r["id"], "values": r["v"], "metadata": {}} for r in RECORDS},
        "namespace": "",
    },
    "Pinecone, query": {
        "matches": [{"id": r["id"], "score": 0.1, "values": r["v"]} for r in RECORDS],
    },
    "Weaviate": {
        "data": {"Get": {"Word": [
            {"title": r["id"], "_additional": {"vector": r["v"]}} for r in RECORDS
        ]}},
    },
    "Qdrant": {
        "result": {
            "points": [{"id": i, "payload": {"t": "x"}, "vector": v} for i, v in enumerate(LISTS)],
            "next_page_offset": None,
        },
        "status": "ok", "time": 0.1,
    },
    "Elasticsearch": {
        "took": 1,
        "hits": {"total": {"value": 12, "relation": "eq"}, "hits": [
            {"_id": r["id"], "_score": 1.5, "_source": {"v": r["v"]}} for r in RECORDS
        ]},
    },
    "LlamaIndex": {
        "embedding_dict": BY_WORD,
        "text_id_to_ref_doc_id": dict.fromkeys(WORDS, "d"),
        "metadata_dict": {word: {"file": "f"} for word in WORDS},
    },
    "LangChain": {r["id"]: {"vector": r["v"], "metadata": {"s": "x"}} for r in RECORDS},
    "pairs": [[r["id"], r["v"]] for r in RECORDS],
    "words before numbers": [[r["id"], *r["v"]] for r in RECORDS],
    "lists in lists": [[row] for row in LISTS],
}  # fmt: skip
NO_WORDS = ("OpenAI", "Gemini", "lists in lists", "Qdrant")


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 1])
def test_json(tmp_path, name, indent):
    path = write(tmp_path / "answer.json", json.dumps(DOCUMENTS[name], indent=indent))
    check(path, labels=None if name in NO_WORDS else WORDS)


def test_json_lines_of_one_vector(tmp_path):
    rows = "".join(json.dumps({word: row}) + "\n" for word, row in BY_WORD.items())
    check(write(tmp_path / "words.jsonl", rows))


@pytest.mark.parametrize(
    "vocabulary",
    [
        WORDS,
        {word: i for i, word in reversed(list(enumerate(WORDS)))},
        {str(i): word for i, word in enumerate(WORDS)},
        {"version": "1.0", "model": {"type": "BPE", "vocab": {w: i for i, w in enumerate(WORDS)}}},
    ],
    ids=["list", "rows by word", "words by row", "tokenizer.json"],
)
def test_a_vocabulary_beside_vectors(tmp_path, vocabulary):
    np.save(tmp_path / "v.npy", VECTORS)
    names = write(tmp_path / "vocab.json", json.dumps(vocabulary))
    check(tmp_path / "v.npy", names)
    check(names, tmp_path / "v.npy")


def test_a_folder_of_a_model(tmp_path):
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    save_file({"embeddings": VECTORS}, folder / "model.safetensors")
    write(folder / "config.json", '{"model_type": "model2vec"}')
    write(folder / "modules.json", '[{"idx": 0, "name": "0"}]')
    write(folder / "1_Pooling/config.json", '{"word_embedding_dimension": 8}')
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    write(folder / "tokenizer.json", json.dumps({"model": {"vocab": vocabulary}}))
    check(folder, note="left out 1_Pooling/config.json, config.json, modules.json")


@pytest.mark.parametrize("shape", [(12, 1, 8), (1, 12, 8), (12, 8, 1, 1)])
def test_axes_of_length_one(tmp_path, shape):
    array = VECTORS.reshape(shape)
    np.save(tmp_path / "v.npy", array)
    np.savez(tmp_path / "v.npz", emb=array)
    save_file({"v": array}, tmp_path / "v.safetensors")
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["v"] = array
    for name in ("v.npy", "v.npz", "v.safetensors", "v.h5"):
        check(tmp_path / name, labels=None)


def test_one_array_for_each_word(tmp_path):
    arrays = dict(sorted(zip(NAMES, VECTORS, strict=True)))
    np.savez(tmp_path / "v.npz", **arrays)
    save_file(arrays, tmp_path / "v.safetensors")
    with h5py.File(tmp_path / "v.h5", "w") as file:
        for name, vector in arrays.items():
            file[f"proteins/{name}"] = vector
    for name in ("v.npz", "v.safetensors", "v.h5"):
        notes: list[str] = []
        found = load(tmp_path / name, note=notes.append)
        assert notes == ["12 arrays of 8 numbers: took each as a vector, its name as the label"]
        for label, vector in zip(found.labels, found.vectors, strict=True):
            assert (arrays[label] == vector).all()


def test_arrays_x_and_y_are_no_vectors_by_name(tmp_path):
    np.savez(tmp_path / "v.npz", x=VECTORS[:, 0], y=VECTORS[:, 1])
    with pytest.raises(EmbeddingError, match="no matrix of numbers"):
        load(tmp_path / "v.npz")


def test_records_of_numpy(tmp_path):
    array = np.zeros(ROWS, [("name", "U10"), ("vec", "<f4", DIMENSIONS), ("n", "i4"), ("c", "c8")])
    array["name"], array["vec"] = WORDS, VECTORS
    np.save(tmp_path / "v.npy", array)
    assert check(tmp_path / "v.npy", note="left out the field c") == ["n"]


def test_layers_of_keras(tmp_path):
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file["model_weights/dense/kernel:0"] = np.ones((DIMENSIONS, 2), "f4")
        file["model_weights/embedding/embeddings:0"] = VECTORS
    check(tmp_path / "model.h5", labels=None, note="several matrices")


def decimals() -> list[list[Decimal]]:
    return [[Decimal(str(x)) for x in row] for row in LISTS]


COLUMNS = {
    "float16": (pa.array(VECTORS.astype(np.float16).tolist(), pa.list_(pa.float16())), 1e-2),
    "large_list": (pa.array(LISTS, pa.large_list(pa.float64())), 0),
    "list_view": (pa.array(LISTS, pa.list_view(pa.float32())), 0),
    "large_list_view": (pa.array(LISTS, pa.large_list_view(pa.float64())), 0),
    "lists in lists": (pa.array([[row] for row in LISTS]), 0),
    "decimals": (pa.array(decimals(), pa.list_(pa.decimal128(10, 3))), 0),
    "text": (pa.array([json.dumps(row) for row in LISTS]), 0),
    "tensor": (pa.FixedShapeTensorArray.from_numpy_ndarray(VECTORS.reshape(ROWS, 2, 4)), 0),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_of_arrow(tmp_path, name):
    column, error = COLUMNS[name]
    made = pa.table({"id": pa.array(WORDS, pa.string_view()), "embedding": column})
    with pa.ipc.new_file(tmp_path / "v.arrow", made.schema) as writer:
        writer.write_table(made)
    paths = [tmp_path / "v.arrow"]
    if "view" not in name:
        paths.append(tmp_path / "v.parquet")
        pq.write_table(made, paths[1])
    for path in paths:
        found = load(path)
        np.testing.assert_allclose(found.vectors, VECTORS, rtol=1e-6, atol=error)
        assert list(found.labels) == WORDS


def test_other_columns_of_parquet(tmp_path):
    spark = {"id": [word.encode() for word in WORDS], "v": LISTS}  # texts without a mark
    numbers = {f"dim_{i}": [row[i] for row in decimals()] for i in range(DIMENSIONS)}
    inside = {"record": [{"id": word, "v": row} for word, row in zip(WORDS, LISTS, strict=True)]}
    for columns in (spark, {"id": WORDS} | numbers, inside):
        pq.write_table(pa.table(columns), tmp_path / "v.parquet")
        check(tmp_path / "v.parquet")


def test_bytes_that_are_no_text_stay_bytes(tmp_path):
    pq.write_table(pa.table({"v": LISTS, "raw": [b"\xff"] * ROWS}), tmp_path / "v.parquet")
    assert load(tmp_path / "v.parquet").metadata.schema.field("raw").type == pa.binary()


def mat73(path: Path) -> bytes:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["X"] = VECTORS
    return b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + path.read_bytes()[512:]


REFUSED = {
    "vectors.index": (b"IxFI" + struct.pack("<iqq", 8, 12, 1 << 20) + bytes(99), "FAISS .*recon"),
    "vectors.ann": (bytes(400), "Annoy index; .*get_item_vector"),
    "vectors.mat": (b"\0\0\0\0" + bytes(99), "MATLAB file; .*loadmat"),
    "new.mat": (mat73, "MATLAB file; .*loadmat"),
    "words.kv": (b"\x80\x04\x95cgensim.models.keyedvectors", "pickle .*save_word2vec_format"),
    "v.parquet": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
    "v.csv": (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
    "v.db": (b"SQLite format 3\0" + bytes(99), "SQLite database"),
    "v.gguf": (b"GGUF\3\0\0\0" + bytes(99), "GGUF"),
    "v.rds": (b"X\n\0\0\0\3" + bytes(99), "R data"),
    "v.mtx": (b"%%MatrixMarket matrix array real general\n1 1\n1\n", "Matrix Market .*mmread"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(tmp_path, name):
    content, message = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content(tmp_path / "made"))
    with pytest.raises(EmbeddingError, match=rf"{name}: .*{message}"):
        load(path)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_a_small_sparse_matrix_is_read_with_its_zeros(tmp_path, kind):
    dense = np.where(VECTORS > 0.5, VECTORS, 0)
    save_npz(tmp_path / "s.npz", coo_array(dense).asformat(kind))
    (tmp_path / "labels.txt").write_text("\n".join(WORDS))
    notes: list[str] = []
    found = load(tmp_path / "s.npz", [tmp_path / "labels.txt"], note=notes.append)
    np.testing.assert_array_equal(found.vectors, dense)
    assert list(found.labels) == WORDS
    assert notes == ["a sparse matrix of SciPy: read as 12 x 8 numbers, zeros included"]


def test_places_of_a_sparse_matrix_may_repeat(tmp_path):
    parts = {"row": [0, 0, 1], "col": [1, 1, 0], "data": [1.0, 2.0, 5.0], "shape": [2, 2]}
    np.savez(tmp_path / "s.npz", format=b"coo", **parts)
    assert load(tmp_path / "s.npz").vectors.tolist() == [[0, 3], [5, 0]]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": [100_000, 1_000]}, "reduced to fewer dimensions"),
        ({"format": b"dia"}, "reduced to fewer dimensions"),
        ({"shape": [2, 2, 2]}, "expected rows and columns"),
        ({"indices": [0, 9]}, "places outside its shape"),
        ({"indices": [0, -1]}, "places outside its shape"),
        ({"indices": [0]}, "parts do not fit"),
        ({"indptr": [0, 2]}, "parts do not fit"),
        ({"indptr": [0, 3, 2]}, "parts do not fit"),
    ],
)
def test_a_large_or_damaged_sparse_matrix_is_refused(tmp_path, changed, message):
    parts = {"indices": [0, 1], "indptr": [0, 1, 2], "data": [1.0, 2.0], "shape": [2, 2]}
    np.savez(tmp_path / "s.npz", **({"format": b"csr"} | parts | changed))
    with pytest.raises(EmbeddingError, match=message):
        load(tmp_path / "s.npz")


def test_sparse_text_is_read_with_its_zeros(tmp_path):
    notes: list[str] = []
    words = write(tmp_path / "s.txt", "2 100\nword0 3:0.5 17:0.25\nword1 0:1 99:-2e-1\n")
    found = load(words, note=notes.append)
    assert found.labels == ("word0", "word1") and found.vectors.shape == (2, 100)
    assert (found.vectors[0, [3, 17]].tolist(), found.vectors.sum()) == ([0.5, 0.25], 1.55)
    assert notes == ["sparse vectors: read as 2 x 100 numbers, zeros included"]
    classes = "".join(f"{i % 2} 1:0.5 3:{i}\n" for i in range(6))  # LIBSVM's count from 1
    found = load(write(tmp_path / "c.libsvm", classes))
    assert found.vectors[4].tolist() == [0.5, 0, 4]
    single = load(write(tmp_path / "o.txt", "3 10\na 1:0.5\nb\t2:0.5  3:1\nc 9:1\n"))
    assert single.vectors.shape == (3, 10)
    assert found.metadata["class"].to_pylist() == list("010101")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 1:1 999999999:2\nb 1:1 2:1\n", r"2 sparse vectors of 999,999,999 numbers.*Truncated"),
        ("a 1:1 2:2\nb 1:1 " + "9" * 400 + ":1\n", "sparse vectors of .*Truncated"),
        ("a 1:1 2:2\nb 1:1 2:x\n", r"line 2: '2:x'; expected a place and a number"),
        ("3 5\na 1:1 2:2\nb 1:1 2:1\n", r"states 3 rows, but 2 follow; the file is cut short"),
    ],
)
def test_sparse_text_that_is_large_or_damaged(tmp_path, text, message):
    with pytest.raises(EmbeddingError, match=message):
        load(write(tmp_path / "s.txt", text))


def test_labels_of_objects_are_left_out_and_named(tmp_path):
    np.savez(tmp_path / "v.npz", vectors=VECTORS, labels=np.array(WORDS, object))
    check(tmp_path / "v.npz", labels=None, note="left out labels.npy: it holds Python objects")


def test_a_zip_of_windows(tmp_path):
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr("data\\vectors.tsv", lines("\t").replace("\n", "\r\n"))
        archive.writestr("desktop.ini", "[x]")
    check(tmp_path / "v.zip")
