"""Columns of rare types become plain ones only where nothing is lost."""

import pyarrow as pa
import pytest

from embeddings import EmbeddingError
from embeddings.files.tabular.normalize_types import normalize_types


def only(column):
    return normalize_types(pa.table({"c": column})).column(0)


@pytest.mark.parametrize(
    "values",
    [
        [b"a\0b", b"c"],
        [b"text"] * 150 + [b"a\0b"],  # beyond the rows that are looked at first
        [b"GIF89a and more of it", b"c"],
        [b"text", b"\xff"],
    ],
)
def test_bytes_that_are_no_text_stay_bytes(values):
    found = only(pa.array(values))
    assert found.type == pa.binary() and found.to_pylist() == values


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_bytes_that_are_text_become_text(kind):
    found = only(pa.array([b"", None, "größe".encode()], kind))
    assert found.type == pa.large_string() and found.to_pylist() == ["", None, "größe"]


@pytest.mark.parametrize("kind", [pa.list_view, pa.large_list_view])
def test_views_of_lists_become_lists(kind):
    views = pa.array([[1, 2], None, [], [3]], kind(pa.int64()))
    for column in (views, views[1:], pa.chunked_array([views[:2], views[2:]])):
        found = only(column)
        assert found.type == pa.large_list(pa.int64())
        assert found.to_pylist() == column.to_pylist()
    texts = pa.array([["a"], ["b", "c"]], kind(pa.string()))
    assert only(texts).to_pylist() == [["a"], ["b", "c"]]
    assert only(pa.array([], kind(pa.int64()))).type == pa.large_list(pa.int64())


@pytest.mark.parametrize(("values", "size"), [([0.5] * 1_000, 8), (["x"] * 1_000, 8)])
def test_views_that_all_show_the_same_numbers_are_refused(monkeypatch, values, size):
    rows = 1_000
    views = pa.LargeListViewArray.from_arrays([0] * rows, [len(values)] * rows, pa.array(values))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(size * rows * len(values)))
    assert len(only(views)) == rows
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(size * rows * len(values) - 1))
    with pytest.raises(EmbeddingError, match="its lists take 8,000,000 bytes, more than"):
        only(views)


@pytest.mark.parametrize(
    "values",
    [
        [[[1.0, 2.0]], None],
        [[[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]],
        [[[1.0, 2.0]], []],
        [],
    ],
)
def test_lists_of_other_than_one_list_stay(values):
    column = pa.array(values, pa.list_(pa.list_(pa.float64())))
    assert only(column).type == column.type


def test_records_are_split_only_if_no_column_beside_them_can_be_the_vectors():
    record = pa.array([{"id": "a", "v": [1.0, 2.0]}])
    assert normalize_types(pa.table({"r": record})).column_names == ["r.id", "r.v"]
    for other in (pa.array([1.5]), pa.array([[1.0, 2.0]])):
        assert normalize_types(pa.table({"r": record, "x": other})).column_names == ["r", "x"]
