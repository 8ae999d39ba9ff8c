"""Pages read files in another process; they wait a moment, then show progress."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.common import file_reading, services
from server.jobs.status import JobStatus
from server.reading.reader import StillReading

PAGE = """
import streamlit as st
from embeddings import EmbeddingError
from pages.common import file_reading
from pathlib import Path
from server.reading.reader import StillReading
try:
    st.markdown(file_reading.call("key", "-".join, "four", paths=[Path("x *1*.csv")]))
except EmbeddingError as error:
    st.error(str(error))
except StillReading as still:
    file_reading.show_progress(still)
"""


class Reader:
    """A reader whose reading does not end until `end` is called."""

    def __init__(self) -> None:
        self.job: JobStatus | None = JobStatus("key", "running", frozenset({"me"}), seconds=75.0)
        self.waited: list[float | None] = []
        self.cancelled: list[tuple[str, str]] = []

    def call(
        self, key: str, function: Any, *args: Any, paths: Sequence[Path], seconds: float | None,
        trusted: bool, cache: Any, client: str,
    ) -> Any:  # fmt: skip
        self.waited.append(seconds)
        if self.job is not None:
            raise StillReading(key, paths[0].name)
        return function(*args)

    def status(self, key: str) -> JobStatus | None:
        return self.job

    def cancel(self, key: str, client: str) -> None:
        self.cancelled.append((key, client))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    made = Reader()
    monkeypatch.setattr(services, "reader", lambda: made)
    return made


def shown(app: AppTest) -> list[str]:
    return [each.value.replace("\\", "") for each in app.markdown]


def test_the_progress_is_shown_until_the_file_is_read(reader: Reader) -> None:
    app = AppTest.from_string(PAGE).run()
    assert shown(app) == ["Reading x *1*.csv… 1 min 15 s"]
    reader.job = JobStatus("key", "queued", frozenset({"me"}))
    assert shown(app.run()) == ["Waiting to read x *1*.csv…"]
    reader.job = None
    assert shown(app.run()) == ["f-o-u-r"] and not app.button


def test_cancel_is_said_once(reader: Reader) -> None:
    app = AppTest.from_string(PAGE).run()
    app.button(key="cancel_reading").click().run()
    assert [key for key, _ in reader.cancelled] == ["key"]
    assert app.error[0].value == "x *1*.csv: the reading was cancelled"
    assert not app.run().error  # it is read again


def test_a_page_waits_a_moment_where_browsers_draw_it_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for browsers, seconds in ((True, file_reading.WAIT_SECONDS), (False, None)):
        monkeypatch.setattr(services, "has_browsers", lambda found=browsers: found)
        with pytest.raises(StillReading):
            file_reading.call("key", len, "four", paths=[Path("x.csv")])
        assert reader.waited[-1] == seconds
