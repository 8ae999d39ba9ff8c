"""Ask for what is no item: a text, a picture, a place of the map; the nearest items light up.

A trained model makes a vector of a text or a picture, or a picture of the vector at a place.

The model is the one that the file's vectors come from: the file names its checkpoint by sha256, and
it is looked for among the runs of this server. Nothing that a file says is opened or run.
"""

import base64
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings import EmbeddingError, EmbeddingSet, neighbors
from embeddings.layouts import Layout
from embeddings.layouts.space import affine_transfer
from embeddings.neighbors import Neighbors
from pages.common import services
from pages.common.text import error_box, plain
from pages.explore import navigation as walk
from server.runs.checkpoints import find_weights
from server.runs.contract import CHECKPOINT_SETTING, KNOWN_COLUMN, Response, capabilities
from server.runs.records import runs_folder

PICTURES = ("png", "jpg", "jpeg", "webp", "gif", "bmp")


@dataclass(frozen=True, eq=False)
class _Awaited:
    """A question under way: what it is called, of which set, and its answer to come."""

    title: str
    fingerprint: str
    answer: "Future[Response]"


def receive(embedding_set: EmbeddingSet) -> bool:
    """Take an answer that has come; return whether one is awaited still."""
    state = st.session_state
    awaited: _Awaited | None = state.get("awaited")
    if awaited is None:
        return False
    if not awaited.answer.done():
        return True
    state.awaited = None
    if awaited.fingerprint != embedding_set.fingerprint:
        return False  # another set has been opened meanwhile
    try:
        answer = awaited.answer.result()
        vector = np.array(answer["vector"], dtype=np.float32)
        if vector.shape != (embedding_set.dimensions,) or not np.isfinite(vector).all():
            raise EmbeddingError(
                f"the model made {vector.size} numbers; the set has {embedding_set.dimensions}"
            )
    except EmbeddingError as error:
        state.asked_error = str(error)
    else:
        picture = base64.b64decode(answer["png"]) if "png" in answer else None
        unknown = tuple(map(str, answer.get("unknown", ())))
        walk.current().ask(walk.Asked(awaited.title, vector, picture, unknown))
    return False


def images(embedding_set: EmbeddingSet, kinds: Mapping[str, str]) -> pa.ChunkedArray | None:
    """Return the first column of images, if there is one."""
    name = next((name for name, what in kinds.items() if what == "image"), None)
    return None if name is None else embedding_set.metadata.column(name)


def nearest(embedding_set: EmbeddingSet, kinds: Mapping[str, str]) -> Neighbors | None:
    """Return the items nearest to what was asked for, among those that can be an answer."""
    way = walk.current()
    if way.asked is None:
        return None
    k = st.session_state.get("k") or 10
    among = _answers(embedding_set, kinds)
    return neighbors.query_vectors(embedding_set, way.asked.vector, k, candidates=among)


def _answers(embedding_set: EmbeddingSet, kinds: Mapping[str, str]) -> np.ndarray | None:
    """Return which items can be an answer: bool, shape (n,); None: all.

    They are those with an image, if any have one; of two sides that form pairs, the right one.
    """
    column = images(embedding_set, kinds)
    if column is not None:
        return np.asarray(column.is_valid())
    if embedding_set.provenance.trainer == "two_tower" and KNOWN_COLUMN in kinds:
        return np.asarray(embedding_set.metadata.column(KNOWN_COLUMN).is_null())
    return None


def decodes(embedding_set: EmbeddingSet, layout: Layout) -> bool:
    """Return whether a picture can be made of each place of a layout."""
    return (
        capabilities(embedding_set.provenance.trainer).decodes
        and layout.dims == 2
        and affine_transfer(layout.coordinates, embedding_set.vectors, (0.0, 0.0)) is not None
        and _run_of(embedding_set) is not None
    )


def ask_place(embedding_set: EmbeddingSet, layout: Layout, place: Sequence[float]) -> None:
    """Ask for the picture of a place of a layout that decodes."""
    run = _run_of(embedding_set)
    vector = affine_transfer(layout.coordinates, embedding_set.vectors, tuple(map(float, place)))
    if run is None or vector is None:
        return
    title = ", ".join(f"{value:.3g}" for value in vector)
    answer = services.threads().submit(services.coders().ask, run, {"vector": vector.tolist()})
    _await(_Awaited(f"Decoded from {title}", embedding_set.fingerprint, answer))


def spot(embedding_set: EmbeddingSet, layout: Layout) -> tuple[float, ...] | None:
    """Return where what was asked for lies on a layout in 2D that has a place for each vector."""
    asked = walk.current().asked
    if asked is None or layout.dims != 2:
        return None
    found = affine_transfer(embedding_set.vectors, layout.coordinates, tuple(asked.vector))
    return None if found is None else tuple(found.tolist())


def _run_of(embedding_set: EmbeddingSet) -> Path | None:
    """Return the folder on this server with the weights that a set's vectors come from."""
    checkpoint = _checkpoint(embedding_set)
    return find_weights(runs_folder(), checkpoint) if checkpoint else None


def _checkpoint(embedding_set: EmbeddingSet) -> str:
    """Return the sha256 that a file names, or ""."""
    return str(embedding_set.provenance.config.get(CHECKPOINT_SETTING) or "")


def show(embedding_set: EmbeddingSet) -> None:
    """Draw the box of the text and that of the picture, where a model of this server knows them."""
    trainer, checkpoint = embedding_set.provenance.trainer, _checkpoint(embedding_set)
    encodes = capabilities(trainer).encodes
    if not checkpoint or not encodes:
        return
    run = _run_of(embedding_set)
    if run is None:
        st.caption(
            f"{' or '.join(encodes).capitalize()} search needs the {trainer} run that produced "
            f"this file; no run on this server has checkpoint {plain(checkpoint[:12])}…"
        )
        return
    with st.container(key="asking"):
        if "text" in encodes:
            title = "Search images by text" if "image" in encodes else "Search by text"
            st.text_input(
                title,
                key="asked_text",
                persist_state="session",  # through the reruns while an answer is awaited
                placeholder=title,
                label_visibility="collapsed",
                on_change=_ask_text,
                args=(run, embedding_set.fingerprint),
            )
        if "image" in encodes:
            with st.popover("Images like this one", width="stretch"):
                st.file_uploader(
                    "A picture",
                    type=PICTURES,
                    key="asked_picture",
                    on_change=_ask_picture,
                    args=(run, embedding_set.fingerprint),
                )
    state = st.session_state
    if state.get("awaited") is not None:
        st.caption(f"Looking for {plain(state.awaited.title)}…")
    elif state.get("asked_error"):
        error_box(state.asked_error)


def _ask_text(run: Path, fingerprint: str) -> None:
    text = st.session_state.asked_text.strip()
    if text:
        answer = services.threads().submit(services.coders().ask, run, {"text": text})
        _await(_Awaited(f"“{text}”", fingerprint, answer))


def _ask_picture(run: Path, fingerprint: str) -> None:
    upload = st.session_state.asked_picture
    if upload is not None:
        answer = services.threads().submit(_ask_about, run, upload)
        _await(_Awaited(f"Images like {upload.name}", fingerprint, answer))


def _await(awaited: _Awaited) -> None:
    st.session_state.asked_error = None
    st.session_state.awaited = awaited


def _ask_about(run: Path, upload: UploadedFile) -> Response:
    """Put a picture into a file, for as long as the model reads it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture{Path(upload.name).suffix.lower()}"
        path.write_bytes(upload.getvalue())
        return services.coders().ask(run, {"image": str(path)})
