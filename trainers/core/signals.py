"""Stopping when asked: SIGINT (Ctrl-C) and SIGTERM are noted, and the loop stops after its step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGINT, SIGTERM = signal.SIGINT, signal.SIGTERM


class Interrupted(Exception):
    """A run was asked to stop and has saved its state.

    Attributes
    ----------
    signal : number of the signal; the exit status is 128 + this
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.signal = number


class Stop:
    """Whether somebody asked to stop: the number of the signal, 0 while nobody has."""

    signal: int = 0


@contextmanager
def listening() -> Iterator[Stop]:
    """Note SIGINT and SIGTERM while the block runs; a second SIGINT raises KeyboardInterrupt.

    Python hears signals in its main thread only; elsewhere nothing is noted.
    """
    stop = Stop()

    def note(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = [signal.signal(number, note) for number in (SIGINT, SIGTERM)]
    try:
        yield stop
    finally:
        for number, handler in zip((SIGINT, SIGTERM), before, strict=True):
            signal.signal(number, handler)
