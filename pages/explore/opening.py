"""Opening a set: from the gallery, an upload, this machine, or the address after a reload."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings import EmbeddingError, gallery
from embeddings.files.options import Choice, ChoiceRequired, NotFinite
from pages.common import sources, url_state
from pages.common.local_files import local
from pages.common.sources import Opened, Source, opened, store
from pages.common.text import error_box
from pages.explore import dataset_summary

PAGE = Path(__file__).parents[1] / "explore.py"
"""The Explore page, for `st.switch_page`."""

_OF_ONE_SET = (
    "history", "method", "color", "metric", "layer", "pending_query", "query_error", "last_search",
)  # fmt: skip
"""Entries of the session's state that another set does not keep."""

ENDINGS = (
    "Parquet, Arrow, npy, npz, safetensors, CSV, TSV, JSON, word2vec, GloVe, fastText .vec, "
    "Projector, h5ad, HDF5, data sets of Hugging Face; packed or in a zip; several files that "
    "belong together: vectors and labels, metadata, images"
)


def choose() -> tuple[str, Opened]:
    """Draw the file controls; return the key and what is open in this session."""
    state = st.session_state
    if "source" not in state:
        state.source = _from_address() or _first()
    if state.get("address_error"):  # until another set is opened
        error_box(state.address_error)
    uploads = st.file_uploader(
        "Open a file", accept_multiple_files=True, key="uploads", help=ENDINGS
    )
    _take_upload(uploads)
    _choose_from_list()
    found = opened(state.source)
    url_state.update(set=state.source)
    dataset_summary.show(state.source, found, open_set)
    return state.source, found


def open_set(key: str) -> None:
    """Make a set the open one; what belonged to the last one is forgotten."""
    state = st.session_state
    state.source = key
    state.open_error = state.address_error = None
    for name in _OF_ONE_SET:
        state.pop(name, None)
    url_state.update(row=None)


def _first() -> str:
    """Return the set to begin with: the file that the app was started with, else the gallery."""
    files = local().files
    if files:
        return Source("file", files[0].name).key
    return Source("gallery", gallery.ITEMS[0].name).key


def _choose_from_list() -> None:
    """Offer what was uploaded, this machine's files, results of trainers, and the gallery."""
    state = st.session_state
    names, found = local().names()
    titles = dict(state.get("uploaded", {}))
    titles |= {Source("file", name).key: name for name in names} | sources.run_titles()
    here = Source.of(state.source).plain.key
    if here not in titles and not here.startswith("gallery:"):
        titles[here] = sources.title(Source.of(here))
    titles |= {Source("gallery", item.name).key: item.title for item in gallery.ITEMS}

    def changed() -> None:
        open_set(state.gallery_choice)

    state.gallery_choice = here
    more = f"{found:,} files below the root; the first {len(names):,} are listed"
    st.selectbox(
        "Embedding",
        list(titles),
        format_func=titles.__getitem__,
        key="gallery_choice",
        on_change=changed,
        help=more if found > len(names) else None,
    )


def _take_upload(uploads: Sequence[UploadedFile]) -> None:
    """Open newly uploaded files; what was open stays so if they cannot be opened."""
    state = st.session_state
    known = state.get("known_uploads", frozenset())
    state.known_uploads = frozenset(upload.file_id for upload in uploads)
    fresh = [upload for upload in uploads if upload.file_id not in known]
    if not uploads:
        state.open_error = None
    if fresh:
        state.open_error = None
        _try(*_candidates(fresh, [upload for upload in uploads if upload not in fresh]))
    if state.get("open_error"):
        _show_error()


def _candidates(fresh: list[UploadedFile], earlier: list[UploadedFile]) -> list[tuple[Source, str]]:
    """Return what may be meant: a set of its own, or else what belongs to the files before."""
    groups = [fresh, [*earlier, *fresh]] if earlier else [fresh]
    return [(store(group), ", ".join(upload.name for upload in group)) for group in groups]


def _try(*candidates: tuple[Source, str]) -> None:
    """Open the first candidate that can be; what is wrong with the first is the better answer."""
    state = st.session_state
    errors: list[tuple[EmbeddingError, Source, str]] = []
    for source, names in candidates:
        try:
            found = opened(source.key)
        except EmbeddingError as error:
            errors.append((error, source, names))
            continue
        state.uploaded = {source.plain.key: names, **state.get("uploaded", {})}
        open_set(source.key)
        state.details = dataset_summary.is_open_choice(found)
        return
    state.open_error = next((e for e in errors if _is_answerable(e[0])), errors[0])


def _is_answerable(error: EmbeddingError) -> bool:
    return isinstance(error, NotFinite | ChoiceRequired)


def _show_error() -> None:
    """Say why the upload could not be opened, and offer what would help."""
    error, source, names = st.session_state.open_error
    error_box(str(error))
    if isinstance(error, NotFinite) and len(error.rows) < error.count:
        st.button(
            f"Leave out {len(error.rows):,} of {error.count:,} rows",
            key="leave_out",
            type="primary",
            on_click=_try,
            args=((Source(source.scheme, source.name, source.answers, True), names),),
        )
    elif isinstance(error, ChoiceRequired):
        _ask(error.choice, source, names)


def _ask(choice: Choice, source: Source, names: str) -> None:
    """Offer the candidates of a choice without which the file cannot be opened."""

    def answered() -> None:
        answer = st.session_state.answer
        if answer is not None:
            _try((source.answered(choice.name, answer), names))

    st.selectbox(
        dataset_summary.TITLES[choice.name],
        choice.candidates,
        index=None,
        key="answer",
        placeholder="Choose",
        accept_new_options=choice.name == "dimensions",
        on_change=answered,
    )


def _from_address() -> str | None:
    """Return the key in the page's address, if what it names can still be opened."""
    key = st.query_params.get("set")
    if key is None:
        return None
    try:
        opened(key)
    except EmbeddingError as error:
        st.session_state.address_error = (
            f"The address names a set that cannot be opened any more: {error}"
        )
        return None
    return key
