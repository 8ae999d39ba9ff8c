"""Any set survives save and load in every format that is written (hypothesis)."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files import WRITERS

TEXT = st.text(max_size=8) | st.sampled_from(
    ['"', ",", "'", "\t", "\n", "\r\n", "nan", "null", "", " a ", "1", "-", "[1, 2]", "a\0", "#"]
)
COLUMNS = {
    "text": TEXT,
    "whole": st.integers(-(2**63), 2**63 - 1),
    "real": st.floats(allow_nan=False),
    "flag": st.booleans(),
    "day": st.dates(),
}


@st.composite
def sets(draw) -> EmbeddingSet:
    rows, dimensions = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    vectors = draw(
        arrays.arrays(
            np.float32,
            (rows, dimensions),
            elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
        )
    )
    labels = draw(st.lists(TEXT, min_size=rows, max_size=rows))
    names = draw(st.sets(st.sampled_from(sorted(COLUMNS))))
    metadata = {}
    for name in sorted(names):
        kept = st.lists(st.none() | COLUMNS[name], min_size=rows, max_size=rows)
        type_ = {"text": pa.string(), "whole": pa.int64(), "real": pa.float64()}.get(name)
        values = draw(kept)
        metadata[name] = pa.array(values, type_) if type_ else pa.array(values)
    return EmbeddingSet.of(vectors, labels, metadata, name="x", seed=draw(st.none() | st.just(1)))


@pytest.mark.parametrize("suffix", WRITERS)
@settings(max_examples=60, deadline=None)
@given(made=sets())
def test_what_is_saved_comes_back(suffix, made):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        try:
            lost = save(made, path)
        except EmbeddingError as error:
            assert "x." in str(error)  # refused before anything is written
            assert list(Path(folder).iterdir()) == []
            return
        found = load(path, note=lambda _: None)
    assert found.vectors.tobytes() == made.vectors.tobytes()
    if "labels" not in lost:
        assert found.labels == made.labels
    kept = [name for name in made.metadata.column_names if f"column {name}" not in lost]
    assert found.metadata.column_names == kept
    if suffix in (".parquet", ".npz", ".arrow", ".arrows", ".feather"):
        for name in kept:
            assert found.metadata[name].to_pylist() == made.metadata[name].to_pylist()
        assert found.provenance == made.provenance
    if suffix in (".csv", ".tsv", ".jsonl", ".json"):  # numbers may come back as of another type
        for name in set(kept) - {"text"}:
            given_, back = made.metadata[name], found.metadata[name]
            assert [value is None for value in given_.to_pylist()] == [
                value is None for value in back.to_pylist()
            ]
            if back.type == given_.type:
                assert back.to_pylist() == given_.to_pylist()
