"""Mounting the table of items, a page of which the browser has."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from components.events import Event
from components.mount import mount
from embeddings.analysis.contexts import Excerpt

Direction = Literal["ascending", "descending"]


@dataclass(frozen=True)
class TableColumn:
    """A column of the table.

    Attributes
    ----------
    name : what it is sorted by
    title : what is written above it
    first : the direction in which it is sorted first; None if it cannot be sorted
    is_number : whether its cells are to the right
    images : address of small images, to which the browser appends a row number; None for text
    """

    name: str
    title: str
    first: Direction | None = "ascending"
    is_number: bool = False
    images: str | None = None


@dataclass(frozen=True)
class TableRow:
    """A row of the table.

    Attributes
    ----------
    row : number of the item
    cells : a text for each column, None where there is no value; of the first also an excerpt
    """

    row: int
    cells: Sequence[str | Excerpt | None]


def data_table(
    *,
    key: str,
    columns: Sequence[TableColumn],
    rows: Sequence[TableRow],
    sort: str,
    descending: bool,
    current: int | None,
    start: int,
    total: int,
    count: int,
    description: str,
    images: str | None = None,
    on_event: Callable[[Event], None],
) -> None:
    """Mount a page of the table; a clicked row is a `Click`, a clicked header a `Sort`.

    Parameters
    ----------
    columns : the first one names the rows
    sort, descending : name of the column that the table is sorted by, or "", and the direction
    current : number of the current item, or None
    start, total : place of the first row among all rows of the table, from 0, and their number
    count : rows of the set
    description : for screen readers
    images : address of the items' small images, shown beside the first cell, or None
    on_event : called before the rerun with what the person did
    """
    message = {
        "columns": [asdict(column) for column in columns],
        "rows": [asdict(row) for row in rows],
        "sort": {"column": sort, "direction": "descending" if descending else "ascending"},
        "current": current,
        "start": start,
        "total": total,
        "images": images,
        "description": description,
    }
    mount("table", key, message, count=count, on_event=on_event)
