"""What the fuzz run mutates: small files of every kind, made here, and real ones where present."""

import base64
import csv
import gzip
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from embeddings import EmbeddingSet, load, save
from embeddings.files import WRITERS
from tests.fuzz.packing import compressed, tarred, zipped

ROOT = Path(__file__).resolve().parents[2]
ROWS = 24
WORDS = ["nan", "null", '"', ",", "日本", "#", "'", "-1"] + [f"word{i}" for i in range(8, ROWS)]
VECTORS = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float32)


@dataclass(frozen=True)
class Seed:
    """Files that make up one set: name and content of each."""

    name: str
    files: dict[str, bytes]


def seeds() -> list[Seed]:
    """Return all seeds, in the same order every time."""
    kinds = (_written, _digits, _odd, _texts, _forms, _documents, _binaries, _several, _real)
    return [seed for kind in kinds for seed in kind()]


def _one(name: str, content: bytes | str) -> Seed:
    return Seed(name, {name: content.encode() if isinstance(content, str) else content})


def _saved(made: EmbeddingSet, name: str) -> Seed:
    """Return what save() writes, which may be several files."""
    with tempfile.TemporaryDirectory() as folder:
        save(made, Path(folder) / name)
        return Seed(name, {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())})


def made_by(write: Callable[[Path], object], name: str) -> bytes:
    """Return what a library writes into a file."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


def _written() -> Iterator[Seed]:
    """Every format that we write, with a column of each type."""
    columns = {
        "kind": pa.array(["animal", "thing", None] * (ROWS // 3)).dictionary_encode(),
        "count": pa.array([-1, None, 2**53 + 1] * (ROWS // 3)),
        "weight": pa.array([0.5, -2.5e-300, None] * (ROWS // 3)),
        "good": pa.array([True, False, None] * (ROWS // 3)),
        "day": pa.array([date(2020, 1, 31) + timedelta(i) for i in range(ROWS)]),
        "note": pa.array(["", 'a "quoted", one', "two\nlines"] * (ROWS // 3)),
        "tags": pa.array([["a", "b"], [], None] * (ROWS // 3)),
        "image": pa.array([{"bytes": _png(i), "path": None} for i in range(ROWS)]),
    }
    made = EmbeddingSet.of(VECTORS, WORDS, columns, name="words", metric="dot", role="word")
    for end in WRITERS:
        yield _saved(made, f"words{end}" if end.startswith(".") else f"words_{end}")


def _digits() -> Iterator[Seed]:
    """Real vectors: a slice of the gallery."""
    whole = load(ROOT / "embeddings" / "gallery" / "digits.embedding.parquet")
    part = EmbeddingSet(
        whole.vectors[:60], whole.labels[:60], whole.metadata.slice(0, 60), whole.provenance
    )
    for end in (".parquet", ".feather", ".csv", ".npz"):
        yield _saved(part, f"digits{end}")


def _odd() -> Iterator[Seed]:
    """Sets whose health is hard to compute: one row, one dimension, extremes of float32."""
    rng = np.random.default_rng(1)
    sets = {
        "one_row": VECTORS[:1],
        "one_dimension": VECTORS[:, :1],
        "one_number": VECTORS[:1, :1],
        "two_rows": VECTORS[:2],
        "zeros": np.zeros((5, 3)),
        "equal": np.ones((30, 4)),
        "huge": VECTORS * np.float32(1e38),
        "tiny": VECTORS * np.float32(1e-42),
        "huge_and_tiny": np.where(rng.random((ROWS, 6)) < 0.5, 3.4e38, 1e-45),
        "not_finite": np.full((4, 3), np.inf),
        "some_finite": np.where(rng.random((ROWS, 6)) < 0.1, np.nan, VECTORS),
        "wide": rng.normal(size=(3, 3000)),
    }
    for name, vectors in sets.items():
        yield _one(f"{name}.npy", _npy(vectors.astype(np.float32)))
    yield _one("big_endian.npy", _npy(np.asfortranarray(VECTORS.astype(">f8"))))
    yield _one("half.npy", _npy(VECTORS.astype(np.float16)))
    yield _one("deep.npy", _npy(VECTORS[:, None]))
    yield _one("records.npy", _npy(np.zeros(3, dtype=[("a", "f4"), ("b", "f4", 3)])))
    yield _one("objects.npy", _npy(np.array([{}, 1], dtype=object)))


def _texts() -> Iterator[Seed]:
    """Tables and words."""
    rows = [[word, *map(float, vector)] for word, vector in zip(WORDS, VECTORS, strict=True)]
    spaced = "".join(" ".join(map(str, row)) + "\n" for row in rows)
    yield _one("glove.txt", spaced)
    yield _one("fasttext.vec", f"{ROWS} 6\n" + spaced.replace("\n", " \n"))
    yield _one("crlf.vec", f"{ROWS}  6 \n{spaced}".replace("\n", "\r\n"))
    yield _one("spaces.txt", spaced.replace("word1", "a word 1"))
    lists = [[i, word, str(VECTORS[i].tolist())] for i, word in enumerate(WORDS)]
    yield _one("cookbook.csv", _table([["", "text", "embedding"], *lists]))
    yield _one("numpy_cells.csv", _table([["text", "v"], *([w, str(v)] for _, w, v in lists)]))
    comma = [[str(cell).replace(".", ",") for cell in row] for row in rows]
    yield _one("comma.csv", _table([["w", *"abcdef"], *comma], delimiter=";"))
    yield _one("utf16.tsv", _table(rows, delimiter="\t").encode("utf-16"))
    yield _one("latin.csv", _table([["größe", *"abcdef"], *rows[8:]]).encode("latin-1"))
    yield _one("numbers.tsv", _table([row[1:] for row in rows], delimiter="\t"))
    yield _one("points.csv", _table([["x", "y", "name"], *([r[1], r[2], r[0]] for r in rows)]))
    yield _one("words.vec.gz", gzip.compress((f"{ROWS} 6\n" + spaced).encode(), mtime=0))


def _forms() -> Iterator[Seed]:
    """Vectors in rare forms: sparse, between other signs, as records, drawn, in base64."""
    ids = range(ROWS)
    places = [" ".join(f"{j}:{x:.3f}" for j, x in enumerate(row, 1)) for row in VECTORS]
    yield _one("sparse.txt", f"{ROWS} 9\n" + "".join(f"w{i} {places[i]}\n" for i in ids))
    cells = [f"{{{place.replace(' ', ',')}}}/6" for place in places]
    yield _one("pgvector.tsv", "id\tembedding\n" + "".join(f"{i}\t{cells[i]}\n" for i in ids))
    bars = ["|".join(map(str, row)) for row in VECTORS]
    yield _one("bars.csv", "id,vector\n" + "".join(f"w{i},{bars[i]}\n" for i in ids))
    lists = [f" {i} | w{i} | {VECTORS[i].tolist()}" for i in ids]
    yield _one("psql.txt", " id | w | v\n----+---+---\n" + "\n".join(lists) + "\n(24 rows)\n")
    above = [",x,x,x,y,y,y", ",a,b,c,a,b,c", *(f"w{i},{bars[i].replace('|', ',')}" for i in ids)]
    yield _one("levels.csv", "\n".join(above))
    yield _one("single.csv", "".join(f"'w{i}';'{bars[i].replace('|', chr(39) + ';' + chr(39))}'\n"
                                     for i in ids))  # fmt: skip
    records = pa.array([dict(zip("abcdef", row, strict=True)) for row in VECTORS.tolist()])
    table = pa.table({"embedding": records})
    yield _one("records.parquet", made_by(partial(pq.write_table, table), "r.parquet"))
    spark = pa.struct([("type", pa.int8()), ("size", pa.int32()), ("indices", pa.list_(pa.int32())),
                       ("values", pa.list_(pa.float64()))])  # fmt: skip
    found = [{"type": i % 2, "size": 6, "indices": list(range(6)), "values": row}
             for i, row in enumerate(VECTORS.tolist())]  # fmt: skip
    table = pa.table({"features": pa.array(found, spark)})
    yield _one("spark.parquet", made_by(partial(pq.write_table, table), "s.parquet"))
    texts = [base64.b64encode(row.tobytes()).decode() for row in VECTORS]
    lines = [{"data": [{"object": "embedding", "index": i, "embedding": texts[i]}]} for i in ids]
    yield _one("base64.jsonl", "\n".join(map(json.dumps, lines)))
    bulk = [json.dumps(line) for i in ids
            for line in ({"index": {"_id": str(i)}}, {"v": VECTORS[i].tolist()})]  # fmt: skip
    yield _one("bulk.ndjson", "\n".join(bulk))


def _documents() -> Iterator[Seed]:
    """JSON of all arrangements."""
    ids, vectors = [f"id{i}" for i in range(ROWS)], VECTORS.tolist()
    rows = [
        {"id": i, "values": v, "metadata": {"n": len(i)}} for i, v in zip(ids, vectors, strict=True)
    ]
    points = [{"id": i, "vector": v, "payload": {"t": "x"}} for i, v in enumerate(vectors)]
    notes = {"documents": WORDS, "metadatas": [{"a": 1}] * ROWS}
    api = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    documents = {
        "pinecone": {"matches": rows, "namespace": ""},
        "openai": {"object": "list", "data": api, "model": "m", "usage": {"total_tokens": 5}},
        "words_by_label": dict(zip(WORDS, vectors, strict=True)),
        "chroma": {"ids": ids, "embeddings": vectors, **notes},
        "pandas": {f"dim_{k}": {str(i): v[k] for i, v in enumerate(vectors)} for k in range(6)},
        "lists": vectors,
        "qdrant": {"result": {"points": points}, "status": "ok"},
    }
    for name, document in documents.items():
        indent = 1 if name == "words_by_label" else None
        yield _one(f"{name}.json", json.dumps(document, indent=indent))
    yield _one("lines.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _binaries() -> Iterator[Seed]:
    """What other libraries write."""
    yield _one("matrix.h5", made_by(_write_matrix, "matrix.h5"))
    yield _one("elmo.hdf5", made_by(_write_elmo, "elmo.hdf5"))
    yield _one("packed.h5", made_by(_write_packed, "packed.h5"))
    table = pa.table(
        {
            "id": pa.array(range(ROWS)),
            "text": pa.array(WORDS).dictionary_encode(),
            "half": pa.array(VECTORS.astype(np.float16).tolist(), pa.list_(pa.float16())),
            "large": pa.array(VECTORS.tolist(), pa.large_list(pa.float64())),
            "nested": pa.array([[[1.0, 2.0], [3.0]]] * ROWS),
            "struct": pa.array([{"a": 1, "b": [None, "x"]}] * ROWS),
        }
    )
    for codec in ("snappy", "gzip", "zstd", "none"):
        write = partial(pq.write_table, table, compression=codec)
        yield _one(f"{codec}.parquet", made_by(write, "t.parquet"))
    for codec in ("lz4", "zstd"):
        yield _one(f"{codec}.feather", made_by(partial(_write_arrow, table, codec), "t.feather"))
    mixed = io.BytesIO()
    np.savez_compressed(mixed, X=VECTORS.astype("f8"), names=np.array(WORDS), y=np.arange(ROWS))
    yield _one("packed.npz", mixed.getvalue())
    yield _one("bare.bytes", VECTORS.astype("<f4").tobytes())


def _several() -> Iterator[Seed]:
    """Sets of several files, loose and packed."""
    labels = "".join(f"{word}\n" for word in WORDS)
    described = _table([["word", "n"], *([w, i] for i, w in enumerate(WORDS))], delimiter="\t")
    numbers = _table(VECTORS.tolist(), delimiter="\t")
    tensor = VECTORS.astype("<f4").tobytes()
    entry = {
        "tensorName": "w",
        "tensorShape": [ROWS, 6],
        "tensorPath": "w.bytes",
        "metadataPath": "m.tsv",
        "sprite": {"imagePath": "s.png", "singleImageDim": [2, 2]},
    }
    pbtxt = 'embeddings {\n tensor_name: "w"\n tensor_path: "w.tsv"\n metadata_path: "m.tsv"\n}\n'
    config = {"embeddings": [entry, {**entry, "tensorPath": "http://example.org/absent"}]}
    text = {
        "npy_labels": {"v.npy": _npy(VECTORS), "labels.txt": labels},
        "npy_npy": {"v.npy": _npy(VECTORS), "y.npy": _npy(np.arange(ROWS))},
        "tsv_tsv": {"vectors.tsv": numbers, "metadata.tsv": described},
        "raw_labels": {"w.bytes": tensor, "labels.tsv": labels},
        "pbtxt": {"projector_config.pbtxt": pbtxt, "w.tsv": numbers, "m.tsv": described},
        "projector": {
            "config.json": json.dumps(config),
            "w.bytes": tensor,
            "m.tsv": described,
            "s.png": _png(7, 10),
        },
    }
    for name, contents in text.items():
        files = {n: c.encode() if isinstance(c, str) else c for n, c in contents.items()}
        yield Seed(name, files)
        yield _one(f"{name}.zip", zipped(files))
        yield _one(f"{name}.tar.gz", compressed(tarred(files), "gz"))
    yield _one("dataset.zip", zipped(_dataset()))
    pictures = {f"images/{i}.png": _png(i) for i in range(ROWS)}
    named = _table(
        [["image", *"abcdef"], *([f"{i}.png", *v] for i, v in enumerate(VECTORS.tolist()))]
    )
    yield _one("pictures.zip", zipped({"table.csv": named.encode(), **pictures}))


def _real() -> Iterator[Seed]:
    """Real files of embeddings, up to 2 MiB, each alone."""
    folder = Path(os.environ.get("EMBEDDING_DATA") or ROOT.parent / "shared" / "data") / "emb"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= 2**21:
            yield _one(path.name, path.read_bytes())


def _png(color: int, side: int = 2) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (side, side), (color, 0, 0)).save(content, "PNG")
    return content.getvalue()


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _table(rows: list[list], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _dataset() -> dict[str, bytes]:
    """Return a Hugging Face data set of two shards, as save_to_disk writes it."""
    table = pa.table({"text": WORDS, "emb": VECTORS.tolist(), "label": [0, 1] * (ROWS // 2)})
    half = ROWS // 2
    files = {}
    for i in range(2):
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.slice(i * half, half))
        files[f"data-{i:05}-of-00002.arrow"] = sink.getvalue()
    features = {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}}
    state = {"_data_files": [{"filename": name} for name in files], "_split": "train"}
    files["state.json"] = json.dumps(state).encode()
    files["dataset_info.json"] = json.dumps({"features": features}).encode()
    return {f"set/{name}": each for name, each in files.items()}


def _write_matrix(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["train"] = VECTORS
        file["labels"] = np.array(WORDS, dtype=h5py.string_dtype())
        file["n"] = np.arange(ROWS)


def _write_packed(path: Path) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("layer")
        group.create_dataset(
            "kernel", data=VECTORS, chunks=(8, 3), compression="gzip", shuffle=True
        )


def _write_elmo(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for i, length in enumerate([3, 5, 1]):
            file[str(i)] = np.random.default_rng(i).normal(size=(3, length, 8)).astype(np.float32)
        file["sentence_to_index"] = np.array(['{"a": "0"}'], dtype=h5py.string_dtype())


def _write_arrow(table: pa.Table, codec: str, path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_file(path, table.schema, options=options) as writer:
        writer.write_table(table)
