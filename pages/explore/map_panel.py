"""The map with the strip above it, and the inspector: what a click reruns, and nothing else."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from components import (
    BackgroundClick,
    Event,
    Focus,
    Mask,
    Points,
    embedding_map,
    mask_address,
    one_color,
    points_of,
    text_address,
)
from embeddings import EmbeddingSet
from embeddings.analysis.contexts import CONTEXT, contexts_of, is_layer
from embeddings.columns import as_text
from embeddings.layouts import METHODS, Layout, LayoutSpec
from embeddings.neighbors import Neighbors
from pages.common import services
from pages.common import url_state as address
from pages.common.text import duration, error_box, plain
from pages.explore import inspector, layout_controls
from pages.explore import navigation as walk
from pages.explore import query as asked
from pages.explore.color_controls import (
    CLUSTERS,
    Colored,
    Coloring,
    colors_of,
    column_kinds,
)
from pages.explore.layers import Seen
from pages.explore.layout_controls import DisplayedLayout
from server.jobs.pool import JobView

POLL_SECONDS = 0.7


@dataclass(frozen=True, eq=False)
class Scene:
    """What the controls ask the stage to show."""

    shown: Seen
    spec: LayoutSpec
    coloring: Coloring
    hover: tuple[str, ...]

    @property
    def source(self) -> str:
        """The key of the set that is shown."""
        return self.shown.key

    @property
    def embedding_set(self) -> EmbeddingSet:
        """The set that is shown."""
        return self.shown.embedding_set


def show(scene: Scene) -> None:
    """Draw the stage; while work runs for it, it looks again by itself."""
    walk.begin(len(scene.embedding_set))
    _, _, working = _look(scene)
    st.fragment(_draw, run_every=POLL_SECONDS if working else None)(scene, working)


def _look(scene: Scene) -> tuple[DisplayedLayout, Colored, bool]:
    """Return the picture and the colors as they are now, and whether work on them runs."""
    seen = layout_controls.displayed_layout(scene.embedding_set, scene.spec)
    if scene.coloring.by == CLUSTERS and seen.job is not None and not seen.is_requested:
        count = len(scene.embedding_set)
        colored = Colored(one_color(count, "clusters"), "clusters come with the layout")
    else:
        colored = colors_of(scene.source, scene.embedding_set, seen, scene.coloring)
    finding = colored.job is not None and not colored.job.snapshot().finished
    return seen, colored, asked.receive(scene.embedding_set) or finding or seen.job is not None


def _draw(scene: Scene, polling: bool) -> None:
    seen, colored, working = _look(scene)
    if working != polling:
        st.rerun()  # the whole page, so that the polling begins or ends
    embedding_set = scene.embedding_set
    address.note(row=walk.current().row)
    labels = _labels_address(scene.source, embedding_set)
    on_event = partial(_receive, scene=scene, layout=seen.layout)
    found = inspector.neighbors_of(embedding_set)
    kinds = column_kinds(scene.source, embedding_set)
    left, right = st.columns([0.735, 0.265], gap="small")
    with left:
        view = seen.job.snapshot() if seen.job else None
        points = _points(scene, seen, view)
        _strip(embedding_set, scene.spec, seen, view, colored.note, scene.shown.layer)
        focus, mask = _emphasis(embedding_set, kinds, found)
        embedding_map(
            key="map",
            points=points,
            colors=colored.colors,
            labels=labels,
            hover=[
                (name, _column_address(scene.source, name, embedding_set)) for name in scene.hover
            ],
            focus=focus,
            mask=mask,
            background_clicks=seen.is_requested and asked.decodes(embedding_set, seen.layout),
            marker=asked.spot(embedding_set, seen.layout),
            description=f"Map of {len(embedding_set):,} points in {points.dims}D: "
            + (scene.spec.title if seen.is_requested else _meanwhile(seen, scene.spec, view)),
            on_event=on_event,
        )
    with right:
        inspector.show(embedding_set, kinds, found, labels, on_event)


def _receive(event: Event, scene: Scene, layout: Layout) -> None:
    """Carry out what was done on the map, in the search box or in a list."""
    if isinstance(event, BackgroundClick):
        asked.ask_place(scene.embedding_set, layout, event.position)
    else:
        walk.receive(event)


def _emphasis(
    embedding_set: EmbeddingSet, kinds: dict[str, str], found: Neighbors | None
) -> tuple[Focus | None, Mask | None]:
    """Say what stands out on the map: item and neighbors, or what is selected or found."""
    way = walk.current()
    focus = mask = None
    if found is not None and way.row is not None:
        rows = found.rows.tolist()
        focus = Focus(way.row, rows, found.values.tolist(), found.kind)
        if way.only_these:
            alone = inspector.mask_of(len(embedding_set), [way.row, *rows])
            mask = Mask(mask_address(alone, services.blobs()), isolate=True)
    elif way.selected is not None:
        mask = Mask(mask_address(way.selected, services.blobs()), isolate=way.only_these)
    elif way.asked is not None:
        near = asked.nearest(embedding_set, kinds)
        assert near is not None
        rows = near.rows.tolist()
        focus = Focus(None, rows, near.values.tolist(), near.kind)
        if way.only_these:
            alone = inspector.mask_of(len(embedding_set), rows)
            mask = Mask(mask_address(alone, services.blobs()), isolate=True)
    return focus, mask


def _points(scene: Scene, seen: DisplayedLayout, view: JobView | None) -> Points:
    """Return the picture's points; while t-SNE runs, those of its latest frame."""
    if view is not None and not seen.is_requested and view.frame is not None:
        frame = scene.shown.turned(view.frame)
        return services.frames().points(f"{view.key} {view.started}", view.frame_number, frame)
    return _points_of(seen.key, scene.source, scene.shown, seen.layout)


@st.cache_resource(
    max_entries=32, show_spinner=False, validate=lambda points: services.blobs().has(points.url)
)
def _points_of(key: str, source: str, _shown: Seen, _layout: Layout) -> Points:
    return points_of(_shown.turned(_layout.coordinates), services.blobs())


@st.cache_resource(
    max_entries=16, show_spinner=False, validate=lambda address: services.blobs().has(address)
)
def _labels_address(source: str, _embedding_set: EmbeddingSet) -> str:
    return text_address(_embedding_set.labels, services.blobs())


@st.cache_resource(
    max_entries=64, show_spinner=False, validate=lambda address: services.blobs().has(address)
)
def _column_address(source: str, name: str, _embedding_set: EmbeddingSet) -> str:
    if name == CONTEXT and is_layer(_embedding_set):
        return text_address(contexts_of(_embedding_set), services.blobs())
    texts = as_text(_embedding_set.metadata.column(name)).to_pylist()
    return text_address(texts, services.blobs())


def _strip(
    embedding_set: EmbeddingSet,
    spec: LayoutSpec,
    seen: DisplayedLayout,
    view: JobView | None,
    note: str,
    layer: str | None,
) -> None:
    """Say in one line what is seen; offer to compute what is not there yet, or to stop."""
    count = len(embedding_set)
    way = walk.current()
    with st.container(key="strip", horizontal=True, vertical_alignment="center"):
        parts = [f"{count:,} of {count:,} points"]
        if way.selected is not None:
            parts[0] = f"{int(way.selected.sum()):,} of {count:,} points selected"
        if layer is not None:
            parts[0] += f" of layer {layer}"
        if seen.is_requested:
            parts += [spec.title, *seen.layout.notes, *_quality(seen)]
        else:
            parts += [_meanwhile(seen, spec, view)]
        st.markdown(plain(" · ".join([*parts, note] if note else parts)), width="stretch")
        if view is not None:
            _progress(seen, spec, view)
        elif not seen.is_requested:
            st.button(
                f"Run {METHODS[spec.method].title}",
                type="primary",
                key="run",
                on_click=_start,
                args=(embedding_set, spec),
            )
        elif not seen.layout.quality:
            st.button(
                "Judge",
                help="How many of the true neighbors does this layout keep?",
                key="judge",
                on_click=_start,
                args=(embedding_set, spec),
            )
        if way.row is not None or way.selected is not None or way.asked is not None:
            st.button("Clear", key="clear", on_click=way.clear)
        st.download_button(
            "CSV",
            data=lambda: layout_controls.layout_csv(embedding_set, seen.layout),
            file_name=f"{embedding_set.provenance.name}-{seen.layout.method}.csv",
            mime="text/csv",
            icon=":material/download:",
            help="The coordinates of all points, as CSV",
            key="download",
            on_click="ignore",
        )
    if seen.error:
        error_box(seen.error)


def _meanwhile(seen: DisplayedLayout, spec: LayoutSpec, view: JobView | None) -> str:
    if view is None:
        return f"PCA shown, {spec.title} not computed yet"
    if view.frame is not None:
        return f"{spec.title}, on its way"
    return "PCA meanwhile"


def _start(embedding_set: EmbeddingSet, spec: LayoutSpec) -> None:
    layout_controls.start(embedding_set, spec)


def _quality(seen: DisplayedLayout) -> list[str]:
    quality = seen.layout.quality
    if not quality:
        return []
    rows = len(seen.layout.coordinates)
    sample = f" (judged on {quality['sample']:,} rows)" if quality["sample"] < rows else ""
    return [
        f"{quality['neighbor_preservation']:.0%} of neighbors kept, "
        f"trustworthiness {quality['trustworthiness']:.3f}{sample}"
    ]


def _progress(seen: DisplayedLayout, spec: LayoutSpec, view: JobView) -> None:
    """Show stage, share, time left, and the way to stop."""
    title = METHODS[spec.method].title
    if seen.is_requested:
        title = f"Judging {title}"
    if view.state == "queued":
        text = f"{title}: {view.stage or 'waiting'}"
        if view.position:
            text += f", {view.position} ahead"
    else:
        stage = view.note if view.stage == title and view.note else view.stage
        left = f", {duration(view.seconds_left)} left" if view.seconds_left else ""
        text = f"{title}: {stage}, {duration(view.seconds)}{left}"
    st.progress(view.done or 0.0, text=plain(text), width=340)
    st.button("Cancel", key="cancel", on_click=services.cancel, args=(seen.job,))
