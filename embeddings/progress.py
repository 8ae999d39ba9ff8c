"""How long work tells whoever waits for it what it is doing."""

from typing import Protocol

import numpy as np


class Report(Protocol):
    """Receives the progress of one piece of work."""

    def __call__(self, stage: str, done: float | None = None, note: str = "") -> None:
        """Say which stage runs, the share of it done (0 to 1, None if unknown), and details."""

    def frame(self, coordinates: np.ndarray) -> None:
        """Show an intermediate layout: float32, shape (n, dims)."""


class Silent:
    """A Report that nobody listens to."""

    def __call__(self, stage: str, done: float | None = None, note: str = "") -> None:
        """Do nothing."""

    def frame(self, coordinates: np.ndarray) -> None:
        """Do nothing."""
