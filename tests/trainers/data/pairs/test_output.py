"""Columns of both sides in one embedding set."""

import pyarrow as pa

from trainers.data.pairs.output import _concatenated


def test_columns_of_one_name_and_other_types_become_text():
    joined = _concatenated(pa.array([1, None]), pa.array(["x"]))
    assert joined.to_pylist() == ["1", None, "x"]
    assert _concatenated(pa.array([1]), pa.nulls(2)).to_pylist() == [1, None, None]
