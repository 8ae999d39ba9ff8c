"""Row numbers that pandas wrote beside the data are no column; labels are text."""

import pyarrow as pa
import pytest

from embeddings.files.tabular.table_draft import describe_columns, is_row_numbers, to_labels


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "__index_level_0__"])
def test_row_numbers_under_a_name_of_pandas_are_row_numbers(name):
    assert is_row_numbers(name, pa.chunked_array([[0, 1], [2]]))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("row", [0, 1, 2]),
        ("Unnamed: 0", [0, 1, 3]),
        ("Unnamed: 0", [1, 2, 3]),
        ("Unnamed: 0", [0, 1, None]),
        ("Unnamed: 0", [0.0, 1.0, 2.0]),
        ("Unnamed: 0", ["0", "1", "2"]),
    ],
)
def test_other_columns_are_data(name, values):
    assert not is_row_numbers(name, pa.chunked_array([values]))


def test_labels_are_text_and_empty_where_they_are_missing():
    assert to_labels(pa.chunked_array([[7, None]])) == ["7", ""]
    assert to_labels(pa.chunked_array([["a", None]])) == ["a", ""]
    assert to_labels(pa.chunked_array([pa.array(["a", None]).dictionary_encode()])) == ["a", ""]


def test_a_column_of_text_holds_lists_if_its_first_text_is_one():
    table = pa.table(
        {
            "lists": [None, "[1, 2]", "x"],
            "calls": ["tensor([1, 2])", "x", "y"],
            "brackets": ["[a]", "[1, 2]", "[3, 4]"],
            "words": ["1 2", "3 4", "5 6"],  # without a bracket it may be a name
            "folded": pa.array(["[1, 2]"] * 3).dictionary_encode(),
            "flags": [True, False, True],
        }
    )
    kinds = [column.kind for column in describe_columns(table)]
    assert kinds == ["list", "list", "text", "text", "text", "other"]
