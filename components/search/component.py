"""Mounting the search box."""

from collections.abc import Callable

from components.events import Event
from components.mount import mount


def search_box(
    *, key: str, labels: str, columns: bool, count: int, on_event: Callable[[Event], None]
) -> None:
    """Mount the search box.

    A chosen row is a `Click`, all matches of the labels are a `Selection`. An expression or a
    vector is a `Query`, a text to look for in all columns is a `Search`.

    Parameters
    ----------
    labels : address of the labels, from text_address
    columns : whether the set has columns besides the labels
    count : how many labels there are
    on_event : called before the rerun with what the person did
    """
    mount("search", key, {"labels": labels, "columns": columns}, count=count, on_event=on_event)
