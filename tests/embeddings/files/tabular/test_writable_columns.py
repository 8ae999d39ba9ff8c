"""Which columns of the metadata a file can hold."""

import pyarrow as pa

from embeddings.files.tabular.writable_columns import any_match, as_text, writable_columns


def test_names_that_no_file_can_hold_are_lost():
    values = {"": 5, "a": 6, "Unnamed: 0": 0, "Label": 7, "no": 8, "b": 9}
    table = pa.table({name: [value] for name, value in values.items()})
    table = table.append_column("a", [["again"]])
    columns, lost = writable_columns(
        table, lambda column: column.to_pylist(), ("label",), lambda name: name == "no"
    )
    assert columns == {"a": [6], "b": [9]}
    assert lost == [f"column {name}" for name in ("", "Unnamed: 0", "Label", "no", "a")]


def test_a_column_that_is_not_converted_is_lost():
    columns, lost = writable_columns(pa.table({"a": [1], "b": [2]}), lambda column: None)
    assert columns == {} and lost == ["column a", "column b"]


def test_what_is_no_text_has_no_text():
    for values in ([[1]], [{"a": 1}], [b"a"], pa.array([b"a"]).dictionary_encode()):
        assert as_text(pa.chunked_array([values])) is None
    times = pa.array([0], pa.timestamp("s", "Mars/Base"))  # a zone that Arrow does not know
    assert as_text(pa.chunked_array([times])) is None
    folded = pa.array(["a", None]).dictionary_encode()
    assert as_text(pa.chunked_array([folded])).to_pylist() == ["a", None]
    assert as_text(pa.chunked_array([pa.array([0], pa.date32())])).to_pylist() == ["1970-01-01"]


def test_a_column_without_texts_matches_nothing():
    assert not any_match(pa.chunked_array([pa.nulls(2, pa.string())]), "a")
    assert any_match(pa.chunked_array([[None, "cat"]]), "a")
