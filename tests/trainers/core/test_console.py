"""Progress without a terminal: a line where none came for ten seconds."""

import pytest

from trainers.core import console
from trainers.core.console import ProgressBar


@pytest.fixture
def clock(monkeypatch):
    """Return a list whose only item is the time in seconds."""
    now = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def test_a_line_after_ten_seconds_without_one(clock, capsys):
    bar = ProgressBar(2_000, counted="images")
    for second in range(1, 26):
        clock[0] = second
        bar.step(8)
    assert capsys.readouterr().err.splitlines() == [
        "80 of 2,000 images (4%), about 4 min left",
        "160 of 2,000 images (8%), about 4 min left",
    ]


def test_the_line_of_an_epoch_counts_as_one(clock, capsys):
    bar = ProgressBar(100, done=50)
    clock[0] = 9
    bar.epoch(1, 2, {"loss": 0.5}, 10)
    clock[0] = 12
    bar.step(5)
    clock[0] = 20
    bar.step(5)
    _, line = capsys.readouterr().err.splitlines()
    assert line == "60 of 100 steps (60%), about 80 s left"


def test_quiet_shows_nothing(clock, capsys):
    bar = ProgressBar(10, quiet=True)
    clock[0] = 60
    bar.step()
    bar.epoch(1, 2, {"loss": 0.5}, 10)
    assert capsys.readouterr().err == ""
