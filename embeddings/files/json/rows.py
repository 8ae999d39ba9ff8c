"""The rows of JSON in any arrangement: lines, an array, an object of arrays, and the like."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.json.answers import (
    check_is_no_error,
    with_actions_joined,
    with_answers_split,
)
from embeddings.files.json.nested import are_numbers, are_vectors, find_rows
from embeddings.files.limits import check_bytes, first_line
from embeddings.files.options import Note
from embeddings.files.plain_text import lines
from embeddings.text import listed, shorten

FIELD_BYTES = 24
"""Bytes of memory that a field of a row takes, at least."""

_NUMBER_BYTES, _LIST_BYTES, _OBJECT_BYTES = 40, 100, 240  # of memory for each, roughly
_ARRAY_BYTES = 8  # of memory for a number of a long list, which becomes an array
_LONG = 16  # floats from which a list is stored as an array
_TOO_DEEP = "JSON that is nested too deeply; expected objects of numbers, texts and lists"
_ROW = re.compile(r"[0-9]{1,9}")
_SCALARS = (str, int, float, bool, type(None))

Row = dict[str, Any]


def read_rows(text: pa.Buffer, note: Note) -> list[Row]:
    """Return the rows of JSON Lines or of a document; nested objects are flattened one level.

    Raises
    ------
    EmbeddingError
        not JSON, JSON that is nested too deeply, or an arrangement without rows
    """
    document = read_document(text)
    check_is_no_error(document)
    rows = list(read_lines(text, note)) if document is None else document_rows(document, note)
    return _by_label(rows)


def read_document(text: pa.Buffer) -> list[Any] | dict[str, Any] | None:
    """Return the value of a text that is one JSON document; None if it is JSON Lines."""
    found = (line for line in lines(text) if line.strip())
    first = next(found)
    if next(found, None) is not None and _is_value(first):
        return None
    content = text.to_pybytes()
    _check_document(content)
    document: list[Any] | dict[str, Any] = _parse(content)
    return document


def _is_value(line: bytes) -> bool:
    """Return True if a line is JSON other than null; False for a part of a longer document."""
    _check_document(line)
    try:
        return _parse(line) is not None
    except EmbeddingError:
        return False


def _check_document(content: bytes) -> None:
    """Raise EmbeddingError if JSON takes more memory than the limit, by its commas and brackets."""
    size = len(content) + _NUMBER_BYTES * content.count(b",") + _nested_bytes(content)
    check_bytes(size, "as one JSON document it may take")


def _nested_bytes(content: bytes) -> int:
    """Return how many bytes of memory the lists and objects of JSON take beside their values."""
    return _LIST_BYTES * content.count(b"[") + _OBJECT_BYTES * content.count(b"{")


def document_rows(document: list[Any] | dict[str, Any], note: Note) -> list[Row]:
    """Return the rows of a document, flattened."""
    values = (("", row) for row in _arranged_rows(document, note))
    return [_flat_row(row, i) for i, (_, row) in enumerate(with_answers_split(values, note))]


def document_columns(
    document: list[Any] | dict[str, Any], rows: int | None, note: Note
) -> dict[str, list[Any]] | None:
    """Return the lists of a document that hold one value per row; None if it lists the rows.

    Parameters
    ----------
    rows : how many values a list must have to be returned; None for as many as the longest has

    Returns
    -------
    lists by name; a document that is itself a list of values is named ""
    """
    if isinstance(document, list):
        return {"": [_flat_value(value) for value in document]} if holds_scalars(document) else None
    if {"columns", "data"} <= set(document):  # as pandas writes rows
        return None
    words = _by_number(document)
    if words is not None and rows in (None, len(words)):
        return {"label": [_valid_text(word) for word in words]}
    lists = {name: each for name, each in document.items() if isinstance(each, list)}
    length = max(map(len, lists.values()), default=0) if rows is None else rows
    taken = {name: each for name, each in lists.items() if each and len(each) == length}
    if not taken or any(isinstance(item, dict) for each in taken.values() for item in each):
        return None
    if len(taken) < len(document):
        others = listed(name for name in document if name not in taken)
        note(f"left out {others}: not one value for each of the {length:,} rows")
    return {
        _valid_text(name): [_flat_value(value) for value in each] for name, each in taken.items()
    }


def _by_number(document: dict[str, Any]) -> list[str] | None:
    """Return the words of a vocabulary, {word: row} or {row: word}, in order; None for others.

    It may also be under model.vocab, as in tokenizers of Hugging Face.
    """
    model = document.get("model")
    if isinstance(model, dict) and isinstance(model.get("vocab"), dict):
        document = model["vocab"]
    if document and all(isinstance(word, str) for word in document.values()):
        document = {word: number for number, word in document.items()}
    numbers = [str(number) for number in document.values()]
    found = {int(n): word for n, word in zip(numbers, document, strict=True) if _ROW.fullmatch(n)}
    return [found[i] for i in range(len(found))] if set(found) == set(range(len(numbers))) else None


def holds_scalars(items: list[Any]) -> bool:
    """Return True if a list holds no objects and no lists."""
    return not any(isinstance(item, dict | list) for item in items)


def read_lines(text: pa.Buffer, note: Note) -> Iterator[Row]:
    """Yield the rows of JSON Lines, flattened; the rows within each answer of a service."""
    values = with_actions_joined(_line_values(text), note)
    for row, (place, value) in enumerate(with_answers_split(values, note)):
        yield _flat_row(value, row, place)


def _line_values(text: pa.Buffer) -> Iterator[tuple[str, Any]]:
    """Yield the place, for messages, and the value of each line that is not blank."""
    size = 0
    for number, line in enumerate(lines(text), 1):
        if line.strip():
            size += _ARRAY_BYTES * line.count(b",") + _nested_bytes(line)
            check_bytes(size, f"its rows up to line {number:,} may take")
            yield f" (line {number})", _parse(line, f"line {number}")


def _parse(text: bytes, place: str = "") -> Any:
    where = f"{place}: " if place else ""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise EmbeddingError(where + _TOO_DEEP) from error
    except ValueError as error:
        raise EmbeddingError(f"{where}not JSON ({first_line(error)})") from error


def _arranged_rows(value: Any, note: Note) -> Sequence[Any]:
    """Return the rows of a document in any arrangement (see docs/format.md)."""
    if isinstance(value, list):
        if value and holds_scalars(value):
            raise EmbeddingError("a list of values; expected an object or a list for each row")
        return value
    value = find_rows(value, note)
    values = list(value.values())
    if values and all(isinstance(each, dict) for each in values):
        return _rows_by_key(value)
    lists = {name: each for name, each in value.items() if isinstance(each, list)}
    names, items = lists.get("columns", []), lists.get("data", [])
    if items and set(map(type, names)) == {str} and set(map(type, items)) == {list}:  # "split"
        return [dict(zip(names, item, strict=False)) for item in items]
    matrix = next((each for each in lists.values() if each and are_vectors(each)), None)
    if matrix is not None:
        kept = {name: each for name, each in lists.items() if len(each) == len(matrix)}
        others = listed(name for name in value if name not in kept)
        if others:
            note(f"left out {others}: not one value for each of the {len(matrix):,} vectors")
        return _rows_of_columns(kept)
    for name, each in lists.items():
        alone = sum(len(other) == len(each) for other in lists.values()) == 1
        if alone and each and all(isinstance(item, dict) for item in each):
            if len(values) > 1:
                note(f"took the {len(each):,} objects under {name} as the rows")
            return each
    if len(lists) == len(values) and len(set(map(len, lists.values()))) == 1:
        if maps_labels_to_vectors(value):
            note("only lists of one length: took each as a vector, its name as the label")
            return [{"label": name, "vector": each} for name, each in lists.items()]
        return _rows_of_columns(lists)
    return [value]


def _rows_by_key(value: dict[str, Row]) -> list[Row]:
    """Return the rows of an object of objects: columns of pandas, or rows by label."""
    inner = list(next(iter(value.values())))
    same = all(list(each) == inner for each in value.values())
    columns = {name: list(each.values()) for name, each in value.items()}
    if same and inner == [str(i) for i in range(len(inner))] and inner:
        return _rows_of_columns(columns)
    vectors = [are_vectors(each) for each in columns.values() if each]
    if same and any(vectors) and not all(vectors):  # else rows by label
        return _rows_of_columns({"key": inner} | columns)
    return [{"key": name, **each} for name, each in value.items()]


def _rows_of_columns(columns: dict[str, list[Any]]) -> list[Row]:
    lengths = list(map(len, columns.values()))
    size = FIELD_BYTES * sum(lengths) + _OBJECT_BYTES * max(lengths)
    check_bytes(size, "as a table of rows and fields it takes")
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def maps_labels_to_vectors(document: dict[str, Any]) -> bool:
    """Return True if an object of lists may be vectors by label, not columns of numbers."""
    if not document:
        return False
    lists = list(document.values())
    if not all(isinstance(each, list) and len(each) == len(lists[0]) for each in lists):
        return False
    names = [name.lower() for name in document]
    if {"x", "y"} <= set(names) or (_are_numbered(names) and len(lists[0]) >= len(names)):
        return False
    return all(are_numbers(each) for each in lists)


def _are_numbered(names: list[str]) -> bool:
    """Return True for names that count up from 0 or 1 after the same prefix: dim_0, dim_1."""
    start = names[0].rstrip("0123456789")
    return any(
        all(name == f"{start}{i}" for i, name in enumerate(names, first)) for first in (0, 1)
    )


def _by_label(rows: list[Row]) -> list[Row]:
    """Return rows that have only a vector, under a name of its own, with that as the label."""
    names = {name for row in rows for name in row}
    alone = len(rows) > 1 and len(names) == len(rows) and all(len(row) == 1 for row in rows)
    if not alone or not are_vectors([each for row in rows for each in row.values()]):
        return rows
    return [{"label": name, "vector": each} for row in rows for name, each in row.items()]


def _row_of_list(value: list[Any]) -> Row:
    """Return a row that is a list: a vector, perhaps within a list, or after a word."""
    if len(value) == 1 and isinstance(value[0], list):
        return {"vector": value[0]}
    if value and isinstance(value[0], str):
        rest = value[1] if len(value) == 2 and isinstance(value[1], list) else value[1:]
        if rest and are_numbers(rest):
            return {"label": value[0], "vector": rest}
    return {"vector": value}


def _flat_row(value: Any, row: int, place: str = "") -> Row:
    """Return a row with nested objects flattened one level, and long lists as arrays."""
    if isinstance(value, list):
        value = _row_of_list(value)
    if not isinstance(value, dict):
        raise EmbeddingError(
            f"row {row}{place}: {shorten(repr(value), 40)}; expected an object or a list"
        )
    flat: Row = {}
    for name, each in value.items():
        if isinstance(each, dict):
            flat |= {
                _valid_text(f"{name}.{key}"): _flat_value(inner) for key, inner in each.items()
            }
        else:
            flat[_valid_text(name)] = _flat_value(each)
    return flat


def _flat_value(value: Any) -> Any:
    """Return a value without nesting: long lists of floats as arrays, nested values as text."""
    if isinstance(value, str):
        return _valid_text(value)
    if isinstance(value, list):
        if len(value) >= _LONG and float in set(map(type, value)) and are_numbers(value):
            try:
                return np.array(value, dtype=np.float64)
            except OverflowError:  # an integer of hundreds of digits
                return as_text(value)
        if all(isinstance(item, _SCALARS) for item in value):
            return [_valid_text(item) if isinstance(item, str) else item for item in value]
    return as_text(value) if isinstance(value, dict | list) else value


def _valid_text(text: str) -> str:
    """Return a text with its unpaired surrogates replaced; JSON can hold them, UTF-8 cannot."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_text(value: Any) -> str:
    """Return a value as JSON text."""
    try:
        return _valid_text(json.dumps(value, ensure_ascii=False))
    except RecursionError as error:
        raise EmbeddingError(_TOO_DEEP) from error
