"""The colors of the points, by a column, clusters or neighbor preservation, and clusters' names."""

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import streamlit as st

from components import Colors, GroupName, category_colors, date_colors, number_colors, one_color
from embeddings import EmbeddingSet, layouts, neighbors
from embeddings.analysis import clusters
from embeddings.analysis.cluster_names import name_clusters
from embeddings.analysis.column_index import ColumnIndex, index_columns
from embeddings.cache import key_hash
from embeddings.columns import MISSING, categories, column_of, numbers, seconds
from embeddings.layouts import Layout, quality
from pages.common import services
from pages.explore.color_controls import CLUSTERS, NAMED, PRESERVED, SINGLE, Coloring, kind_of
from pages.explore.layout_controls import DisplayedLayout
from server.jobs import tasks
from server.jobs.status import JobStatus

MAP_NAMES = 200
"""Names of clusters that are sent to the map for each layer; it writes those that have room."""
LAYERED_ROWS = 200_000
"""Sets of up to this many rows have finer clusters named on the map when one zooms in."""
NO_CLUSTER = "no cluster"


@dataclass(frozen=True, eq=False)
class Colored:
    """Colors, with a note for the status bar, the job that better colors wait for, and names."""

    colors: Colors
    note: str = ""
    job: JobStatus | None = None
    names: tuple[GroupName, ...] = ()


def colors_of(
    source: str, embedding_set: EmbeddingSet, displayed: DisplayedLayout, coloring: Coloring
) -> Colored:
    """Return the colors; clusters and preserved neighbors depend on the displayed layout."""
    if coloring.by == CLUSTERS:
        return _cluster_colors(source, embedding_set, displayed, coloring.granularity)
    if coloring.by == PRESERVED:
        return _preservation_colors(embedding_set, displayed)
    if coloring.by == SINGLE:
        return Colored(one_color(len(embedding_set), "all points"))
    return _column_colors(source, coloring, embedding_set)


def _is_served(colored: Colored) -> bool:
    """Return True if the browser can still fetch the colors: the cache may have been emptied."""
    address = colored.colors.message["url"]
    return address is None or services.blobs().has(address)


@st.cache_resource(max_entries=64, show_spinner=False, validate=_is_served)
def _column_colors(source: str, coloring: Coloring, _embedding_set: EmbeddingSet) -> Colored:
    column = column_of(_embedding_set, coloring.by)
    what = "number" if coloring.scaled else kind_of(column)
    if what == "date":
        return Colored(date_colors(seconds(column), coloring.by, services.blobs()))
    if what == "number":
        return Colored(number_colors(numbers(column), coloring.by, services.blobs()))
    found = categories(column, NAMED, coloring.named)
    grey = {MISSING, found.names[-1] if found.merged else MISSING}
    colors = category_colors(
        found.codes, found.names, found.counts, coloring.by, services.blobs(), grey
    )
    return Colored(colors)


def _cluster_colors(
    source: str, embedding_set: EmbeddingSet, displayed: DisplayedLayout, granularity: float
) -> Colored:
    """Find the clusters in a worker process; until then all points have one color."""
    digest = key_hash({"layout": displayed.key, "granularity": granularity})
    coordinates = displayed.layout.coordinates
    job = services.once(f"clusters-{digest}", tasks.find_clusters, coordinates, granularity)
    last = services.pool().status(st.session_state.get("cluster_job", ""))
    if last is not None and last.key != job.key and not last.is_finished:
        services.cancel(last.key)  # the slider, or the layout, has moved on
    st.session_state.cluster_job = job.key
    if job.state != "done":
        return Colored(one_color(len(embedding_set), "clusters"), job.error, job)
    colored = _found_clusters(source, digest, embedding_set, displayed.layout, job.result)
    if len(embedding_set) > LAYERED_ROWS:
        return colored
    job = services.once(f"finer-{digest}", tasks.find_finer_clusters, coordinates, granularity)
    if job.state != "done":
        return replace(colored, job=job)
    finer = _finer_names(source, digest, embedding_set, displayed.layout, job.result)
    return replace(colored, names=(*colored.names, *finer))


@st.cache_resource(max_entries=16, show_spinner=False, validate=_is_served)
def _found_clusters(
    source: str,
    digest: str,
    _embedding_set: EmbeddingSet,
    _layout: Layout,
    _found: clusters.Clusters,
) -> Colored:
    """Name the largest clusters; smaller ones share "other", points in none are noise."""
    found = _found
    titles = name_clusters(found, _embedding_set, column_index(source, _embedding_set))
    shown = min(found.count, NAMED)
    names = list(titles[:shown])
    sizes = list(found.sizes[:shown])
    codes = np.where(found.labels < shown, found.labels, shown)
    if found.count > shown:
        names.append(f"other ({found.count - shown:,} clusters)")
        sizes.append(sum(found.sizes[shown:]))
    grey = {*names[shown:], NO_CLUSTER}
    noise = len(names)
    codes = np.where(found.labels == clusters.NOISE, noise, codes).astype(np.uint8)
    names.append(NO_CLUSTER)
    sizes.append(int((found.labels == clusters.NOISE).sum()))
    colors = category_colors(
        codes, names, sizes, "clusters", services.blobs(), grey, click="select"
    )
    note = (
        f"{found.count:,} clusters of at least {found.min_cluster_size:,} points, "
        f"{found.noise_fraction:.0%} of the points in none"
    )
    named = _group_names(titles, found, _layout)
    named = tuple(replace(each, code=min(i, shown)) for i, each in enumerate(named))
    return Colored(colors, note, names=named)


@st.cache_resource(max_entries=16, show_spinner=False)
def _finer_names(
    source: str,
    digest: str,
    _embedding_set: EmbeddingSet,
    _layout: Layout,
    _layers: tuple[clusters.Clusters, ...],
) -> tuple[GroupName, ...]:
    """Name the clusters of finer layers, coarsest first, for when one zooms in on the map."""
    index = column_index(source, _embedding_set)
    names: list[GroupName] = []
    for level, layer in enumerate(_layers, start=1):
        titles = name_clusters(layer, _embedding_set, index)
        names += _group_names(titles, layer, _layout, level)
    return tuple(names)


def _group_names(
    titles: tuple[str, ...], found: clusters.Clusters, layout: Layout, level: int = 0
) -> tuple[GroupName, ...]:
    """Return the names of the largest clusters with their places on the map."""
    radii = clusters.radii(layout.coordinates, found)
    places = zip(titles, found.central, radii, strict=True)
    return tuple(
        GroupName(title, int(rows[0]), float(radius), level)
        for title, rows, radius in islice(places, MAP_NAMES)
    )


def column_index(source: str, embedding_set: EmbeddingSet) -> ColumnIndex:
    """Return the words and values of a set's labels and columns, once for all sessions."""
    return services.hold(
        f"{source} columns",
        lambda: index_columns(embedding_set),
        lambda index: index.nbytes,
        part_of=source,
    )


def _preservation_colors(embedding_set: EmbeddingSet, displayed: DisplayedLayout) -> Colored:
    if not displayed.layout.quality:  # the graph is built to measure the quality
        note = "neighbor preservation is available once the quality has been measured"
        return Colored(one_color(len(embedding_set), "all points"), note)
    return _preservation(displayed.key, displayed.layout, embedding_set)


@st.cache_resource(max_entries=16, show_spinner="Comparing neighbors…", validate=_is_served)
def _preservation(key: str, _layout: Layout, _embedding_set: EmbeddingSet) -> Colored:
    metric = layouts.layout_metric(_embedding_set)
    graph = neighbors.load_or_build(_embedding_set, services.cache(), metric=metric)
    fraction = quality.preservation_per_point(graph, _layout.coordinates)
    title = "fraction of the 10 nearest preserved"
    return Colored(number_colors(fraction, title, services.blobs()))
