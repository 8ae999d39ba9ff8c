import numpy as np
import pyarrow as pa

from embeddings.columns import categories, kind, numbers


def column(values, type_=None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type_)])


def test_kinds() -> None:
    image = {"bytes": b"png", "path": None}
    assert kind(column(["a", "b"] * 30)) == "category"
    assert kind(column([f"sentence {i}" for i in range(60)])) == "text"
    assert kind(column([True, False])) == "category"
    assert kind(column([1, 2])) == "number"
    assert kind(column([0.5, None])) == "number"
    assert kind(column([image])) == "image"
    assert kind(column([[1, 2], [3]])) == "other"


def test_the_tail_is_folded_and_counted() -> None:
    values = ["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["d", None]
    found = categories(column(values), most=2)
    assert found.names == ("a", "b", "other (3)")
    assert found.counts == (5, 3, 4)
    assert found.folded == 3
    assert found.codes.tolist() == [0] * 5 + [1] * 3 + [2] * 4


def test_named_values_are_the_ones_named() -> None:
    values = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    found = categories(column(values), most=2, named=["c"])
    assert found.names == ("c", "other (2)")
    assert found.counts == (2, 8)


def test_missing_is_a_value_of_its_own() -> None:
    found = categories(column(["x", None, "x"]))
    assert found.names == ("x", "(missing)")


def test_numbers_of_dates_and_gaps() -> None:
    np.testing.assert_array_equal(numbers(column([1, None, 3])), [1, np.nan, 3])
    stamps = column([0, 86_400], pa.timestamp("s"))
    np.testing.assert_array_equal(numbers(stamps), [0, 86_400])
