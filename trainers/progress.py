"""Progress of training: a bar on a terminal, one plain line an epoch elsewhere."""

import sys

from tqdm import tqdm


class Progress:
    """Tells a person how far the training is, on standard error; says nothing when quiet."""

    def __init__(self, steps: int, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar = None
        if not quiet and sys.stderr.isatty():
            self._bar = tqdm(total=steps, unit="step", dynamic_ncols=True, leave=False)

    def say(self, line: str) -> None:
        """Say something once, above the bar where there is one."""
        if not self._quiet:
            tqdm.write(line, file=sys.stderr)

    def step(self) -> None:
        """Count one step."""
        if self._bar is not None:
            self._bar.update()

    def epoch(self, number: int, of: int, loss: float, pairs_per_second: float) -> None:
        """Report an epoch: numbered from 1, its mean loss, its speed."""
        if self._bar is not None:
            self._bar.set_description(f"epoch {number}/{of}, loss {loss:.4f}")
        else:
            self.say(f"epoch {number}/{of}: loss {loss:.4f}, {pairs_per_second:,.0f} pairs/s")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
