"""Any set survives save and load in every format that is written, or a note lists what is lost."""

import datetime
import io
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.embedding_set import Provenance
from embeddings.files import WRITERS
from embeddings.files.delimited.formulas import harmless

TARGETS = [end if end.startswith(".") else f"_{end}" for end in WRITERS]
TYPED = (".parquet", ".arrow", ".arrows", ".feather", ".npz", ".h5ad")
"""Formats that keep the type of a column; from the others numbers are read as text shows them."""

NO_COLUMNS = (".npy", ".safetensors", ".vec", ".txt", ".bin")
WITH_PROVENANCE = (*TYPED, ".safetensors", "_config.json")
OLD = b"what was there before"

ODD = [
    "", " ", " a ", '"', '""', "'", ",", ";", "\t", "\n", "\r\n", "a,1\nb", '"a"', 'a"\n"b', "a\0",
    "nan", "NaN", "null", "None", "inf", "-", "1", "007", "1.50", "1,5", "1e5", "True", "false",
    "2020-01-31", "2020-02-31", "2020-01-31T10:00:00Z", "[1, 2]", "1 2", "{}", "#", "\\", "\\n",
    "label", "ä", "日本", "e\u0301", "😀", "\ufeff", "\u2028", "\x85", "\xa0",
]  # fmt: skip
TEXT = st.sampled_from(ODD) | st.text(max_size=6)
NAMES = st.sampled_from(
    ["", "label", "Label", "vector", "Vector", "vectors", "embedding", "dim_0", "dim_7", "x", "y",
     "1", "nan", "a b", " a ", "a/b", "a\tb", "a\nb", '"', ",", ".", "a.npy", "_index", "index",
     "Unnamed: 0", "id", "labels", "provenance", "data", "kind", "größe", "__categories"]
)  # fmt: skip


def png(color: int, side: int) -> dict:
    content = io.BytesIO()
    Image.new("RGB", (side, side), (color, 0, 0)).save(content, "PNG")
    return {"bytes": content.getvalue(), "path": None}


IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
MOMENTS = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1))
WHOLE = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-1, 0, 2**53 + 1, 2**63 - 1, -(2**63)])
FLOAT32 = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.sampled_from(
    [-0.0, 1e-45, -1e-45, 1.1754943508222875e-38, 3.4028234663852886e38, -3.4028234663852886e38]
)
VALUES = {
    pa.string(): TEXT,
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(["a", "b", "", "nan", "x y"]) | TEXT,
    pa.int64(): WHOLE,
    pa.int8(): st.integers(-128, 127),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(),
    pa.timestamp("us"): MOMENTS,
    pa.timestamp("us", "UTC"): MOMENTS.map(lambda time: time.replace(tzinfo=datetime.UTC)),
    pa.list_(pa.int64()): st.lists(st.none() | st.integers(-9, 9), max_size=3),
    pa.list_(pa.string()): st.lists(TEXT, max_size=3),
    pa.list_(pa.float32(), 2): st.lists(FLOAT32, min_size=2, max_size=2),
    IMAGE: st.builds(png, st.integers(0, 255), st.integers(1, 3)),
}


@st.composite
def columns(draw, rows: int) -> pa.Array:
    kind = draw(st.sampled_from(list(VALUES)))
    value = VALUES[kind]
    if draw(st.booleans()):
        value = st.none() | value
    return pa.array(draw(st.lists(value, min_size=rows, max_size=rows)), kind)


@st.composite
def sets(draw) -> EmbeddingSet:
    rows, dimensions = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    vectors = draw(arrays.arrays(np.float32, (rows, dimensions), elements=FLOAT32))
    label = draw(st.sampled_from([TEXT, st.sampled_from(["a", "b"]), st.sampled_from(ODD[1:])]))
    labels = draw(st.none() | st.lists(label, min_size=rows, max_size=rows))
    names = draw(
        st.lists(NAMES | TEXT.filter(lambda name: "\0" not in name), max_size=4, unique=True)
    )
    table = pa.table([draw(columns(rows)) for _ in names], names=names) if names else None
    about = draw(
        st.fixed_dictionaries(
            {"name": TEXT, "metric": st.sampled_from(["cosine", "dot"])},
            optional={"seed": st.integers(0, 9), "config": st.dictionaries(TEXT, WHOLE | TEXT)},
        )
    )
    return EmbeddingSet.of(vectors, labels, table, **about)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(made=sets(), known=st.booleans())
def test_what_is_saved_comes_back(target, made, known):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{target}"
        if known:
            path.write_bytes(OLD)
        try:
            lost = save(made, path)
        except EmbeddingError as error:
            assert f"x{target}" in str(error)
            assert [each.read_bytes() for each in Path(folder).iterdir()] == [OLD] * known
            return
        found = load(path, note=lambda _: None)
    assert found.vectors.tobytes() == made.vectors.tobytes()
    if "labels" not in lost:
        assert found.labels == tuple(written(label, target) for label in made.labels)
    if target in WITH_PROVENANCE:
        assert found.provenance == made.provenance
    elif "provenance" not in lost:  # but for the name, which the file's name is as well
        assert made.provenance == Provenance(name=made.provenance.name)
    check_columns(made.metadata, found.metadata, lost, target)


@pytest.mark.parametrize("target", [each for each in TARGETS if each not in NO_COLUMNS])
def test_the_first_column_of_a_repeated_name_is_written(target, tmp_path):
    table = pa.table([[1], [2], [3]], names=["a", "b", "a"])
    path = tmp_path / f"x{target}"
    assert "column a" in save(EmbeddingSet.of(np.ones((1, 2)), ["x"], table), path)
    assert load(path).metadata.to_pydict() == {"a": [1], "b": [2]}


def written(value: object, target: str) -> object:
    """Return a label, a name or a cell as the file has it: .csv is safe for spreadsheets."""
    return harmless(value) if target == ".csv" else value


def check_columns(made: pa.Table, found: pa.Table, lost: tuple[str, ...], target: str) -> None:
    """Require each column to be there and equal, or lost, or partly lost as listed."""
    parts = {name: what for name, colon, what in (each.partition(": ") for each in lost) if colon}
    expected: list[tuple[str, pa.ChunkedArray]] = []
    for name, column in zip(made.column_names, made.columns, strict=True):
        if f"column {name}" not in lost:
            expected.append((name, column))
    images = [name for name, column in expected if column.type == IMAGE]
    if target == "_config.json" and images:
        assert "copies of" in parts[f"column {images[0]}"]
        expected = [each for each in expected if each[0] != images[0]]
        assert found["image"].type == IMAGE
        found = found.drop_columns("image")
    names = [written(name, target) for name, _ in expected]
    assert found.column_names == names, made.column_names
    for name, column in expected:
        back = found[written(name, target)]
        if target in TYPED:
            check_type(column, back.type, target)
        if pa.types.is_float32(column.type) and pa.types.is_float64(back.type):
            back = back.cast(pa.float32(), safe=False)  # decimals determine the float32
        partly = parts.get(f"column {name}", "")
        for value, again in zip(column.to_pylist(), back.to_pylist(), strict=True):
            assert same(written(value, target), again, partly), (name, column, back)


def check_type(made: pa.ChunkedArray, found: pa.DataType, target: str) -> None:
    """Require the same type, but for categories in numpy and dates in AnnData."""
    allowed = {str(made.type)}
    if target == ".npz" and pa.types.is_dictionary(made.type):
        allowed = {"string"}
    if target == ".h5ad" and pa.types.is_string(made.type):
        allowed |= {"date32[day]", "timestamp[us]", "timestamp[us, tz=UTC]"}
    if target == ".h5ad" and pa.types.is_temporal(made.type) and made.null_count == len(made):
        allowed |= {"string"}
    assert str(found).replace("element:", "item:") in allowed, allowed


def same(value, again, partly: str) -> bool:
    """Return True if a value is what was read, in whatever type; part of it may be lost."""
    if isinstance(value, float) and value != value and again is not None and again != again:
        return True
    if "NaN" in partly and value is None and again != again:
        return True
    if "empty" in partly and value == "" and again is None:
        return True
    if value is None or again is None or type(value) is type(again):
        return value == again
    if isinstance(value, str):  # read as what it looks like
        if isinstance(again, bool):
            return value.lower() == str(again).lower()
        if isinstance(again, int | float):
            return float(value) == again or (again != again and value.lower() == "nan")
        return value.replace("T", " ").replace("Z", "+00:00") == str(again)
    if isinstance(value, bool):
        return str(value).lower() == str(again).lower()
    if isinstance(value, int | float):
        return (
            np.float32(value) == np.float32(again) if isinstance(value, float) else value == again
        )
    return str(value) == str(again)
