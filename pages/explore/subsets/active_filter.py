"""The filter of the open set: it is part of the address, and its masks are computed once."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
import streamlit as st

from embeddings import EmbeddingSet
from embeddings.filters import Condition, ContainsWords, Filter, FilterError
from embeddings.filters.filter import MOST_CONDITIONS
from pages.explore import navigation

C = TypeVar("C", bound=Condition)


@dataclass(frozen=True, eq=False)
class Matching:
    """The rows that pass the filter.

    Attributes
    ----------
    filter : the conditions
    mask : bool, shape (n,); None where there are no conditions
    is_alone : whether the map leaves out the other rows
    error : why conditions were left out: they do not fit the set, or take too long; or ""
    """

    filter: Filter
    mask: np.ndarray | None = None
    is_alone: bool = False
    error: str = ""

    @property
    def count(self) -> int:
        """Number of rows that pass the filter; 0 where there are no conditions."""
        return 0 if self.mask is None else int(self.mask.sum())

    def within(self, rows: np.ndarray | None) -> np.ndarray | None:
        """Return which of some rows, or of all, pass the filter: bool, (n,); None for all rows."""
        if self.mask is None or rows is None:
            return rows if self.mask is None else self.mask
        return self.mask & rows


def current() -> Filter:
    """Return the filter of the open set; one that cannot be read, in a typed address, is empty."""
    return _read(navigation.open_set().address.filter)


@lru_cache(maxsize=64)
def _read(text: str) -> Filter:
    try:
        return Filter.from_text(text)
    except FilterError:
        return Filter()


def change(filter_: Filter) -> None:
    """Make a filter the one of the open set."""
    opened = navigation.open_set()
    opened.address = replace(opened.address, filter=filter_.to_text())


def matching(key: str, embedding_set: EmbeddingSet, filter_: Filter | None = None) -> Matching:
    """Return the rows that pass a filter, by default the open set's.

    Parameters
    ----------
    key : identifies the set among all that are cached
    """
    filter_ = current() if filter_ is None else filter_
    mask: np.ndarray | None = None
    errors = []
    for condition in filter_.conditions:
        found = _mask(key, Filter((condition,)).to_text(), embedding_set)
        if isinstance(found, str):
            errors.append(found)
        else:
            mask = found if mask is None else mask & found
    is_alone = navigation.open_set().address.hide_rest
    return Matching(filter_, mask, is_alone, "; ".join(errors))


@st.cache_resource(max_entries=64, show_spinner=False)
def _mask(key: str, condition: str, _embedding_set: EmbeddingSet) -> np.ndarray | str:
    """Return the rows that meet a condition, or why it cannot be used: a search is not repeated."""
    try:
        return Filter.from_text(condition).mask(_embedding_set)
    except FilterError as error:
        return str(error)


def condition_on(column: str, kind: type[C]) -> C | None:
    """Return the condition of a kind on a column that the panel shows, and replaces."""
    for each in current().on(column).conditions:
        if isinstance(each, kind) and not (isinstance(each, ContainsWords) and each.whole):
            return each
    return None


def put(column: str, kind: type[Condition], condition: Condition | None) -> None:
    """Put a condition in the place of the one of its kind on a column; None removes that."""
    filter_, old = current(), condition_on(column, kind)
    if condition is None:
        change(filter_ if old is None else filter_.without(old))
    elif old is None:
        add(condition)
    else:
        change(filter_.replaced(old, replace(condition, inverted=old.inverted)))


def add(condition: Condition) -> None:
    """Add a condition to the filter, unless it has too many."""
    filter_ = current()
    if len(filter_.conditions) < MOST_CONDITIONS:
        change(filter_.extended(condition))
