"""The rows of the table: those of the selection within the filter, sorted, and a page of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from embeddings import EmbeddingSet, neighbors
from embeddings.columns import LABEL, column_of
from embeddings.metrics import Metric, value_kind
from embeddings.rows.sorting import sort_order
from pages.common import services
from pages.explore import navigation
from pages.explore.history import History
from pages.explore.subsets.active_filter import Matching

PAGE_ROWS = 50
"""Rows of a page."""

NEAREST = "(similarity)"
"""What the table is sorted by to be sorted by the similarity, or distance, to the current item."""

SORTABLE = ("category", "text", "number", "date", "boolean", "list")
"""Kinds of columns that the table can be sorted by."""


@dataclass(frozen=True, eq=False)
class TableRows:
    """The rows of the table.

    Attributes
    ----------
    is_open : whether the table is shown; if not, only `count` is known
    count : number of its rows
    sort : name of the column that it is sorted by, NEAREST, or "" for the order of the rows
    descending : whether the largest value comes first
    ordered : row numbers in the order of the table; None for all rows of the set in theirs
    page : number of the page that is shown, from 1
    nearness : similarities, or distances, of the page's rows to the current item: float64; or None
    """

    is_open: bool
    count: int
    sort: str = ""
    descending: bool = False
    ordered: np.ndarray | None = None
    page: int = 1
    nearness: np.ndarray | None = None

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.count // PAGE_ROWS))

    @property
    def start(self) -> int:
        """Place of the page's first row among those of the table, from 0."""
        return PAGE_ROWS * (self.page - 1)

    @property
    def shown(self) -> np.ndarray:
        """Row numbers of the page: int64, shape (m,), m up to PAGE_ROWS."""
        stop = min(self.start + PAGE_ROWS, self.count)
        if self.ordered is None:
            return np.arange(self.start, stop)
        return self.ordered[self.start : stop].astype(np.int64)


def table_rows(
    key: str,
    embedding_set: EmbeddingSet,
    kinds: Mapping[str, str],
    history: History,
    matching: Matching,
    metric: Metric | None,
) -> TableRows:
    """Return the rows of the table as the address has it.

    Parameters
    ----------
    key : identifies the set among all that are cached
    kinds : kind of each column
    metric : of the neighbors on screen; None for the set's
    """
    is_open = navigation.control("table", False)
    _reset_page(history)
    mask = matching.within(history.selected)
    count = len(embedding_set) if mask is None else int(mask.sum())
    if not is_open:
        return TableRows(False, count)
    address = navigation.open_set().address
    sort = address.sort if address.sort in _sortable(kinds, history.row) else ""
    metric = metric or embedding_set.provenance.metric
    order: np.ndarray | None = None
    if sort == NEAREST and history.row is not None:
        order = _ranking(key, embedding_set, history.row, metric)
        if address.descending != (value_kind(metric) == "similarity"):
            order = order[::-1]
    elif sort:
        order = _order(key, embedding_set, sort, address.descending)
    if mask is not None:
        order = np.flatnonzero(mask) if order is None else order[mask[order]]
    found = TableRows(True, count, sort, address.descending, order)
    found = replace(found, page=min(max(address.page, 1), found.pages))
    if found.page != address.page:
        turn_to(found.page)
    if history.row is None:
        return found
    return replace(
        found, nearness=neighbors.compare_with(embedding_set, history.row, found.shown, metric)
    )


def turn_to(page: int) -> None:
    """Show another page of the table."""
    opened = navigation.open_set()
    opened.address = replace(opened.address, page=page)


def _sortable(kinds: Mapping[str, str], row: int | None) -> list[str]:
    """Return what the table can be sorted by now."""
    columns = [name for name, kind in kinds.items() if kind in SORTABLE]
    return [LABEL, *columns] if row is None else [LABEL, NEAREST, *columns]


def _reset_page(history: History) -> None:
    """Return to the first page where the table has other rows than before, or another order.

    An address that has been restored says which page it is.
    """
    opened = navigation.open_set()
    address, last = opened.address, opened.tabled
    item = history.row if address.sort == NEAREST else None
    opened.tabled = now = (opened.restored, address.filter, history.selected, item)
    if last is None or last[0] != now[0]:
        return
    if last[2] is not now[2] or (last[1], last[3]) != (now[1], now[3]):
        turn_to(1)


def _order(key: str, embedding_set: EmbeddingSet, name: str, descending: bool) -> np.ndarray:
    """Return all rows in the order of a column: int32, shape (n,); it is sorted once."""
    return services.hold(
        f"{key} order {descending} {name}",
        lambda: sort_order(column_of(embedding_set, name), descending),
        lambda order: order.nbytes,
        part_of=key,
    )


def _ranking(key: str, embedding_set: EmbeddingSet, row: int, metric: Metric) -> np.ndarray:
    """Return all rows, the nearest to an item first: int32, shape (n,); the last result is held."""
    opened = navigation.open_set()
    wanted = (key, row, metric)
    last, ranking = opened.last_ranking
    if ranking is None or last != wanted:
        ranking = neighbors.rank_all(embedding_set, row, metric)
        opened.last_ranking = (wanted, ranking)
    return ranking.rows
