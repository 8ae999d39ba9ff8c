"""What a selection is like: what sets it apart from the rest, and how similar its points are."""

import numpy as np
import streamlit as st
import xxhash

from embeddings import EmbeddingSet
from embeddings.analysis.cohesion import Cohesion, by_centroid, cohesion
from embeddings.analysis.enrichment import (
    SIGNIFICANT,
    Contrast,
    Difference,
    NumberDifference,
    TermDifference,
    contrast,
)
from embeddings.columns import MISSING, column_of, numbers, seconds
from embeddings.filters import Condition, ContainsWords, HasValue, InRange
from embeddings.neighbors import Neighbors
from embeddings.text import shorten
from pages.common.formatting import plain
from pages.explore import navigation
from pages.explore.colors.map_colors import column_index
from pages.explore.layers import ActiveSet
from pages.explore.subsets import active_filter
from pages.explore.subsets.range_control import write_date

LISTED = 12
"""Differences that are listed; the false-discovery rate covers all that were tested."""

MOST_TESTED = 60
"""Differences among which those that are listed are chosen."""

REST = "the rest"
"""What a selection is compared with unless another one is held."""

UNFOLDED_ROWS = 200_000
"""Sets of up to this many rows show the differences unfolded."""

MIDDLE = 5, 95
"""Percentiles of a selection's numbers between which a click on their line filters."""

DAY = 86_400
"""Seconds."""

_LONGEST_TERM, _LONGEST_NAME = 40, 16  # characters of a term, and of a selection's name


def show_differences(active: ActiveSet, selected: np.ndarray) -> None:
    """List what sets a selection apart, each line a button that filters."""
    embedding_set = active.embedding_set
    fold = st.expander(
        "What sets it apart",
        expanded=len(embedding_set) <= UNFOLDED_ROWS,
        key="differences",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        other, title = _choose_other(selected)
        if not _is_comparable(selected, other):
            st.caption(f"Nothing of {plain(title)} to compare with.")
            return
        with st.spinner("Comparing…"):
            found = _contrast(
                active.key, _digest(selected), _digest(other), active, selected, other
            )
        listed = lines_of(found)
        for place, each in enumerate(listed):
            _line(place, each, title, embedding_set, selected)
        st.caption(plain(_summary(found, len(listed), title)))
        st.button(
            "Hold to compare others with it",
            key="hold_selection",
            type="tertiary",
            on_click=hold,
            args=(selected,),
        )


def _choose_other(selected: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Draw the choice of what a selection is compared with, if another one is held.

    Returns
    -------
    the rows of the other group, None for the rest; and its title
    """
    held = navigation.open_set().held
    if held is None or len(held[0]) != len(selected) or np.array_equal(held[0], selected):
        return None, REST
    title = f"{shorten(held[1], _LONGEST_NAME)} ({int(held[0].sum()):,})"
    choice = st.segmented_control(
        "Compared with", [title, REST], default=title, key=f"compared_with {title}", required=True
    )
    return (held[0], title) if choice == title else (None, REST)


def _is_comparable(selected: np.ndarray, other: np.ndarray | None) -> bool:
    """Return whether each of two groups has rows that the other has not."""
    if other is None:
        return bool(selected.any() and not selected.all())
    return bool((selected & ~other).any() and (other & ~selected).any())


def hold(selected: np.ndarray) -> None:
    """Hold the selection, so that others are compared with it."""
    opened = navigation.open_set()
    opened.held = selected, opened.history.selected_name


def lines_of(found: Contrast) -> list[Difference]:
    """Return the significant differences to list; a word of several columns is listed once."""
    by_term: dict[object, Difference] = {}
    for place, each in enumerate(found.differences):
        if each.q <= SIGNIFICANT:
            word = isinstance(each, TermDifference) and each.kind == "word" and each.term
            by_term.setdefault(word or place, each)
    return list(by_term.values())[:LISTED]


def _line(
    place: int,
    difference: Difference,
    other: str,
    embedding_set: EmbeddingSet,
    selected: np.ndarray,
) -> None:
    """Draw a difference as a button."""
    title, figures, explained = describe(difference, other)
    st.button(
        f"{plain(title)} :gray[{plain(figures)}]",
        key=f"difference_{place}",
        help=plain(explained),
        type="tertiary",
        width="stretch",
        on_click=_filter_by,
        args=(difference, embedding_set, selected),
    )


def describe(difference: Difference, other: str = REST) -> tuple[str, str, str]:
    """Return a difference in words, its figures, and all of them in a sentence.

    Parameters
    ----------
    other : title of the group that was compared with
    """
    tested = f"p = {difference.p:.2g}, false-discovery rate {difference.q:.2g}"
    if isinstance(difference, NumberDifference):
        means = (difference.mean_inside, difference.mean_outside)
        inside, outside = (_write_mean(mean, difference.is_date) for mean in means)
        return (
            f"{difference.column} {'higher' if difference.hedges_g > 0 else 'lower'}",
            f"{inside} vs {outside}",
            f"Mean {inside} here, {outside} in {other}; Hedges' g {difference.hedges_g:.2f}, "
            f"Mann-Whitney test, {tested}. Click to filter.",
        )
    term = MISSING if difference.term is None else shorten(difference.term, _LONGEST_TERM)
    is_word = difference.kind == "word"
    return (
        f"{difference.column}: “{term}”" if is_word else f"{difference.column}: {term}",
        f"{difference.fraction_inside:.0%} vs {difference.fraction_outside:.0%}",
        f"{difference.inside:,} points here ({difference.fraction_inside:.1%}), "
        f"{difference.outside:,} in {other} ({difference.fraction_outside:.1%}); "
        f"lift {difference.lift:.2f}, Fisher's exact test, {tested}. Click to filter.",
    )


def _write_mean(mean: float, is_date: bool) -> str:
    return write_date(mean)[:10] if is_date else f"{mean:.4g}"


def _summary(found: Contrast, listed: int, other: str) -> str:
    if not found.tests:
        return "The set has no columns or words to compare."
    more = f" {found.significant - listed:,} more." if found.significant > listed else ""
    rate = f"{found.tests:,} tests, false-discovery rate {SIGNIFICANT:.0%}."
    if not listed:
        return f"Nothing does significantly: {rate}"
    return " ".join([f"Selection vs {other}.{more} {rate}", *found.notes])


def _filter_by(difference: Difference, embedding_set: EmbeddingSet, selected: np.ndarray) -> None:
    active_filter.add(condition_of(difference, embedding_set, selected))


def condition_of(
    difference: Difference, embedding_set: EmbeddingSet, selected: np.ndarray
) -> Condition:
    """Return the condition that a difference stands for.

    For numbers it is the range in which the middle 90 % of the selection are.
    """
    name = difference.column
    if not isinstance(difference, NumberDifference):
        if difference.kind == "word" and difference.term is not None:
            return ContainsWords(name, difference.term, whole=True)
        return HasValue(name, (difference.term,))
    column = column_of(embedding_set, name)
    values = seconds(column) if difference.is_date else numbers(column, np.float64)
    inside = values[selected & np.isfinite(values)]
    low, high = np.percentile(inside, MIDDLE, method="closest_observation").tolist()
    if not difference.is_date:
        return InRange(name, *(int(v) if v.is_integer() else v for v in (low, high)))
    is_whole = low % DAY == high % DAY == 0
    moments = (np.datetime64(int(moment), "s").item() for moment in (low, high))
    return InRange(name, *(each.date() if is_whole else each for each in moments))


def show_similarity(key: str, embedding_set: EmbeddingSet, selected: np.ndarray) -> None:
    """Say how similar the points of a selection are, beside random ones."""
    found = _cohesion(key, _digest(selected), embedding_set, selected)
    if found is not None:
        st.caption(similarity_text(found, int(selected.sum())))


def similarity_text(found: Cohesion, size: int) -> str:
    """Return the inner similarity in a sentence."""
    return (
        f"Mean cosine of all pairs {found.similarity:.3f}; of {found.random_sets} random sets of "
        f"{size:,} points {found.random_mean:.3f} ± {found.random_deviation:.3f} (seed "
        f"{found.seed})"
    )


def central_and_outlying(
    key: str, embedding_set: EmbeddingSet, selected: np.ndarray, count: int
) -> tuple[Neighbors, Neighbors]:
    """Return the items of a selection closest to its centroid, and the farthest ones."""
    return _by_centroid(key, _digest(selected), count, embedding_set, selected)


def _digest(selected: np.ndarray | None) -> str:
    return "" if selected is None else xxhash.xxh3_128_hexdigest(np.packbits(selected).tobytes())


@st.cache_resource(max_entries=32, show_spinner=False)
def _contrast(
    key: str,
    digest: str,
    other_digest: str,
    _active: ActiveSet,
    _selected: np.ndarray,
    _other: np.ndarray | None,
) -> Contrast:
    return contrast(column_index(_active), _selected, _other, MOST_TESTED)


@st.cache_resource(max_entries=32, show_spinner=False)
def _cohesion(
    key: str, digest: str, _embedding_set: EmbeddingSet, _selected: np.ndarray
) -> Cohesion | None:
    return cohesion(_embedding_set, _selected)


@st.cache_resource(max_entries=32, show_spinner=False)
def _by_centroid(
    key: str, digest: str, count: int, _embedding_set: EmbeddingSet, _selected: np.ndarray
) -> tuple[Neighbors, Neighbors]:
    return by_centroid(_embedding_set, _selected, count)
