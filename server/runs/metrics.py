"""The log of a run, read while it grows: metrics by step as curves, and the progress.

A trainer that trains more than once has a log in a subfolder for each further stage. Lines that are
damaged are skipped and counted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.runs.contract import EPOCH, METRICS_LOG, NON_METRICS, TRAIN

Event = Mapping[str, Any]

_NUMBERS, _MAX = ("step", "steps", "epoch", "fold", "seconds"), 2**53
"""Fields of an event that are numbers from 0 to below this bound."""


@dataclass
class LogReader:
    """Reads the lines that were added to a log since the last call.

    A resumed run truncates its log to where it was saved and continues from there: if the last
    line is no longer at its position, the whole log is read again.

    Attributes
    ----------
    path : Path
        The log.
    events : list of Event
        The events so far.
    damaged : int
        Number of lines that are not events.
    """

    path: Path
    events: list[Event] = field(default_factory=list)
    damaged: int = 0
    _position: int = 0  # bytes, up to the end of a line
    _last: bytes = b""

    def read(self) -> Sequence[Event]:
        """Return all events so far."""
        if not self.path.is_file():
            self._forget()
            return self.events
        with self.path.open("rb") as file:
            file.seek(self._position - len(self._last))
            if file.read(len(self._last)) != self._last:
                self._forget()
                file.seek(0)
            complete, newline, _ = file.read().rpartition(b"\n")
        lines = (complete + newline).splitlines(keepends=True)
        events = [_event(line) for line in lines]
        self.events = [*self.events, *(event for event in events if event is not None)]
        self.damaged += events.count(None)
        self._position += len(complete + newline)
        self._last = lines[-1] if lines else self._last
        return self.events

    def _forget(self) -> None:
        self.events, self.damaged, self._position, self._last = [], 0, 0, b""


def _event(line: bytes) -> Event | None:
    """Return the event in a line of the log; None if the line is damaged."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return None
    numbers = [event[name] for name in _NUMBERS if event.get(name) is not None]
    are_numbers = all(isinstance(each, int | float) and 0 <= each < _MAX for each in numbers)
    return event if are_numbers and isinstance(event.get("step"), int) else None


@dataclass
class RunMetrics:
    """Reads the logs of a run: its own, and those of its stages."""

    folder: Path
    _readers: dict[str, LogReader] = field(default_factory=dict)

    def read(self) -> dict[str, Sequence[Event]]:
        """Return the events so far by stage, in the order of their start; "" is the run itself."""
        found = [path for path in (self.folder / METRICS_LOG, *self.folder.glob(f"*/{METRICS_LOG}"))
                 if path.is_file()]  # fmt: skip
        for path in sorted(found, key=lambda path: path.stat().st_mtime):
            stage = "" if path.parent == self.folder else path.parent.name
            self._readers.setdefault(stage, LogReader(path))
        return {stage: reader.read() for stage, reader in self._readers.items()}

    @property
    def damaged(self) -> int:
        """Number of lines that could not be read."""
        return sum(reader.damaged for reader in self._readers.values())


@dataclass(frozen=True)
class Curve:
    """The values of one metric by step.

    Attributes
    ----------
    quantity : str
        "loss", "recall@10", ...
    kind : str
        The event that holds the values, TRAIN or EPOCH.
    stage : str
        The stage of the run; "" for the run itself.
    steps, values : tuple
        One entry per event.
    """

    quantity: str
    kind: str
    stage: str
    steps: tuple[int, ...]
    values: tuple[float, ...]


def curves(events_by_stage: Mapping[str, Iterable[Event]]) -> list[Curve]:
    """Return the curves of a run: the loss first, then metrics in the order of their appearance."""
    points: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for stage, events in events_by_stage.items():
        for event in events:
            if event["event"] not in (TRAIN, EPOCH):
                continue
            for name, value in event.items():
                if name not in NON_METRICS and _is_number(value):
                    key = (name, event["event"], stage)
                    points.setdefault(key, []).append((event["step"], value))
    found = [
        Curve(*key, *(tuple(each) for each in zip(*pairs, strict=True)))
        for key, pairs in points.items()
    ]
    return sorted(found, key=lambda curve: curve.quantity != "loss")


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -1e300 < value < 1e300


@dataclass(frozen=True)
class RunProgress:
    """How far a run is.

    Attributes
    ----------
    stage : str
        The current stage; "" for the run itself.
    step : int
        Steps taken.
    steps : int or None
        The most steps to take; None if the log does not contain it.
    epoch : int
        The current epoch, from 1; 0 before the first line of the log.
    seconds_left : float or None
        Until all steps are taken, estimated from the mean time per step; None if unknown.
    """

    stage: str
    step: int
    steps: int | None
    epoch: int
    seconds_left: float | None

    @property
    def fraction(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.step / self.steps) if self.steps else 0.0


def progress(events_by_stage: Mapping[str, Sequence[Event]]) -> RunProgress | None:
    """Return how far the latest stage is; None before the first event."""
    started = {stage: events for stage, events in events_by_stage.items() if events}
    if not started:
        return None
    stage, events = list(started.items())[-1]
    steps = next((event["steps"] for event in events if event.get("steps")), None)
    last = events[-1]
    seconds = last.get("seconds") or 0.0
    left = None
    if steps and last["step"] and seconds:
        left = seconds / last["step"] * max(0, steps - last["step"])
    return RunProgress(stage, last["step"], steps, last.get("epoch") or 0, left)
