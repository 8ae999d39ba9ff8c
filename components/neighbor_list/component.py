"""Mounting the list of neighbors."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from components.events import Event
from components.mount import mount
from embeddings.analysis.contexts import Excerpt
from embeddings.text import decimals_to_distinguish


@dataclass(frozen=True)
class ListItem:
    """One line of the list.

    Attributes
    ----------
    label : what the row is called; an excerpt's word is marked
    value : similarity or distance
    bar : length of the bar, 0 to 1
    """

    row: int
    label: str | Excerpt
    value: float
    bar: float


def neighbor_list(
    *,
    key: str,
    items: Sequence[ListItem],
    of: int | None,
    count: int,
    description: str,
    images: str | None = None,
    on_event: Callable[[Event], None],
) -> None:
    """Mount the list; a clicked line is a `Click`.

    Parameters
    ----------
    of : the row whose neighbors the items are; None for a selection, or a vector that is no row's
    count : rows of the set
    description : for screen readers
    images : address of the small images, to which the browser appends a row number, or None
    on_event : called before the rerun with what the person did
    """
    values = [item.value for item in items]
    largest = max(map(abs, values), default=0.0)
    message = {
        "items": [asdict(item) for item in items],
        "of": of,
        "images": images,
        "description": description,
        "decimals": decimals_to_distinguish(values, least=3 if largest < 100 else 1),
    }
    mount("neighbor_list", key, message, count=count, on_event=on_event)
