"""Progress of training: a bar on a terminal, one plain line per epoch elsewhere."""

import os
import sys
from collections.abc import Mapping

from tqdm import tqdm

from embeddings.text import printable


def is_main() -> bool:
    """Return True in the first of torchrun's processes, which alone prints and writes files."""
    return os.environ.get("RANK", "0") == "0"


def print_progress(line: str, quiet: bool = False) -> None:
    """Print a line to standard error, in the first process only, above the bar if there is one."""
    if not quiet and is_main():
        tqdm.write(printable(line, lines=True), file=sys.stderr)


class ProgressBar:
    """Shows the progress of the training on standard error; shows nothing if quiet.

    Parameters
    ----------
    steps, done : int
        Steps to take, and those already taken.
    unit : str
        What examples are called, such as "pairs" or "words".
    """

    def __init__(self, steps: int, done: int = 0, unit: str = "examples", quiet: bool = False):
        self._quiet, self._unit = quiet, unit
        self._bar = None
        if not quiet and is_main() and sys.stderr.isatty():
            self._bar = tqdm(
                total=steps, initial=done, unit="step", dynamic_ncols=True, leave=False
            )

    def step(self, count: int = 1) -> None:
        """Count steps."""
        if self._bar is not None:
            self._bar.update(count)

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

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
