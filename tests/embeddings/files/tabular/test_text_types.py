"""Text becomes typed values, and only where nothing is lost."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.tabular.text_types import is_list, is_number, parse_lists, typed


@pytest.mark.parametrize("text", ["1", "-1.5", "+.5", "1.", "1e-5", " 2 ", "nan", "-Infinity"])
def test_numbers(text):
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "-", "1e", "1_000", "0x10", "1,5", "१", "one", "1 2", "--1"])
def test_not_numbers(text):
    assert not is_number(text)


@pytest.mark.parametrize("text", ["[1, 2]", "[1 2]", "(1;2)", "1 2", "[ 1.\n -2e5]", "[1, 2, ]"])
def test_lists(text):
    assert is_list(text)


@pytest.mark.parametrize("text", ["", "1", "[1]", "[a, b]", '["x"]', "1 a", "[]", "v 1 2"])
def test_not_lists(text):
    assert not is_list(text)


@pytest.mark.parametrize(
    ("texts", "type_", "values"),
    [
        (["1", None, "-20"], pa.int64(), [1, None, -20]),
        (["1", "2.5"], pa.float64(), [1.0, 2.5]),
        (["9223372036854775807", "1"], pa.int64(), [2**63 - 1, 1]),
        (["9223372036854775808", "1"], pa.string(), ["9223372036854775808", "1"]),
        (["True", "false", None], pa.bool_(), [True, False, None]),
        (["2024-02-29", None], pa.date32(), [dt.date(2024, 2, 29), None]),
        (["2023-02-29", "x"], pa.string(), ["2023-02-29", "x"]),
        (["2023-02-29", "2023-02-28"], pa.string(), ["2023-02-29", "2023-02-28"]),
        (["007", "8"], pa.string(), ["007", "8"]),
        (["nan", "x"], pa.string(), ["nan", "x"]),
        (["1", ""], pa.string(), ["1", ""]),
        (["1", "2", "1 kg"], pa.string(), ["1", "2", "1 kg"]),
        ([None, None], pa.string(), [None, None]),
        (["a", "a", "b", "b"], pa.dictionary(pa.int32(), pa.string()), ["a", "a", "b", "b"]),
    ],
)
def test_types(texts, type_, values):
    found = typed(pa.chunked_array([texts[:1], texts[1:]], pa.string()))
    assert found.type == type_
    assert found.to_pylist() == values


def test_lists_agree_with_python_across_many_pieces(monkeypatch):
    monkeypatch.setattr("embeddings.files.tabular.text_types._PIECE", 500)
    rows = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    texts = [str(row) for row in rows.tolist()]
    column = pa.chunked_array([texts[:20], texts[20:]])
    np.testing.assert_array_equal(parse_lists(column, "v"), rows)
    texts[43] = "[1, 2, 3]"
    with pytest.raises(EmbeddingError, match=r"row 43, column v: 3 numbers where the first .* 6"):
        parse_lists(pa.chunked_array([texts[:20], texts[20:]]), "v")


@pytest.mark.parametrize(
    "texts", [["[1 2]", "[3\n4]"], ["[1, 2]", "[3,\r\n 4]"], ["1,2\n", "(3,4)"]]
)
def test_lists_over_several_lines(texts):
    assert parse_lists(pa.chunked_array([texts]), "v").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["[1, 2]", ""], "row 1, column v: '' is not a number"),
        (["[]", "[1]"], "row 0, column v: '' is not a number"),
        (["[1]", "[]"], "row 1, column v: '' is not a number"),
        (["[1, 2]", "[3, 4\n5, 6]"], r"row 1, column v: '4\\n5' is not a number"),
        (["[1]", "[2\n3]"], "row 1, column v: 2 numbers where the first row has 1"),
        (["[1,,2]", "[1,,2]"], "row 0, column v: '' is not a number"),
    ],
)
def test_lists_that_are_refused(texts, message):
    with pytest.raises(EmbeddingError, match=message):
        parse_lists(pa.chunked_array([texts]), "v")
