"""What kind of set is open, and what may be wrong with it: the card, and the sheet behind it."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from embeddings import EmbeddingSet, gallery
from embeddings.analysis.advice import Advice, advice
from embeddings.analysis.health import Health, examine
from embeddings.analysis.neighborhoods import NeighborHealth
from embeddings.analysis.summary import column_facts
from embeddings.columns import as_text, column_kind
from embeddings.files.limits import shorten
from embeddings.files.options import ChoiceName
from pages.common import services
from pages.common.sources import Opened, Source
from pages.common.text import error_box, plain
from server.jobs.pool import Job
from server.jobs.tasks import examine_neighbors, share_vectors

TITLES: dict[ChoiceName, str] = {
    "vector": "Vectors",
    "label": "Labels",
    "split": "Part",
    "dimensions": "Length of a vector",
}

ON_CARD = 3
"""Sentences of advice on the card; the sheet has all of them."""

FIRST_ROWS = 5
_LARGE = 2**30  # bytes
_LISTED = 10
_COMPONENTS = 4
_LONGEST_CELL = 80
_ICONS = {"warning": ":material/warning:", "note": ":material/info:"}
_POLL_SECONDS = 1.0


def show(key: str, found: Opened, open_set: Callable[[str], None]) -> None:
    """Draw the card; what needs neighbors is computed behind it and added when it is there.

    Parameters
    ----------
    open_set : opens another key: the same file with another choice
    """
    job = _neighbor_job(found.embedding_set)
    waiting = job is not None and not job.snapshot().finished
    st.fragment(_card, run_every=_POLL_SECONDS if waiting else None)(key, found, job, waiting)
    if st.session_state.get("sheet"):
        _sheet(key, found, job, open_set)


def is_open_choice(found: Opened) -> bool:
    """Say whether it should be asked at once which vectors are meant."""
    return any(q.name == "vector" and len(q.candidates) > 1 for q in found.questions)


def _card(key: str, found: Opened, job: Job | None, waiting: bool) -> None:
    """Write a few lines: what it is, and the weightiest advice."""
    if waiting and job is not None and job.snapshot().finished:
        st.rerun()  # the whole page, so that the polling ends
    embedding_set, health = found.embedding_set, _health(key, found.embedding_set)
    said = _advice(key, found, _result(job))
    with st.container(key="about"):
        st.markdown(
            f"{plain(embedding_set.provenance.name)}  \n{len(embedding_set):,} x "
            f"{embedding_set.dimensions}, {embedding_set.provenance.metric}, {health.dtype}"
        )
        lines = [f"{_ICONS[each.severity]} {plain(each.text)}" for each in said[:ON_CARD]]
        lines = [f"{_ICONS['note']} {plain(_sentence(note))}" for note in found.notes] + lines
        for line in lines:
            st.caption(line)
        more = len(said) - ON_CARD
        title = f"About this set ({more} more)" if more > 0 else "About this set"
        # a callback: it is run even where the rerun above comes before the button
        if st.button(title, key="about_set", type="tertiary", on_click=_open_sheet):
            st.rerun()


def _open_sheet() -> None:
    st.session_state.sheet = True


def _close_sheet() -> None:
    st.session_state.sheet = False


@st.dialog("About this set", width="large", on_dismiss=_close_sheet)
def _sheet(key: str, found: Opened, job: Job | None, open_set: Callable[[str], None]) -> None:
    """Show what was read and what else could be, the first rows, all advice and all facts."""
    embedding_set, health = found.embedding_set, _health(key, found.embedding_set)
    with st.container(key="sheet"):
        _choices(key, found, open_set)
        for note in found.notes:
            st.caption(plain(_sentence(note)))
        st.markdown("**First rows**")
        st.dataframe(first_rows(embedding_set), hide_index=True)
        st.markdown("**Health**")
        for each in _advice(key, found, _result(job)):
            st.caption(f"{_ICONS[each.severity]} {plain(each.text)}")
        st.dataframe(
            facts(health, _result(job), found.left_out.tolist()), hide_index=True, height="content"
        )
        if job is None:
            st.caption("Larger than 1 GiB: its neighborhoods are not examined by themselves.")
        elif job.snapshot().error:
            error_box(job.snapshot().error)
        elif not job.snapshot().finished:
            st.caption("Neighborhoods are being examined; open this sheet again in a moment.")
        if embedding_set.metadata.num_columns:
            st.markdown("**Columns**")
            st.dataframe(_columns(key, embedding_set), hide_index=True, height="content")
        _origin(key, embedding_set)


def _choices(key: str, found: Opened, open_set: Callable[[str], None]) -> None:
    """Offer what else the file could be read as."""
    questions = [question for question in found.questions if len(question.candidates) > 1]
    for question in questions:
        widget = f"choose_{question.name}"
        candidates = list(question.candidates)
        if question.selected is not None and question.selected not in candidates:
            candidates.insert(0, question.selected)
        chosen = st.selectbox(
            TITLES[question.name],
            candidates,
            index=None if question.selected is None else candidates.index(question.selected),
            key=f"{widget} {key}",
            placeholder="Row numbers",
        )
        if chosen is not None and chosen != question.selected:
            _close_sheet()
            open_set(Source.of(key).answered(question.name, chosen).key)
            st.rerun()


def first_rows(embedding_set: EmbeddingSet) -> pd.DataFrame:
    """Return the first rows as text: label, the beginning of the vector, the metadata."""
    count = min(FIRST_ROWS, len(embedding_set))
    more = ", …" if embedding_set.dimensions > _COMPONENTS else ""
    vectors = [
        ", ".join(f"{value:.3g}" for value in vector[:_COMPONENTS]) + more
        for vector in embedding_set.vectors[:count].tolist()
    ]
    shown = {"label": list(embedding_set.labels[:count]), "vector": vectors}
    head = embedding_set.metadata.slice(0, count)
    for name, column in zip(head.column_names, head.columns, strict=True):
        kind = column_kind(column)
        cells = [f"({kind})"] * count
        if kind not in ("image", "audio"):
            cells = [shorten(text or "", _LONGEST_CELL) for text in as_text(column).to_pylist()]
        shown[name if name not in shown else f"{name} (column)"] = cells
    return pd.DataFrame(shown)


def facts(
    health: Health, neighbors: NeighborHealth | None, left_out: Sequence[int]
) -> pd.DataFrame:
    """Return what is known about the vectors, one fact a row, as text."""
    norms, spectrum, duplicates = health.norms, health.spectrum, health.duplicates
    sampled = f" ({spectrum.rows:,} sampled rows)" * (spectrum.rows < health.rows)
    unit = ", unit length" if norms.unit else ""
    lines = {
        "Rows, dimensions": f"{health.rows:,} x {health.dimensions}, {health.dtype} in the file",
        "Rows left out (NaN or inf)": _listed(left_out),
        "Length of the vectors": f"{norms.min:.4g} to {norms.max:.4g}, median {norms.median:.4g}"
        + unit,
        "Zero rows": _listed(health.first_zero_rows, health.zero_rows),
        "Exact duplicates": f"{duplicates.rows:,} rows in {duplicates.groups:,} groups"
        if duplicates.rows
        else "none",
        "Constant dimensions": _listed(health.constant_dimensions),
        "Effective rank": f"{spectrum.effective_rank:.1f} of {health.dimensions}{sampled}",
        "Components with 90 % of the variance": f"{spectrum.components_90}{sampled}",
        "Mean cosine of all pairs": "none"
        if health.mean_cosine is None
        else f"{health.mean_cosine:.3f}",
        "Repeated labels": f"{health.repeated_labels:,}",
    }
    if neighbors:
        hubs, near = neighbors.hubs, neighbors.near_duplicates
        lines |= {
            "Near duplicates": f"{near.count:,} of {near.sampled_rows:,} rows examined "
            f"({near.metric} distance up to {near.limit:.3g})",
            f"Hubness (skewness of N_{neighbors.k})": f"{hubs.skewness:.2f} ({hubs.rows:,} rows)",
            "Antihubs (in no neighbor list)": f"{hubs.antihub_fraction:.1%}",
        }
    return pd.DataFrame({"fact": lines.keys(), "value": lines.values()})


def _listed(numbers: Sequence[int], count: int | None = None) -> str:
    """Write how many there are, and the first of them."""
    count = len(numbers) if count is None else count
    shown = ", ".join(f"{number}" for number in numbers[:_LISTED])
    if not count:
        return "none"
    return f"{count:,}: {shown}{', …' if count > _LISTED else ''}"


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


def _result(job: Job | None) -> NeighborHealth | None:
    """Return what the job found, as far as it has."""
    return None if job is None else job.snapshot().result


def _neighbor_job(embedding_set: EmbeddingSet) -> Job | None:
    """Start to examine the neighborhoods of a set, once for all; none for a set that is large."""
    if embedding_set.vectors.nbytes > _LARGE:
        return None
    metric = embedding_set.provenance.metric
    key = f"neighborhoods {embedding_set.fingerprint} {metric}"
    job = services.pool().get(key)
    if job is not None:
        return job
    vectors = share_vectors(embedding_set, services.cache())
    return services.once(key, examine_neighbors, vectors, metric, services.cache().folder)


def _advice(key: str, found: Opened, neighbors: NeighborHealth | None) -> list[Advice]:
    health = _health(key, found.embedding_set)
    return advice(health, neighbors, found.embedding_set.labels, found.left_out)


def _origin(key: str, embedding_set: EmbeddingSet) -> None:
    """Say who made the set, where its file tells or the gallery knows."""
    source = Source.of(key)
    if source.scheme == "gallery":
        item = gallery.item(source.name)
        st.caption(f"{plain(item.description)}\n\nMade by `{item.command}`")
        return
    about = embedding_set.provenance
    said = [about.trainer and f"Trainer: {about.trainer}", about.created and f"of {about.created}"]
    line = ", ".join(part for part in said if part)
    if line:
        st.caption(plain(line))


@st.cache_resource(max_entries=16, show_spinner="Checking the set…")
def _health(key: str, _embedding_set: EmbeddingSet) -> Health:
    return examine(_embedding_set)


@st.cache_resource(max_entries=16, show_spinner=False)
def _columns(key: str, _embedding_set: EmbeddingSet) -> pd.DataFrame:
    """Return each column's kind, its different values and what is missing."""
    found = pd.DataFrame(column_facts(_embedding_set.metadata))
    found["missing"] = found["missing"].map("{:.1%}".format)
    return found
