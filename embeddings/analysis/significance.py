"""Tests of two groups: Fisher's exact test, the Mann-Whitney test, false-discovery correction.

Probabilities are natural logarithms, since those of large groups are below the smallest float64.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, log_ndtr

_TIE = 1e-7  # of two log probabilities that count as equal, as in R's fisher.test
_NEGLIGIBLE = 1e-17  # a term of a sum, in relation to the sum


def log_fisher(inside: np.ndarray, totals: np.ndarray, size: int, rows: int) -> np.ndarray:
    """Return the two-sided p-values of Fisher's exact test, each of a 2 x 2 table.

    As in R and scipy, a p-value is the sum of the hypergeometric probabilities of all tables with
    the same margins that are at most as probable as the given one.

    Parameters
    ----------
    inside : int64, shape (t,); rows of the first group that have the trait
    totals : int64, shape (t,); rows of both groups that have it
    size : number of rows of the first group
    rows : number of rows of both groups

    Returns
    -------
    float64, shape (t,), logarithms, at most 0
    """
    # words have few different counts
    keys, which = np.unique(inside.astype(np.int64) * (rows + 1) + totals, return_inverse=True)
    k, total = np.divmod(keys, rows + 1)
    factorials = gammaln(np.arange(rows + 1) + 1.0)
    mode = (size + 1) * (total + 1) // (rows + 2)
    above = k > mode  # these are looked at as the traits of the second group, which has fewer
    k, group = np.where(above, total - k, k), np.where(above, rows - size, size)
    mode = np.where(above, (group + 1) * (total + 1) // (rows + 2), mode)
    mode = np.maximum(mode, k)

    def log_probability(count: np.ndarray) -> np.ndarray:
        return (
            _log_binomial(factorials, total, count)
            + _log_binomial(factorials, rows - total, group - count)
            - _log_binomial(factorials, np.full_like(total, rows), group)
        )

    given = log_probability(k)
    low, high = mode, np.minimum(group, total) + 1  # the far tail begins after low, by high
    while (high - low > 1).any():
        middle = (low + high) // 2
        is_far = log_probability(np.minimum(middle, high - 1)) <= given + _TIE
        is_open = high - low > 1
        high = np.where(is_open & is_far, middle, high)
        low = np.where(is_open & ~is_far, middle, low)
    near = _upper_tail(total - k, total, rows - group, rows)
    end = np.minimum(group, total)
    start = np.minimum(high, end)
    far = np.exp(np.minimum(log_probability(start) - given, _TIE))
    far *= _upper_tail(start, total, group, rows)
    far[high > end] = 0.0  # no table there is as improbable
    found = np.minimum(given + np.log(near + far), 0.0)
    found[given >= log_probability(mode) - _TIE] = 0.0
    return found[which]


def _log_binomial(factorials: np.ndarray, n: np.ndarray, k: np.ndarray) -> np.ndarray:
    return factorials[n] - factorials[k] - factorials[n - k]


def _upper_tail(k: np.ndarray, total: np.ndarray, size: np.ndarray, rows: int) -> np.ndarray:
    """Return the probability of k or more, divided by that of k: float64, shape (t,).

    The terms follow from the ratio of two successive hypergeometric probabilities.
    """
    sums = np.ones(len(k))
    active = np.flatnonzero(k < np.minimum(size, total))
    count, terms = k[active].astype(np.float64), np.ones(len(active))
    total, size = total[active].astype(np.float64), size[active].astype(np.float64)
    while len(active):
        terms *= (total - count) * (size - count)
        count += 1
        terms /= count * (rows - total - size + count)
        sums[active] += terms
        goes_on = (terms > _NEGLIGIBLE * sums[active]) & (count < np.minimum(size, total))
        if not goes_on.all():
            active, count, terms = active[goes_on], count[goes_on], terms[goes_on]
            total, size = total[goes_on], size[goes_on]
    return sums


@dataclass(frozen=True, eq=False)
class Ranks:
    """The ranks of n numbers.

    Attributes
    ----------
    ranks : float64, shape (n,), from 1; equal numbers have the mean of their ranks
    ties : sum of t**3 - t over all groups of t equal numbers
    """

    ranks: np.ndarray
    ties: float


def rank(values: np.ndarray) -> Ranks:
    """Rank numbers, shape (n,), from the smallest on."""
    order = np.argsort(values, kind="stable")
    in_order = values[order]
    starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1])[: len(values)])
    ends = np.append(starts[1:], len(values))[: len(starts)]
    sizes = ends - starts
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, sizes)
    ties = sizes.astype(np.float64)
    return Ranks(ranks, float((ties**3 - ties).sum()))


def log_mann_whitney(ranked: Ranks, first: np.ndarray) -> float:
    """Return the two-sided p-value of the Mann-Whitney test that two groups are equally large.

    It is the normal approximation with corrections for ties and continuity (Mann and Whitney 1947,
    doi:10.1214/aoms/1177730491), close from about eight rows in each group on.

    Parameters
    ----------
    ranked : n numbers of both groups
    first : bool, shape (n,); those of the first group

    Returns
    -------
    logarithm, at most 0
    """
    n, size = len(first), int(first.sum())
    others = n - size
    if not size or not others:
        return 0.0
    deviation = np.sqrt(size * others / 12 * (n + 1 - ranked.ties / (n * (n - 1))))
    if deviation == 0:
        return 0.0
    statistic = float(ranked.ranks[first].sum()) - size * (size + 1) / 2
    distance = max(0.0, abs(statistic - size * others / 2) - 0.5)
    return min(0.0, float(np.log(2) + log_ndtr(-distance / deviation)))


def log_benjamini_hochberg(log_p: np.ndarray) -> np.ndarray:
    """Return q-values: the false-discovery rate if a test and all more significant ones count.

    Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Parameters
    ----------
    log_p : float64, shape (t,), logarithms of p-values

    Returns
    -------
    float64, shape (t,), logarithms, at most 0
    """
    if not len(log_p):
        return np.empty(0)
    order = np.argsort(log_p, kind="stable")
    scaled = log_p[order] + np.log(len(log_p)) - np.log(np.arange(1, len(log_p) + 1))
    found = np.empty_like(scaled)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 0.0)
    return found
