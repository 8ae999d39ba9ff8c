"""Opening a set: from the gallery, from an upload, or from the address after a reload.

A source is known by its key, "gallery:NAME" or "upload:HASH": the same content is opened once for
all sessions, and a key in the page's address finds it again after a reload or a restart.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
import xxhash
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings import EmbeddingError, EmbeddingSet, gallery, layouts, load
from embeddings.files.atomic import atomic_path
from pages.parts import address, server
from pages.parts.show import error_box, plain

_LONGEST_NAME = 120  # bytes
ENDINGS = "Parquet, Arrow, npy, npz, CSV, TSV, JSON, safetensors, h5ad, word2vec, GloVe"


def choose() -> tuple[str, EmbeddingSet]:
    """Draw the file controls; return the key and the set that are open in this session."""
    state = st.session_state
    if "source" not in state:
        state.source = _from_address() or f"gallery:{gallery.ITEMS[0].name}"
    uploads = st.file_uploader(
        "Open a file", accept_multiple_files=True, key="uploads", help=ENDINGS
    )
    _take_upload(uploads)
    _choose_from_gallery()
    embedding_set, notes = opened(state.source)
    address.note(set=state.source)
    with st.container(key="about"):
        st.markdown(
            f"{plain(embedding_set.provenance.name)}  \n{len(embedding_set):,} x "
            f"{embedding_set.dimensions}, {embedding_set.provenance.metric}",
            help=_about(state.source),
        )
    for note in notes:
        st.caption(plain(note))
    return state.source, embedding_set


def _choose_from_gallery() -> None:
    titles = dict(st.session_state.get("uploaded", {}))
    if st.session_state.source not in titles:
        titles[st.session_state.source] = "Uploaded file"
    titles |= {f"gallery:{item.name}": item.title for item in gallery.ITEMS}

    def changed() -> None:
        _open(st.session_state.gallery_choice)

    st.session_state.gallery_choice = st.session_state.source
    st.selectbox(
        "Embedding",
        list(titles),
        format_func=titles.__getitem__,
        key="gallery_choice",
        on_change=changed,
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
        try:
            _open(_opened_from(fresh, [u for u in uploads if u not in fresh]))
        except EmbeddingError as error:
            state.open_error = str(error)
    if state.get("open_error"):
        error_box(state.open_error)


def _opened_from(fresh: list[UploadedFile], earlier: list[UploadedFile]) -> str:
    """Open what was just uploaded: a set of its own, or else what belongs to the files before."""
    try:
        return _stored_and_opened(fresh)
    except EmbeddingError as alone:
        if not earlier:
            raise
        try:
            return _stored_and_opened([*earlier, *fresh])
        except EmbeddingError:
            raise alone from None  # what is wrong with the new files alone is the better answer


def _stored_and_opened(uploads: list[UploadedFile]) -> str:
    key = store(uploads)
    opened(key)
    names = ", ".join(upload.name for upload in uploads)
    st.session_state.uploaded = {key: names, **st.session_state.get("uploaded", {})}
    return key


def _open(source: str) -> None:
    """Make a source the open one; what belonged to the last one is forgotten."""
    state = st.session_state
    state.source = source
    for name in ("walk", "method", "color", "metric"):
        state.pop(name, None)
    address.note(row=None)


def _from_address() -> str | None:
    """Return the key in the page's address, if what it names can still be opened."""
    key = st.query_params.get("set")
    if key is None:
        return None
    try:
        opened(key)
    except EmbeddingError as error:
        error_box(f"The address names a set that cannot be opened any more: {error}")
        return None
    return key


def store(uploads: Sequence[UploadedFile]) -> str:
    """Keep uploaded files in the cache by their content; return the source's key."""
    digest = xxhash.xxh3_128()
    for upload in uploads:
        digest.update(upload.name.encode())
        digest.update(upload.getbuffer())
    folder = server.cache().folder / "uploads" / digest.hexdigest()
    for number, upload in enumerate(uploads):  # names may be equal, and longer than a disk's
        name = Path(upload.name).name.strip(".").encode()[-_LONGEST_NAME:].decode(errors="ignore")
        path = folder / str(number) / (name or "file")
        if not path.exists():
            with atomic_path(path) as temporary:
                temporary.write_bytes(upload.getbuffer())
    return f"upload:{digest.hexdigest()}"


def _about(source: str) -> str | None:
    """Say what a gallery item is and how it is made again."""
    scheme, _, name = source.partition(":")
    if scheme != "gallery":
        return None
    item = gallery.item(name)
    return f"{plain(item.description)}\n\nMade by `{item.command}`"


@st.cache_resource(max_entries=8, show_spinner="Opening the file…")
def opened(key: str) -> tuple[EmbeddingSet, tuple[str, ...]]:
    """Load the set that a key names, with what was assumed; kept for all sessions."""
    scheme, _, name = key.partition(":")
    if scheme == "gallery":
        return _from_gallery(name), ()
    if scheme != "upload" or not re.fullmatch(r"[0-9a-f]{32}", name):
        raise EmbeddingError(f"{key!r} does not name a set; open a file or choose from the gallery")
    folder = server.cache().folder / "uploads" / name
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise EmbeddingError("the uploaded file is no longer kept on the server; upload it again")
    for file in files:  # in use: the cache removes what was used least recently
        os.utime(file)
    notes: list[str] = []
    embedding_set = load(files[0], companions=files[1:], note=notes.append)
    return embedding_set, tuple(notes)


def _from_gallery(name: str) -> EmbeddingSet:
    """Open a gallery item; its ready layout goes into the cache, as if computed here."""
    embedding_set = gallery.open_item(name)
    ready = gallery.item(name).layout_path
    if ready.exists():
        layouts.keep(embedding_set, layouts.load_layout(ready), server.cache())
    return embedding_set


def ready_method(source: str) -> str:
    """Return the layout to start with: the one that lies ready, else PCA."""
    scheme, _, name = source.partition(":")
    return "tsne" if scheme == "gallery" and gallery.item(name).layout_path.exists() else "pca"
