"""Answers of embedding services, one a line: the objects with a vector in each answer are the rows.

OpenAI's batches have them under response.body.data, its plain answers and Voyage's under data,
Vertex AI's under predictions; Cohere and Ollama list vectors under embeddings.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.files.json.nested import are_vectors, count_vectors
from embeddings.files.options import Note
from embeddings.files.tabular.vector_bytes import is_encoded_vector
from embeddings.text import count_noun, shorten

_EXAMINED = 100  # values that tell whether the file holds answers
_DEEPEST = 4
_ACTION_KEYS = (
    "routing",
    "version",
    "version_type",
    "pipeline",
    "require_alias",
    "retry_on_conflict",
)
_ERRORS = ("error", "errors", "detail", "fault")  # names of what is wrong, in place of an answer


def with_answers_split(values: Iterable[tuple[str, Any]], note: Note) -> Iterator[tuple[str, Any]]:
    """Yield the rows within answers, each with its place; values that are no answers as they are.

    What an answer says beside the list of its rows, such as `custom_id`, is part of each row.
    Answers without vectors, such as errors, are left out.

    Parameters
    ----------
    values : place, for messages, and value of each line or item of a file
    note : receives what was taken as rows, and how many answers were left out
    """
    rest = iter(values)
    first = list(islice(rest, _EXAMINED))
    paths = [found[0] for _, value in first if (found := _find(value)) is not None]
    if not paths:
        yield from chain(first, rest)
        return
    note(f"took what is under {paths[0]} as rows, with the rest of the line beside each")
    failed: list[str] = []
    for place, value in chain(first, rest):
        found = _find(value)
        if found is not None:
            for row in found[1]:
                yield place, row
        elif isinstance(value, dict) and not count_vectors(value):
            failed.append(f"{place}{_message(value)}")
        else:
            yield place, value
    if failed:
        note(f"left out {count_noun(len(failed), 'answer')} without a vector; first:{failed[0]}")


def with_actions_joined(values: Iterable[tuple[str, Any]], note: Note) -> Iterator[tuple[str, Any]]:
    """Yield the documents of Elasticsearch's bulk format, each with the `_id` of its action.

    The action, {"index": {"_id": "7"}}, is on the line before its document. Other values are
    yielded as they are.
    """
    rest = iter(values)
    first = list(islice(rest, 1))
    if not first or not _is_action(first[0][1]):
        yield from chain(first, rest)
        return
    note("lines of Elasticsearch's bulk format: joined each document with the action before it")
    action: dict[str, Any] = {}
    for place, value in chain(first, rest):
        if _is_action(value):
            action = next(iter(value.values()))
        elif isinstance(value, dict) and "_id" in action and "_id" not in value:
            yield place, {"_id": action["_id"]} | value
        else:
            yield place, value


def _is_action(value: Any) -> bool:
    """Return True for a line of the bulk format that says what to do with the next one."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    [(name, inner)] = value.items()
    is_named = name in ("index", "create", "update", "delete") and isinstance(inner, dict)
    return is_named and all(key.startswith("_") or key in _ACTION_KEYS for key in inner)


def check_is_no_error(document: Any) -> None:
    """Raise EmbeddingError, with the message, for a document that is the error of a service."""
    if not isinstance(document, dict):
        return
    errors = {name: document[name] for name in _ERRORS if document.get(name)}
    others = (each for name, each in document.items() if name not in errors)
    if not errors or any(isinstance(each, list | dict) and each for each in others):
        return
    text = _message({"error": next(iter(errors.values()))})
    if text:
        raise EmbeddingError(f"the error message of a service, not data{text}; repeat the request")


def _find(value: Any) -> tuple[str, list[dict[str, Any]]] | None:
    """Return where the rows of an answer are, and the rows; None if it is no answer."""
    if not isinstance(value, dict) or count_vectors(value):
        return None
    waiting: deque[tuple[tuple[str, ...], dict[str, Any]]] = deque([((), value)])
    while waiting:
        path, inner = waiting.popleft()
        for name, each in inner.items():
            where = (*path, name)
            if isinstance(each, dict) and len(where) < _DEEPEST:
                waiting.append((where, each))
            rows = _rows(name, each, inner)
            if rows:
                outer = {k: v for k, v in value.items() if k != where[0] and _is_said(v)}
                return ".".join(where), [outer | row for row in rows]
    return None


def _rows(name: str, value: Any, holder: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that a list of objects or of vectors holds; none if it is something else."""
    if not isinstance(value, list) or not value:
        return []
    if all(isinstance(item, dict) for item in value):
        return value if all(count_vectors(item) for item in value) else []
    if all(isinstance(item, str) for item in value):
        if not all(is_encoded_vector(name, item) for item in value):
            return []
    elif not are_vectors(value) or len(value[0]) < 2:
        return []
    beside = {
        key: each
        for key, each in holder.items()
        if each is not value and isinstance(each, list) and len(each) == len(value)
    }
    return [
        {key: each[i] for key, each in beside.items()} | {"embedding": vector}
        for i, vector in enumerate(value)
    ]


def _is_said(value: Any) -> bool:
    """Return True for a value that may describe the rows: not null, and no list."""
    return value is not None and not isinstance(value, list)


def _message(answer: dict[str, Any]) -> str:
    """Return the message of an answer that is an error, to be quoted."""
    waiting = deque([answer])
    while waiting:
        inner = waiting.popleft()
        for name in ("message", "msg", "error", "reason", "status"):
            if isinstance(inner.get(name), str) and inner[name]:
                return f": {shorten(inner[name], 80)}"
        lists = (each for each in inner.values() if isinstance(each, list))
        waiting.extend(each for each in inner.values() if isinstance(each, dict))
        waiting.extend(each[0] for each in lists if each and isinstance(each[0], dict))
    return ""
