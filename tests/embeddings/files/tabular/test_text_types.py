"""Text becomes typed values, and only where nothing is lost."""

import datetime as dt

import pyarrow as pa
import pytest

from embeddings.files.tabular.text_types import holds_list, holds_number, infer_type


@pytest.mark.parametrize("text", ["1", "-1.5", "+.5", "1.", "1e-5", " 2 ", "nan", "-Infinity"])
def test_numbers(text):
    assert holds_number(text)


@pytest.mark.parametrize("text", ["", "-", "1e", "1_000", "0x10", "1,5", "१", "one", "1 2", "--1"])
def test_not_numbers(text):
    assert not holds_number(text)


@pytest.mark.parametrize("text", ["[1, 2]", "[1 2]", "(1;2)", "1 2", "[ 1.\n -2e5]", "[1, 2, ]"])
def test_lists(text):
    assert holds_list(text)


@pytest.mark.parametrize("text", ["", "1", "[1]", "[a, b]", '["x"]', "1 a", "[]", "v 1 2"])
def test_not_lists(text):
    assert not holds_list(text)


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
        (
            ["2020-01-31 10:00", "2020-01-31T10:00:01Z"],  # with and without a zone
            pa.string(),
            ["2020-01-31 10:00", "2020-01-31T10:00:01Z"],
        ),
        (["007", "8"], pa.string(), ["007", "8"]),
        (["nan", "x"], pa.string(), ["nan", "x"]),
        (["1", ""], pa.string(), ["1", ""]),
        (["1", "2", "1 kg"], pa.string(), ["1", "2", "1 kg"]),
        ([None, None], pa.string(), [None, None]),
        (["a", "a", "b", "b"], pa.dictionary(pa.int32(), pa.string()), ["a", "a", "b", "b"]),
    ],
)
def test_types(texts, type_, values):
    found = infer_type(pa.chunked_array([texts[:1], texts[1:]], pa.string()))
    assert found.type == type_
    assert found.to_pylist() == values
