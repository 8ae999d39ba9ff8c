"""Mounting a component: its registration with Streamlit, and its events.

The JavaScript in each message is a few lines that import our modules from their address.
"""

import logging
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Literal

import streamlit as st

from components.assets import frontend_address, plotly_address
from components.events import Event, EventError, decode

Module = Literal[
    "map",
    "search",
    "neighbor_list",
    "contact_sheet",
    "line_charts",
    "address",
    "figure",
    "table",
    "commands",
    "hints",
]

_log = logging.getLogger(__name__)


def mount(
    module: Module,
    key: str,
    message: dict[str, Any],
    *,
    count: int = 0,
    on_event: Callable[[Event], None] | None = None,
) -> None:
    """Mount a component, or send a new message to the one that is mounted.

    Parameters
    ----------
    module : the component's folder, in which a JavaScript module of the same name is
    key : names the element on the page
    message : what the JavaScript gets
    count : rows of the set that is shown; events about other rows are ignored
    on_event : called before the rerun with what the person did
    """

    render = _renderer(module, frontend_address())
    if on_event is None:
        render(key=key, data=message)
    else:
        receive = partial(_receive, key=key, count=count, on_event=on_event)
        render(key=key, data=message, on_event_change=receive)


def _receive(key: str, count: int, on_event: Callable[[Event], None]) -> None:
    """Decode what the component with this key has sent and pass it on."""
    message = st.session_state[key].get("event")
    if not message:
        return
    try:
        event = decode(message, count)
    except EventError as error:
        _log.warning("an event of %r was ignored: %s", key, error)
    else:
        on_event(event)


@cache
def _renderer(module: Module, frontend: str) -> Callable[..., Any]:
    """Register a component, once per server process; `frontend` is the address of our modules."""
    plotly = plotly_address() if module in ("map", "line_charts") else ""
    script = f"""
const loaded = import(new URL("{frontend}/{module}/{module}.js", document.baseURI).href);
export default function (component) {{
  let cleanUp = null;
  loaded.then((module) => (cleanUp = module.update(component, "{plotly}")));
  return () => cleanUp?.();
}}"""
    return st.components.v2.component(f"embedding_{module}", js=script, isolate_styles=False)
