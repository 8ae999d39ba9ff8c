"""A Progress that remembers what was reported, for tests."""

import numpy as np


class RecordedProgress:
    """Keeps every report as (phase, fraction, note), and every frame."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, float | None, str]] = []
        self.frames: list[np.ndarray] = []

    def __call__(self, phase: str, fraction: float | None = None, note: str = "") -> None:
        self.reports.append((phase, fraction, note))

    def frame(self, coordinates: np.ndarray) -> None:
        self.frames.append(coordinates)
