"""Vectors in columns of a table: lists, texts of lists, columns of numbers."""

import numpy as np
import pyarrow as pa
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.tabular.vectors import holds_vectors, parse_lists, read_vectors, stack_columns


def test_what_holds_vectors():
    numbers = (pa.list_(pa.float64()), pa.large_list(pa.int8()), pa.list_(pa.float32(), 3))
    assert all(map(holds_vectors, numbers))
    others = (pa.float32(), pa.string(), pa.list_(pa.string()), pa.list_(pa.list_(pa.int8())))
    assert not any(map(holds_vectors, others))


@pytest.mark.parametrize("kind", [pa.list_(pa.float64()), pa.list_(pa.float32(), 2)])
def test_missing_vectors_are_nan(kind):
    chunks = [pa.array([[1, 2], None], kind), pa.array([[3, 4]], kind)]
    vectors = read_vectors(pa.table({"v": pa.chunked_array(chunks)}), "v")
    np.testing.assert_array_equal(vectors, [[1, 2], [np.nan, np.nan], [3, 4]])
    assert vectors.dtype == np.float32 and not vectors.flags.writeable


def test_missing_texts_are_nan():
    vectors = read_vectors(pa.table({"v": [None, "[1, 2]"]}), "v")
    np.testing.assert_array_equal(vectors, [[np.nan, np.nan], [1, 2]])


def test_vectors_of_another_length_are_named():
    column = pa.chunked_array([[[1.0, 2], [3, 4]], [[5.0, 6, 7]]])
    with pytest.raises(EmbeddingError, match="row 2, column v: 3 numbers where the first row has"):
        read_vectors(pa.table({"v": column}), "v")


def test_a_column_without_any_vector_is_refused():
    column = pa.nulls(2, pa.list_(pa.float32()))
    with pytest.raises(EmbeddingError, match="column v: all vectors are missing"):
        read_vectors(pa.table({"v": column}), "v")


def test_columns_of_numbers_side_by_side():
    table = pa.table({"a": [1, None], "x": ["p", "q"], "b": [1e300, 2.0]})
    np.testing.assert_array_equal(stack_columns(table, [2, 0]), [[np.inf, 1], [2, np.nan]])


def test_lists_agree_with_python_across_many_pieces(monkeypatch):
    monkeypatch.setattr("embeddings.files.tabular.vectors._PIECE", 500)
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
        (["[\v1, 2]"], "rows 0 to 1, column v: not readable"),
    ],
)
def test_lists_that_are_refused(texts, message):
    with pytest.raises(EmbeddingError, match=message):
        parse_lists(pa.chunked_array([texts]), "v")
