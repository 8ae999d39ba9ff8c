"""The filter panel: the values of a column with counts, its histogram, or a box for text.

Nothing is computed until it is opened, and then only what describes the chosen column. Its counts
are those under the conditions on the other columns.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import streamlit as st

from embeddings import EmbeddingSet
from embeddings.arrow_types import is_list
from embeddings.columns import (
    CATEGORICAL,
    LABEL,
    MISSING,
    SCALED,
    CodedColumn,
    coded,
    coded_items,
    column_of,
    is_missing,
)
from embeddings.filters import (
    ContainsWords,
    FilterError,
    HasValue,
    IsMissing,
    MatchesPattern,
    count_values,
)
from embeddings.text import shorten
from pages.common.choices import key_for
from pages.common.formatting import error_box, plain
from pages.explore import navigation
from pages.explore.subsets import active_filter, range_control

SHOWN_VALUES = 10
"""Values of a column that are listed; others are found by a part of their name."""

LONGEST_VALUE = 40
"""Characters of a value in the list."""

MISSING_CHOICES = {"any": None, "none": True, "only": False}
"""What may be chosen of missing values, and whether the condition for it is inverted."""


def draw(key: str, embedding_set: EmbeddingSet, kinds: Mapping[str, str]) -> None:
    """Draw the panel behind its button.

    Parameters
    ----------
    key : identifies the set among all that are cached
    kinds : kind of each column, see color_controls.column_kinds
    """
    panel = st.popover(
        "Filter", icon=":material/filter_alt:", key="filter_panel", on_change="rerun"
    )
    if not panel.open:
        return
    with panel, st.container(key="filter_column"):
        widget = navigation.open_set().widget("filter_column")
        name = st.selectbox("Column", filterable(kinds), key=widget)
        kind = kinds.get(name, "text")
        column = column_of(embedding_set, name)
        others = active_filter.current().on_others(name)
        mask = active_filter.matching(key, embedding_set, others).mask
        if kind in CATEGORICAL or kind == "list":
            _values(name, *_coded(key, name, column), mask)
        else:
            if kind in SCALED:
                range_control.draw(column, name, mask)
            else:
                _text(name)
            _missing(name, is_missing(column), mask)


def filterable(kinds: Mapping[str, str]) -> list[str]:
    """Return the columns that conditions can be on; the labels first, unless they are a column."""
    kept = (*CATEGORICAL, *SCALED, "text", "list")
    columns = [name for name, kind in kinds.items() if kind in kept]
    return columns if LABEL in columns else [LABEL, *columns]


def _values(
    name: str, column: CodedColumn, rows: np.ndarray | None, mask: np.ndarray | None
) -> None:
    """List the most frequent values, or items of lists; those that are checked are a condition.

    Parameters
    ----------
    rows : int32, shape (m,); the row of each item of lists; None for values
    mask : bool, shape (n,), the rows that are counted; None for all
    """
    if rows is not None and mask is not None:
        mask = mask[rows]
    condition = active_filter.condition_on(name, HasValue)
    checked = condition.values if condition else ()
    part = ""
    if len(column.values) > SHOWN_VALUES:
        part = st.text_input(
            "Find a value",
            key=navigation.open_set().widget(f"filter_find {name}"),
            placeholder=f"Find one of {len(column.values):,} values",
            label_visibility="collapsed",
        )
    found = count_values(column, mask, SHOWN_VALUES, part.strip(), checked)
    for value, count in zip(found.values, found.matching.tolist(), strict=True):
        text = MISSING if value is None else shorten(value, LONGEST_VALUE) or "(empty)"
        is_checked = value in checked
        widget = _widget(f"value {name} {value!r}", is_checked)
        st.checkbox(
            f"{plain(text)} :gray[{count:,}]",
            is_checked,
            key=widget,
            on_change=_check,
            args=(name, value, widget),
        )
    if not part and found.distinct > len(found.values):
        st.caption(f"and {found.distinct - len(found.values):,} more")
    elif not found.values:
        st.caption("No value contains this.")


@st.cache_resource(max_entries=8, show_spinner=False)
def _coded(key: str, name: str, _column: pa.ChunkedArray) -> tuple[CodedColumn, np.ndarray | None]:
    """Return the values of a column; of a column of lists, its items and their rows."""
    return coded_items(_column) if is_list(_column.type) else (coded(_column), None)


def _check(name: str, value: str | None, widget: str) -> None:
    """Add a value to the condition on a column, or take it out.

    Streamlit calls this twice if a poll repeats the click before the box has been redrawn.
    """
    condition = active_filter.condition_on(name, HasValue)
    values = tuple(each for each in condition.values if each != value) if condition else ()
    if st.session_state[widget]:
        values = (*values, value)
    active_filter.put(name, HasValue, HasValue(name, values) if values else None)


def _text(name: str) -> None:
    """Draw a box for words, or for a regular expression."""
    opened = navigation.open_set()
    pattern = active_filter.condition_on(name, MatchesPattern)
    words = active_filter.condition_on(name, ContainsWords)
    is_pattern = opened.is_pattern if words is None and pattern is None else words is None
    text = words.words if words else pattern.pattern if pattern else ""
    failed_name, failed_text, message = opened.failed_filter
    if failed_name == name:
        text, is_pattern = failed_text, True
    box, switch = _widget(f"text {name}", text), _widget(f"pattern {name}", is_pattern)
    st.text_input(
        "Regular expression" if is_pattern else "Contains",
        text,
        key=box,
        placeholder="^(red|white) wine$" if is_pattern else "all of these words",
        on_change=_apply_text,
        args=(name, box, switch),
    )
    st.toggle(
        "Regular expression", is_pattern, key=switch, help="The syntax is RE2's.",
        on_change=_apply_text, args=(name, box, switch),
    )  # fmt: skip
    if failed_name == name:
        error_box(message)


def _apply_text(name: str, box: str, switch: str) -> None:
    """Make what is in the box the condition on a column."""
    text, is_pattern = st.session_state[box], st.session_state[switch]
    opened = navigation.open_set()
    opened.is_pattern, opened.failed_filter = is_pattern, ("", "", "")
    try:
        pattern = MatchesPattern(name, text) if is_pattern and text else None
    except FilterError as error:
        opened.failed_filter = name, text, str(error)
        return
    words = ContainsWords(name, text) if text.strip() and not is_pattern else None
    active_filter.put(name, MatchesPattern, pattern)
    active_filter.put(name, ContainsWords, words)


def _missing(name: str, is_missing: np.ndarray, mask: np.ndarray | None) -> None:
    """Draw the choice of missing values, if a column has any."""
    count = int(is_missing.sum())
    if not count:
        return
    condition = active_filter.condition_on(name, IsMissing)
    inverted = condition.inverted if condition else None
    choice = next(each for each, value in MISSING_CHOICES.items() if value is inverted)
    widget = _widget(f"missing {name}", choice)
    matching = count if mask is None else int((is_missing & mask).sum())
    st.segmented_control(
        f"Missing values ({matching:,})", list(MISSING_CHOICES), default=choice, key=widget,
        required=True, on_change=_choose_missing, args=(name, widget),
    )  # fmt: skip


def _choose_missing(name: str, widget: str) -> None:
    inverted = MISSING_CHOICES[st.session_state[widget]]
    active_filter.put(name, IsMissing, None)
    if inverted is not None:
        active_filter.put(name, IsMissing, IsMissing(name, inverted=inverted))


def _widget(name: str, current: object) -> str:
    """Return the key of a widget of the open set, to be drawn with a value; see choices.py."""
    return key_for(navigation.open_set().widget(f"filter {name}"), current)
