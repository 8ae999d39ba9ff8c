"""Mounting the search box."""

from collections.abc import Callable

from components.events import Event
from components.mount import mount


def search_box(*, key: str, labels: str, count: int, on_event: Callable[[Event], None]) -> None:
    """Mount the search box; a chosen row is a `Click`.

    Parameters
    ----------
    labels : address of the labels, from text_address
    count : how many labels there are
    on_event : called before the rerun with what the person did
    """
    mount("search", key, {"labels": labels}, count=count, on_event=on_event)
