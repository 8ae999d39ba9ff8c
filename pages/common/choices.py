"""Widgets whose value the app changes too, as an upload changes which set the list shows.

The browser sends the values of all widgets with every message, also with those that merely poll. A
message that it sent before it received the app's new value holds the old one, which would pass for
a choice of the person. So the app never sets the value of a widget on screen: it draws another
one, under a key that no message on its way can contain.
"""

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def chosen(name: str, current: T) -> T:
    """Return what the person chose in the widget `name`; `current` if that is nothing new.

    It is returned in each rerun until the app has made it the current value: nothing is lost if a
    rerun is interrupted before.
    """
    number, drawn = _last(name)
    if drawn != (current,):  # the app has changed the value since the widget was drawn
        return current
    value: T | None = st.session_state.get(f"{name} {number}")
    return current if value is None else value


def key_for(name: str, current: T) -> str:
    """Return the key of the widget `name`, to be drawn with the value `current`."""
    number, drawn = _last(name)
    if drawn != (current,):
        if st.session_state.get(f"{name} {number}") != current:
            number += 1
        st.session_state[f"{name} drawn"] = (number, (current,))
    return f"{name} {number}"


def _last(name: str) -> tuple[int, tuple[object, ...]]:
    """Return the number of the widget drawn last, and the value that it had, if any."""
    last: tuple[int, tuple[object, ...]] = st.session_state.get(f"{name} drawn", (0, ()))
    return last


def distinct(titles: Mapping[str, str]) -> dict[str, str]:
    """Return titles by key, with a number after those that another key has too.

    The browser sends a choice back as its title, so that of two equal titles it would choose the
    wrong one: two runs of the same minute, two uploads of one name. The last one keeps its title,
    so that numbers stay when newer entries come before it.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key, title in reversed(list(titles.items())):
        number, unique = 1, title
        while unique in taken:
            number += 1
            unique = f"{title} ({number})"
        taken.add(unique)
        found[key] = unique
    return {key: found[key] for key in titles}
