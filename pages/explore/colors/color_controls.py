"""The color controls: what the points are colored by, and what they show when hovered over."""

from dataclasses import dataclass, field, replace

import streamlit as st

from embeddings import EmbeddingSet
from embeddings.analysis.clusters import GRANULARITY
from embeddings.analysis.contexts import CONTEXT, is_layer
from embeddings.arrow_types import is_number
from embeddings.columns import (
    CATEGORICAL,
    LABEL,
    SCALED,
    categories,
    column_of,
    first_to_color_by,
    shown_kind,
)
from pages.common.choices import chosen, key_for
from pages.explore import navigation
from pages.explore.colors import palette_controls
from pages.explore.colors.palette_controls import Kind, Scheme

NAMED = 20
"""Categories with a color of their own."""
HOVERED = 2
SINGLE, CLUSTERS, PRESERVED = "(single color)", "(clusters)", "(neighbor preservation)"
HUBS, LOCAL_CLUSTERING = "(hubs)", "(local clustering)"
ALIASES = {"(one color)": SINGLE, "(neighbors kept)": PRESERVED}
"""Former names of colorings, which old addresses hold."""


@dataclass(frozen=True)
class Coloring:
    """What points are colored by.

    Attributes
    ----------
    by : a column's name, SINGLE, CLUSTERS, PRESERVED, HUBS or LOCAL_CLUSTERING
    named : categories with a color of their own; by default the most frequent ones
    granularity : of clusters, 0 (coarse) to 1 (fine)
    scaled : True for whole numbers on a scale, not as categories
    scheme : how the colors are drawn
    """

    by: str
    named: tuple[str, ...] = ()
    granularity: float = GRANULARITY
    scaled: bool = False
    scheme: Scheme = field(default_factory=Scheme)


def choose(source: str, embedding_set: EmbeddingSet) -> Coloring:
    """Draw the color controls; the first column of categories is the default."""
    coloring = _choose_coloring(source, embedding_set)
    if coloring.by == SINGLE:
        return coloring
    return replace(coloring, scheme=palette_controls.choose(_kind(source, embedding_set, coloring)))


def _kind(source: str, embedding_set: EmbeddingSet, coloring: Coloring) -> Kind:
    what = column_kinds(source, embedding_set).get(coloring.by)
    if coloring.scaled or what == "number":
        return "numbers"
    return "categories" if coloring.by == CLUSTERS or what in CATEGORICAL else "ramp"


def _choose_coloring(source: str, embedding_set: EmbeddingSet) -> Coloring:
    kinds = column_kinds(source, embedding_set)
    columns = [name for name, what in kinds.items() if what in (*CATEGORICAL, *SCALED)]
    options = [*columns, CLUSTERS, PRESERVED, HUBS, LOCAL_CLUSTERING, SINGLE]
    opened = navigation.open_set()
    former = opened.address.color or ""
    if former in ALIASES:  # from an old address
        opened.address = replace(opened.address, color=ALIASES[former])
    categorical = {
        name: column_of(embedding_set, name) for name, what in kinds.items() if what in CATEGORICAL
    }
    first = first_to_color_by(categorical, NAMED) or SINGLE
    by = navigation.control(
        "color", first, options, named=(), scaled=None, scale=None, own_colors=()
    )
    st.selectbox("Color", options, options.index(by), key=key_for("color", by))
    if by == CLUSTERS:
        fine = navigation.control("granularity", GRANULARITY)
        st.slider("Coarse to fine", 0.0, 1.0, fine, 0.05, key=key_for("granularity", fine))
        return Coloring(by, granularity=fine)
    if kinds.get(by) in CATEGORICAL:
        if is_number(column_of(embedding_set, by).type):
            scaled = navigation.control("scaled", False)
            st.toggle(
                "Numbers on a scale",
                scaled,
                key=key_for("scaled", scaled),
                help="Off: each number is a category.",
            )
            if scaled:
                return Coloring(by, scaled=True)
        named = _choose_named(embedding_set, by)
        return Coloring(by, named)
    return Coloring(by)


def choose_hover(source: str, embedding_set: EmbeddingSet) -> tuple[str, ...]:
    """Draw the choice of columns that a point shows when it is hovered over."""
    kinds = column_kinds(source, embedding_set)
    hidden = ("image", "audio", "empty")
    columns = [name for name, what in kinds.items() if what not in hidden and name != LABEL]
    if not columns:
        return ()
    ready = [name for name in columns if kinds[name] in (*CATEGORICAL, *SCALED)][:HOVERED]
    if is_layer(embedding_set):
        ready = [CONTEXT]
    with st.expander("On hover"):
        key = f"hover-{','.join(columns)}"
        return tuple(
            st.multiselect("Columns", columns, default=ready, key=key, label_visibility="collapsed")
        )


def choose_thumbnails(source: str, embedding_set: EmbeddingSet) -> None:
    """Draw the switch of the images on the map, if the set has images."""
    if "image" in column_kinds(source, embedding_set).values():
        shown = navigation.control("thumbnails", True, (True, False))
        st.toggle(
            "Images on the map",
            shown,
            key=key_for("thumbnails", shown),
            help="In place of points when zoomed in, and around the clicked item.",
        )


def _choose_named(embedding_set: EmbeddingSet, column: str) -> tuple[str, ...]:
    """Draw the choice of categories with a color, if there are more than the palette has."""
    everything = categories(column_of(embedding_set, column), most=254)
    distinct = len(everything.names) - bool(everything.merged) + everything.merged
    if distinct <= NAMED:
        return ()
    names = everything.names[: len(everything.names) - bool(everything.merged)]
    opened = navigation.open_set()
    held = [name for name in opened.address.named if name in names][:NAMED]
    named = chosen("named", held)
    opened.address = replace(opened.address, named=tuple(named))
    with st.expander(f"{distinct:,} values, {NAMED} named"):
        st.multiselect(
            "Name these instead", names, named, max_selections=NAMED, key=key_for("named", named)
        )
    return tuple(named)


@st.cache_resource(max_entries=16, show_spinner=False)
def column_kinds(source: str, _embedding_set: EmbeddingSet) -> dict[str, str]:
    """Return the kind of each metadata column, and of the labels if they repeat like categories.

    Whole numbers of few values, such as classes, are categories.
    """
    metadata = _embedding_set.metadata
    kinds: dict[str, str] = {
        name: shown_kind(metadata.column(name)) for name in metadata.column_names
    }
    if LABEL not in kinds and 2 * len(set(_embedding_set.labels)) <= len(_embedding_set):
        kinds[LABEL] = "category"
    return kinds
