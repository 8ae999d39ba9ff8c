"""The layout controls, and the layout on display: the requested one, or PCA until it is ready.

A PCA that takes longer than about a second is computed by a worker process. Until it is ready, the
map shows one by the directions of a sample of the rows.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import streamlit as st
import xxhash

from embeddings import EmbeddingError, EmbeddingSet, layouts
from embeddings.files.delimited.formulas import harmless
from embeddings.layouts import METHODS, AxesParams, Layout, LayoutSpec, Params
from embeddings.settings import Domain, SettingError, SettingField, describe, hints
from pages.common import services
from pages.common.choices import key_for
from pages.common.formatting import error_box
from pages.common.settings_form import draw_setting, explain
from pages.explore import navigation
from pages.explore.address import Address
from server.jobs import tasks
from server.jobs.status import JobStatus

MEASURED_ROWS = 100_000
"""Sets of up to this many rows have the quality of a layout measured automatically."""


def choose(embedding_set: EmbeddingSet, ready_method: str) -> LayoutSpec:
    """Draw the layout controls; `ready_method` is selected when the set is first seen."""
    state, opened = st.session_state, navigation.open_set()
    precomputed = layouts.precomputed_dims(embedding_set)
    methods = [name for name in METHODS if name != "precomputed" or precomputed]
    former = opened.address.method or ""
    if former in layouts.ALIASES:  # from an old address
        opened.address = replace(opened.address, method=layouts.ALIASES[former])
    first = "precomputed" if precomputed else ready_method
    method = navigation.control("method", first, methods, params=(), seed=None)
    st.selectbox(
        "Layout",
        methods,
        methods.index(method),
        format_func=lambda name: METHODS[name].title,
        key=key_for("method", method),
    )
    dims_options = list(precomputed) if method == "precomputed" else [2, 3]
    dims = navigation.control("dims", dims_options[0], dims_options)
    st.segmented_control(
        "Dimensions", dims_options, default=dims, format_func=lambda d: f"{d}D",
        key=key_for("dims", dims), label_visibility="collapsed", width="stretch", required=True,
    )  # fmt: skip
    try:
        params, seed = _parameters(method, dims)
        if isinstance(params, AxesParams):
            layouts.resolve_axes(embedding_set, params, dims)
        state[f"{method}-valid"] = params
    except EmbeddingError as error:  # the layout stays as it was
        error_box(str(error))
        params, seed = _last_valid(embedding_set, method, dims), 0
    opened.address = replace(opened.address, params=_changed(method, params), seed=seed or None)
    return LayoutSpec(method, dims, params, seed)


def _last_valid(embedding_set: EmbeddingSet, method: str, dims: int) -> Params:
    """Return the parameters that were valid last, or the defaults if they are not of this set."""
    params: Params = st.session_state.get(f"{method}-valid", METHODS[method].params())
    if isinstance(params, AxesParams):
        try:
            layouts.resolve_axes(embedding_set, params, dims)
        except EmbeddingError:  # those of another set
            return AxesParams()
    return params


def _parameters(method: str, dims: int) -> tuple[Params, int]:
    """Draw the method's parameters, folded away but for axes; return them and the seed."""
    kind = METHODS[method].params
    settings = _settings(method)
    if not settings:
        return kind(), 0
    form = _form(method, settings)
    is_of_axes, seed = method == "axes", 0
    with st.expander("Axes" if is_of_axes else "Parameters", expanded=is_of_axes):
        drawn = [each for each in settings if dims == 3 or not is_of_axes or each.name != "z"]
        values = {each.name: draw_setting(each, f"{form}-{each.name}") for each in drawn}
        if METHODS[method].uses_seed:
            seed = st.number_input(
                "Seed", 0, 2**31 - 1, 0, key=f"{form}-seed", persist_state="session"
            )
    try:
        return kind(**values), int(seed)
    except SettingError as error:
        raise EmbeddingError(explain(error, settings)) from None


def _form(method: str, settings: Sequence[SettingField]) -> str:
    """Return the beginning of the keys of the method's widgets.

    The form of an address with other values has other keys: a message of the browser that is on its
    way holds the values of the last form.
    """
    state, opened = st.session_state, navigation.open_set()
    restored, form = state.get(f"{method} form", (0, method))
    if opened.destination is None or restored == opened.restored:
        return str(form)
    params, seed = _from_address(method, opened.destination, settings)
    values: dict[str, Any] = {"seed": seed}
    defaults: dict[str, Any] = {"seed": 0}
    for each in settings:
        values[each.name] = _as_drawn(each, getattr(params, each.name))
        defaults[each.name] = _as_drawn(each, each.default)
    if any(state.get(f"{form}-{name}", defaults[name]) != values[name] for name in values):
        form = f"{method}{opened.restored}"
        for name, value in values.items():
            state[f"{form}-{name}"] = value
    state[f"{method} form"] = (opened.restored, form)
    return str(form)


def _as_drawn(setting: SettingField, value: Any) -> Any:
    """Return the value of the setting's widget, which is empty for a single keyword."""
    choices = setting.choices or (setting.keywords if len(setting.keywords) > 1 else None)
    if choices:
        return value if value in choices else setting.default
    return None if value in setting.keywords else value


def _from_address(
    method: str, address: Address, settings: Sequence[SettingField]
) -> tuple[Params, int]:
    """Return the parameters and the seed in an address; what is not valid is left out."""
    kind = METHODS[method].params
    defaults = {each.name: each.default for each in settings}
    values = dict(defaults)
    for name, text in address.params:
        domain = Domain.of(*hints(kind)[name]) if name in values else None
        if domain is not None:
            with suppress(ValueError):
                values[name] = domain.canonical(domain.parse(text))
    seed = address.seed if address.seed is not None and address.seed < 2**31 else 0
    try:
        return kind(**values), seed
    except SettingError:  # each is valid, but not all together
        return kind(**defaults), seed


def _changed(method: str, params: Params) -> tuple[tuple[str, str], ...]:
    """Return name and text of the parameters that differ from the defaults of the screen."""
    settings = _settings(method)
    values = {each.name: getattr(params, each.name) for each in settings}
    return tuple(
        (each.name, str(values[each.name]))
        for each in settings
        if values[each.name] != each.default
    )


def _settings(method: str) -> list[SettingField]:
    """Return the settings on the screen: not the number of threads, which changes no layout."""
    return [each for each in describe(METHODS[method].params) if each.name != "threads"]


@dataclass(frozen=True, eq=False)
class DisplayedLayout:
    """The layout that the map shows now.

    Attributes
    ----------
    layout : the requested layout, or PCA until it is ready
    key : identifies its coordinates, for what is derived from them. It is the spec's cache key with
        a hash of the coordinates, since a cached layout can come from another machine.
    is_requested : whether it is the requested layout
    job : status of the job that computes the layout or its quality; None if none is unfinished
    error : why the last attempt failed, or ""
    substitute : what is displayed instead of the requested layout, in words, or ""
    """

    layout: Layout
    key: str
    is_requested: bool
    job: JobStatus | None
    error: str
    substitute: str = ""


def displayed_layout(embedding_set: EmbeddingSet, spec: LayoutSpec) -> DisplayedLayout:
    """Return the best layout available; what takes a moment only is computed right away."""
    job = services.pool().status(job_key(embedding_set, spec))
    layout = _cached(embedding_set, spec, job)
    if layout is None and is_quick(embedding_set, spec):
        layout = layouts.compute(embedding_set, spec, cache=services.cache(), with_quality=False)
    is_unmeasured = layout is not None and not layout.quality
    is_measured = len(embedding_set) <= MEASURED_ROWS
    if job is None and is_unmeasured and is_measured:
        job = start(embedding_set, spec)
    if job is None and layout is None and spec.method in ("pca", "axes"):
        job = start(embedding_set, spec, with_quality=is_measured)
    if job and not job.is_finished and services.session_id() not in job.clients:
        start(embedding_set, spec)  # join: the job ends only when every session cancels it
    error = job.error if job else ""
    unfinished = job if job and not job.is_finished else None
    is_requested, substitute = layout is not None, ""
    if layout is None:
        spec, layout, substitute = _substitute(embedding_set, spec.dims)
    content = xxhash.xxh3_64_hexdigest(layout.coordinates.tobytes())
    key = f"{spec.cache_key(embedding_set)}-{content}"
    return DisplayedLayout(layout, key, is_requested, unfinished, error, substitute)


def is_quick(embedding_set: EmbeddingSet, spec: LayoutSpec) -> bool:
    """Return True if the server computes the layout itself, in a moment."""
    needs_pca = spec.method == "pca"
    if isinstance(spec.params, AxesParams):
        axes = layouts.resolve_axes(embedding_set, spec.params, spec.dims)
        needs_pca = any(isinstance(axis, layouts.Component) for axis in axes)
    if needs_pca:
        return not layouts.takes_seconds(*embedding_set.vectors.shape)
    return spec.method in ("precomputed", "axes")


def _substitute(embedding_set: EmbeddingSet, dims: int) -> tuple[LayoutSpec, Layout, str]:
    """Return the PCA, if it is cached or quickly computed, else that of a sample; and its name."""
    spec, cache = LayoutSpec("pca", dims), services.cache()
    if is_quick(embedding_set, spec):
        return spec, layouts.compute(embedding_set, spec, cache=cache, with_quality=False), "PCA"
    layout = layouts.load_cached(embedding_set, spec, cache=cache)
    if layout is not None:
        return spec, layout, "PCA"
    layout = _preview(spec.cache_key(embedding_set), dims, embedding_set)
    return spec, layout, f"a rough PCA, {layout.notes[0]}"


@st.cache_resource(max_entries=8, show_spinner=False)
def _preview(key: str, dims: int, _embedding_set: EmbeddingSet) -> Layout:
    return layouts.preview(_embedding_set, dims)


def _cached(embedding_set: EmbeddingSet, spec: LayoutSpec, job: JobStatus | None) -> Layout | None:
    """Return the layout if it was computed before.

    The session's last layout is held in memory. It is read again from disk only when a job for it
    has started or ended, which may have added its quality.
    """
    key = (spec.cache_key(embedding_set), job and (job.started, job.is_finished))
    held_key, held = st.session_state.get("held_layout", (None, None))
    if held is not None and (held_key == key or (held.quality and held_key[0] == key[0])):
        return held
    layout = layouts.load_cached(embedding_set, spec, cache=services.cache())
    if layout is not None:
        st.session_state.held_layout = (key, layout)
    return layout


def job_key(embedding_set: EmbeddingSet, spec: LayoutSpec) -> str:
    """Return the key of the job that computes a layout, the same for all sessions."""
    return f"layout-{spec.cache_key(embedding_set)}"


def start(embedding_set: EmbeddingSet, spec: LayoutSpec, with_quality: bool = True) -> JobStatus:
    """Compute a layout and its quality in a worker process, or join the job that does."""
    cache, columns = services.cache(), _coordinate_columns(embedding_set, spec)
    labels = embedding_set.labels if spec.method == "axes" else None
    return services.pool().submit(
        job_key(embedding_set, spec), tasks.lay_out,
        tasks.share_vectors(embedding_set, cache), embedding_set.provenance.metric, spec,
        cache.folder, columns, with_quality, labels, client=services.session_id(),
    )  # fmt: skip


def _coordinate_columns(
    embedding_set: EmbeddingSet, spec: LayoutSpec
) -> dict[str, pa.ChunkedArray]:
    """Return the columns that the method reads: x, y[, z] for "precomputed", those of axes."""
    if isinstance(spec.params, AxesParams):
        read = layouts.columns_read(embedding_set, spec.params, spec.dims)
        return {name: embedding_set.metadata.column(name) for name in read}
    if spec.method != "precomputed":
        return {}
    names = [axis for axis in "xyz" if axis in embedding_set.metadata.column_names]
    return {name: embedding_set.metadata.column(name) for name in names}


def axis_ends(embedding_set: EmbeddingSet, spec: LayoutSpec) -> list[tuple[str, str]]:
    """Return what is at the low and the high end of each axis; [] if axes mean nothing."""
    if not isinstance(spec.params, AxesParams):
        return []
    ends = []
    for axis in layouts.resolve_axes(embedding_set, spec.params, spec.dims):
        *start, end = axis.ends if isinstance(axis, layouts.Direction) else (axis.title,)
        ends.append(("".join(start), end))
    return ends


def layout_csv(embedding_set: EmbeddingSet, layout: Layout) -> bytes:
    """Write row, label and coordinates of every point as CSV."""
    columns: dict[str, object] = {
        "row": np.arange(len(embedding_set)),
        "label": [harmless(label) for label in embedding_set.labels],
    }
    for axis, values in zip("xyz", layout.coordinates.T, strict=False):
        columns[axis] = np.ascontiguousarray(values)
    out = pa.BufferOutputStream()
    pa_csv.write_csv(pa.table(columns), out)
    return out.getvalue().to_pybytes()
