"""Inputs built to do harm: bombs, quadratic names, counts that lie, many parts, depth, long lines.

Each kind has a generator, which draws new sizes, places and packings for every input. What a
hostile file does is in how it is made; mutations of sound files (mutations.py) hardly find it.
"""

import gzip
import io
import json
import random
import struct
from collections.abc import Callable

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.packing import compressed, tarred, zipped
from tests.fuzz.seeds import made_by

Files = dict[str, bytes]
Kind = Callable[[random.Random, int], Files]

SIZE = 20_000_000
"""Bytes, about, of the largest part of an input, as a file or as what it claims in a small one."""

_TEXT_NAMES = ("a.csv", "a.tsv", "a.txt", "a.vec", "a.json", "a.jsonl", "a.pbtxt", "metadata.tsv")


def built(seed: int, index: int, size: int = SIZE) -> tuple[str, Files]:
    """Return what one input is, in words, and its files; the same for the same numbers.

    Parameters
    ----------
    seed : of the whole run
    index : number of the input, from 0
    size : see SIZE
    """
    rng = random.Random(f"built/{seed}/{index}")
    kind = KINDS[index % len(KINDS)]
    files = kind(rng, size)
    packed = rng.random() < 0.15 and sum(map(len, files.values())) < 2 * size
    if packed:
        files = _packed(files, rng)
    return f"{kind.__name__}{', packed' if packed else ''}", files


def _packed(files: Files, rng: random.Random) -> Files:
    how = rng.choice(("gz", "zip", "tar", "bz2", "xz", "zst"))
    if how in ("zip", "tar"):
        return {f"a.{how}": zipped(files) if how == "zip" else tarred(files)}
    name = rng.choice(sorted(files))
    content = files.pop(name)
    return files | {f"{name}.{how}": compressed(content, how)}


def _count(rng: random.Random, most: int) -> int:
    """Return a number between a hundredth of `most` and `most`, small ones as often as large."""
    return max(1, int(most * 10 ** rng.uniform(-2, 0)))


# Text: what quadratic expressions and lists of lines take long for

_PIECES = (
    "9", "9.", "1e", "-", "+", " ", "\t", ",", ";", "[", "(", "[1,", " , ", "nan", "inf", "0x", '"',
    "'", "\\", "tensor(", ",a=", "array([", "e", "_", "dim_", "1_", ")]", "{", '{"a":', "1 ",
    "\u3000", "<", "</", "::", "|", "\x00", "\ufeff", "$1,", "%", "1;", "]", "np.float32(",
    "...", "\u2212",
)  # fmt: skip


def _run(rng: random.Random, size: int) -> str:
    """Return a run of one or two short pieces, with something at the end that does not fit."""
    piece = "".join(rng.choice(_PIECES) for _ in range(rng.choice((1, 1, 2))))
    ending = rng.choice(("x", "", "!", ")", "]", "1", "\u00e9", "]]", '"'))
    return rng.choice(("", "[", "1", "a", "[tensor(")) + piece * (size // len(piece) + 1) + ending


def long_cell(rng: random.Random, size: int) -> Files:
    """A cell, a header or a word that is a run of pieces."""
    run = _run(rng, _count(rng, size // 4))
    place = rng.randrange(6)
    if place == 0:
        text = f"{run},b,c\n1,2,3\n4,5,6\n"
    elif place == 1:
        text = "name,vector\n" + "".join(f"n{i},{run if i == 1 else '[1;2]'}\n" for i in range(3))
    elif place == 2:
        text = f"3 2\n{run} 1 2\nb 3 4\nc 5 6\n"
    elif place == 3:
        text = json.dumps([{"vector": [1, 2], "text": run}, {"vector": [3, 4], "text": "b"}])
    elif place == 4:
        text = json.dumps([{run: 1.0, "b": 2.0}, {run: 1.5, "b": 3.0}])
    else:
        text = f"a\tb\n{run}\t1\n"
    return {rng.choice(_TEXT_NAMES): text.encode("utf-8", "surrogatepass")}


def many_runs(rng: random.Random, size: int) -> Files:
    """A table, each cell of which is a short run of pieces."""
    width, length = rng.choice((2, 5, 60)), rng.choice((30, 300, 3_000))
    cells = [_run(rng, length).replace("\n", "") for _ in range(width)]
    row = ",".join(cells) + "\n"
    text = ",".join(f"c{i}" for i in range(width)) + "\n" + row * max(2, size // 4 // len(row))
    return {rng.choice(("a.csv", "a.txt", "a.tsv")): text.encode()}


def long_lines(rng: random.Random, size: int) -> Files:
    """One line of many cells, or very many lines of few."""
    unit = rng.choice(
        ("1,", "1 ", "0.5\t", "a,", "\n", "\r", "\r\n", "1\n", ",\n", '"', '"",', "é ")
    )
    text = unit * (size // len(unit.encode()))
    if rng.random() < 0.3:
        text = f"{rng.choice((10**3, 10**9))} {rng.choice((2, 300, 10**6))}\n" + text
    return {rng.choice(_TEXT_NAMES): text.encode()}


def many_columns(rng: random.Random, size: int) -> Files:
    """Text with tens of thousands of columns: named, numbered, equal or of texts."""
    columns = _count(rng, min(size // 40, 65_000))
    name = rng.choice(("c{}", "{}", "dim_{}", "same", "{} x", "a.{}.b"))
    value = rng.choice(("1", "0.25", "w", "", "nan", "2020-01-01", "[1,2]"))
    rows = max(2, min(50, size // (4 * columns)))
    header = ",".join(name.format(i) for i in range(columns))
    text = header + "\n" + (",".join([value] * columns) + "\n") * rows
    return {rng.choice(("a.csv", "a.txt")): text.encode()}


def json_of_depth_or_width(rng: random.Random, size: int) -> Files:
    """Nested lists and objects; objects of many keys; very many small values."""
    kind = rng.randrange(5)
    if kind == 0:
        begin, end = rng.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")))
        depth = _count(rng, size // 8)
        text = begin * depth + "1" + end * rng.choice((depth, 0))
    elif kind == 1:
        keys = {f"k{i}": rng.choice((i, [i], str(i))) for i in range(size // 40)}
        text = json.dumps([keys] * rng.choice((1, 2)))
    elif kind == 2:
        value = rng.choice(("1", "[]", "{}", '""', "null", "[1,2]", '{"a":1}'))
        text = "[" + ",".join([value] * (size // (len(value) + 1))) + "]"
    elif kind == 3:
        line = rng.choice(('{"v":[1,2]}', "[1,2]", "{}", '{"a":{"b":{"c":[1,2]}}}', "1"))
        text = (line + "\n") * (size // (len(line) + 1))
    else:
        text = '[{"v":[' + "9" * (size // 4) + ',1]},{"v":[2,3]}]'
    return {rng.choice(("a.json", "a.jsonl", "a.ndjson")): text.encode()}


def word2vec_that_lies(rng: random.Random, size: int) -> Files:
    """Headers with counts of their own, before text or binary rows."""
    rows, width = (rng.choice((0, 1, 10**6, 10**12, 2**63, 10**30)) for _ in range(2))
    rest = rng.choice(
        (b"a 1 2\n" * 100, b"w " + bytes(8), bytes(size // 4), b"x" * (size // 4), b"")
    )
    return {rng.choice(("a.bin", "a.vec", "a.txt")): f"{rows} {width}\n".encode() + rest}


# Arrays


def npy_that_lies(rng: random.Random, size: int) -> Files:
    """Headers with shapes and types of their own."""
    shape = tuple(
        rng.choice((0, 1, 3, 2**20, 2**31, 2**40, 2**62))
        for _ in range(rng.choice((1, 2, 2, 3, 32)))
    )
    kind = rng.choice(
        ("<f4", "<f8", "<U1048576", "|S0", "<i8", "|b1", "|V0", "<c16", "<M8[s]", "|O")
    )
    described = repr({"descr": kind, "fortran_order": rng.random() < 0.3, "shape": shape})
    if rng.random() < 0.2:
        described = rng.choice(("(", "[", "{'descr':", "-", "1+")) * _count(rng, 60_000)
    content = (
        b"\x93NUMPY\x02\x00" + struct.pack("<I", len(described) + 1) + described.encode() + b"\n"
    )
    content += bytes(rng.choice((0, 8, 4096)))
    return {"a.npz": zipped({"a.npy": content})} if rng.random() < 0.4 else {"a.npy": content}


def npz_bomb(rng: random.Random, size: int) -> Files:
    """Zeros, wide texts, or many members."""
    kind = rng.randrange(4)
    if kind == 0:
        rows = rng.choice((10, 10**5))
        arrays = {"v": np.zeros((rows, max(1, 2 * size // rows)), np.float32)}
    elif kind == 1:
        width = rng.choice((2**12, 2**20))
        arrays = {"v": np.ones((9, 2)), "t": np.zeros(max(9, 2 * size // width), f"S{width}")}
    elif kind == 2:
        arrays = {f"c{i}": np.zeros(3) for i in range(min(size // 400, 60_000))} | {"v": np.eye(3)}
    else:
        fields = [
            (f"f{i}", rng.choice(("f4", "U9", "(2,)f8"))) for i in range(min(size // 400, 5_000))
        ]
        arrays = {"v": np.zeros(rng.choice((2, 200)), fields)}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return {"a.npz": content.getvalue()}


def safetensors_header(rng: random.Random, size: int) -> Files:
    """Many tensors, tensors of nothing, offsets that overlap, a long header."""
    kind = rng.randrange(4)
    if kind == 0:
        count = min(size // 80, 400_000)
        head = {f"t{i}": _tensor("F32", [1], 4 * i, 4 * i + 4) for i in range(count)}
        body = bytes(4 * count)
    elif kind == 1:
        head, body = {"v": _tensor("F32", [rng.choice((2**40, 2**62, 2**31)), 0], 0, 0)}, b""
    elif kind == 2:
        head = {f"t{i}": _tensor("F32", [2, 2], 0, 16) for i in range(1_000)}
        body = bytes(16)
    else:
        head = {
            "__metadata__": {"labels": "[" * (size // 4), "k" * (size // 4): ""},
            "v": _tensor("F32", [2, 2], 0, 16),
        }
        body = bytes(16)
    text = json.dumps(head).encode()
    return {"a.safetensors": struct.pack("<Q", len(text)) + text + body}


def _tensor(kind: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


# Tables


def _bomb_column(rng: random.Random, size: int) -> pa.Array:
    """Return a column that takes few bytes in a file and many in memory."""
    rows = _count(rng, size // 20)
    text = rng.choice(("x", "1", "\u00e9")) * _count(rng, size // 20)
    index = pa.array(np.zeros(rows, np.int32))
    column = rng.randrange(6)
    if column == 0:
        return pa.DictionaryArray.from_arrays(index, [text])
    if column == 1:
        return pa.array(np.zeros(20 * rows, rng.choice((np.float64, np.int64, np.float32))))
    if column == 2:
        return pa.nulls(20 * rows, rng.choice((pa.string(), pa.float64(), pa.list_(pa.float32()))))
    if column == 3:
        lists = np.arange(rows // 10 + 1, dtype=np.int32) * 10
        return pa.ListArray.from_arrays(lists, pa.array(np.zeros(lists[-1])))
    if column == 4:
        return pa.array(["a"] * (rows - 1) + [text])
    return pa.DictionaryArray.from_arrays(index, pa.array([text.encode()]))


def _vectors(rows: int) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(2 * rows, np.float32)), 2)


def table_bomb(rng: random.Random, size: int) -> Files:
    """Parquet or Arrow with columns that expand."""
    column = _bomb_column(rng, size)
    columns = {"a": column}
    if rng.random() < 0.7:
        columns["vector"] = _vectors(len(column))
    return _written(pa.table(columns), rng)


def table_of_columns(rng: random.Random, size: int) -> Files:
    """Parquet or Arrow with very many columns, or long names."""
    kind, count = rng.randrange(3), min(size // 1_000, 20_000)
    if kind == 0:
        value = rng.choice((["a", "b"], [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]], [None, 1]))
        columns = {f"c{i}": value for i in range(count)}
    elif kind == 1:
        columns = {_run(rng, _count(rng, 100_000)): [1.0, 2.0], "b": [1.0, 2.0]}
    else:
        columns = {f"{_run(rng, 400)}{i}": [1.0, 2.0] for i in range(count // 10)}
    return _written(pa.table({name: pa.array(each) for name, each in columns.items()}), rng)


def table_of_depth(rng: random.Random, size: int) -> Files:
    """Columns of lists, records or maps within each other."""
    value, depth = pa.array([1.0, 2.0, 3.0]), rng.choice((5, 30, 55))
    for _ in range(depth):
        if rng.random() < 0.5:
            value = pa.StructArray.from_arrays([value], [rng.choice(("a", "vector", ""))])
        else:
            value = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), value)
    return _written(pa.table({"vector": value}), rng)


def table_of_batches(rng: random.Random, size: int) -> Files:
    """An Arrow stream or file of very many batches, or Parquet of very many row groups."""
    table = pa.table({"vector": _vectors(3), "name": ["a", "b", "c"]})
    sink, count = io.BytesIO(), min(size // 400, 50_000)
    if rng.random() < 0.3:
        with pq.ParquetWriter(sink, table.schema) as parquet:
            for _ in range(count // 20):
                parquet.write_table(table)
        return {"a.parquet": sink.getvalue()}
    new = rng.choice((pa.ipc.new_stream, pa.ipc.new_file))
    with new(sink, table.schema) as writer:
        for _ in range(count):
            writer.write_table(table.slice(0, rng.choice((0, 0, 3))))
    return {"a.arrow": sink.getvalue()}


def _written(table: pa.Table, rng: random.Random) -> Files:
    sink, how = io.BytesIO(), rng.randrange(4)
    nested = any(pa.types.is_dictionary(field.type) for field in table.schema)
    if how <= 1 or (how == 2 and not nested):
        try:
            pq.write_table(table, sink, compression=rng.choice(("zstd", "gzip", "snappy", "none")))
            return {"a.parquet": sink.getvalue()}
        except (pa.ArrowException, TypeError):  # a type that Parquet has not
            sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=rng.choice((None, "zstd", "lz4")))
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return {"a.arrow": sink.getvalue()}


# HDF5


def hdf5_parts(rng: random.Random, size: int) -> Files:
    """Many datasets, many or deep groups, links in a circle, many attributes."""
    kind = rng.randrange(4)

    def write(path) -> None:
        with h5py.File(path, "w", libver=rng.choice(("earliest", "latest"))) as file:
            if kind == 0:
                for i in range(min(size // 500, 30_000)):
                    file[f"d{i}"] = np.zeros(2, np.float32)
            elif kind == 1:
                group = file
                for _ in range(min(size // 4_000, 5_000)):
                    group = group.create_group(rng.choice(("a", "obsm", "uns")))
                group["v"] = np.eye(3)
            elif kind == 2:
                group = file.create_group("a")
                for i in range(50):
                    group[f"again{i}"], group[f"soft{i}"] = (
                        file["/"],
                        h5py.SoftLink(f"/a/soft{i + 1}"),
                    )
                file["v"] = np.eye(4)
            else:
                file["v"] = np.eye(4)
                for i in range(min(size // 4_000, 5_000)):
                    file["v"].attrs[f"a{i}"] = "x" * 100

    return {rng.choice(("a.h5", "a.hdf5", "a.h5ad")): made_by(write, "a.h5")}


def hdf5_bomb(rng: random.Random, size: int) -> Files:
    """Datasets that state more than they hold: never written, packed, or texts that are shared."""
    kind = rng.randrange(4)

    def write(path) -> None:
        with h5py.File(path, "w") as file:
            name = rng.choice(("v", "X", "obsm/X_umap", "matrix"))
            if kind == 0:
                shape = rng.choice(((2**40, 0), (2**31, 2), (10, 2**30), (2**20, 300), (2**62, 1)))
                chunks = None if 0 in shape else tuple(min(each, 1_000) for each in shape)
                file.create_dataset(name, shape, "f4", chunks=chunks)
            elif kind == 1:
                file.create_dataset(
                    name, data=np.zeros((size // 400, 400)), compression="gzip", chunks=(100, 400)
                )
            elif kind == 2:
                text = "x" * _count(rng, size // 4)
                file.create_dataset(
                    "t", (rng.choice((9, 800)),), h5py.string_dtype(), fillvalue=text
                )
                file["v"] = np.eye(9)
            else:
                file["obs/index"] = np.array(
                    ["a" * (size // 400)] + ["b"] * 3, dtype=h5py.string_dtype()
                )
                file["obs"].attrs["_index"] = "index"
                file["obsm/X_pca"], file["X"] = np.eye(4), np.eye(4)

    return {rng.choice(("a.h5", "a.h5ad")): made_by(write, "a.h5")}


def hdf5_heap(rng: random.Random, size: int) -> Files:
    """Heaps of texts whose sizes lie, or very many marks of heaps."""

    def write(path) -> None:
        with h5py.File(path, "w") as file:
            file["t"] = np.array([f"text {i}" for i in range(200)], dtype=h5py.string_dtype())
            file["v"] = np.random.default_rng(0).normal(size=(200, 4))

    content = bytearray(made_by(write, "a.h5"))
    start = content.find(b"GCOL")
    for _ in range(rng.choice((1, 3))):
        at = start + 8 * rng.randrange(60)
        content[at : at + 8] = struct.pack("<Q", rng.choice((0, 1, 16, 2**32, 2**63, 4096)))
    return {"a.h5": bytes(content) + b"GCOL\x01\0\0\0" * rng.choice((0, size // 16))}


# Archives


def archive_bomb(rng: random.Random, size: int) -> Files:
    """Zeros or lines that pack a thousandfold, packed once or twice."""
    unit = rng.choice((bytes(1000), b"1,2\n" * 250, b"a 1 2\n" * 200, b"[1,2]\n" * 200))
    content = unit * (20 * size // len(unit))
    how = rng.choice(("gz", "bz2", "xz", "zst", "zip", "tar.gz"))
    if how == "zip":
        return {"a.zip": zipped({"a.csv": content})}
    if how == "tar.gz":
        return {"a.tar.gz": gzip.compress(tarred({"a.csv": content}), 1, mtime=0)}
    packed = compressed(content, how)
    if rng.random() < 0.3:
        packed, how = gzip.compress(packed, mtime=0), f"{how}.gz"
    return {f"a.csv.{how}": packed}


def archive_of_members(rng: random.Random, size: int) -> Files:
    """Tens of thousands of members, of long names, in deep folders, equal, or one a vector."""
    count = min(size // 200, 60_000)
    name = rng.choice(
        ("{}.csv", "{}.npy", "a/b/{}.txt", "d" * 200 + "/{}.png", "{}/v.npy", "{}.json")
    )
    content = rng.choice(
        (b"", b"x,y\n1,2\n", b"\x93NUMPY\x01\0", b'{"v":[1,2]}', b"\x89PNG\r\n\x1a\n")
    )
    files = {name.format(i): content for i in range(count)}
    if rng.random() < 0.3:
        files = {f"{'a/' * min(3_000, size // 4_000)}{i}.csv": content for i in range(20)}
    return {"a.zip": zipped(files)} if rng.random() < 0.6 else {"a.tar": tarred(files)}


def zip_that_overlaps(rng: random.Random, size: int) -> Files:
    """Directory entries that all name the same packed member, or lie about its size."""
    packed = io.BytesIO(zipped({"0.csv": b"1,2\n" * (size // 8)}))
    content = bytearray(packed.getvalue())
    end = content.rfind(b"PK\x05\x06")
    start, length = struct.unpack(
        "<II", content[end + 16 : end + 20] + content[end + 12 : end + 16]
    )
    entry, count = bytes(content[start : start + length]), rng.choice((2, 100, 5_000))
    if rng.random() < 0.3:
        entry = entry[:24] + struct.pack("<I", rng.choice((1, 2**31, 2**32 - 2))) + entry[28:]
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, count * length, start, 0)
    return {"a.zip": bytes(content[:start]) + entry * count + tail}


# Projector, images, several files


def projector_config(rng: random.Random, size: int) -> Files:
    """Configs of many or lying tensors, nested text, sprites of absurd sizes."""
    kind = rng.randrange(3)
    vectors = b"1\t2\n3\t4\n5\t6\n"
    if kind == 0:
        one = {"tensorName": "t", "tensorShape": [2**40, 2], "tensorPath": "v.tsv"}
        config = json.dumps({"embeddings": [one] * min(size // 100, 50_000)}).encode()
        return {"config.json": config, "v.tsv": vectors}
    if kind == 1:
        text = rng.choice(
            ("embeddings {\n", "embeddings {tensor_path: 'v.tsv'}\n", "a {", '"', "#")
        )
        return {
            "projector_config.pbtxt": (text * (size // 8 // len(text))).encode(),
            "v.tsv": vectors,
        }
    sides = [rng.choice((0, 1, 30_000, 2**31 - 1)) for _ in range(2)]
    head = b"IHDR" + struct.pack(">II5B", *sides, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + bytes(4)
    one = {
        "tensorPath": "v.tsv",
        "sprite": {"imagePath": "s.png", "singleImageDim": [rng.choice((0, 1, 2**30)), 1]},
    }
    return {
        "config.json": json.dumps({"embeddings": [one]}).encode(),
        "v.tsv": vectors,
        "s.png": png,
    }


def many_files(rng: random.Random, size: int) -> Files:
    """Many files given together: columns, texts, matrices."""
    count = rng.choice((20, 300))
    content = rng.choice((b"a\nb\nc\n", b"1\n2\n3\n", b"x,y\n1,2\n3,4\n", b"x" * (size // 2_000)))
    buffer = io.BytesIO()
    np.save(buffer, np.eye(3))
    return {f"{i}.{rng.choice(('txt', 'csv', 'tsv'))}": content for i in range(count)} | {
        "v.npy": buffer.getvalue()
    }


def vectors_in_text(rng: random.Random, size: int) -> Files:
    """Vectors as base64, hex or lists that are long, cut, or of other lengths."""
    length = _count(rng, size // 8)
    cell = rng.choice(
        (
            "A" * length + rng.choice(("", "=", "!")),
            "\\x" + "0" * length,
            "[" + "0.1, " * (length // 5),
            "0.1|" * (length // 4),
        )
    )
    rows = rng.choice((2, 50))
    if len(cell) * rows > size:
        rows = 2
    if rng.random() < 0.5:
        return _written(pa.table({"embedding": [cell] * rows, "n": list(range(rows))}), rng)
    return {"a.csv": ("name,embedding\n" + f'a,"{cell}"\n' * rows).encode()}


KINDS: tuple[Kind, ...] = (
    long_cell, many_runs, long_lines, many_columns, json_of_depth_or_width, word2vec_that_lies,
    npy_that_lies, npz_bomb, safetensors_header, table_bomb, table_of_columns, table_of_depth,
    table_of_batches, hdf5_parts, hdf5_bomb, hdf5_heap, archive_bomb, archive_of_members,
    zip_that_overlaps, projector_config, many_files, vectors_in_text, long_cell, table_bomb,
)  # fmt: skip
