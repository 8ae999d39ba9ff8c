"""The progress of long work: the protocol by which a function reports it to its caller."""

from typing import Protocol

import numpy as np


class Progress(Protocol):
    """Receives the progress of one piece of work, phase by phase."""

    def __call__(self, phase: str, fraction: float | None = None, note: str = "") -> None:
        """Report how far the work is.

        Parameters
        ----------
        phase : what is being done, in a word or two; a new phase starts again at 0
        fraction : of the phase that is done, 0 to 1; None if unknown
        note : details for the user, such as "iteration 50 of 500"
        """

    def frame(self, coordinates: np.ndarray) -> None:
        """Report an intermediate layout: float32, shape (n, dims)."""


class NullProgress:
    """A Progress that ignores everything: the default where the caller gives none."""

    def __call__(self, phase: str, fraction: float | None = None, note: str = "") -> None:
        """Do nothing."""

    def frame(self, coordinates: np.ndarray) -> None:
        """Do nothing."""
