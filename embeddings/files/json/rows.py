"""The rows of JSON, however arranged: lines, an array, an object of arrays, and their like."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.json.nested import are_numbers, are_vectors, unfolded
from embeddings.files.limits import check_bytes, first_line
from embeddings.files.options import Note
from embeddings.files.plain_text import lines
from embeddings.text import shorten

CELL = 24
"""Bytes in memory for a field of a row, at least."""

_DOCUMENT = 8  # bytes in memory for a byte of JSON that is parsed at once, about
_LONG = 16  # lists of as many floats are held as arrays
_TOO_DEEP = "JSON that is nested too deeply; expected objects of numbers, texts and lists"
_ROW = re.compile(r"[0-9]{1,9}")
_SCALARS = (str, int, float, bool, type(None))

Row = dict[str, Any]


def read_rows(text: pa.Buffer, note: Note) -> list[Row]:
    """Return the rows of JSON Lines, or of one document; nested objects are flattened one level.

    Raises
    ------
    EmbeddingError
        no JSON, one that is nested too deeply, or of an arrangement without rows
    """
    document = read_document(text)
    rows = list(read_lines(text)) if document is None else document_rows(document, note)
    return _by_label(rows)


def read_document(text: pa.Buffer) -> list[Any] | dict[str, Any] | None:
    """Return the value of a text that is one JSON document; None where it is JSON Lines."""
    found = lines(text)
    first = next(line for line in found if line.strip())
    try:
        value = _parse(first, "line 1")
    except EmbeddingError:  # a document that goes over several lines, or no JSON
        value = None
    if value is None or not any(line.strip() for line in found):
        check_bytes(_DOCUMENT * text.size, "as one JSON document it may take")
        document: list[Any] | dict[str, Any] = _parse(text.to_pybytes())
        return document
    return None


def document_rows(document: list[Any] | dict[str, Any], note: Note) -> list[Row]:
    """Return the rows of a document, each flat."""
    return [_flat(row, i) for i, row in enumerate(_document(document, note))]


def document_columns(
    document: list[Any] | dict[str, Any], rows: int | None, note: Note
) -> dict[str, list[Any]] | None:
    """Return the lists of a document that hold one value a row; None where it lists the rows.

    Parameters
    ----------
    rows : how many rows there must be, where that is known: of all lists, those as long are taken

    Returns
    -------
    lists by name; a document that is itself a list of values is called ""
    """
    if isinstance(document, list):
        return {"": [_packed(value) for value in document]} if is_plain(document) else None
    if {"columns", "data"} <= set(document):  # as pandas writes rows
        return None
    words = _by_number(document)
    if words is not None and rows in (None, len(words)):
        return {"label": [_whole(word) for word in words]}
    lists = {name: each for name, each in document.items() if isinstance(each, list)}
    length = max(map(len, lists.values()), default=0) if rows is None else rows
    taken = {name: each for name, each in lists.items() if each and len(each) == length}
    if not taken or any(isinstance(item, dict) for each in taken.values() for item in each):
        return None
    if len(taken) < len(document):
        others = ", ".join(name for name in document if name not in taken)
        note(f"left out {shorten(others, 200)}: not one value for each of the {length:,} rows")
    return {_whole(name): [_packed(value) for value in each] for name, each in taken.items()}


def _by_number(document: dict[str, Any]) -> list[str] | None:
    """Return the words of a vocabulary, {word: row} or {row: word}, in order; None for another.

    It may also lie under model.vocab, where tokenizers of Hugging Face have theirs.
    """
    model = document.get("model")
    if isinstance(model, dict) and isinstance(model.get("vocab"), dict):
        document = model["vocab"]
    if document and all(isinstance(word, str) for word in document.values()):
        document = {word: number for number, word in document.items()}
    numbers = [str(number) for number in document.values()]
    found = {int(n): word for n, word in zip(numbers, document, strict=True) if _ROW.fullmatch(n)}
    return [found[i] for i in range(len(found))] if set(found) == set(range(len(numbers))) else None


def is_plain(items: list[Any]) -> bool:
    """Say whether a list holds texts, numbers and the like, rather than objects or lists."""
    return not any(isinstance(item, dict | list) for item in items)


def read_lines(text: pa.Buffer) -> Iterator[Row]:
    """Yield the rows of JSON Lines, each flat."""
    row = 0
    for number, line in enumerate(lines(text), 1):
        if line.strip():
            yield _flat(_parse(line, f"line {number}"), row, f" (line {number})")
            row += 1


def _parse(text: bytes, place: str = "") -> Any:
    where = f"{place}: " if place else ""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise EmbeddingError(where + _TOO_DEEP) from error
    except ValueError as error:
        raise EmbeddingError(f"{where}not JSON ({first_line(error)})") from error


def _document(value: Any, note: Note) -> Sequence[Any]:
    """Return the rows of a whole document, of whatever arrangement (see docs/format.md)."""
    if isinstance(value, list):
        if value and is_plain(value):
            raise EmbeddingError("one list of values; expected one object, or one list, for a row")
        return value
    value = unfolded(value, note)
    values = list(value.values())
    if values and all(isinstance(each, dict) for each in values):
        return _keyed(value)
    lists = {name: each for name, each in value.items() if isinstance(each, list)}
    names, items = lists.get("columns", []), lists.get("data", [])
    if items and set(map(type, names)) == {str} and set(map(type, items)) == {list}:  # "split"
        return [dict(zip(names, item, strict=False)) for item in items]
    matrix = next((each for each in lists.values() if each and are_vectors(each)), None)
    if matrix is not None:
        kept = {name: each for name, each in lists.items() if len(each) == len(matrix)}
        others = ", ".join(name for name in value if name not in kept)
        if others:
            note(f"left out {others}: not one value for each of the {len(matrix):,} vectors")
        return _transposed(kept)
    for name, each in lists.items():
        alone = sum(len(other) == len(each) for other in lists.values()) == 1
        if alone and each and all(isinstance(item, dict) for item in each):
            if len(values) > 1:
                note(f"took the {len(each):,} objects under {name} as the rows")
            return each
    if len(lists) == len(values) and len(set(map(len, lists.values()))) == 1:
        if are_labelled(value):
            note("no field of vectors, all lists of one length: took them as vectors, by label")
            return [{"label": name, "vector": each} for name, each in lists.items()]
        return _transposed(lists)
    return [value]


def _keyed(value: dict[str, Row]) -> list[Row]:
    """Return the rows of an object of objects: columns as pandas writes them, or rows by label."""
    inner = list(next(iter(value.values())))
    same = all(list(each) == inner for each in value.values())
    columns = {name: list(each.values()) for name, each in value.items()}
    if same and inner == [str(i) for i in range(len(inner))] and inner:
        return _transposed(columns)
    vectors = [are_vectors(each) for each in columns.values() if each]
    if same and any(vectors) and not all(vectors):  # else rows by label
        return _transposed({"key": inner} | columns)
    return [{"key": name, **each} for name, each in value.items()]


def _transposed(columns: dict[str, list[Any]]) -> list[Row]:
    check_bytes(CELL * sum(map(len, columns.values())), "its table of rows and fields takes")
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def are_labelled(document: Any) -> bool:
    """Say whether an object of lists may be vectors by label, rather than columns of numbers."""
    if not isinstance(document, dict) or not document:
        return False
    lists = list(document.values())
    if not all(isinstance(each, list) and len(each) == len(lists[0]) for each in lists):
        return False
    names = [name.lower() for name in document]
    if {"x", "y"} <= set(names) or (_are_numbered(names) and len(lists[0]) >= len(names)):
        return False
    return all(are_numbers(each) for each in lists)


def _are_numbered(names: list[str]) -> bool:
    """Say whether names are one word, or none, with the numbers from 0 or 1 on: dim_0, dim_1."""
    start = re.sub(r"\d+$", "", names[0])
    return any(
        names == [f"{start}{i}" for i in range(first, first + len(names))] for first in (0, 1)
    )


def _by_label(rows: list[Row]) -> list[Row]:
    """Return rows that are but one vector each, under a name of its own, with it as the label."""
    names = {name for row in rows for name in row}
    alone = len(rows) > 1 and len(names) == len(rows) and all(len(row) == 1 for row in rows)
    if not alone or not are_vectors([each for row in rows for each in row.values()]):
        return rows
    return [{"label": name, "vector": each} for row in rows for name, each in row.items()]


def _listed(value: list[Any]) -> Row:
    """Return a row that is a list: a vector, maybe within a list, or a word before it."""
    if len(value) == 1 and isinstance(value[0], list):
        return {"vector": value[0]}
    if value and isinstance(value[0], str):
        rest = value[1] if len(value) == 2 and isinstance(value[1], list) else value[1:]
        if rest and are_numbers(rest):
            return {"label": value[0], "vector": rest}
    return {"vector": value}


def _flat(value: Any, row: int, place: str = "") -> Row:
    """Return a row with its nested objects flattened one level, and long lists as arrays."""
    if isinstance(value, list):
        value = _listed(value)
    if not isinstance(value, dict):
        raise EmbeddingError(f"row {row}{place}: {value!r:.40}; expected an object or a list")
    flat: Row = {}
    for name, each in value.items():
        if isinstance(each, dict):
            flat |= {_whole(f"{name}.{key}"): _packed(inner) for key, inner in each.items()}
        else:
            flat[_whole(name)] = _packed(each)
    return flat


def _packed(value: Any) -> Any:
    """Return a value without nesting: a long list of floats as an array, what is deep as text."""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, list):
        if len(value) >= _LONG and float in set(map(type, value)) and are_numbers(value):
            try:
                return np.array(value, dtype=np.float64)
            except OverflowError:  # a whole number of hundreds of digits
                return as_text(value)
        if all(isinstance(item, _SCALARS) for item in value):
            return [_whole(item) if isinstance(item, str) else item for item in value]
    return as_text(value) if isinstance(value, dict | list) else value


def _whole(text: str) -> str:
    """Return a text in which halves of characters, which only JSON can hold, are replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_text(value: Any) -> str:
    """Return any value of JSON as a text of JSON."""
    try:
        return _whole(json.dumps(value, ensure_ascii=False))
    except RecursionError as error:
        raise EmbeddingError(_TOO_DEEP) from error
