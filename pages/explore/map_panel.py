"""The status bar, the map, the table and the inspector: what a click reruns, and nothing else."""

from dataclasses import replace
from functools import partial

import streamlit as st

from components import (
    BackgroundClick,
    Event,
    Hidden,
    NewPointClick,
    PickColor,
    ResetColors,
    Search,
    Selection,
    ToggleSimilarity,
    embedding_map,
)
from embeddings import EmbeddingError
from embeddings.layouts import METHODS
from embeddings.text import count_noun
from pages.common import services
from pages.common.formatting import duration, error_box, plain
from pages.common.polling import poll
from pages.explore import (
    export_panel,
    inspector,
    layout_controls,
    navigation,
    query,
)
from pages.explore.address import bar as address_bar
from pages.explore.colors.palette_controls import pick_color, reset_colors
from pages.explore.colors.similarity_colors import toggle_similarity
from pages.explore.map_data import (
    hover_addresses,
    image_address,
    label_address,
    map_points,
)
from pages.explore.new_points import adding, placing
from pages.explore.subsets import filter_bar, filter_panel, part
from pages.explore.table import table_panel
from pages.explore.view import (
    ViewRequest,
    ViewState,
    address_of,
    compute_view,
    hide,
    highlight,
)
from server.jobs.status import JobStatus

POLL_SECONDS = 0.7


def show(request: ViewRequest) -> None:
    """Draw the panels; while work runs for them, they are drawn again every POLL_SECONDS."""
    navigation.restore(request.active.embedding_set)
    st.fragment(_draw)(request)


def _draw(request: ViewRequest) -> None:
    """Draw the view as it is now; a click, and a poll while work runs, draw it again."""
    try:
        view = compute_view(request)
        address_bar.write(address_of(view))
    except EmbeddingError as error:  # Streamlit would show its own message for a fragment
        error_box(str(error))
        return
    poll(POLL_SECONDS if view.is_working else None)
    labels, opened = label_address(view), navigation.open_set()
    on_event = partial(_receive, view=view)
    left, right = st.columns([0.735, 0.265], gap="small")
    with left:
        points = map_points(view)
        with st.container(key="above_map"):  # the map keeps its place, or it would be made again
            part.draw_breadcrumb(view)
            _status_bar(view)
            bar = filter_bar.draw(view.matching, view.history)
            if bar is not None:
                with bar:
                    part.draw_button(view, view.matching.mask, "lay_out_matches")
        focus, mask = highlight(view)
        embedding_map(
            key="map",
            set_number=opened.number,
            layout=view.layout_name,
            points=points,
            colors=view.colored.colors,
            labels=labels,
            hover=hover_addresses(view),
            images=image_address(view),
            thumbnails=opened.address.thumbnails is not False,
            focus=focus,
            mask=mask,
            style=view.style,
            similarity=view.similarity,
            names=view.colored.names,
            point_labels=view.request.points.labels,
            density=view.request.points.density,
            axes=layout_controls.axis_ends(view.embedding_set, view.request.spec)
            if view.displayed.is_requested
            else (),
            hidden=view.hidden,
            camera=opened.address.camera,
            restored=opened.restored,
            zoom=opened.zoom,
            background_clicks=view.displayed.is_requested
            and query.decodes_positions(view.embedding_set, view.displayed.layout, view.encoder),
            marker=placing.position(view.placing)
            or query.query_position(view.embedding_set, view.displayed.layout, view.history.query),
            added=placing.on_map(view.placing),
            title=view.embedding_set.provenance.name,
            details=" · ".join(_figure_details(view, points.dims)),
            description=f"Map of {len(view.embedding_set):,} points in {points.dims}D: "
            f"{view.status}",
            on_event=on_event,
        )
        table_panel.draw(view, on_event)
    with right:
        inspector.show(view, labels, on_event)


def _receive(event: Event, view: ViewState) -> None:
    """Carry out what was done on the map, in the search box or in a list."""
    if isinstance(event, BackgroundClick):
        layout, encoder = view.displayed.layout, view.encoder
        query.submit_position(view.embedding_set, layout, encoder, event.position)
    elif isinstance(event, Search):
        plain = view.request.active.ungrouped or view.request.active
        index = query.text_index(plain.key, plain.embedding_set)
        query.select_matches(view.embedding_set, index, event.text, view.matching.mask)
    elif isinstance(event, NewPointClick):
        adding.show_neighbors(event.number)
    elif isinstance(event, Hidden):
        hide(view, event.codes)
    elif isinstance(event, PickColor):
        pick_color(view.colored.colors, event.code, event.color)
    elif isinstance(event, ResetColors):
        reset_colors()
    elif isinstance(event, ToggleSimilarity):
        toggle_similarity()
    elif isinstance(event, Selection) and view.matching.mask is not None:
        within = replace(event, mask=event.mask & view.matching.mask)
        navigation.receive(within, len(view.embedding_set))
    else:
        navigation.receive(event, len(view.embedding_set))


def _status_bar(view: ViewState) -> None:
    """Describe the view in one line; offer to run what is missing, or to cancel what runs."""
    spec, displayed, history = view.request.spec, view.displayed, view.history
    with st.container(key="status_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(plain(_description(view)), width="stretch")
        if displayed.job is not None:
            _progress(view, displayed.job)
        elif view.placing.job is not None:
            placing.draw_progress(view.placing)
        elif not displayed.is_requested:
            title = f"Run {METHODS[spec.method].title}"
            st.button(title, type="primary", key="run", on_click=_start, args=(view,))
        elif not displayed.layout.quality:
            st.button(
                "Measure quality",
                help="How many of the true nearest neighbors does this layout preserve?",
                key="measure_quality",
                on_click=_start,
                args=(view,),
            )
        filter_panel.draw(view.key, view.embedding_set, view.kinds)
        adding.draw(view.request.active)
        if not history.is_empty:
            st.button("Clear", key="clear", on_click=history.clear)
        export_panel.draw(view)
    refused_key, reason = st.session_state.get("refused_job", ("", ""))
    placing.show_error(view.placing)
    if view.matching.error:
        error_box(view.matching.error)
    if displayed.error:
        error_box(displayed.error)
    elif reason and refused_key == layout_controls.job_key(view.embedding_set, spec):
        error_box(reason)


def _start(view: ViewState) -> None:
    """Compute the layout, or its quality, in a worker process."""
    job = layout_controls.start(view.embedding_set, view.request.spec)
    st.session_state.refused_job = (job.key, job.error if job.state == "failed" else "")


def _description(view: ViewState) -> str:
    """Return the line of the status bar: points, new points, layout, quality, automatic choices."""
    count, selected = len(view.embedding_set), view.history.selected
    points = f"{view.visible_count:,} of {count:,} points"
    if selected is not None:
        points = f"Selected {int(selected.sum()):,} of {count:,} points"
    elif view.matching.mask is not None:
        points = f"{view.matching.count:,} of {count:,} points match"
    if view.hidden:
        points += f"; {count_noun(len(view.hidden), 'category', 'categories')} hidden"
    if view.request.active.layer is not None:
        points += f" of layer {view.request.active.layer}"
    parts = [points, *placing.notes(view.placing), view.status]
    if view.displayed.is_requested and not view.placing.is_working:  # there is room for one
        parts += [*view.displayed.layout.notes, *_quality(view)]
    return " · ".join([*parts, *(str(each) for each in (view.colored.note, view.style.by) if each)])


def _figure_details(view: ViewState, dims: int) -> list[str]:
    """Return the phrases below the title of an exported figure."""
    sizes = str(view.style.by) if view.style.by else ""
    phrases = (view.shown_layout, sizes, view.request.points.density_note(dims))
    return [phrase for phrase in phrases if phrase]


def _quality(view: ViewState) -> list[str]:
    quality = view.displayed.layout.quality
    if not quality:
        return []
    rows = len(view.displayed.layout.coordinates)
    sample = f" (on a sample of {quality['sample']:,} rows)" if quality["sample"] < rows else ""
    return [
        f"{quality['neighbor_preservation']:.0%} of neighbors preserved, "
        f"trustworthiness {quality['trustworthiness']:.3f}{sample}"
    ]


def _progress(view: ViewState, job: JobStatus) -> None:
    """Show phase, fraction done and time left, and a button that cancels."""
    title = METHODS[view.request.spec.method].title
    if view.displayed.is_requested:
        title = f"Measuring the quality of {title}"
    if job.state == "queued":
        text = f"{title}: {job.phase or 'waiting'}"
        if job.position:
            text += f", {job.position} ahead"
    else:
        phase = job.note if job.phase == title and job.note else job.phase
        left = f", {duration(job.seconds_left)} left" if job.seconds_left else ""
        text = f"{title}: {phase}, {duration(job.seconds)}{left}"
    st.progress(job.fraction or 0.0, text=plain(text), width=340)
    st.button("Cancel", key="cancel", on_click=services.cancel, args=(job.key,))
