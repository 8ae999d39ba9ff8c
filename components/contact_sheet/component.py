"""Mounting the grid of images."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from components.events import Event
from components.mount import mount


@dataclass(frozen=True)
class SheetItem:
    """One image of the grid: the number of its row, and what the row is called."""

    row: int
    label: str


def contact_sheet(
    *,
    key: str,
    items: Sequence[SheetItem],
    images: str,
    count: int,
    description: str,
    on_event: Callable[[Event], None],
) -> None:
    """Mount the grid; a clicked image is a `Click`.

    Parameters
    ----------
    images : address of the small images, to which the browser appends a row number
    count : rows of the set
    description : for screen readers
    on_event : called before the rerun with what the person did
    """
    message = {
        "items": [asdict(item) for item in items],
        "images": images,
        "description": description,
    }
    mount("contact_sheet", key, message, count=count, on_event=on_event)
