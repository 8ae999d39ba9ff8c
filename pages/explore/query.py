"""Ad hoc queries: by a text, an image, or a position on the map.

A trained model encodes the text or image, or decodes the vector at the position. It is the model
that the file's vectors come from: the file names its checkpoint by sha256, which is looked up among
the runs of this server. Nothing that a file names is opened or executed.
"""

import base64
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.analysis import algebra
from embeddings.analysis.text_search import TextIndex, search
from embeddings.layouts import Layout
from embeddings.layouts.space import affine_transfer
from pages.common import services
from pages.common.choices import chosen, key_for
from pages.common.formatting import error_box, plain
from pages.explore import navigation
from pages.explore.history import AdHocQuery
from pages.explore.navigation import OpenSet, PendingQuery
from server.runs.contract import CHECKPOINT_SETTING, KNOWN_COLUMN, Request, Response, capabilities

IMAGE_SUFFIXES = ("png", "jpg", "jpeg", "webp", "gif", "bmp")


def poll(embedding_set: EmbeddingSet) -> bool:
    """Show a query whose answer has arrived; return True while one is pending."""
    opened = navigation.open_set()
    pending = opened.pending_query
    if pending is None:
        return False
    if not pending.response.done():
        return True
    if pending.fingerprint == embedding_set.fingerprint:  # the file has not changed meanwhile
        try:
            query = _read_response(pending, embedding_set.dimensions)
        except EmbeddingError as error:
            opened.query_error = str(error)
        else:
            navigation.current().show_query(query)
    opened.pending_query = None
    return False


def _read_response(pending: PendingQuery, dimensions: int) -> AdHocQuery:
    """Return the query with the vector that the model computed."""
    response = pending.response.result()
    vector = np.array(response["vector"], dtype=np.float32)
    if vector.shape != (dimensions,) or not np.isfinite(vector).all():
        raise EmbeddingError(
            f"the model returned {vector.size} numbers; the set has {dimensions} dimensions"
        )
    image = base64.b64decode(response["png"]) if "png" in response else None
    unknown = tuple(map(str, response.get("unknown", ())))
    return AdHocQuery(pending.title, vector, image, unknown, pending.text)


def evaluate_expression(embedding_set: EmbeddingSet) -> None:
    """Show the neighbors of the expression or the vector that is wanted, or why there are none."""
    opened = navigation.open_set()
    text, opened.expression = opened.expression, ""
    if not text:
        return
    try:
        query = _expression_query(embedding_set, text)
    except EmbeddingError as error:
        opened.search_error = str(error)
    else:
        navigation.current().show_query(query)


def _expression_query(embedding_set: EmbeddingSet, text: str) -> AdHocQuery:
    """Return the query of an expression, or of numbers that stand for a vector."""
    if algebra.is_vector(text) and text.strip() not in embedding_set.labels:
        vector = algebra.parse_vector(text, embedding_set.dimensions)
        return AdHocQuery(f"Vector of {len(vector):,} numbers", vector, expression=text)
    expression = algebra.parse_expression(text, embedding_set.labels)
    found = algebra.evaluate(embedding_set, expression)
    return AdHocQuery(
        expression.text, found.vector, expression=text, excluded=found.excluded, notes=found.notes
    )


def text_index(key: str, embedding_set: EmbeddingSet) -> TextIndex:
    """Return the labels and columns of a set, ready to be searched, once for all sessions."""
    return services.hold(
        f"{key} texts",
        lambda: TextIndex.of(embedding_set),
        lambda index: index.nbytes,
        part_of=key,
    )


def select_matches(
    embedding_set: EmbeddingSet, index: TextIndex, text: str, among: np.ndarray | None = None
) -> None:
    """Select the rows with a text in any column; between slashes, it is a regular expression.

    Parameters
    ----------
    among : bool, shape (n,), the rows that may be selected; None for all
    """
    history, opened = navigation.current(), navigation.open_set()
    is_pattern = len(text) > 2 and text[0] == text[-1] == "/"
    try:
        rows = search(index, text[1:-1], "regex").rows if is_pattern else search(index, text).rows
    except EmbeddingError as error:
        opened.search_error = str(error)
        return
    if among is not None:
        rows = rows[among[rows]]
    if not len(rows):
        opened.search_error = f"No row has “{text}” in its label or a column."
        return
    mask = np.zeros(len(embedding_set), dtype=bool)
    mask[rows] = True
    history.select(mask, f"rows with “{text}”")


def image_column(embedding_set: EmbeddingSet, kinds: Mapping[str, str]) -> pa.ChunkedArray | None:
    """Return the first column of images, or None."""
    name = next((name for name, kind in kinds.items() if kind == "image"), None)
    return None if name is None else embedding_set.metadata.column(name)


def candidates(
    embedding_set: EmbeddingSet, kinds: Mapping[str, str], excluded: np.ndarray | None = None
) -> np.ndarray | None:
    """Return which items may answer a query: bool, shape (n,); None for all.

    They are the items with an image if any has one, and of two sides that form pairs the right one,
    without the excluded rows.
    """
    column = image_column(embedding_set, kinds)
    allowed = None
    if column is not None:
        allowed = np.array(column.is_valid())
    elif embedding_set.provenance.trainer == "two_tower" and KNOWN_COLUMN in kinds:
        allowed = np.array(embedding_set.metadata.column(KNOWN_COLUMN).is_null())
    if excluded is not None:
        allowed = np.ones(len(embedding_set), dtype=bool) if allowed is None else allowed
        allowed[excluded] = False
    return allowed


def decodes_positions(embedding_set: EmbeddingSet, layout: Layout, encoder: Path | None) -> bool:
    """Return True if an image can be decoded at every position of the layout."""
    return (
        capabilities(embedding_set.provenance.trainer).decodes
        and layout.dims == 2
        and encoder is not None
        and affine_transfer(layout.coordinates, embedding_set.vectors, (0.0, 0.0)) is not None
    )


def submit_position(
    embedding_set: EmbeddingSet, layout: Layout, encoder: Path | None, position: Sequence[float]
) -> None:
    """Query by a position of a layout that can be decoded."""
    vector = affine_transfer(layout.coordinates, embedding_set.vectors, tuple(map(float, position)))
    if encoder is None or vector is None:
        return
    title = ", ".join(f"{value:.3g}" for value in vector)
    request = Request(vector=vector.tolist())
    response = services.threads().submit(services.encoders().request, encoder, request)
    _submit(
        navigation.open_set(),
        PendingQuery(f"Decoded from {title}", embedding_set.fingerprint, response),
    )


def query_position(
    embedding_set: EmbeddingSet, layout: Layout, query: AdHocQuery | None
) -> tuple[float, ...] | None:
    """Return the query's position on a 2D layout that has one for every vector, else None."""
    if query is None or layout.dims != 2:
        return None
    found = affine_transfer(embedding_set.vectors, layout.coordinates, tuple(query.vector))
    return None if found is None else tuple(found.tolist())


def find_encoder(embedding_set: EmbeddingSet) -> Path | None:
    """Return the folder on this server with the weights that a set's vectors come from."""
    checkpoint = _checkpoint(embedding_set)
    return services.checkpoints().find(checkpoint) if checkpoint else None


def _checkpoint(embedding_set: EmbeddingSet) -> str:
    """Return the sha256 that a file names, or ""."""
    return str(embedding_set.provenance.config.get(CHECKPOINT_SETTING) or "")


def show(embedding_set: EmbeddingSet, encoder: Path | None) -> None:
    """Draw the boxes for a text and an image, if a model of this server encodes them."""
    trainer, checkpoint = embedding_set.provenance.trainer, _checkpoint(embedding_set)
    encodes = capabilities(trainer).encodes
    if not checkpoint or not encodes:
        return
    if encoder is None:
        st.caption(
            f"{' or '.join(encodes).capitalize()} search needs the {trainer} run that produced "
            f"this file; no run on this server has checkpoint {plain(checkpoint[:12])}…"
        )
        return
    opened = navigation.open_set()
    with st.container(key="query"):
        if "text" in encodes:
            title = "Search images by text" if "image" in encodes else "Search by text"
            st.text_input(
                title,
                opened.query_box,
                key=key_for("query", opened.query_box),
                placeholder=title,
                label_visibility="collapsed",
            )
        if "image" in encodes:
            with st.popover("Search by image", width="stretch"):
                st.file_uploader("Image", type=IMAGE_SUFFIXES, key=opened.widget("query_image"))
    if opened.pending_query is not None:
        st.caption(f"Searching for {plain(opened.pending_query.title)}…")
    elif opened.query_error:
        error_box(opened.query_error)


def submit_inputs(embedding_set: EmbeddingSet, encoder: Path | None) -> None:
    """Query by the text or the image in the boxes, if it is another than the last time."""
    if encoder is None:
        return
    opened = navigation.open_set()
    opened.query_box = chosen("query", opened.query_box)
    text = opened.query_box.strip()
    upload: UploadedFile | None = st.session_state.get(opened.widget("query_image"))
    image = "" if upload is None else upload.file_id
    # no call of Streamlit from here on, at which a rerun could interrupt
    if text != opened.query_text:
        opened.query_text = text
        if text:
            ask = services.encoders().request
            response = services.threads().submit(ask, encoder, {"text": text})
            pending = PendingQuery(f"“{text}”", embedding_set.fingerprint, response, text)
            _submit(opened, pending)
    if image != opened.query_image:
        opened.query_image = image
        if upload is not None:
            response = services.threads().submit(_encode_image, encoder, upload)
            title = f"Images similar to {upload.name}"
            _submit(opened, PendingQuery(title, embedding_set.fingerprint, response))


def _submit(opened: OpenSet, pending: PendingQuery) -> None:
    opened.query_error, opened.pending_query = "", pending


def _encode_image(encoder: Path, upload: UploadedFile) -> Response:
    """Encode an image through a file that exists while the model reads it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"image{Path(upload.name).suffix.lower()}"
        path.write_bytes(upload.getvalue())
        return services.encoders().request(encoder, {"image": str(path)})
