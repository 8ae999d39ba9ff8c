"""The colors of the points, by a column, clusters or neighbor preservation, and clusters' names."""

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import streamlit as st

from components import Colors, GroupName, category_colors, date_colors, number_colors, one_color
from embeddings import EmbeddingSet, layouts, neighbors
from embeddings.analysis import audit
from embeddings.analysis.cluster_names import name_clusters
from embeddings.analysis.clusters import NOISE, Clusters, radii
from embeddings.analysis.column_index import ColumnIndex, index_columns
from embeddings.cache import key_hash
from embeddings.columns import LABEL, MISSING, categories, column_of, numbers, seconds, shown_kind
from embeddings.layouts import Layout, quality
from pages.common import services
from pages.explore.colors.color_controls import (
    CLUSTERS,
    HUBS,
    LOCAL_CLUSTERING,
    NAMED,
    PRESERVED,
    SINGLE,
    Coloring,
)
from pages.explore.colors.palette_controls import Scheme
from pages.explore.layers import ActiveSet
from pages.explore.layout_controls import DisplayedLayout
from pages.explore.subsets import groups
from server.annotations import rows_digest
from server.jobs import tasks
from server.jobs.status import JobStatus

MAP_NAMES = 200
"""Names of clusters that are sent to the map for each layer; it writes those that have room."""
LAYERED_ROWS = 200_000
"""Sets of up to this many rows have finer clusters named on the map when one zooms in."""
NO_CLUSTER = "no cluster"

Edited = tuple[tuple[str, str], ...]
"""Names that people gave to clusters: the digest of the rows of each, and its name."""


@dataclass(frozen=True, eq=False)
class Colored:
    """The colors of the points.

    Attributes
    ----------
    note : for the status bar
    job : that better colors wait for, or None
    names : to write on the map
    clusters, titles : what the points are colored by, and its names; or None
    """

    colors: Colors
    note: str = ""
    job: JobStatus | None = None
    names: tuple[GroupName, ...] = ()
    clusters: Clusters | None = None
    titles: tuple[str, ...] = ()


def colors_of(active: ActiveSet, displayed: DisplayedLayout, coloring: Coloring) -> Colored:
    """Return the colors; clusters and preserved neighbors depend on the displayed layout."""
    colored = _colors_by(active, displayed, coloring)
    return replace(colored, colors=coloring.scheme.apply(colored.colors))


def _colors_by(active: ActiveSet, displayed: DisplayedLayout, coloring: Coloring) -> Colored:
    embedding_set = active.embedding_set
    if coloring.by == CLUSTERS:
        return _cluster_colors(active, displayed, coloring.granularity)
    if coloring.by == PRESERVED:
        return _preservation_colors(embedding_set, displayed)
    if coloring.by in (HUBS, LOCAL_CLUSTERING):
        return _graph_colors(embedding_set, displayed, coloring.by)
    if coloring.by == SINGLE:
        return Colored(one_color(len(embedding_set), "all points"))
    scheme = Scheme(scale=coloring.scheme.scale)  # all that the numbers depend on
    return _column_colors(active.key, replace(coloring, scheme=scheme), embedding_set)


def cluster_of(colored: Colored, selected: np.ndarray) -> int | None:
    """Return the cluster that has exactly the selected rows, bool (n,); None if there is none."""
    if colored.clusters is None:
        return None
    number = int(colored.clusters.labels[selected.argmax()])
    is_same = number != NOISE and np.array_equal(colored.clusters.labels == number, selected)
    return number if is_same else None


def _is_served(colored: Colored) -> bool:
    """Return True if the browser can still fetch the colors: the cache may have been emptied."""
    address = colored.colors.message["url"]
    return address is None or services.blobs().has(address)


@st.cache_resource(max_entries=64, show_spinner=False, validate=_is_served)
def _column_colors(source: str, coloring: Coloring, _embedding_set: EmbeddingSet) -> Colored:
    column = column_of(_embedding_set, coloring.by)
    what = "number" if coloring.scaled else shown_kind(column)
    if what == "date":
        return Colored(date_colors(seconds(column), coloring.by, services.blobs()))
    if what == "number":
        scale = coloring.scheme.scale
        return Colored(number_colors(numbers(column), coloring.by, services.blobs(), scale))
    found = categories(column, NAMED, coloring.named)
    grey = {MISSING, found.names[-1] if found.merged else MISSING}
    colors = category_colors(
        found.codes, found.names, found.counts, coloring.by, services.blobs(), grey
    )
    return Colored(colors)


def _cluster_colors(active: ActiveSet, displayed: DisplayedLayout, granularity: float) -> Colored:
    """Find the clusters in a worker process; until then all points have one color."""
    embedding_set = active.embedding_set
    digest = key_hash({"layout": displayed.key, "granularity": granularity})
    coordinates = displayed.layout.coordinates
    job = services.once(f"clusters-{digest}", tasks.find_clusters, coordinates, granularity)
    last = services.pool().status(st.session_state.get("cluster_job", ""))
    if last is not None and last.key != job.key and not last.is_finished:
        services.cancel(last.key)  # the slider, or the layout, has moved on
    st.session_state.cluster_job = job.key
    if job.state != "done":
        return Colored(one_color(len(embedding_set), "clusters"), job.error, job)
    annotations = groups.of(active)
    edited = tuple(annotations.clusters.items()) if annotations else ()
    colored = _found_clusters(active.key, digest, edited, active, displayed.layout, job.result)
    if len(embedding_set) > LAYERED_ROWS:
        return colored
    job = services.once(f"finer-{digest}", tasks.find_finer_clusters, coordinates, granularity)
    if job.state != "done":
        return replace(colored, job=job)
    finer = _finer_names(active.key, digest, edited, active, displayed.layout, job.result)
    return replace(colored, names=(*colored.names, *finer))


@st.cache_resource(max_entries=16, show_spinner=False, validate=_is_served)
def _found_clusters(
    source: str,
    digest: str,
    edited: Edited,
    _active: ActiveSet,
    _layout: Layout,
    _found: Clusters,
) -> Colored:
    """Name the largest clusters; smaller ones share "other", points in none are noise."""
    found = _found
    titles = _titles(_active, found, edited)
    shown = min(found.count, NAMED)
    names = list(titles[:shown])
    sizes = list(found.sizes[:shown])
    codes = np.where(found.labels < shown, found.labels, shown)
    if found.count > shown:
        names.append(f"other ({found.count - shown:,} clusters)")
        sizes.append(sum(found.sizes[shown:]))
    grey = {*names[shown:], NO_CLUSTER}
    noise = len(names)
    codes = np.where(found.labels == NOISE, noise, codes).astype(np.uint8)
    names.append(NO_CLUSTER)
    sizes.append(int((found.labels == NOISE).sum()))
    colors = category_colors(
        codes, names, sizes, "clusters", services.blobs(), grey, click="select"
    )
    note = (
        f"{found.count:,} clusters of at least {found.min_cluster_size:,} points, "
        f"{found.noise_fraction:.0%} of the points in none"
    )
    named = _group_names(titles, found, _layout)
    named = tuple(replace(each, code=min(i, shown)) for i, each in enumerate(named))
    return Colored(colors, note, None, named, found, titles)


@st.cache_resource(max_entries=16, show_spinner=False)
def _finer_names(
    source: str,
    digest: str,
    edited: Edited,
    _active: ActiveSet,
    _layout: Layout,
    _layers: tuple[Clusters, ...],
) -> tuple[GroupName, ...]:
    """Name the clusters of finer layers, coarsest first, for when one zooms in on the map."""
    names: list[GroupName] = []
    for level, layer in enumerate(_layers, start=1):
        names += _group_names(_titles(_active, layer, edited), layer, _layout, level)
    return tuple(names)


def _titles(active: ActiveSet, found: Clusters, edited: Edited) -> tuple[str, ...]:
    """Return the names of clusters: those that people gave, and else the computed ones."""
    index = column_index(active)
    titles, known = name_clusters(found, active.embedding_set, index), dict(edited)
    if not known:
        return titles
    digests = (rows_digest(active.in_whole(found.labels == i)) for i in range(found.count))
    return tuple(known.get(digest, title) for digest, title in zip(digests, titles, strict=True))


def _group_names(
    titles: tuple[str, ...], found: Clusters, layout: Layout, level: int = 0
) -> tuple[GroupName, ...]:
    """Return the names of the largest clusters with their places on the map."""
    sizes = radii(layout.coordinates, found)
    places = zip(titles, found.central, sizes, strict=True)
    return tuple(
        GroupName(title, int(rows[0]), float(radius), level)
        for title, rows, radius in islice(places, MAP_NAMES)
    )


def column_index(active: ActiveSet) -> ColumnIndex:
    """Return the words and values of a set's labels and columns, once for all sessions.

    Those of the columns of the file are not made again for another column of groups.
    """
    embedding_set, plain = active.embedding_set, active.ungrouped

    def load() -> ColumnIndex:
        if plain is None:
            return index_columns(embedding_set)
        known = set(plain.embedding_set.metadata.column_names)
        added = [name for name in embedding_set.metadata.column_names if name not in known]
        own = index_columns(embedding_set, {LABEL: "", **dict.fromkeys(added, "category")})
        of_file = column_index(plain)
        return replace(of_file, terms=(*of_file.terms, *own.terms))

    key = f"{active.key} columns"
    return services.hold(key, load, lambda index: index.nbytes, part_of=active.key)


def _not_measured(embedding_set: EmbeddingSet, by: str) -> Colored:
    """Return one color for all points, until the graph is built to measure the quality."""
    note = f"{by.strip('()')} is available once the quality has been measured"
    return Colored(one_color(len(embedding_set), "all points"), note)


def _graph_colors(embedding_set: EmbeddingSet, displayed: DisplayedLayout, by: str) -> Colored:
    if not displayed.layout.quality:
        return _not_measured(embedding_set, by)
    return _graph_numbers(embedding_set.fingerprint, by, embedding_set)


@st.cache_resource(max_entries=16, show_spinner="Comparing neighbors…", validate=_is_served)
def _graph_numbers(fingerprint: str, by: str, _embedding_set: EmbeddingSet) -> Colored:
    graph = _graph(_embedding_set)
    if by == HUBS:
        values, title = audit.in_degree(graph), "among the 10 nearest of so many points"
    else:
        values, title = audit.local_clustering(graph), "neighbors that are neighbors of each other"
    return Colored(number_colors(values, title, services.blobs()))


def _graph(embedding_set: EmbeddingSet) -> neighbors.NeighborGraph:
    metric = layouts.layout_metric(embedding_set)
    return neighbors.load_or_build(embedding_set, services.cache(), metric=metric)


def _preservation_colors(embedding_set: EmbeddingSet, displayed: DisplayedLayout) -> Colored:
    if not displayed.layout.quality:
        return _not_measured(embedding_set, PRESERVED)
    return _preservation(displayed.key, displayed.layout, embedding_set)


@st.cache_resource(max_entries=16, show_spinner="Comparing neighbors…", validate=_is_served)
def _preservation(key: str, _layout: Layout, _embedding_set: EmbeddingSet) -> Colored:
    fraction = quality.preservation_per_point(_graph(_embedding_set), _layout.coordinates)
    title = "fraction of the 10 nearest preserved"
    return Colored(number_colors(fraction, title, services.blobs()))
