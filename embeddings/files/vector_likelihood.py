"""How surely a file holds vectors: of several files, the surest one is taken for them."""

from collections.abc import Sequence

from embeddings.errors import EmbeddingError
from embeddings.files.options import Dialogue
from embeddings.files.tabular.roles import VECTOR_NAMES, Column, choose_roles

Rank = tuple[int, int]
"""Larger is surer. First 1: columns of numbers with names of their own; 2: such under numbered
names, or x, y; 3: lists of numbers, or nothing but numbers; 4: surely. Then how many components."""

NOTHING: Rank = (0, 0)
"""Rank of a file without vectors, which can only describe the rows of another."""

SURE: Rank = (4, 0)
"""Rank of a file that holds vectors whatever lies beside it."""


def rank_columns(columns: Sequence[Column]) -> Rank:
    """Return the rank of a table: a list of numbers may be metadata, unless its name says more."""
    notes: list[str] = []
    try:
        chosen = choose_roles(columns, Dialogue(notes.append)).vector
    except EmbeddingError:
        return NOTHING
    first = columns[chosen[0]]
    if first.kind == "list":
        return SURE if says_vectors(first.name) else (3, 0)
    return (1 if notes else 2, len(chosen))


def says_vectors(name: str) -> bool:
    """Say whether a column is called vectors or embeddings, alone or as a part of its name."""
    return name.lower() in VECTOR_NAMES or "emb" in name.lower() or "vector" in name.lower()
