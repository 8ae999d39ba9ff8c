"""Colors by similarity to an item in the original space, in place of those of a column."""

from dataclasses import replace

from components import SimilarityColors
from embeddings import EmbeddingSet
from embeddings.neighbors import Neighbors
from pages.common import services
from pages.common.choices import chosen
from pages.explore import navigation
from pages.explore.history import History

SIMILARITY = ("off", "item", "pointer")
"""Colors by similarity: none, to the current item, or to the item under the pointer."""
FOLLOWED_ROWS = 50_000
"""Sets of up to this many rows can be colored by similarity to the item under the pointer."""


def similarity_options(count: int) -> tuple[str, ...]:
    """Return those of SIMILARITY that a set of so many rows can have."""
    return SIMILARITY if count <= FOLLOWED_ROWS else SIMILARITY[:-1]


def similarity_colors(
    embedding_set: EmbeddingSet, history: History, found: Neighbors | None
) -> SimilarityColors | None:
    """Return how the map is colored by similarity to an item; None if it is not.

    The item is the one that the colors are locked to, else the current one. The metric is that of
    the neighbors on screen, else the set's.
    """
    mode = navigation.control("similar", "off", similarity_options(len(embedding_set)))
    locked = _locked_row(history)
    row = history.row if locked is None else locked
    if mode == "off" or (row is None and mode == "item"):
        return None
    metric = found.metric if found else embedding_set.provenance.metric
    address = services.similarities().address(embedding_set, metric)
    return SimilarityColors(address, row, mode == "pointer" and locked is None, metric)


def _locked_row(history: History) -> int | None:
    """Return the row that the colors are locked to, also if that has just been switched."""
    opened = navigation.open_set()
    locked = opened.address.locked
    is_locked = chosen("lock", locked is not None)
    if is_locked != (locked is not None):
        locked = history.row if is_locked else None
        opened.address = replace(opened.address, locked=locked)
    return locked


def toggle_similarity() -> None:
    """Color by similarity to the current item, or no longer."""
    opened = navigation.open_set()
    is_on = opened.address.similar is not None
    opened.address = replace(opened.address, similar=None if is_on else "item", locked=None)
