"""What the Explore screen shows: computed once for each rerun, and handed to its panels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from components import (
    Focus,
    Mask,
    PointStyle,
    SimilarityColors,
    mask_address,
    one_color,
)
from embeddings import EmbeddingSet, neighbors
from embeddings.layouts import METHODS, LayoutSpec
from embeddings.metrics import METRICS, Metric
from embeddings.neighbors import Neighbors
from pages.common import services
from pages.common.choices import chosen
from pages.common.sources import OF_THIS_MACHINE, Source
from pages.explore import layout_controls, navigation, query
from pages.explore.address import Address
from pages.explore.address.selections import LONGEST, LONGEST_HELD, selection_text
from pages.explore.colors.color_controls import CLUSTERS, Coloring, column_kinds
from pages.explore.colors.map_colors import Colored, colors_of
from pages.explore.colors.palette_controls import with_own_colors
from pages.explore.colors.point_controls import PointSettings, point_style
from pages.explore.colors.similarity_colors import similarity_colors
from pages.explore.history import History
from pages.explore.layers import ActiveSet
from pages.explore.layout_controls import DisplayedLayout
from pages.explore.new_points import adding, placing
from pages.explore.new_points.placing import Placing
from pages.explore.subsets import active_filter
from pages.explore.subsets.active_filter import Matching
from pages.explore.table.table_rows import TableRows, table_rows

CONTENT_DIGITS = 12
"""Digits of a fingerprint by which an address knows that a file has changed."""
DEFAULT_K = 10
K_OPTIONS = (5, 10, 20, 50, 100)
"""Numbers of neighbors to choose from."""


@dataclass(frozen=True, eq=False)
class ViewRequest:
    """What the controls ask for.

    Attributes
    ----------
    active : the set, or the layer of it, to show
    spec : the layout to show it in
    coloring : the colors of the points
    points : size, opacity, labels and density of the points
    hover : columns that a point shows when it is hovered over
    """

    active: ActiveSet
    spec: LayoutSpec
    coloring: Coloring
    points: PointSettings
    hover: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ViewState:
    """All that the map panel and the inspector show in one rerun.

    Attributes
    ----------
    request : what the controls asked for
    kinds : kind of each metadata column
    displayed : the layout, or a PCA until it is ready
    placing : of the new points on that layout
    colored : the colors, and the job that better ones wait for
    history : what was visited, selected or queried
    encoder : folder of the run that encodes queries for the set, or None
    found : neighbors of the current item or query, or None
    similarity : how the map is colored by similarity to an item, or None
    matching : the rows that pass the filter
    table : the rows of the table
    style : of the points
    is_working : whether the view changes without a click: a job, a query or a reading is
        unfinished
    """

    request: ViewRequest
    kinds: Mapping[str, str]
    displayed: DisplayedLayout
    placing: Placing
    colored: Colored
    history: History
    encoder: Path | None
    found: Neighbors | None
    similarity: SimilarityColors | None
    matching: Matching
    table: TableRows
    style: PointStyle
    is_working: bool

    @property
    def alone(self) -> np.ndarray | None:
        """Bool, shape (n,): rows that the map shows alone; None if it shows all."""
        history = self.history
        if not history.only_these:
            return self.matching.mask if self.matching.is_alone else None
        if self.found is None:
            return self.matching.within(history.selected)
        alone = np.zeros(len(self.embedding_set), dtype=bool)
        rows = self.found.rows.tolist()
        alone[rows if history.row is None else [history.row, *rows]] = True
        return alone

    @property
    def visible_count(self) -> int:
        """Number of points that are neither hidden nor left out."""
        codes, hidden, alone = self.colored.colors.codes, self.hidden, self.alone
        if codes is None or not hidden:
            return len(self.embedding_set) if alone is None else int(alone.sum())
        visible = ~np.isin(codes, list(hidden))
        return int((visible if alone is None else visible & alone).sum())

    @property
    def key(self) -> str:
        """Identifies the set among all that are cached."""
        return self.request.active.key

    @property
    def embedding_set(self) -> EmbeddingSet:
        """The set on display."""
        return self.request.active.embedding_set

    @property
    def layout_name(self) -> str:
        """Identifies the layout on the map, the same from its first frame on."""
        job, spec = self.displayed.job, self.request.spec
        has_frame = job is not None and job.frame is not None
        if not (self.displayed.is_requested or has_frame):
            spec = LayoutSpec("pca", spec.dims)
        return spec.cache_key(self.embedding_set)

    @property
    def hidden(self) -> frozenset[int]:
        """Categories that are hidden on the map; those of another coloring are not."""
        of, codes = navigation.open_set().hidden
        return codes if of == _coloring_key(self.colored) else frozenset()

    @property
    def status(self) -> str:
        """Which layout is on display, in words."""
        title = self.request.spec.title
        if self.displayed.is_requested:
            return title
        job, shown = self.displayed.job, self.displayed.substitute
        if job is None:
            return f"Showing {shown}; {title} has not been run"
        if job.frame is not None:
            return f"{title}, in progress"
        return f"Showing {shown} until {METHODS[self.request.spec.method].title} is ready"

    @property
    def shown_layout(self) -> str:
        """What a figure says of its layout: how that was made, or what takes its place."""
        job = self.displayed.job
        is_shown = self.displayed.is_requested or (job is not None and job.frame is not None)
        return self.status if is_shown else self.displayed.substitute


def compute_view(request: ViewRequest) -> ViewState:
    """Return the view as it is now; nothing in it is looked up again by a panel."""
    embedding_set, key = request.active.embedding_set, request.active.key
    encoder = query.find_encoder(embedding_set)
    query.submit_inputs(embedding_set, encoder)
    query.evaluate_expression(embedding_set)
    is_query_pending = query.poll(embedding_set)  # an answer becomes part of the history
    is_reading = adding.take_uploads(embedding_set)
    displayed = layout_controls.displayed_layout(embedding_set, request.spec)
    placed = placing.place(request.active, displayed)
    is_waiting = displayed.job is not None and not displayed.is_requested
    if request.coloring.by == CLUSTERS and is_waiting:
        note = "clusters appear once the layout is ready"
        colored = Colored(one_color(len(embedding_set), "clusters"), note)
    else:
        colored = colors_of(request.active, displayed, request.coloring)
        colored = replace(colored, colors=with_own_colors(colored.colors))
    is_coloring = colored.job is not None and not colored.job.is_finished
    if not is_waiting and not is_coloring:
        _keep_hidden(colored)
    kinds = column_kinds(key, embedding_set)
    history = navigation.current()
    history.only_these = chosen("only", history.only_these)
    found = _find_neighbors(key, embedding_set, kinds, history)
    matching = active_filter.matching(key, embedding_set)
    metric = found.metric if found else None
    return ViewState(
        request=request,
        kinds=kinds,
        displayed=displayed,
        placing=placed,
        colored=colored,
        history=history,
        encoder=encoder,
        found=found,
        similarity=similarity_colors(embedding_set, history, found),
        matching=matching,
        table=table_rows(key, embedding_set, kinds, history, matching, metric),
        style=point_style(key, embedding_set, request.points),
        is_working=displayed.job is not None
        or placed.is_working
        or is_coloring
        or is_query_pending
        or is_reading,
    )


def search_controls(embedding_set: EmbeddingSet) -> tuple[Metric, int]:
    """Return metric and number of neighbors, as chosen."""
    metric: Metric = navigation.control("metric", embedding_set.provenance.metric, METRICS)
    return metric, navigation.control("k", DEFAULT_K, K_OPTIONS)


def _find_neighbors(
    key: str, embedding_set: EmbeddingSet, kinds: Mapping[str, str], history: History
) -> Neighbors | None:
    """Search for the neighbors of the current item or query, unless the last search was for them.

    While work runs, the screen is drawn again and again for the same item.
    """
    opened = navigation.open_set()
    metric, k = search_controls(embedding_set)
    if history.row is not None:
        wanted: tuple[object, ...] = (key, history.row, metric, k)
    elif history.query is not None:
        wanted = (key, history.query, metric, k)
    else:
        return None
    last, found = opened.last_search
    if last != wanted:
        if history.query is None:
            assert history.row is not None
            found = neighbors.query(embedding_set, history.row, k, metric)
        else:
            candidates = query.candidates(embedding_set, kinds, history.query.excluded)
            vector = history.query.vector
            found = neighbors.query_vectors(embedding_set, vector, k, candidates=candidates)
        opened.last_search = (wanted, found)
    return found


def highlight(view: ViewState) -> tuple[Focus | None, Mask | None]:
    """Return what stands out on the map: item and neighbors, neighbors of a query, or a subset."""
    history, found = view.history, view.found
    focus = None
    if found is not None:
        focus = Focus(history.row, found.rows.tolist(), found.values.tolist(), found.kind)
    standing_out, alone = view.matching.within(history.selected), view.alone
    if history.only_these or (history.selected is None and view.matching.is_alone):
        standing_out = None  # all that is drawn stands out
    addresses = [
        None if mask is None else mask_address(mask, services.blobs())
        for mask in (standing_out, alone)
    ]
    return focus, Mask(*addresses) if any(addresses) else None


def hide(view: ViewState, codes: frozenset[int]) -> None:
    """Record which categories of the view's coloring are hidden on the map."""
    navigation.open_set().hidden = (_coloring_key(view.colored), codes)


def _keep_hidden(colored: Colored) -> None:
    """Have the categories that an address hides belong to the coloring that it is for."""
    opened = navigation.open_set()
    of, codes = opened.hidden
    if of is None and codes:
        count = len(colored.colors.message.get("names", ()))
        codes = frozenset(code for code in codes if code < count)
        opened.hidden = (_coloring_key(colored), codes)


def _coloring_key(colored: Colored) -> tuple[object, ...]:
    message = colored.colors.message
    return message["url"], message["title"]


def address_of(view: ViewState) -> Address:
    """Return the address of the view.

    Raises
    ------
    EmbeddingError
        if it holds a long selection, which cannot be stored
    """
    opened, history = navigation.open_set(), view.history
    is_changeable = Source.of(opened.key).scheme in OF_THIS_MACHINE
    coloring, codes = opened.hidden
    held, held_name = opened.held or (None, "")
    return replace(
        opened.address,
        set=opened.key,
        content=view.embedding_set.fingerprint[:CONTENT_DIGITS] if is_changeable else "",
        hidden=tuple(sorted(view.hidden if coloring else codes)),
        row=history.row,
        selection=_mask_text("selection", history.selected, LONGEST),
        selected=history.selected_name,
        held=_mask_text("held", held, LONGEST_HELD),
        held_name=held_name,
        query=history.query.text if history.query else "",
        expression=history.query.expression if history.query else "",
        only=history.only_these,
    )


def _mask_text(name: str, mask: np.ndarray | None, longest: int) -> str:
    """Return selected rows as a field of the address has them; they are coded once."""
    if mask is None:
        return ""
    coded = navigation.open_set().coded
    last, text = coded.get(name, (None, ""))
    if last is not mask:
        text = selection_text(mask, longest)
        coded[name] = (mask, text)
    return text
