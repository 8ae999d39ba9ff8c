"""Stopping on request: SIGINT (Ctrl-C) or SIGTERM ends the loop after the current step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGINT, SIGTERM = signal.SIGINT, signal.SIGTERM


class Interrupted(Exception):
    """A run has been stopped by a signal, after saving its state.

    Attributes
    ----------
    signal : int
        Number of the signal; the exit status is 128 + this number.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.signal = number


class Stop:
    """The number of the signal that has arrived; 0 before that."""

    signal: int = 0


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Record SIGINT and SIGTERM while the block runs; a second SIGINT raises KeyboardInterrupt.

    Python handles signals in its main thread only; in other threads nothing is recorded.
    """
    stop = Stop()

    def record(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    previous = [signal.signal(number, record) for number in (SIGINT, SIGTERM)]
    try:
        yield stop
    finally:
        for number, handler in zip((SIGINT, SIGTERM), previous, strict=True):
            signal.signal(number, handler)
