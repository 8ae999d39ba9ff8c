"""The file controls: what is offered for a file that cannot be opened as it is."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import gallery
from pages.common import services, sources
from pages.explore import dataset_summary
from server.jobs.status import JobStatus
from server.reading.reader import StillReading
from server.reading.stored_set import ReadResult

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


def test_a_file_over_a_limit_is_one_message_and_the_open_set_stays(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_MAX_OPEN_FILES", "4")
    uploaded(app, ("x.npy", npy(np.eye(3))))
    (error,) = app.error
    assert "x.npy: reading it needs more open files than the limit of 4;" in shown(error)
    assert app.session_state.open_set.key == f"gallery:{gallery.ITEMS[0].name}"
    monkeypatch.delenv("EMBEDDING_MAX_OPEN_FILES")
    uploaded(app, ("x.npy", npy(np.eye(4))))
    assert not app.error and app.session_state.open_set.key.startswith("upload:")


def test_the_server_does_not_read_what_is_uploaded(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embeddings.files.read", None)
    monkeypatch.setattr("server.reading.stored_set.read", None)
    uploaded(app, ("x.npy", npy(np.eye(5))))
    assert not app.error and app.session_state.open_set.key.startswith("upload:")


class SlowReader:
    """The reader, but nothing is done in the time that a page waits for it until `is_done`."""

    def __init__(self) -> None:
        self.withdrawn: list[str] = []
        self.is_done = False
        self._reader = services.reader()

    def read_set(self, key: str, *arguments: Any) -> ReadResult:
        if not self.is_done:
            raise StillReading(key, "slow.npy")
        return self._reader.read_set(key, *arguments)

    def cancel(self, key: str, client: str) -> None:
        self.withdrawn.append(key)

    def status(self, key: str) -> JobStatus:
        return JobStatus(key, "running", seconds=3.0)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowReader:
    made = SlowReader()
    monkeypatch.setattr(services, "reader", lambda: made)
    return made


def test_while_a_file_is_read_the_open_set_stays(app: AppTest, slow: SlowReader) -> None:
    first = f"gallery:{gallery.ITEMS[0].name}"
    uploaded(app, ("slow.npy", npy(np.eye(7))))
    assert "Reading slow.npy… 3 s" in [shown(each) for each in app.markdown]
    assert app.session_state.open_set.key == first and not app.error
    slow.is_done = True
    assert app.run().session_state.open_set.key.startswith("upload:")
    assert slow.withdrawn == []


def test_a_reading_that_is_not_wanted_any_more_ends(app: AppTest, slow: SlowReader) -> None:
    uploaded(app, ("slow.npy", npy(np.eye(6))))
    app.selectbox[0].select(f"gallery:{gallery.ITEMS[1].name}").run()
    assert [key.partition(":")[0] for key in slow.withdrawn] == ["read upload"]
    assert app.session_state.open_set.attempt is None


def test_an_address_whose_file_is_still_read_shows_the_progress_alone(
    app: AppTest, slow: SlowReader
) -> None:
    content = npy(np.eye(8))
    upload = SimpleNamespace(name="x.npy", getbuffer=lambda: memoryview(content))
    key = sources.store([upload]).key  # type: ignore[list-item]
    app.query_params["set"] = key
    app.run()
    assert [shown(each) for each in app.markdown] == ["Reading slow.npy… 3 s"]
    assert not app.file_uploader and "open_set" not in app.session_state
    slow.is_done = True
    assert app.run().session_state.open_set.key == key and not app.error


def shown(element: Any) -> str:
    return str(element.value).replace("\\", "")
