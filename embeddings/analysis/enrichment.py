"""What sets a group of rows apart: values, words and numbers, the most telling first.

Values and words are compared by Fisher's exact test, numbers by the Mann-Whitney test; one
false-discovery correction (Benjamini-Hochberg) covers all of them.
"""

from dataclasses import dataclass, replace

import numpy as np

from embeddings.analysis.column_index import FEWEST_ROWS, ColumnIndex, NumberColumn, TermKind
from embeddings.analysis.significance import (
    log_benjamini_hochberg,
    log_fisher,
    log_mann_whitney,
    rank,
)
from embeddings.errors import EmbeddingError
from embeddings.text import count_noun

SIGNIFICANT = 0.05
"""False-discovery rate up to which a difference counts as one."""


@dataclass(frozen=True)
class _Tested:
    """A test; p and q are its p-value, two-sided, and its false-discovery rate.

    Attributes
    ----------
    column : name of the column
    log_p, log_q : natural logarithms of p and q
    """

    column: str
    log_p: float
    log_q: float

    @property
    def p(self) -> float:
        """The p-value; 0 if it is below the smallest float64."""
        return float(np.exp(self.log_p))

    @property
    def q(self) -> float:
        """The false-discovery rate; 0 if it is below the smallest float64."""
        return float(np.exp(self.log_q))


@dataclass(frozen=True)
class TermDifference(_Tested):
    """How frequent a value or a word is in a group and in the other one.

    Attributes
    ----------
    kind, term : whether it is a value or a word, and which; a missing value is None
    inside, outside : numbers of rows of the group, and of the other, that have it
    fraction_inside, fraction_outside : of the rows of each, 0 to 1
    lift : fraction_inside divided by the fraction in both groups together; 1 if they are alike
    """

    kind: TermKind
    term: str | None
    inside: int
    outside: int
    fraction_inside: float
    fraction_outside: float
    lift: float


@dataclass(frozen=True)
class NumberDifference(_Tested):
    """How the numbers of a column differ between a group and the other one.

    Attributes
    ----------
    mean_inside, mean_outside : of the rows with a finite value; dates in s since 1970
    hedges_g : difference of the means in standard deviations, pooled and without its bias in small
        groups (Hedges 1981, doi:10.3102/10769986006002107)
    is_date : whether the column holds dates
    """

    mean_inside: float
    mean_outside: float
    hedges_g: float
    is_date: bool


Difference = TermDifference | NumberDifference


@dataclass(frozen=True)
class Contrast:
    """The differences of a group of rows from another one.

    Attributes
    ----------
    size, other_size : numbers of rows of the group and of the other
    differences : the most significant ones first
    tests : number of tests, all of which the false-discovery rates take into account
    significant : number of tests with a false-discovery rate of at most SIGNIFICANT
    notes : what was left out, as sentences
    """

    size: int
    other_size: int
    differences: tuple[Difference, ...]
    tests: int
    significant: int
    notes: tuple[str, ...]


def contrast(
    index: ColumnIndex, selected: np.ndarray, other: np.ndarray | None = None, most: int = 50
) -> Contrast:
    """Compare a group of rows with all others, or with a second group.

    Parameters
    ----------
    index : see column_index.index_columns
    selected : bool, shape (n,)
    other : bool, shape (n,), the second group; rows of both groups count in neither. By default
        all rows that are not selected
    most : largest number of differences that are returned

    Raises
    ------
    EmbeddingError
        if one of the groups has no rows
    """
    first, second, notes = selected, ~selected, list(index.notes)
    if other is not None:
        shared = selected & other
        first, second = selected & ~shared, other & ~shared
        if shared.any():
            notes.append(f"{count_noun(int(shared.sum()), 'row')} of both groups left out.")
    size, other_size = int(first.sum()), int(second.sum())
    if not size or not other_size:
        raise EmbeddingError(
            f"groups of {size:,} and {other_size:,} rows; to compare two, each needs at least one"
        )
    terms = _count_terms(index, first, None if other is None else second)
    numbers = [
        difference
        for column in index.number_columns
        if (difference := _compare_numbers(column, first, second)) is not None
    ]
    total = terms.inside + terms.outside
    lift = terms.inside / total / (size / (size + other_size))
    log_p = np.append(
        log_fisher(terms.inside, total, size, size + other_size),
        [each.log_p for each in numbers],
    )
    effect = np.append(lift, [abs(each.hedges_g) for each in numbers])
    log_q = log_benjamini_hochberg(log_p)
    differences: list[Difference] = []
    for place in np.lexsort((-effect, log_p))[:most].tolist():
        q = float(log_q[place])
        if place >= len(terms.inside):
            differences.append(replace(numbers[place - len(terms.inside)], log_q=q))
            continue
        source = index.terms[terms.source[place]]
        inside, outside = int(terms.inside[place]), int(terms.outside[place])
        differences.append(
            TermDifference(
                column=source.column,
                log_p=float(log_p[place]),
                log_q=q,
                kind=source.kind,
                term=source.names[terms.number[place]],
                inside=inside,
                outside=outside,
                fraction_inside=inside / size,
                fraction_outside=outside / other_size,
                lift=float(lift[place]),
            )
        )
    significant = int((log_q <= np.log(SIGNIFICANT)).sum())
    return Contrast(size, other_size, tuple(differences), len(log_p), significant, tuple(notes))


@dataclass(frozen=True, eq=False)
class _TermCounts:
    """Terms of all columns that are tested, all arrays of shape (t,) and int64.

    Attributes
    ----------
    inside, outside : numbers of rows of the two groups that have each term
    source, number : its place in the index: among the terms of all columns, and among those of one
    """

    inside: np.ndarray
    outside: np.ndarray
    source: np.ndarray
    number: np.ndarray


def _count_terms(index: ColumnIndex, first: np.ndarray, second: np.ndarray | None) -> _TermCounts:
    """Count the terms of FEWEST_ROWS rows and more in two groups; None for all other rows."""
    nothing = np.empty(0, dtype=np.int64)
    inside, outside, number = [nothing], [nothing], [nothing]
    for terms in index.terms:
        inside.append(terms.count(first))
        outside.append(terms.counts - inside[-1] if second is None else terms.count(second))
        number.append(np.arange(len(terms.names)))
    source = np.repeat(np.arange(len(index.terms)), [len(terms.names) for terms in index.terms])
    of_all = [np.concatenate(each) for each in (inside, outside, number)]
    tested = of_all[0] + of_all[1] >= FEWEST_ROWS
    return _TermCounts(of_all[0][tested], of_all[1][tested], source[tested], of_all[2][tested])


def _compare_numbers(
    column: NumberColumn, first: np.ndarray, second: np.ndarray
) -> NumberDifference | None:
    """Compare the numbers of two groups; None if they are fewer than two in one, or all equal."""
    compared = (first | second) & np.isfinite(column.values)
    values, group = column.values[compared], first[compared]
    inside, outside = values[group], values[~group]
    if len(inside) < 2 or len(outside) < 2:
        return None
    freedom = len(values) - 2
    squares = inside.var() * len(inside) + outside.var() * len(outside)
    deviation = float(np.sqrt(squares / freedom))
    if deviation == 0:
        return None
    ranks = column.ranks if compared.sum() == np.isfinite(column.values).sum() else rank(values)
    correction = 1 - 3 / (4 * freedom - 1)
    return NumberDifference(
        column=column.column,
        log_p=log_mann_whitney(ranks, group),
        log_q=0.0,
        mean_inside=float(inside.mean()),
        mean_outside=float(outside.mean()),
        hedges_g=float(correction * (inside.mean() - outside.mean()) / deviation),
        is_date=column.is_date,
    )
