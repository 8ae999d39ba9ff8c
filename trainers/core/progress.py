"""Progress of training: a bar on a terminal, one plain line an epoch elsewhere."""

import os
import sys
from collections.abc import Mapping

from tqdm import tqdm


def is_main() -> bool:
    """Say whether this process speaks and writes: the first of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def say(line: str, quiet: bool = False) -> None:
    """Say something once, on standard error, above the bar where there is one."""
    if not quiet and is_main():
        tqdm.write(line, file=sys.stderr)


class Progress:
    """Tells a person how far the training is, on standard error; says nothing when quiet.

    Parameters
    ----------
    steps, done : steps in all, and those taken before
    unit : what examples are called: pairs, words
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

    def epoch(self, number: int, of: int, told: Mapping[str, float], per_second: float) -> None:
        """Report an epoch: numbered from 1, its loss and metrics, its speed in examples."""
        values = ", ".join(f"{name} {value:.4f}" for name, value in told.items())
        if self._bar is not None:
            self._bar.set_description(f"epoch {number}/{of}, {values}")
        else:
            line = f"epoch {number}/{of}: {values}, {per_second:,.0f} {self._unit}/s"
            say(line, self._quiet)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
