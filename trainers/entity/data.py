"""A table as inputs of a network: levels are numbered, numbers and target are standardized.

The numbering and the statistics are learned from some rows, and applied to any rows.
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
    """The numbering of levels and the statistics of columns.

    Attributes
    ----------
    levels : categorical column -> its levels, in order of their numbers: UNKNOWN first, MISSING if
        values were missing, then numbers in numeric and texts in alphabetical order
    counts : categorical column -> number of rows of each level: int64, shape (levels,); 0 for
        UNKNOWN, unless rare levels count as unknown
    means, stds : numeric column -> its mean and standard deviation
    gaps : numeric columns with missing values; the network gets indicators of these
    classes : the classes of a classification, sorted; empty for a regression
    target_mean, target_std : of the target of a regression; 0 and 1 for a classification
    """

    levels: dict[str, tuple[str, ...]]
    counts: dict[str, np.ndarray]
    means: dict[str, float]
    stds: dict[str, float]
    gaps: tuple[str, ...]
    classes: tuple[str, ...]
    target_mean: float
    target_std: float

    def codes(self, predictors: pd.DataFrame) -> np.ndarray:
        """Return the numbers of the levels: int64, shape (rows, categorical columns)."""
        columns = [
            _numbered(predictors[name].to_numpy(), levels) for name, levels in self.levels.items()
        ]
        return np.stack(columns, axis=1)

    def numbers(self, predictors: pd.DataFrame) -> np.ndarray:
        """Return the standardized numbers, 0 where missing, then indicators of missing values.

        Returns
        -------
        float32, shape (rows, numeric columns + gaps); an indicator is 1 where a value is missing
        """
        table = np.zeros((len(predictors), len(self.means) + len(self.gaps)), np.float32)
        for i, name in enumerate(self.means):
            values = predictors[name].to_numpy(np.float64)
            table[:, i] = np.nan_to_num((values - self.means[name]) / self.stds[name])
        for i, name in enumerate(self.gaps, start=len(self.means)):
            table[:, i] = predictors[name].isna().to_numpy()
        return table

    def targets(self, target: np.ndarray) -> np.ndarray:
        """Return class numbers, int64, or the standardized target, float32: shape (rows,)."""
        if self.classes:
            return np.searchsorted(np.array(self.classes, dtype=object), target)
        return ((target - self.target_mean) / self.target_std).astype(np.float32)


def learn_coding(
    predictors: pd.DataFrame,
    target: np.ndarray,
    categorical: Sequence[str],
    task: TargetKind,
    min_count: int = 1,
) -> Coding:
    """Learn the numbering of levels and the statistics of columns from a table.

    Parameters
    ----------
    predictors : the table; columns that are not categorical are numeric
    target : float64 or text objects, shape (rows,)
    categorical : names of the categorical columns
    task : regression or classification
    min_count : levels with fewer rows count as unknown

    Raises
    ------
    EmbeddingError
        there is no categorical column
    """
    if not categorical:
        raise EmbeddingError("no categorical column to learn vectors for; name some")
    levels, counts = {}, {}
    for name in categorical:
        levels[name], counts[name] = _levels(predictors[name].to_numpy(), min_count)
    numeric = [name for name in predictors.columns if name not in levels]
    values = {name: predictors[name].to_numpy(np.float64) for name in numeric}
    finite = {name: column[np.isfinite(column)] for name, column in values.items()}
    regression = task == "regression"
    return Coding(
        levels=levels,
        counts=counts,
        means={name: float(column.mean()) if len(column) else 0.0
               for name, column in finite.items()},
        stds={name: float(column.std()) or 1.0 if len(column) else 1.0
              for name, column in finite.items()},
        gaps=tuple(name for name in numeric if len(finite[name]) < len(values[name])),
        classes=() if regression else tuple(sorted(set(target))),
        target_mean=float(target.mean()) if regression else 0.0,
        target_std=float(target.std()) or 1.0 if regression else 1.0,
    )  # fmt: skip


def hold_out(codes: np.ndarray, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """Choose rows to hold out, at random; every level keeps a row to train on.

    Parameters
    ----------
    codes : int64, shape (rows, columns), numbers of the levels
    fraction : fraction of the rows to hold out, rounded down; fewer if levels are too rare
    generator : of the choice

    Returns
    -------
    bool, shape (rows,), True for the held-out rows
    """
    order = generator.permutation(len(codes))
    free = np.ones(len(codes), dtype=bool)  # by position in `order`
    for column in codes[order].T:
        free[np.unique(column, return_index=True)[1]] = False
    held_out = np.zeros(len(codes), dtype=bool)
    held_out[order[free][: int(fraction * len(codes))]] = True
    return held_out


def width(levels: int, rule: str, longest: int) -> int:
    """Return the length of the vectors of a column, at most `longest`.

    Parameters
    ----------
    levels : number of the column's levels
    rule : half: (levels + 1) / 2, after Guo and Berkhahn (2016) and fast.ai's first rule; root: 1.6
        levels^0.56, fast.ai's second; same: `longest`
    longest : upper bound
    """
    widths = {"half": (levels + 1) // 2, "root": round(1.6 * levels**0.56), "same": longest}
    return max(1, min(longest, widths[rule]))


def _levels(cells: np.ndarray, min_count: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the levels of a column, and the number of rows of each."""
    codes, names = level_codes(cells)
    named = np.array([*names, MISSING], dtype=object)[codes]
    found, rows = np.unique(named, return_counts=True)
    count = dict(zip(found.tolist(), rows.tolist(), strict=True))
    rare = [name for name, rows in count.items() if rows < min_count]
    unknown = count.pop(UNKNOWN, 0) + sum(count.pop(name) for name in rare if name != UNKNOWN)
    ordered = sorted(count, key=_sort_key)
    return (UNKNOWN, *ordered), np.array([unknown, *(count[name] for name in ordered)])


def _sort_key(name: str) -> tuple[bool, float, str]:
    """Order MISSING before numbers, and numbers before texts."""
    try:
        value = float(name)
    except ValueError:
        return name != MISSING, float("inf"), name
    return True, value, name


def _numbered(cells: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    """Return the number of each cell's level, 0 if it is unknown: int64, shape (rows,)."""
    number = {name: i for i, name in enumerate(levels)}
    codes, names = level_codes(cells)
    return np.array([number.get(name, 0) for name in (*names, MISSING)], np.int64)[codes]
