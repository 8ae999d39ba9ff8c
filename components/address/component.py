"""Mounting the listener to the browser's history."""

from collections.abc import Callable

from components.events import Event
from components.mount import mount


def address_bar(*, key: str, on_event: Callable[[Event], None]) -> None:
    """Mount an invisible element; Back, Forward, and the keys for undo and redo are `Navigated`.

    (Streamlit reruns the page after Back, but does not say why. The address alone does not tell
    either: a message that the browser sent before it received a new address holds the old one.)

    Parameters
    ----------
    on_event : called before the rerun with the address that the person navigated to
    """
    mount("address", key, {}, on_event=on_event)
