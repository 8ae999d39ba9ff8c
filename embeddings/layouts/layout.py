"""Layout: the coordinates of a set's items, and how they came about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Layout:
    """Coordinates and their recipe.

    Attributes
    ----------
    coordinates : float32, shape (n, 2) or (n, 3), row i for item i
    method : pca, tsne, umap or none
    params : the method's parameters, by name
    seed : of everything random in it
    fingerprint : of the set's vectors
    metric : by which points were compared ("" where nobody said)
    seconds : wall time of the method, in s, without the neighbor graph that all layouts share
    notes : what the screen must say of it (an automatic choice, a sample, explained variance)
    quality : what quality.judge returned, or {} while not yet known
    libraries : name and version of the library that computed it
    """

    coordinates: np.ndarray
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    fingerprint: str = ""
    metric: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    quality: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)

    @property
    def dims(self) -> int:
        """2 or 3."""
        return self.coordinates.shape[1]
