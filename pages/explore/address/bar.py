"""The browser's address bar: it shows the address of the view, and Back and Forward work.

Streamlit adds an entry to the browser's history for each address that a run writes. After Back or
Forward it runs the page again; the component tells which address was gone to.
"""

from dataclasses import dataclass
from typing import cast

import streamlit as st

import components
from components import Event, Went
from pages.explore.address.parameters import Address, decode, encode


@dataclass
class AddressBar:
    """What is known of the browser's address bar.

    Attributes
    ----------
    view : the address that was written last; None until the view that was gone to is shown
    destination : parameters of the address that was gone to, until its view is the open one
    is_away : whether another page is shown, or none yet
    """

    view: Address | None = None
    destination: dict[str, str] | None = None
    is_away: bool = True


def draw() -> None:
    """Draw the component that follows the browser's history."""
    with st.container(key="address"):
        components.address_bar(key="address_bar", on_event=_receive)


def _receive(event: Event) -> None:
    if isinstance(event, Went):
        _bar().destination = event.params


def destination() -> Address | None:
    """Return where the person has gone, by a link, Back or Forward; None for nowhere."""
    bar = _bar()
    if bar.is_away:
        params = st.query_params.to_dict()
        if params or bar.view is None:  # the bare page is what it was
            bar.destination = params
        bar.is_away = False
    return None if bar.destination is None else decode(bar.destination)


def leave() -> None:
    """Take note that another page is shown."""
    _bar().is_away = True


def arrive() -> None:
    """Take note that the view of the `destination` is the one that is drawn from now on."""
    bar = _bar()
    bar.view, bar.destination, bar.is_away = None, None, False


def write(address: Address) -> None:
    """Write the address of the view into the address bar, unless it is that of the last view.

    Where the person has gone, the address stays as it is, although the view may differ from what it
    says: it may name a color that the set does not have.
    """
    bar = _bar()
    if bar.view is not None and bar.view != address:
        st.query_params.from_dict(encode(address))
    bar.view = address


def current_parameters() -> dict[str, str]:
    """Return the parameters that lead back to the view, for links from other pages."""
    view = _bar().view
    return encode(view) if view else {}


def _bar() -> AddressBar:
    """Return the session's record of the address bar."""
    return cast(AddressBar, st.session_state.setdefault("address_bar_record", AddressBar()))
