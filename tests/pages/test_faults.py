"""Faults of the machine and odd addresses: every page goes on, and says what is wrong."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.common import local_files, services
from pages.common.local_files import Local
from pages.explore import dataset_summary
from tests.damaged_runs import DAMAGES, RUN_ID, make_damaged_runs, make_run

ROOT = Path(__file__).parents[2]

OPENING = """
import streamlit as st
from embeddings import EmbeddingError
from pages.explore import navigation, opening
try:
    _, found, _ = opening.choose()
    navigation.restore(found.embedding_set)
except EmbeddingError as error:
    st.error(str(error))
"""


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(dataset_summary, "show", lambda *_: None)


def opening(**query: str) -> AppTest:
    """Draw the file controls of Explore at an address."""
    app = AppTest.from_string(OPENING, default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def session(page: str, **query: str) -> AppTest:
    """Draw a page at an address."""
    app = AppTest.from_file(str(ROOT / "pages" / page), default_timeout=240)
    app.session_state["is_started"] = True
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def errors(app: AppTest) -> list[str]:
    assert not app.exception
    return [error.value.replace("\\", "") for error in app.error]


def test_all_pages_open_beside_damaged_runs(tmp_path: Path) -> None:
    make_damaged_runs(tmp_path / "runs")
    evaluation = make_run(tmp_path / "runs", 0, trainer="evaluate", settings={}, data="table.csv")
    assert errors(opening()) == []
    train = session("train.py")
    assert not train.exception
    table = train.dataframe[0].value
    listed = len(DAMAGES) - 1  # without the one whose run.json is missing
    assert len(table) == listed
    assert (table["State"] == "damaged").sum() > 30
    assert errors(session("evaluate.py")) == []
    assert "results of this comparison are damaged" in str(
        errors(session("evaluate.py", run=evaluation.name))
    )


@pytest.mark.parametrize(("file", "name"), [("run.json", "empty"), ("process.json", "null"),
                                            ("exit", "text")])  # fmt: skip
def test_a_damaged_run_is_shown_alone_and_deleted(tmp_path: Path, file: str, name: str) -> None:
    number = DAMAGES.index((file, name)) + 1
    folder = make_damaged_runs(tmp_path / "runs")[number - 1]
    page = session("train.py", run=RUN_ID.format(number))
    (shown,) = errors(page)
    assert file in shown and "only deleted" in shown
    keys = {button.key for button in page.button}
    assert "delete" in keys and not keys & {"resume", "stop", "open_result"}
    page.button(key="delete").click().run()
    assert not page.exception and not folder.exists()


def test_damaged_lines_of_a_log_are_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs", 1)
    log = run / "training" / "metrics.jsonl"
    log.write_text(f"{log.read_text()}[1]\nno json\n{json.dumps({'event': 'train'})}\n")
    page = session("train.py", run=run.name)
    assert errors(page) == []
    assert "3 damaged lines of the log are left out." in [each.value for each in page.caption]


@pytest.mark.parametrize(
    "query",
    [{"row": "9" * 5_000}, {"dims": "9" * 5_000}, {"row": "²", "dims": "²"}, {"dims": "7"}],
)
def test_numbers_that_make_no_sense_are_passed_over(query: dict[str, str]) -> None:
    assert errors(opening(**query)) == []


@pytest.mark.parametrize(
    "key",
    ["file:%00", f"file:{'a' * 300}", "gallery:digits?vector=foo", "gallery:x", "run:x", "x",
     f"x:{'9' * 5_000}", f"upload:{'0' * 32}"],
)  # fmt: skip
def test_an_address_that_names_no_set_is_answered_plainly(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.common.sources.local", lambda: Local(root=tmp_path))
    (shown,) = errors(opening(set=key))
    assert shown.startswith("The address names a set that cannot be opened any more: ")
    assert len(shown) < 400


def test_a_file_whose_name_is_not_utf_8_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "bad\udcff.csv").touch()
    monkeypatch.setattr("pages.explore.opening.local", lambda: Local(root=tmp_path / "root"))
    app = opening()
    assert errors(app) == []
    assert "not UTF-8; rename them" in app.selectbox[0].help
    assert local_files.LISTED


def test_a_cache_that_cannot_be_written_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "file" / "cache"))
    services.open_sets().clear()
    app = opening()
    assert "cannot be written" in errors(app)[-1] and "EMBEDDING_CACHE" in errors(app)[-1]
    for page in ("train.py", "evaluate.py"):
        assert errors(session(page)) == []
    app = opening()
    app.file_uploader(key="uploads").upload("a.csv", b"a,1,2\nb,3,4\nc,5,7\n", "text/csv").run()
    assert "cannot be written" in errors(app)[-1]
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))  # as if it were free again
    assert errors(opening()) == []
