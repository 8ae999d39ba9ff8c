"""The summary of the open set and the advice on it, with a dialog that has all the details."""

import shlex
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from embeddings import EmbeddingSet, gallery
from embeddings.analysis.advice import Advice, advice
from embeddings.analysis.health import Health, examine
from embeddings.analysis.neighborhoods import NeighborHealth
from embeddings.analysis.summary import column_facts
from embeddings.cli.arguments import reading_flags
from embeddings.columns import as_text, column_kind
from embeddings.files.delimited.reading_summary import reading_summary
from embeddings.files.options import CHOICE_NAMES, Choice
from embeddings.text import count_noun, shorten
from pages.common import reading_options, services, sources
from pages.common.formatting import error_box, plain
from pages.common.polling import poll
from pages.common.sources import Opened, Source
from pages.explore import navigation
from pages.explore.navigation import OpenSet
from server.jobs.status import JobStatus
from server.jobs.tasks import examine_neighbors, share_vectors

TITLES: dict[str, str] = {
    "vector": "Vectors",
    "label": "Labels",
    "split": "Split",
    "dimensions": "Vector dimensions",
}

_COLUMNS = "A column of lists, or the names of columns of numbers, separated by commas"

SUMMARY_WARNINGS = 3
"""Warnings in the summary; the dialog has all of them, and the notes."""

FIRST_ROWS = 5
_LARGE = 2**30  # bytes
_LISTED = 10
_COMPONENTS = 4
_LONGEST_CELL = 80
_ICONS = {"warning": ":material/warning:", "note": ":material/info:"}
_POLL_SECONDS = 1.0


def show(current: OpenSet, found: Opened) -> None:
    """Draw the summary; what needs neighbors is computed in the background and added later."""
    with st.container(key=container_key(current)):
        st.fragment(_summary)(current, found)
    if current.is_detailed:
        dialog = st.dialog("About this set", width="large", on_dismiss=current.hide_details)
        dialog(_details)(current.key, found)


def container_key(current: OpenSet) -> str:
    """Return the key of the container of a set's summary."""
    return f"about_set_{current.number}"


def is_open_choice(found: Opened) -> bool:
    """Return True if one of several candidates for the vectors must be chosen."""
    return any(q.name == "vector" and len(q.candidates) > 1 for q in found.questions)


def _summary(current: OpenSet, found: Opened) -> None:
    """Write a few lines: name, size, metric, how the file was read, and warnings."""
    job = _neighbor_job(found.embedding_set)
    poll(_POLL_SECONDS if job is not None and not job.is_finished else None)
    embedding_set, health = found.embedding_set, _health(found.version, found.embedding_set)
    items = _advice(found, _result(job))
    with st.container(key="about"):
        st.markdown(
            f"{plain(embedding_set.provenance.name)}  \n{len(embedding_set):,} x "
            f"{embedding_set.dimensions}, {embedding_set.provenance.metric}, {health.dtype}"
        )
        warnings = [each for each in items if each.severity == "warning"][:SUMMARY_WARNINGS]
        for note in found.notes:
            st.caption(f"{_ICONS['note']} {plain(_sentence(note))}")
        for each in warnings:
            st.caption(f"{_ICONS['warning']} {plain(_sentence(each.text))}")
        more = len(items) - len(warnings)
        title = f"About this set ({count_noun(more, 'note')})" if more else "About this set"
        if st.button(title, key="about_set", type="tertiary", on_click=current.show_details):
            st.rerun()


def _details(key: str, found: Opened) -> None:
    """Show how the file was read and what to change, the first rows, all advice and statistics."""
    embedding_set, health = found.embedding_set, _health(found.version, found.embedding_set)
    job = _neighbor_job(embedding_set)
    with st.container(key="details"):
        _reading(key, found)
        _choices(key, found)
        for note in found.notes:
            st.caption(plain(_sentence(note)))
        st.markdown("**First rows**")
        st.dataframe(first_rows(embedding_set), hide_index=True)
        st.markdown("**Health**")
        for each in _advice(found, _result(job)):
            st.caption(f"{_ICONS[each.severity]} {plain(each.text)}")
        st.dataframe(
            statistics(health, _result(job), found.left_out.tolist()),
            hide_index=True,
            height="content",
        )
        if job is None:
            st.caption("Larger than 1 GiB: neighborhood statistics are not computed automatically.")
        elif job.error:
            error_box(job.error)
        elif not job.is_finished:
            st.caption(
                "Neighborhood statistics are being computed; reopen this dialog in a moment."
            )
        if embedding_set.metadata.num_columns:
            st.markdown("**Columns**")
            st.dataframe(_columns(found.version, embedding_set), hide_index=True, height="content")
        _origin(key, embedding_set)


def _reading(key: str, found: Opened) -> None:
    """Say how the file was read; offer to read it in another way."""
    summary = reading_summary(found.questions)
    if not summary:
        return
    st.caption(plain(f"Read as: {summary}"))
    if not reading_options.is_changeable(found.questions):
        return
    with st.expander("Change"):
        draw_reading_form(Source.of(key), found.questions)
        _command(Source.of(key))


def draw_reading_form(source: Source, choices: Sequence[Choice]) -> None:
    """Draw the form for how a file is read; have it opened as it says."""
    changed = reading_options.draw(source.key, choices)
    if not changed:
        return
    for name in CHOICE_NAMES:
        if name in changed:
            source = source.answered(name, changed[name])
    _request(source)


def _request(source: Source) -> None:
    """Have the same file opened with other choices; what is open stays so if it cannot be."""
    current = navigation.open_set()
    titles = st.session_state.get("uploaded", {})
    current.request_open(source, titles.get(source.plain.key) or sources.title(source))
    current.hide_details()
    st.rerun()


def _command(source: Source) -> None:
    """Show the command that reads the file in the same way."""
    names = [path.name for path in sources.paths_of(source)]
    flags = reading_flags(dict(source.answers), source.leave_out)
    st.code(shlex.join(["python", "-m", "embeddings", "inspect", *names, *flags]), language="sh",
            wrap_lines=True)  # fmt: skip


def _choices(key: str, found: Opened) -> None:
    """Draw the choices that the file leaves open."""
    is_table = any(q.name == "ignore" and len(q.candidates) > 2 for q in found.questions)
    questions = [
        q
        for q in found.questions
        if q.name in TITLES and (len(q.candidates) > 1 or (q.name == "vector" and is_table))
    ]
    if is_open_choice(found):  # for which the dialog has opened by itself
        st.markdown("This file holds more than one set of vectors. Choose the one to show.")
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
            accept_new_options=question.name == "vector" and is_table,
            help=_COLUMNS if question.name == "vector" and is_table else None,
        )
        if chosen is not None and chosen != question.selected:
            _request(Source.of(key).answered(question.name, chosen))


def first_rows(embedding_set: EmbeddingSet) -> pd.DataFrame:
    """Return the first rows as text: label, first components of the vector, metadata."""
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


def statistics(
    health: Health, neighbors: NeighborHealth | None, left_out: Sequence[int]
) -> pd.DataFrame:
    """Return statistics of the vectors as text, one a row."""
    norms, spectrum, duplicates = health.norms, health.spectrum, health.duplicates
    sampled = f" ({spectrum.rows:,} sampled rows)" * (spectrum.rows < health.rows)
    unit = ", unit length" if norms.unit else ""
    lines = {
        "Rows, dimensions": f"{health.rows:,} x {health.dimensions}, {health.dtype} in the file",
        "Rows left out (NaN or inf)": _listed(left_out),
        "Norms": f"{norms.min:.4g} to {norms.max:.4g}, median {norms.median:.4g}" + unit,
        "Zero rows": _listed(health.first_zero_rows, health.zero_rows),
        "Exact duplicates": f"{duplicates.rows:,} rows in {duplicates.groups:,} groups"
        if duplicates.rows
        else "none",
        "Constant dimensions": _listed(health.constant_dimensions),
        "Effective rank": f"{spectrum.effective_rank:.1f} of {health.dimensions}{sampled}",
        "Components for 90 % of the variance": f"{spectrum.components_90}{sampled}",
        "Mean cosine over all pairs": "none"
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
    return pd.DataFrame({"statistic": lines.keys(), "value": lines.values()})


def _listed(numbers: Sequence[int], count: int | None = None) -> str:
    """Write how many rows there are, and the first ones."""
    count = len(numbers) if count is None else count
    shown = ", ".join(f"{number}" for number in numbers[:_LISTED])
    if not count:
        return "none"
    return f"{count:,}: {shown}{', …' if count > _LISTED else ''}"


def _sentence(note: str) -> str:
    """Begin a note with a capital letter, unless it begins with the name of a file or a column."""
    first = note.partition(" ")[0].rstrip(",:")
    return note[:1].upper() + note[1:] if first.isalpha() else note


def _result(job: JobStatus | None) -> NeighborHealth | None:
    """Return the result of the job, or None while there is none."""
    return None if job is None else job.result


def _neighbor_job(embedding_set: EmbeddingSet) -> JobStatus | None:
    """Start to examine the neighborhoods of a set, once for all sessions; None for a large set."""
    if embedding_set.vectors.nbytes > _LARGE:
        return None
    metric = embedding_set.provenance.metric
    key = f"neighborhoods {embedding_set.fingerprint} {metric}"
    job = services.pool().status(key)
    if job is not None:
        return job
    vectors = share_vectors(embedding_set, services.cache())
    return services.once(key, examine_neighbors, vectors, metric, services.cache().folder)


def _advice(found: Opened, neighbors: NeighborHealth | None) -> list[Advice]:
    health = _health(found.version, found.embedding_set)
    return advice(health, neighbors, found.embedding_set.labels, found.left_out)


def _origin(key: str, embedding_set: EmbeddingSet) -> None:
    """Show how the set was made, as recorded by the gallery or the file."""
    source = Source.of(key)
    if source.scheme == "gallery":
        item = gallery.item(source.name)
        st.caption(f"{plain(item.description)}\n\nMade by `{item.command}`")
        return
    about = embedding_set.provenance
    parts = [
        about.trainer and f"Trainer: {about.trainer}",
        about.created and f"created {about.created}",
    ]
    line = ", ".join(part for part in parts if part)
    if line:
        st.caption(plain(line))


@st.cache_resource(max_entries=16, show_spinner="Checking the set…")
def _health(version: str, _embedding_set: EmbeddingSet) -> Health:
    return examine(_embedding_set)


@st.cache_resource(max_entries=16, show_spinner=False)
def _columns(version: str, _embedding_set: EmbeddingSet) -> pd.DataFrame:
    """Return each column's kind, number of distinct values and fraction missing."""
    found = pd.DataFrame(column_facts(_embedding_set.metadata))
    found["missing"] = found["missing"].map("{:.1%}".format)
    return found
