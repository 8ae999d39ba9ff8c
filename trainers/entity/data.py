"""How a table becomes numbers for a network: levels are numbered, numbers and target standardized.

All of it is learned from the rows given, and applied to any rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from embeddings.errors import EmbeddingError
from embeddings.features import MISSING, UNKNOWN, level_codes
from trainers.data.tables import TargetKind


@dataclass(frozen=True, eq=False)
class Coding:
    """What was learned from a table.

    Attributes
    ----------
    levels : categorical column -> its levels, numbered by place: first UNKNOWN, then MISSING where
        values were missing, then the others, numbers in their order, texts in the alphabet's
    counts : categorical column -> rows of each level: int64, shape (levels,); 0 of UNKNOWN unless
        rare levels were put there
    center, spread : numeric column -> its mean and standard deviation
    gaps : numeric columns with missing values, of which the network is told where they were
    classes : of a classification, sorted; empty for a regression
    target_center, target_spread : mean and standard deviation of a regression's target; else 0, 1
    """

    levels: dict[str, tuple[str, ...]]
    counts: dict[str, np.ndarray]
    center: dict[str, float]
    spread: dict[str, float]
    gaps: tuple[str, ...]
    classes: tuple[str, ...]
    target_center: float
    target_spread: float

    def codes(self, predictors: pd.DataFrame) -> np.ndarray:
        """Number the levels: int64, shape (rows, categorical columns)."""
        columns = [
            _numbered(predictors[name].to_numpy(), levels) for name, levels in self.levels.items()
        ]
        return np.stack(columns, axis=1)

    def numbers(self, predictors: pd.DataFrame) -> np.ndarray:
        """Standardize the numbers, 0 where missing; then 1 where a column has a gap, else 0.

        Returns
        -------
        float32, shape (rows, numeric columns + gaps)
        """
        table = np.zeros((len(predictors), len(self.center) + len(self.gaps)), np.float32)
        for i, name in enumerate(self.center):
            values = predictors[name].to_numpy(np.float64)
            table[:, i] = np.nan_to_num((values - self.center[name]) / self.spread[name])
        for i, name in enumerate(self.gaps, start=len(self.center)):
            table[:, i] = predictors[name].isna().to_numpy()
        return table

    def targets(self, target: np.ndarray) -> np.ndarray:
        """Return numbers of classes, int64, or the standardized target, float32; shape (rows,)."""
        if self.classes:
            return np.searchsorted(np.array(self.classes, dtype=object), target)
        return ((target - self.target_center) / self.target_spread).astype(np.float32)


def learn_coding(
    predictors: pd.DataFrame,
    target: np.ndarray,
    categorical: Sequence[str],
    task: TargetKind,
    min_count: int = 1,
) -> Coding:
    """Learn how to number and to standardize a table; columns that are not categorical are numbers.

    Parameters
    ----------
    target : float64 or objects of text, shape (rows,)
    min_count : levels in fewer rows count as unknown

    Raises
    ------
    EmbeddingError
        no categorical column
    """
    if not categorical:
        raise EmbeddingError("no categorical column to learn vectors for; name some")
    levels, counts = {}, {}
    for name in categorical:
        levels[name], counts[name] = _levels(predictors[name].to_numpy(), min_count)
    numeric = [name for name in predictors.columns if name not in levels]
    values = {name: predictors[name].to_numpy(np.float64) for name in numeric}
    known = {name: column[np.isfinite(column)] for name, column in values.items()}
    regression = task == "regression"
    return Coding(
        levels=levels,
        counts=counts,
        center={name: float(column.mean()) if len(column) else 0.0
                for name, column in known.items()},
        spread={name: float(column.std()) or 1.0 if len(column) else 1.0
                for name, column in known.items()},
        gaps=tuple(name for name in numeric if len(known[name]) < len(values[name])),
        classes=() if regression else tuple(sorted(set(target))),
        target_center=float(target.mean()) if regression else 0.0,
        target_spread=float(target.std()) or 1.0 if regression else 1.0,
    )  # fmt: skip


def hold_out(codes: np.ndarray, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """Choose rows for validation, at random; every level keeps a row to be learned from.

    Parameters
    ----------
    codes : int64, shape (rows, columns)
    fraction : share of the rows to withhold, rounded down; fewer where levels are too rare

    Returns
    -------
    bool, shape (rows,), True where withheld
    """
    order = generator.permutation(len(codes))
    free = np.ones(len(codes), dtype=bool)  # by place in `order`
    for column in codes[order].T:
        free[np.unique(column, return_index=True)[1]] = False
    withheld = np.zeros(len(codes), dtype=bool)
    withheld[order[free][: int(fraction * len(codes))]] = True
    return withheld


def width(levels: int, rule: str, longest: int) -> int:
    """Return the length of the vectors of a column with so many levels, at most `longest`.

    half: (levels + 1) / 2, after Guo and Berkhahn (2016) and fast.ai's first rule; root: 1.6
    levels^0.56, fast.ai's second; same: `longest`.
    """
    wanted = {"half": (levels + 1) // 2, "root": round(1.6 * levels**0.56), "same": longest}
    return max(1, min(longest, wanted[rule]))


def _levels(cells: np.ndarray, min_count: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the levels of a column, and the rows of each."""
    codes, names = level_codes(cells)
    named = np.array([*names, MISSING], dtype=object)[codes]
    found, rows = np.unique(named, return_counts=True)
    count = dict(zip(found.tolist(), rows.tolist(), strict=True))
    rare = [name for name, rows in count.items() if rows < min_count]
    unknown = count.pop(UNKNOWN, 0) + sum(count.pop(name) for name in rare if name != UNKNOWN)
    ordered = sorted(count, key=_natural)
    return (UNKNOWN, *ordered), np.array([unknown, *(count[name] for name in ordered)])


def _natural(name: str) -> tuple[bool, float, str]:
    """Order MISSING before numbers, and these before texts."""
    try:
        value = float(name)
    except ValueError:
        return name != MISSING, float("inf"), name
    return True, value, name


def _numbered(cells: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    """Number a column's cells by their levels, 0 where unknown: int64, shape (rows,)."""
    place = {name: i for i, name in enumerate(levels)}
    codes, names = level_codes(cells)
    return np.array([place.get(name, 0) for name in (*names, MISSING)], np.int64)[codes]
