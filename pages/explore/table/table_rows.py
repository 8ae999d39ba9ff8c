"""The rows of the table: those of the selection within the filter, sorted, and a page of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import xxhash

from embeddings import EmbeddingSet, neighbors
from embeddings.columns import LABEL, column_of
from embeddings.metrics import Metric, value_kind
from embeddings.rows.sorting import sort_order
from pages.common import services
from pages.explore import navigation
from pages.explore.history import History
from pages.explore.navigation import OpenSet
from pages.explore.subsets.active_filter import Matching

PAGE_ROWS = 50
"""Rows of a page."""

NEAREST = "(similarity)"
"""What the table is sorted by to be sorted by the similarity, or distance, to the current item."""

SORTABLE = ("category", "text", "number", "date", "boolean", "list")
"""Kinds of columns that the table can be sorted by."""


RANKED_ROWS = 2_000
"""Rows at an end of the ranking by similarity that are found without ranking the others."""


@dataclass(frozen=True, eq=False)
class TableRows:
    """The rows of the table.

    Attributes
    ----------
    is_open : whether the table is shown; if not, only `count` is known
    count : number of its rows
    sort : name of the column that it is sorted by, NEAREST, or "" for the order of the rows
    descending : whether the largest value comes first
    order : returns `ordered`
    page : number of the page that is shown, from 1
    shown : row numbers of the page: int64, shape (m,), m up to PAGE_ROWS
    nearness : similarities, or distances, of the page's rows to the current item: float64; or None
    """

    is_open: bool
    count: int
    sort: str = ""
    descending: bool = False
    order: Callable[[], np.ndarray | None] = lambda: None
    page: int = 1
    shown: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    nearness: np.ndarray | None = None

    @property
    def ordered(self) -> np.ndarray | None:
        """Row numbers in the order of the table; None for all rows of the set in theirs."""
        return self.order()

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.count // PAGE_ROWS))

    @property
    def start(self) -> int:
        """Place of the page's first row among those of the table, from 0."""
        return PAGE_ROWS * (self.page - 1)

    @property
    def stop(self) -> int:
        """Place after that of the page's last row."""
        return min(self.start + PAGE_ROWS, self.count)


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
    found = TableRows(True, count, sort, address.descending)
    found = replace(found, page=min(max(address.page, 1), found.pages))
    if found.page != address.page:
        turn_to(found.page)
    if sort == NEAREST and history.row is not None:
        ranking = Ranking(navigation.open_set(), key, embedding_set, history.row, metric)
        found = _ranked(found, ranking, mask)
    else:
        order = _order(key, embedding_set, sort, address.descending) if sort else None
        ordered = _within(order, mask)
        found = replace(found, order=lambda: ordered, shown=_page(ordered, found))
    if history.row is None:
        return found
    return replace(
        found, nearness=neighbors.compare_with(embedding_set, history.row, found.shown, metric)
    )


def _within(order: np.ndarray | None, mask: np.ndarray | None) -> np.ndarray | None:
    """Return the rows of a mask in an order; None for all rows in theirs."""
    if mask is None:
        return order
    return np.flatnonzero(mask) if order is None else order[mask[order]]


def _page(ordered: np.ndarray | None, table: TableRows) -> np.ndarray:
    """Return the row numbers of the table's page: int64."""
    if ordered is None:
        return np.arange(table.start, table.stop)
    return ordered[table.start : table.stop].astype(np.int64)


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


@dataclass(frozen=True, eq=False)
class Ranking:
    """The rows of a set by their nearness to an item; what was found last is held."""

    opened: OpenSet
    key: str
    embedding_set: EmbeddingSet
    row: int
    metric: Metric

    def all(self) -> np.ndarray:
        """Return all rows, the nearest first: int32, shape (n,)."""
        wanted = (self.key, self.row, self.metric)
        last, ranking = self.opened.last_ranking
        if ranking is None or last != wanted:
            ranking = neighbors.rank_all(self.embedding_set, self.row, self.metric)
            self.opened.last_ranking = (wanted, ranking)
        return ranking.rows

    def end(self, count: int, mask: np.ndarray | None, farthest: bool) -> np.ndarray:
        """Return the first rows within a mask, or the last ones, the farthest first: int32."""
        digest = "" if mask is None else xxhash.xxh3_128_hexdigest(np.packbits(mask).tobytes())
        wanted = (self.key, self.row, self.metric, count, digest, farthest)
        last, rows = self.opened.last_end
        if rows is None or last != wanted:
            rows = neighbors.rank_end(
                self.embedding_set, self.row, count, self.metric, mask, farthest
            )
            self.opened.last_end = (wanted, rows)
        return rows


def _ranked(table: TableRows, ranking: Ranking, mask: np.ndarray | None) -> TableRows:
    """Return the table sorted by nearness; all rows are ranked only where they are needed."""
    farthest = table.descending != (value_kind(ranking.metric) == "similarity")

    def order() -> np.ndarray | None:
        every = ranking.all()
        return _within(every[::-1] if farthest else every, mask)

    if table.stop <= RANKED_ROWS:
        shown = ranking.end(table.stop, mask, farthest)[table.start :].astype(np.int64)
    else:
        shown = _page(order(), table)
    return replace(table, order=order, shown=shown)
