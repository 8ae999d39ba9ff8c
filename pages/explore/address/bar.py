"""The browser's address bar: it shows the address of the view, and Back and Forward work.

Streamlit adds an entry to the browser's history for each address that a run writes, and runs the
page after Back and Forward. The address of a run alone does not tell that the person navigated: a
message that the browser sent before it received a new address holds the old one.
"""

from dataclasses import dataclass
from typing import cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import components
from components import Event, Navigated
from pages.explore.address.parameters import Address, decode, encode


@dataclass
class AddressBar:
    """The state of the browser's address bar.

    Attributes
    ----------
    view : the address that was written last; None until the view at the destination is drawn
    destination : parameters of the address that the person navigated to, until it is opened
    is_away : whether another page is shown, or none yet
    """

    view: Address | None = None
    destination: dict[str, str] | None = None
    is_away: bool = True


def draw() -> None:
    """Draw the component that has the view of the map in the address, and undoes by keys."""
    with st.container(key="address"):
        components.address_bar(key="address_bar")


def follow_history() -> None:
    """Have the view that Back or Forward led to opened by this run.

    This is the page's first call: another run, which may begin at any later call, does not know
    that the person navigated.
    """
    if is_after_navigation():
        _bar().destination = st.query_params.to_dict()


def is_after_navigation() -> bool:
    """Return whether the run follows Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def receive(event: Event) -> None:
    """Have the view of an address that the person chose opened by the next run."""
    if isinstance(event, Navigated):
        _bar().destination = event.params


def destination() -> Address | None:
    """Return the address that the person navigated to, by a link, Back or Forward; or None."""
    bar = _bar()
    if bar.is_away:
        params = st.query_params.to_dict()
        if params or bar.view is None:  # without parameters, the page shows what it showed last
            bar.destination = params
        bar.is_away = False
    return None if bar.destination is None else decode(bar.destination)


def leave() -> None:
    """Record that another page is shown."""
    _bar().is_away = True


def arrive() -> None:
    """Record that the view at the `destination` is drawn from now on."""
    bar = _bar()
    bar.view, bar.destination, bar.is_away = None, None, False


def write(address: Address) -> None:
    """Write the address of the view into the address bar, unless it is that of the last view.

    An address that the person navigated to stays as it is, even if the view differs from it: it may
    name a color that the set does not have.
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
