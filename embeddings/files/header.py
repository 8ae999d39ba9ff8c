"""Provenance as JSON, as files store it, and back; and what a set is called by default."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from embeddings.embedding_set import Provenance
from embeddings.errors import EmbeddingError
from embeddings.text import shorten

FORMAT, VERSION = "embedding", 1

_NOT_STORED = {"dtype"}  # fields that the file itself shows

_TYPES: dict[str, tuple[type, ...]] = {
    "normalized": (bool, type(None)),
    "seed": (int, type(None)),
    "config": (dict,),
    "metrics": (dict,),
    "source": (dict,),
    "libraries": (dict,),
}  # all other fields are strings


def to_json(provenance: Provenance) -> str:
    """Return the provenance as one JSON object; values that JSON does not know become text."""
    stored = {key: value for key, value in asdict(provenance).items() if key not in _NOT_STORED}
    return json.dumps({"format": FORMAT, "version": VERSION, **stored}, default=str)


def from_json(text: str | bytes) -> dict[str, Any]:
    """Return the fields of Provenance that the JSON holds; other keys are ignored.

    Raises
    ------
    EmbeddingError
        not a JSON object, of another version, or a field of another type
    """
    where = "the JSON under `embedding`"
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EmbeddingError(f"{where} is not JSON ({error}); write the file again") from error
    if not isinstance(header, dict) or header.get("version", VERSION) != VERSION:
        raise EmbeddingError(
            f"{where} is not of version {VERSION}; open it with the release that wrote it"
        )
    known = {field.name for field in fields(Provenance)} - _NOT_STORED
    found = {key: value for key, value in header.items() if key in known}
    for key, value in found.items():
        types = _TYPES.get(key, (str,))
        if not isinstance(value, types):
            raise EmbeddingError(
                f"{where}: {key} is {shorten(repr(value), 60)}; expected {types[0].__name__} there"
            )
    return found


def lost(provenance: Provenance) -> tuple[str, ...]:
    """Return what a format without a place for provenance loses: all but the name, if anything."""
    return () if provenance == Provenance(name=provenance.name) else ("provenance",)


def name_of(path: Path) -> str:
    """Return what a set is called whose file does not state a name."""
    return path.name.removesuffix(path.suffix).removesuffix(".embedding") or path.name


def described(path: Path, dtype: object, found: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return fields of Provenance, with the name filled in from the file's.

    Parameters
    ----------
    dtype : type of the numbers in the file: float32, float64, text, ...
    found : the fields that the file states about itself
    """
    return {"name": name_of(path), "dtype": str(dtype), **(found or {})}
