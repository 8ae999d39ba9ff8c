"""The layout controls, and the layout that is seen: kept, being computed, or PCA meanwhile."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import streamlit as st
import xxhash

from embeddings import EmbeddingError, EmbeddingSet, layouts
from embeddings.cache import key_hash
from embeddings.columns import numbers
from embeddings.layouts import Layout, Params
from embeddings.settings import SettingError, SettingField, describe
from pages.common import services
from pages.common.settings_form import draw_setting, explain
from pages.common.text import error_box, harmless
from server.jobs import tasks
from server.jobs.pool import Job

TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP", "none": "As they are"}
JUDGED_AT_ONCE = 100_000
"""Sets of up to so many rows have their first picture judged in the background, unasked."""


@dataclass(frozen=True)
class Wanted:
    """The layout that the controls ask for."""

    method: str
    dims: int
    params: Params
    seed: int

    @property
    def title(self) -> str:
        """How the screen calls it: method, moved parameters, seed."""
        parts = [TITLES[self.method]]
        defaults = layouts.PARAMS[self.method]()
        for field in fields(self.params):
            value = getattr(self.params, field.name)
            shown = field.name in ("perplexity", "n_neighbors", "min_dist")
            if field.name != "threads" and (shown or value != getattr(defaults, field.name)):
                parts.append(f"{field.name.replace('_', ' ')} {value:g}" if isinstance(
                    value, float) else f"{field.name.replace('_', ' ')} {value}")  # fmt: skip
        if self.method in ("tsne", "umap"):
            parts.append(f"seed {self.seed}")
        return ", ".join(parts)


def choose(embedding_set: EmbeddingSet, ready_method: str) -> Wanted:
    """Draw the layout controls; `ready_method` is selected when the set is first seen."""
    state = st.session_state
    given = layouts.given_dims(embedding_set)
    methods = [m for m in TITLES if m != "none" or given]
    if state.get("method") not in methods:
        state.method = "none" if given else ready_method
    method = st.selectbox(
        "Layout",
        methods,
        format_func=lambda name: TITLES[name],
        key="method",
        persist_state="session",
    )
    dims_options = list(given) if method == "none" else [2, 3]
    if state.get("dims") not in dims_options:
        state.dims = dims_options[0]
    st.segmented_control(
        "Dimensions", dims_options, format_func=lambda d: f"{d}D", key="dims",
        label_visibility="collapsed", width="stretch", required=True,
        persist_state="session",
    )  # fmt: skip
    try:
        params, seed = _parameters(method)
        state[f"{method}-valid"] = params
    except EmbeddingError as error:  # the picture stays as it was
        error_box(str(error))
        params, seed = state.get(f"{method}-valid", layouts.PARAMS[method]()), 0
    return Wanted(method, state.dims, params, seed)


def _parameters(method: str) -> tuple[Params, int]:
    """Draw the method's parameters, folded away; return them and the seed."""
    kind = layouts.PARAMS[method]
    settings = describe(kind)
    if not settings:
        return kind(), 0
    with st.expander("Parameters"):
        values = {each.name: draw_setting(_on_screen(each), f"{method}-{each.name}")
                  for each in settings}  # fmt: skip
        seed = st.number_input(
            "Seed", 0, 2**31 - 1, 0, key=f"{method}-seed", persist_state="session"
        )
    try:
        return kind(**values), int(seed)
    except SettingError as error:
        raise EmbeddingError(explain(error, settings)) from None


def _on_screen(setting: SettingField) -> SettingField:
    """Return the setting with the default of the screen: layouts are computed on all cores."""
    return replace(setting, default="fast") if setting.name == "threads" else setting


@dataclass(frozen=True, eq=False)
class Picture:
    """What is drawn now.

    Attributes
    ----------
    layout : the layout asked for, or PCA while it is not there
    is_wanted : whether it is the one asked for
    job : the work on the one asked for (or on its judgment), if it is queued or running
    error : why the last attempt failed, or ""
    """

    layout: Layout
    is_wanted: bool
    job: Job | None
    error: str


def picture(embedding_set: EmbeddingSet, wanted: Wanted) -> Picture:
    """Find the best picture there is now; PCA and given coordinates are computed at once."""
    layout = _kept(embedding_set, wanted)
    if layout is None and wanted.method in ("pca", "none"):
        layout = layouts.compute(
            embedding_set, wanted.method, wanted.dims, wanted.params, wanted.seed,
            cache=services.cache(), judged=False,
        )  # fmt: skip
    job = services.pool().get(job_key(embedding_set, wanted))
    unjudged = layout is not None and not layout.quality
    if job is None and unjudged and len(embedding_set) <= JUDGED_AT_ONCE:
        job = start(embedding_set, wanted)
    view = job.snapshot() if job else None
    if view and not view.finished and services.session_id() not in view.owners:
        start(embedding_set, wanted)  # join: the work ends only when all who watch it cancel
    error = view.error if view else ""
    running = job if view and not view.finished else None
    if layout is not None:
        return Picture(layout, True, running, error)
    first = layouts.compute(embedding_set, "pca", wanted.dims, cache=services.cache(), judged=False)
    return Picture(first, False, running, error)


def _kept(embedding_set: EmbeddingSet, wanted: Wanted) -> Layout | None:
    """Return the layout if it was computed before; this session's last one is held in memory."""
    key = job_key(embedding_set, wanted)
    held_key, held = st.session_state.get("held_layout", ("", None))
    if held_key == key and held.quality:
        return held
    layout = layouts.cached(
        embedding_set,
        wanted.method,
        wanted.dims,
        wanted.params,
        wanted.seed,
        cache=services.cache(),
    )
    if layout is not None:
        st.session_state.held_layout = (key, layout)
    return layout


def job_key(embedding_set: EmbeddingSet, wanted: Wanted) -> str:
    """Name the work on a layout, alike for everybody who asks for it."""
    return "layout-" + key_hash(
        {
            "fingerprint": embedding_set.fingerprint,
            "metric": embedding_set.provenance.metric,
            "wanted": repr(wanted),
            "given": [
                xxhash.xxh3_64_hexdigest(numbers(column).tobytes())
                for column in _given_columns(embedding_set, wanted).values()
            ],
        }
    )


def start(embedding_set: EmbeddingSet, wanted: Wanted) -> Job:
    """Compute and judge a layout in a worker process; join the work if it runs already."""
    cache, columns = services.cache(), _given_columns(embedding_set, wanted)
    return services.pool().submit(
        job_key(embedding_set, wanted), tasks.lay_out,
        tasks.share_vectors(embedding_set, cache), embedding_set.provenance.metric,
        wanted.method, wanted.dims, wanted.params, wanted.seed, cache.folder, columns,
        owner=services.session_id(),
    )  # fmt: skip


def _given_columns(embedding_set: EmbeddingSet, wanted: Wanted) -> dict[str, pa.ChunkedArray]:
    """Return the columns that the method reads: x, y[, z] for "none"."""
    if wanted.method != "none":
        return {}
    names = [axis for axis in "xyz" if axis in embedding_set.metadata.column_names]
    return {name: embedding_set.metadata.column(name) for name in names}


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
