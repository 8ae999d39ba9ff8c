"""Ad hoc queries: which answers of a model are shown, and which items answer."""

from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from components import Click, Search
from embeddings import EmbeddingError, EmbeddingSet
from embeddings.analysis.text_search import TextIndex
from embeddings.layouts import Layout
from embeddings.media import MEDIA
from pages.explore import map_panel, navigation, query
from pages.explore.history import AdHocQuery
from pages.explore.layers import ActiveSet
from pages.explore.navigation import OpenSet, PendingQuery

CODES = EmbeddingSet.of(
    np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32), trainer="autoencoder"
)
ENCODER = Path("run")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    """Return the open set of a session."""
    made = OpenSet("gallery:x")
    monkeypatch.setattr(navigation, "open_set", lambda: made)
    return made


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what the models are asked; nothing answers."""
    made: list[Any] = []

    def submit(function: object, encoder: Path, request: object) -> "Future[Any]":
        made.append(request)
        return Future()

    monkeypatch.setattr(query.services, "threads", lambda: SimpleNamespace(submit=submit))
    monkeypatch.setattr(query.services, "encoders", lambda: SimpleNamespace(request=None))
    return made


def answered(response: Any, fingerprint: str = CODES.fingerprint) -> PendingQuery:
    future: Future[Any] = Future()
    if isinstance(response, Exception):
        future.set_exception(response)
    elif response is not None:
        future.set_result(response)
    return PendingQuery("red", fingerprint, future)


def test_nothing_is_pending_without_a_query(opened: OpenSet) -> None:
    assert not query.poll(CODES)


def test_an_answer_is_waited_for_and_then_shown(opened: OpenSet) -> None:
    opened.pending_query = answered(None)
    assert query.poll(CODES) and opened.pending_query is not None
    opened.pending_query.response.set_result({"vector": [1, 2], "unknown": ["rde"]})
    assert not query.poll(CODES) and opened.pending_query is None
    shown = navigation.current().query
    assert shown is not None and shown.title == "red" and shown.unknown == ("rde",)
    assert shown.vector.tolist() == [1, 2] and shown.image is None


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ({"vector": [1, 2, 3]}, "the model returned 3 numbers; the set has 2 dimensions"),
        ({"vector": [[1, 2]]}, "the model returned 2 numbers"),
        ({"vector": [1, float("nan")]}, "the model returned 2 numbers"),
        (EmbeddingError("the model has ended"), "the model has ended"),
    ],
)
def test_an_answer_that_is_no_vector_of_the_set_is_an_error(
    opened: OpenSet, response: Any, message: str
) -> None:
    opened.pending_query = answered(response)
    assert not query.poll(CODES)
    assert opened.query_error.startswith(message)
    assert opened.pending_query is None and navigation.current().query is None


def test_an_answer_for_what_the_file_held_before_is_dropped(opened: OpenSet) -> None:
    opened.pending_query = answered({"vector": [1, 2]}, "fingerprint of another")
    assert not query.poll(CODES)
    assert navigation.current().query is None and opened.query_error == ""


def found_among(trainer: str, columns: dict[str, pa.Array], kinds: dict[str, str]) -> list[bool]:
    embedding_set = EmbeddingSet.of(np.eye(3), metadata=pa.table(columns), trainer=trainer)
    found = query.candidates(embedding_set, kinds)
    return [True] * 3 if found is None else found.tolist()


def test_images_answer_if_there_are_any_and_else_the_right_side_of_pairs() -> None:
    image = pa.array([{"bytes": b"x", "path": None}, None, {"bytes": b"y", "path": None}], MEDIA)
    known = pa.array([["a"], None, None])
    with_image = {"image": image, "known": known}
    kinds = {"image": "image", "known": "list"}
    assert found_among("two_tower", with_image, kinds) == [True, False, True]
    assert found_among("two_tower", {"known": known}, {"known": "list"}) == [False, True, True]
    assert found_among("cnn", {"known": known}, {"known": "list"}) == [True] * 3
    assert found_among("two_tower", {"other": known}, {"other": "list"}) == [True] * 3


TURNED = np.float32([[0, -2], [2, 0]])
LAYOUT = Layout(CODES.vectors @ TURNED + 1, "pca")
BENT = Layout(np.tanh(CODES.vectors), "umap")
THREE = EmbeddingSet.of(
    np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32), trainer="autoencoder"
)


def test_a_position_is_decoded_where_a_decoder_and_an_affine_map_exist() -> None:
    words = EmbeddingSet.of(CODES.vectors, trainer="word2vec")
    assert query.decodes_positions(CODES, LAYOUT, ENCODER)
    assert not query.decodes_positions(words, LAYOUT, ENCODER)
    assert not query.decodes_positions(CODES, LAYOUT, None)
    assert not query.decodes_positions(CODES, BENT, ENCODER)
    assert not query.decodes_positions(THREE, Layout(THREE.vectors, "pca"), ENCODER)


def test_a_position_without_a_decoder_or_a_vector_is_not_asked(
    opened: OpenSet, requests: list[Any]
) -> None:
    query.submit_position(CODES, LAYOUT, None, (1, 1))
    query.submit_position(CODES, BENT, ENCODER, (1, 1))
    assert requests == [] and opened.pending_query is None
    query.submit_position(CODES, LAYOUT, ENCODER, (1.0, 3.0))
    assert opened.pending_query is not None
    np.testing.assert_allclose(requests[0]["vector"], [-1, 0], atol=1e-5)


def test_a_query_has_a_position_only_on_a_map_of_two_dimensions() -> None:
    asked = AdHocQuery("red", np.float32([1, 0]))
    position = query.query_position(CODES, LAYOUT, asked)
    assert position is not None
    np.testing.assert_allclose(position, [1, -1], atol=1e-5)
    assert query.query_position(CODES, LAYOUT, None) is None
    assert query.query_position(CODES, BENT, asked) is None
    solid = AdHocQuery("red", np.float32([1, 0, 0]))
    assert query.query_position(THREE, Layout(THREE.vectors, "pca"), solid) is None


def test_a_text_is_asked_once_and_a_blank_one_never(
    opened: OpenSet, requests: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query.st, "session_state", {})
    opened.query_error = "an old error"
    for text in ("", "  ", " red ", "red", "blue", "", "blue"):
        opened.query_box = text
        query.submit_inputs(CODES, ENCODER)
    assert requests == [{"text": "red"}, {"text": "blue"}, {"text": "blue"}]
    assert opened.query_error == ""
    opened.query_box = "green"
    query.submit_inputs(CODES, None)
    assert len(requests) == 3


def draw(embedding_set):  # runs as a script of its own
    from pages.explore import query

    query.show(embedding_set, None)


@pytest.mark.parametrize(
    ("trainer", "config", "captions"),
    [
        ("cnn", {"checkpoint_sha256": "[ab]" * 16}, 1),
        ("cnn", {}, 0),
        ("word2vec", {"checkpoint_sha256": "ab" * 32}, 0),
    ],
)
def test_a_file_whose_run_is_elsewhere_says_so(
    trainer: str, config: dict[str, str], captions: int
) -> None:
    embedding_set = EmbeddingSet.of(np.eye(3), trainer=trainer, config=config)
    app = AppTest.from_function(draw, args=(embedding_set,)).run()
    assert not app.exception
    assert len(app.caption) == captions
    if captions:
        assert r"no run on this server has checkpoint \[ab\]\[ab\]" in app.caption[0].value


WORDS = EmbeddingSet.of(
    np.array([[3, 1, 1], [1, 1, 3], [3, 1.2, 3], [1, 0.9, 1], [9, 9, 9]], dtype=np.float32),
    ["king", "woman", "queen", "man", "5"],
    {"kind": ["royal", "person", "royal", "person", "number"]},
    metric="cosine",
)


def test_an_expression_becomes_a_query_without_its_operands(opened: OpenSet) -> None:
    opened.expression = "king-man + woman"
    query.evaluate_expression(WORDS)
    made = opened.history.query
    assert made is not None and made.excluded is not None
    assert (made.title, made.expression) == ("king - man + woman", "king-man + woman")
    assert made.excluded.tolist() == [0, 1, 3]
    assert made.notes == ("operands are scaled to unit length and left out of the answer",)
    assert (opened.expression, opened.search_error) == ("", "")


def test_a_pasted_vector_becomes_a_query(opened: OpenSet) -> None:
    opened.expression = "[1, 0.5, -2]"
    query.evaluate_expression(WORDS)
    made = opened.history.query
    assert made is not None and made.vector.tolist() == [1, 0.5, -2]
    assert made.title == "Vector of 3 numbers" and made.excluded is None


@pytest.mark.parametrize(
    ("text", "message"),
    [("king - kin", "no item has the label 'kin'"), ("1, 2", "a vector of 2 numbers")],
)
def test_a_mistake_in_an_expression_is_shown_and_changes_nothing(
    opened: OpenSet, text: str, message: str
) -> None:
    opened.history.visit(2)
    opened.expression = text
    query.evaluate_expression(WORDS)
    assert opened.search_error.startswith(message)
    assert opened.history.row == 2 and opened.history.query is None
    navigation.receive(Click(1), 10)
    assert opened.search_error == ""


@pytest.mark.parametrize(
    ("text", "rows"), [("royal", [0, 2]), ("MAN", [1, 3]), ("/^.$/", [4]), ("person woman", [1])]
)
def test_rows_with_a_text_in_any_column_are_selected(
    opened: OpenSet, text: str, rows: list[int]
) -> None:
    query.select_matches(WORDS, TextIndex.of(WORDS), text)
    selected = opened.history.selected
    assert selected is not None and np.flatnonzero(selected).tolist() == rows
    assert opened.history.selected_name == f"rows with “{text}”"


def test_a_search_selects_among_the_rows_that_a_filter_leaves(opened: OpenSet) -> None:
    view: Any = SimpleNamespace(
        embedding_set=WORDS,
        request=SimpleNamespace(active=ActiveSet("words", WORDS)),
        matching=SimpleNamespace(mask=np.arange(5) > 0),
    )
    map_panel._receive(Search("royal"), view)
    selected = opened.history.selected
    assert selected is not None and np.flatnonzero(selected).tolist() == [2]


@pytest.mark.parametrize(
    ("text", "message"),
    [("nothing", "No row has “nothing”"), ("/(/", "the regular expression '(' cannot be used")],
)
def test_a_search_without_matches_is_explained(opened: OpenSet, text: str, message: str) -> None:
    opened.history.visit(2)
    query.select_matches(WORDS, TextIndex.of(WORDS), text)
    assert opened.search_error.startswith(message)
    assert opened.history.row == 2


def test_excluded_rows_do_not_answer() -> None:
    kinds = {"kind": "category"}
    assert query.candidates(WORDS, kinds) is None
    allowed = query.candidates(WORDS, kinds, np.array([0, 3]))
    assert allowed is not None and allowed.tolist() == [False, True, True, False, True]
