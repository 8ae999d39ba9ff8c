"""Finding the rows of vectors in a nested JSON document, such as the response of a database.

Qdrant has them under result.points, Weaviate under data.Get.NAME, Elasticsearch under hits.hits,
Pinecone as objects by id under vectors, Cohere as lists under embeddings.float.
"""

from collections import deque
from typing import Any

import numpy as np

from embeddings.files.options import Note
from embeddings.files.tabular.vector_bytes import is_encoded_vector

_DEEPEST = 6
_FIRST = 3  # vectors that are checked

Document = list[Any] | dict[str, Any]


def are_numbers(items: list[Any]) -> bool:
    """Return True if all items are numbers."""
    return set(map(type, items)) <= {int, float}


def are_vectors(values: list[Any]) -> bool:
    """Return True if all values are lists of numbers, of the same length."""
    first = values[0]
    if not isinstance(first, list | np.ndarray) or len(first) == 0:
        return False
    return all(
        isinstance(value, list | np.ndarray)
        and len(value) == len(first)
        and (isinstance(value, np.ndarray) or are_numbers(value))
        for value in values
    )


def find_rows(document: dict[str, Any], note: Note) -> Document:
    """Return the part of an object that lists vectors; the object itself if it does."""
    lists = {name: each for name, each in document.items() if isinstance(each, list)}
    if lists and all(len(each) == 1 and isinstance(each[0], list) for each in lists.values()):
        inner = {name: each[0] for name, each in lists.items()}  # Chroma: a list for each query
        if any(each and are_vectors(each[:_FIRST]) for each in inner.values()):
            return inner
    if count_vectors(document) == 1 or _lists_vectors(document) or _has_columns(document):
        return document
    waiting = deque([("", document, 0)])
    while waiting:
        path, found, depth = waiting.popleft()
        for name, each in found.items():
            where = f"{path}.{name}".lstrip(".")
            if not isinstance(each, dict):
                continue
            if _lists_vectors(each):
                note(f"took {where} as the rows")
                return _with_lists(document, each)
            if depth < _DEEPEST:
                waiting.append((where, each, depth + 1))
    return document


def _with_lists(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return an object of lists of vectors together with the lists beside it, such as texts."""
    lists = [each for each in found.values() if isinstance(each, list) and each]
    if not any(are_vectors(each[:_FIRST]) for each in lists):
        return found
    return {name: each for name, each in document.items() if isinstance(each, list)} | found


def _lists_vectors(document: dict[str, Any]) -> bool:
    """Return True if an object holds a list of vectors or of rows, or maps labels to rows."""
    values = list(document.values())
    for each in values:
        if isinstance(each, list) and each and (are_vectors(each[:_FIRST]) or _are_rows(each)):
            return True
    if len(values) > 1 and all(isinstance(each, list) and each for each in values):
        return are_vectors(values[:_FIRST])
    return bool(values) and _are_rows(values)


def _are_rows(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items) and count_vectors(items[0]) > 0


def count_vectors(item: dict[str, Any]) -> int:
    """Return the number of vectors among the fields of an object and of its nested objects."""
    fields = [
        field
        for name, each in item.items()
        for field in (each.items() if isinstance(each, dict) else ((name, each),))
    ]
    return sum(is_vector(name, each) for name, each in fields)


def is_vector(name: str, value: Any) -> bool:
    """Return True for a list of numbers, or for a vector in base64 under a name for vectors."""
    if isinstance(value, list):
        return len(value) > 1 and are_numbers(value)
    return is_encoded_vector(name, value)


def _has_columns(document: dict[str, Any]) -> bool:
    """Return True for what pandas writes: an object with the values by row of each column."""
    columns = list(document.values())
    if not all(isinstance(column, dict) for column in columns):
        return False
    return len(columns) > 1 and all(column.keys() == columns[0].keys() for column in columns)
