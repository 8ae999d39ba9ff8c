"""Mounting what follows the browser's history."""

from collections.abc import Callable

from components.events import Event
from components.mount import mount


def address_bar(*, key: str, on_event: Callable[[Event], None]) -> None:
    """Mount an element that is not seen; Back and Forward, and undo and redo by keys, are `Went`.

    (Streamlit runs the page again after Back, but does not say so; and it sends the address with
    every message, so that one that was sent before the browser received the address of its own view
    looks the same.)

    Parameters
    ----------
    on_event : called before the rerun with the address that the person has gone to
    """
    mount("address", key, {}, on_event=on_event)
