"""A rerun may interrupt the script at any call of Streamlit: the next one completes what it began.

Each test interrupts the script at every call that the modules concerned make, one after another.
"""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet, save
from pages.explore import dataset_summary
from pages.explore.address import Address
from server.runs import process, records
from tests.pages.interruption import interrupting, run_interrupted

ROOT = Path(__file__).parents[2]
EXPLORE = ("pages.explore.opening", "pages.explore.navigation", "pages.explore.address.bar")
EVALUATE = ("pages.evaluate.table_source", "pages.evaluate.run_control", "pages.common.choices")
TRAIN = ("pages.train.form", "pages.train.selected_run", "pages.common.choices")

OPENING = """
import streamlit as st
from pages.explore import opening
opening.choose()
"""


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    """Start a session of the file controls alone."""
    monkeypatch.setattr(dataset_summary, "show", lambda *_: None)
    return lambda: AppTest.from_string(OPENING, default_timeout=60).run()


def session(page: str) -> AppTest:
    """Start a session of a page."""
    app = AppTest.from_file(str(ROOT / "pages" / page), default_timeout=120)
    app.session_state["is_started"] = True
    return app.run()


def interrupted_everywhere(
    modules: tuple[str, ...], begin: Callable[[], AppTest], check: Callable[[AppTest], None]
) -> int:
    """Interrupt a session at each call, run it again and check it; return the number of calls."""
    with interrupting(*modules) as interrupter:
        at = 0
        while True:
            app = begin()
            reached = run_interrupted(app, interrupter, at)
            assert not app.exception, at
            check(app)
            if not reached:
                return at
            at += 1


def test_an_upload_is_opened(opening: Callable[[], AppTest], tmp_path: Path) -> None:
    path = tmp_path / "small.npy"
    save(EmbeddingSet.of(np.random.default_rng(0).normal(size=(50, 6))), path)

    def begin() -> AppTest:
        app = opening()
        app.file_uploader(key="uploads").upload("small.npy", path.read_bytes(), "")
        return app

    def check(app: AppTest) -> None:
        assert app.session_state.open_set.key.startswith("upload:")

    assert interrupted_everywhere(EXPLORE, begin, check) > 10


def test_a_set_chosen_from_the_list_is_opened(opening: Callable[[], AppTest]) -> None:
    def begin() -> AppTest:
        app = opening()
        app.selectbox[0].select("gallery:python_modules")
        return app

    def check(app: AppTest) -> None:
        assert app.session_state.open_set.key == "gallery:python_modules"
        assert app.session_state.open_set.history.row is None

    modules = (*EXPLORE, "pages.common.choices")
    assert interrupted_everywhere(modules, begin, check) > 10


def test_the_address_of_the_first_set_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_summary, "show", lambda *_: None)

    def begin() -> AppTest:
        app = AppTest.from_string(OPENING, default_timeout=60)
        app.query_params["set"] = "gallery:python_modules"
        app.query_params["method"], app.query_params["dims"] = "umap", "3"
        return app

    def check(app: AppTest) -> None:
        opened = app.session_state.open_set
        assert (opened.key, opened.number) == ("gallery:python_modules", 0)
        assert opened.destination == Address(set=opened.key, method="umap", dims=3)

    assert interrupted_everywhere(EXPLORE, begin, check) > 10


def test_a_row_that_is_not_finite_is_left_out(
    opening: Callable[[], AppTest], tmp_path: Path
) -> None:
    holes = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    holes[7, 2] = np.nan
    np.save(tmp_path / "holes.npy", holes)

    def begin() -> AppTest:
        app = opening()
        upload = app.file_uploader(key="uploads")
        upload.upload("holes.npy", (tmp_path / "holes.npy").read_bytes(), "").run()
        app.button(key="leave_out").click()
        return app

    def check(app: AppTest) -> None:
        assert app.session_state.open_set.key.endswith("leave_out=1")

    assert interrupted_everywhere(EXPLORE, begin, check) > 10


def test_an_uploaded_table_is_chosen() -> None:
    table = b"kind,size\n" + b"".join(b"%c,%d\n" % (97 + i % 3, i) for i in range(60))
    numbers = itertools.count()

    def begin() -> AppTest:
        app = session("evaluate.py")
        unread = table + b"a,%d\n" % next(numbers)  # a spinner, too, is a call of Streamlit
        app.file_uploader(key="table_upload").upload("kinds.csv", unread, "text/csv")
        return app

    def check(app: AppTest) -> None:
        assert app.session_state.evaluate_page.table.endswith("kinds.csv")
        assert app.selectbox[0].value.endswith("kinds.csv")

    assert interrupted_everywhere(EVALUATE, begin, check) > 10


@pytest.mark.parametrize(
    ("page", "key", "modules"),
    [("evaluate.py", "compare", EVALUATE), ("train.py", "start_run", TRAIN)],
)
def test_a_run_is_started_once(
    page: str, key: str, modules: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "launch", lambda *_: None)

    def begin() -> AppTest:
        for run in records.list_runs():
            records.delete(run)
        app = session(page)
        app.button(key=key).click()
        return app

    def check(app: AppTest) -> None:
        started = records.list_runs()
        state = app.session_state[f"{page.removesuffix('.py')}_page"]
        assert [run.id for run in started] == [state.run_id]

    assert interrupted_everywhere(modules, begin, check) > 10
