"""The line of conditions above the map: each can be inverted or removed, and all be cleared."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from embeddings.filters import Condition, Filter
from embeddings.text import shorten
from pages.common.choices import key_for
from pages.common.formatting import plain
from pages.explore import navigation
from pages.explore.history import History
from pages.explore.subsets import active_filter
from pages.explore.subsets.active_filter import Matching

LONGEST_TITLE = 48
"""Characters of a condition in the line; under the pointer it has all of them."""


def draw(matching: Matching, history: History) -> DeltaGenerator | None:
    """Draw the conditions of the filter; return the line, or None if there are none."""
    if not matching.filter:
        return None
    bar = st.container(key="filter_bar", horizontal=True, vertical_alignment="center")
    with bar:
        for number, condition in enumerate(matching.filter.conditions):
            _condition(number, condition)
        hide = matching.is_alone
        widget = key_for("hide_rest", hide)
        st.toggle("Hide the rest", hide, key=widget, on_change=_hide, args=(widget,))
        st.button(
            "Select",
            key="select_matches",
            type="tertiary",
            help="Select the points that match",
            disabled=not matching.count,
            on_click=_select,
            args=(matching, history),
        )
        st.button(
            "Clear filters", key="clear_filters", type="tertiary",
            on_click=active_filter.change, args=(Filter(),),
        )  # fmt: skip
    return bar


def _condition(number: int, condition: Condition) -> None:
    """Draw a condition and its two buttons."""
    text = Filter((condition,)).to_text()
    inverse = replace(condition, inverted=not condition.inverted)
    with st.container(key=f"condition_{number}", horizontal=True, gap=None, width="content"):
        st.button(
            plain(shorten(condition.title, LONGEST_TITLE)),
            key=f"invert {text}",
            help=f"{plain(condition.title)}. Click to invert: {plain(inverse.title)}",
            on_click=_replace,
            args=(condition, inverse),
        )
        st.button(
            "✕",
            key=f"remove {text}",
            help=f"Remove the condition: {plain(condition.title)}",
            on_click=_replace,
            args=(condition, None),
        )


def _replace(condition: Condition, by: Condition | None) -> None:
    """Replace a condition by another, or remove it."""
    filter_ = active_filter.current()
    if by is None or by in filter_.conditions:
        active_filter.change(filter_.without(condition))
    else:
        active_filter.change(filter_.replaced(condition, by))


def _hide(widget: str) -> None:
    opened = navigation.open_set()
    opened.address = replace(opened.address, hide_rest=bool(st.session_state[widget]))


def _select(matching: Matching, history: History) -> None:
    """Make the points that match the selection; the filter stays."""
    if matching.mask is not None:
        history.select(matching.mask, matching.filter.title)
