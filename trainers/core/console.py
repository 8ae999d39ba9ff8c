"""Progress of training: a bar on a terminal, plain lines elsewhere."""

import os
import sys
import time
from collections.abc import Mapping

from tqdm import tqdm

from embeddings.text import printable

LINE_SECONDS = 10
"""Without a terminal, time after which a line tells how much is done."""


def is_main() -> bool:
    """Return True in the first of torchrun's processes, which alone prints and writes files."""
    return os.environ.get("RANK", "0") == "0"


def print_progress(line: str, quiet: bool = False) -> None:
    """Print a line to standard error, in the first process only, above the bar if there is one."""
    if not quiet and is_main():
        tqdm.write(printable(line, lines=True), file=sys.stderr)


class ProgressBar:
    """Shows progress on standard error; shows nothing if quiet.

    A terminal has a bar. Elsewhere a line tells, after each epoch, its metrics, and every
    LINE_SECONDS that pass without a line, how much is done.

    Parameters
    ----------
    steps, done : int
        Steps to take, and those already taken.
    unit : str
        What examples are called, such as "pairs" or "words".
    counted : str
        What the steps are, in the plural.
    """

    def __init__(
        self,
        steps: int,
        done: int = 0,
        unit: str = "examples",
        quiet: bool = False,
        counted: str = "steps",
    ):
        self._quiet, self._unit, self._counted = quiet, unit, counted
        self._steps, self._done, self._before = steps, done, done
        self._started = self._line_at = time.monotonic()
        self._bar = None
        if not quiet and is_main() and sys.stderr.isatty():
            self._bar = tqdm(
                total=steps, initial=done, unit=counted.removesuffix("s"), dynamic_ncols=True,
                leave=False,
            )  # fmt: skip

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def step(self, count: int = 1) -> None:
        """Count steps."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)
        elif not self._quiet and time.monotonic() - self._line_at >= LINE_SECONDS:
            self._print_done()

    def epoch(
        self, number: int, epochs: int, metrics: Mapping[str, float], per_second: float
    ) -> None:
        """Report an epoch: its number from 1, loss and metrics, and examples per second."""
        values = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        if self._bar is not None:
            self._bar.set_description(f"epoch {number}/{epochs}, {values}")
        else:
            line = f"epoch {number}/{epochs}: {values}, {per_second:,.0f} {self._unit}/s"
            print_progress(line, self._quiet)
            self._line_at = time.monotonic()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()

    def _print_done(self) -> None:
        """Print how much is done, and about how long the rest takes at the speed so far."""
        now = time.monotonic()
        left = (now - self._started) / (self._done - self._before) * (self._steps - self._done)
        minutes = f"{left / 60:,.0f} min" if left >= 90 else f"{left:.0f} s"
        print_progress(f"{self._done:,} of {self._steps:,} {self._counted} "
                       f"({self._done / self._steps:.0%}), about {minutes} left")  # fmt: skip
        self._line_at = now
