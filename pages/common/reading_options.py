"""The form for how a file is read: how its text is written, its columns, and their names."""

from collections.abc import Mapping, Sequence

import streamlit as st

from embeddings.files.delimited.text_options import separator_name
from embeddings.files.options import (
    COLUMN_CHOICES,
    TEXT_CHOICES,
    Choice,
    ChoiceName,
)
from embeddings.text import join_names, split_names

_TITLES: dict[ChoiceName, str] = {
    "separator": "Separator",
    "header": "Header",
    "encoding": "Encoding",
    "decimal": "Decimal sign",
    "quotes": "Quotation marks",
    "ignore": "Leave out",
    "category": "Categories",
    "number": "Numbers",
    "text": "Text",
}
_WORDS: dict[ChoiceName, Mapping[str, str]] = {
    "header": {"yes": "first row", "no": "none"},
    "decimal": {".": "point", ",": "comma"},
}
_FREE: tuple[ChoiceName, ...] = ("separator", "encoding")  # which may be typed
_MOST_COLUMNS = 500
_WIDTH = 140  # px


NAMES = "names"
"""What `draw` returns the names of the columns by."""


def draw(
    key: str, choices: Sequence[Choice], names: Sequence[str] | None = None
) -> dict[str, str] | None:
    """Draw the form; return the choices that were changed once it is submitted, else None.

    Parameters
    ----------
    key : of the form in the session state; another one for each file
    choices : how the file was read; those that the form does not have are ignored
    names : of the columns, which can be changed then
    """
    by_name: dict[str, Choice] = {choice.name: choice for choice in choices}
    before = {name: choice.selected or "" for name, choice in by_name.items()}
    given: dict[str, str | None] = {}
    with st.form(f"reading {key}", border=False):
        written = [by_name[name] for name in TEXT_CHOICES if name in by_name]
        with st.container(horizontal=True):
            for choice in written:
                given[choice.name] = _text_choice(choice, f"{choice.name} {key}")
        for name in COLUMN_CHOICES:
            if name in by_name and 1 < len(by_name[name].candidates) <= _MOST_COLUMNS:
                given[name] = _columns(by_name[name], f"{name} {key}")
        if names is not None and len(names) <= _MOST_COLUMNS:
            before[NAMES] = join_names(names)
            given[NAMES] = st.text_input(
                "Column names", before[NAMES], key=f"{NAMES} {key}",
                help="Of all columns, separated by commas",
            )  # fmt: skip
        is_submitted = st.form_submit_button("Read again", key=f"read {key}")
    if not is_submitted:
        return None
    return {name: value or "" for name, value in given.items() if (value or "") != before[name]}


def is_changeable(choices: Sequence[Choice]) -> bool:
    """Return True if the form has anything for these choices."""
    return any(choice.name in _TITLES for choice in choices)


def _text_choice(choice: Choice, key: str) -> str | None:
    """Draw a choice of how text is written."""
    options = list(choice.candidates)
    if choice.selected is not None and choice.selected not in options:
        options.insert(0, choice.selected)
    name = choice.name
    words = _WORDS.get(name, {})
    return st.selectbox(
        _TITLES[name],
        options,
        index=None if choice.selected is None else options.index(choice.selected),
        format_func=lambda value: words.get(value) or separator_name(value),
        key=key,
        placeholder="one column",
        accept_new_options=name in _FREE,
        width=_WIDTH,
    )


def _columns(choice: Choice, key: str) -> str:
    """Draw a choice of columns."""
    found = st.multiselect(
        _TITLES[choice.name],
        choice.candidates,
        split_names(choice.selected),
        key=key,
        placeholder="as detected" if choice.name != "ignore" else "none",
    )
    return join_names(found)
