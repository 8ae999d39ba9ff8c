"""Texts that are lists, dates or records become typed columns."""

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from embeddings import load
from embeddings.columns import column_kind
from embeddings.files.tabular.infer_types import infer_types


def only(values, files=None, type_=None, **options):
    """Return one typed column, and the notes."""
    notes: list[str] = []
    table = pa.table({"c": values if isinstance(values, pa.Array) else pa.array(values, type_)})
    found = infer_types(table, files or {}, notes.append, **options)
    assert found.num_rows == table.num_rows
    return found.column(0), notes


@pytest.mark.parametrize(
    ("texts", "type_", "first"),
    [
        (['["ai", "ethics"]', None, "[]"], pa.list_(pa.string()), ["ai", "ethics"]),
        (["[1, 2]", "[3]"], pa.list_(pa.int64()), [1, 2]),
        (["[1, 2]", "[3.5]"], pa.list_(pa.float64()), [1, 2]),
        (["[true, null]"], pa.list_(pa.bool_()), [True, None]),
    ],
)
def test_lists_as_text_are_lists(texts, type_, first) -> None:
    for values in (pa.array(texts), pa.array(texts).dictionary_encode()):
        found, notes = only(values)
        assert found.type == type_
        assert found[0].as_py() == first
        assert found.is_null().to_pylist() == [text is None for text in texts]
        assert column_kind(found) == "list"
        assert notes == []


@pytest.mark.parametrize(
    "texts",
    [
        ['["a"]'] * 50 + ["[a]"],
        ['["a"]', "{}"],
        ["[[1], [2]]"],
        ['["a", 1]'],
        ["[" * 5_000 + "]" * 5_000],
        ["[1]", "[" + "9" * 40 + "]"],
        ['["\\ud800"]'],
        ["[" + ", ".join(["0.125"] * 768) + "]"] * 3,  # a vector
        ["[1]"] * 200 + ["[" + "1, " * 30_000 + "1]"],  # a document among short lists
    ],
)
def test_other_texts_in_brackets_stay_text(texts: list[str]) -> None:
    found, _ = only(texts)
    assert found.to_pylist() == texts


def test_dates_and_times_as_text() -> None:
    found, _ = only(["2026-01-31", None])
    assert found.to_pylist() == [date(2026, 1, 31), None]
    found, _ = only(["2026-01-31T10:30:00Z"] * 3)
    assert column_kind(found) == "date"
    found, _ = only(pa.array(["2026-01-31 10:30:00"] * 3).dictionary_encode())
    assert found[0].as_py() == datetime(2026, 1, 31, 10, 30)
    for texts in (["2026-02-31"] * 2, ["2026-01-31", "soon"], ["12", "13"], ["2026-2027 report"]):
        assert only(texts)[0].to_pylist() == texts


def test_the_embedding_file_s_texts_stay_text() -> None:
    texts = pa.table({"day": ["2026-01-31"], "list": ['["a"]'], "record": [{"a": 1}]})
    assert infer_types(texts, retype=False).equals(texts)


def test_records_become_columns() -> None:
    table = pa.table({"a": [{"b": 1, "c": "2026-01-31"}, None], "a.b": [5, 6]})
    found = infer_types(table)
    assert found.to_pydict() == {
        "a.b": [1, None],
        "a.c": [date(2026, 1, 31), None],
        "a.b_2": [5, 6],
    }


def test_records_without_fields_stay() -> None:
    table = pa.table({"empty": pa.array([{}, None], pa.struct([])), "n": [1, 2]})
    assert infer_types(table).equals(table)


def test_columns_without_any_value_stay() -> None:
    texts = pa.array([None, None], pa.string())
    for values in (texts, texts.dictionary_encode()):
        assert only(values)[0].type == values.type


def test_plain_columns_pass_and_odd_layouts_become_plain() -> None:
    notes: list[str] = []
    table = pa.table(
        {
            "number": [1.5, None],
            "flag": [True, None],
            "folded": pa.array(["x", "y"]).dictionary_encode(),
            "text": ["12", "13"],
            "list": [["a"], []],
            "nothing": pa.nulls(2),
        }
    )
    assert infer_types(table, note=notes.append).equals(table)
    odd = pa.table(
        {
            "view": pa.array(["a", "b"], pa.string_view()),
            "runs": pa.RunEndEncodedArray.from_arrays([2], ["a"]),
            "zone": pa.array([0, 1], pa.timestamp("s", "Mars/Base")),
            "uuid": pa.array([b"0" * 16] * 2, pa.uuid()),
        }
    )
    found = infer_types(odd, note=notes.append)
    assert found.schema.types == [
        pa.large_string(), pa.string(), pa.timestamp("s", "UTC"), pa.binary(16),
    ]  # fmt: skip
    assert len(notes) == 1
    assert "Mars/Base" in notes[0]
    empty = pa.table({"row": [1, 2]}).select([])
    assert infer_types(empty).num_rows == 2


def test_the_articles_topics_and_days(data: Path) -> None:
    metadata = infer_types(load(data / "emb" / "articles_bge_small.parquet").metadata)
    kinds = {name: column_kind(metadata.column(name)) for name in metadata.column_names}
    assert kinds["topics"] == "list"
    assert kinds["published_date"] == "date"
    assert metadata.column("topics")[1].as_py() == ["AI Governance", "European SME AI"]
