"""The file controls: what is offered for a file that cannot be opened as it is."""

import io
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import gallery
from pages.explore import dataset_summary

OPENING = """
import streamlit as st
from pages.explore import opening
opening.choose()
"""


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(dataset_summary, "show", lambda *_: None)
    return AppTest.from_string(OPENING, default_timeout=60)


def uploaded(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = app.run().file_uploader(key="uploads")
    for name, content in files:
        uploader.upload(name, content, "")
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize(("bad", "is_offered"), [(1, True), (5, False)])
def test_rows_can_be_left_out_only_if_others_remain(
    app: AppTest, bad: int, is_offered: bool
) -> None:
    holes = np.ones((5, 3), np.float32)
    holes[:bad] = np.nan
    uploaded(app, ("holes.npy", npy(holes)))
    assert "holes.npy" in app.error[0].value.replace("\\", "")
    assert [button.key for button in app.button] == ["leave_out"] * is_offered


def test_bare_numbers_ask_for_their_length_and_are_opened_with_the_answer(app: AppTest) -> None:
    uploaded(app, ("bare.f32", np.arange(24, dtype="<f4").tobytes()))
    question = next(box for box in app.selectbox if box.label == "Vector dimensions")
    question.select("4").run()
    assert not app.exception and not app.error
    assert app.session_state.open_set.key.endswith("?dimensions=4")


@pytest.mark.parametrize("key", ["nonsense", "gallery:nothing", "file:/etc/passwd", "run:../x"])
def test_an_address_that_names_no_set_is_said_and_the_gallery_opened(
    app: AppTest, key: str
) -> None:
    app.query_params["set"] = key
    app.run()
    assert not app.exception
    assert "The address names a set that cannot be opened any more" in app.error[0].value
    assert app.session_state.open_set.key == f"gallery:{gallery.ITEMS[0].name}"


def test_a_requested_set_is_opened_once(app: AppTest) -> None:
    app.session_state["open_request"] = f"gallery:{gallery.ITEMS[1].name}"
    app.run()
    assert app.session_state.open_set.key == f"gallery:{gallery.ITEMS[1].name}"
    opened = app.session_state.open_set
    assert app.run().session_state.open_set is opened  # with its history
    app.selectbox[0].select(f"gallery:{gallery.ITEMS[0].name}").run()
    assert not app.exception
    assert app.session_state.open_set.key == f"gallery:{gallery.ITEMS[0].name}"
