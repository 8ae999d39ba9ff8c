"""The health of a set's vectors, from a few passes over them: no neighbors are searched.

What needs neighbors is in neighbor_health.py; what it all means for a person, in advice.py.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from embeddings.analysis.duplicates import Copies, find_copies
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, inverse_norms

LISTED = 100
"""Row numbers of one kind that a result lists; their count is always of all."""

_UNIT = 1e-3
_BLOCK_FLOATS = 1_000_000
_PRODUCTS = 2e9  # multiplications spent on the spectrum, about 0.05 s
_WIDEST = 2048  # dimensions up to which it has four rows a dimension at least
_WIDE_PRODUCTS = 2e10  # beyond: half a second


@dataclass(frozen=True)
class Norms:
    """Euclidean lengths of the rows.

    Attributes
    ----------
    min, mean, median, max : of all rows, zero rows among them
    shortest, p5, p95 : the least, and the 5th and 95th percentiles, zero rows apart; 0 where all
        rows are zero
    unit : every row, zero rows apart, has length 1 within 0.001
    """

    min: float
    mean: float
    median: float
    max: float
    shortest: float
    p5: float
    p95: float
    unit: bool


@dataclass(frozen=True)
class Spectrum:
    """How the variance is spread over directions.

    Attributes
    ----------
    effective_rank : exp of the entropy of the singular values of the centered matrix, which are
        divided by their sum (Roy and Vetterli 2007, The effective rank: a measure of effective
        dimensionality); 0 where all rows are equal
    components_90 : principal components that hold 90 % of the variance; 0 where all are equal
    largest_dimension : the dimension with the largest variance, from 0
    largest_share : the share of all variance that it has, 0 to 1
    rows : rows that this was computed from: all of them, or so many drawn at random (seed 0)
    """

    effective_rank: float
    components_90: int
    largest_dimension: int
    largest_share: float
    rows: int


@dataclass(frozen=True)
class Health:
    """What a set's vectors and labels are like; see advice.py for what follows from it.

    Attributes
    ----------
    rows, dimensions, dtype, metric : of the set; dtype is the type of number in its file
    normalized : whether the file says that every row has length 1; None where it says nothing
    norms : see Norms
    zero_rows, first_zero_rows : rows without a direction (see metrics.row_norms): their number,
        and the first row numbers
    copies : see Copies
    constant_dimensions : dimensions that are the same in every row, ascending
    whole_dimensions : the other dimensions that hold whole numbers only, ascending
    spectrum : see Spectrum
    mean_cosine : mean cosine of all pairs of different rows, zero rows apart; near 0 where
        directions are spread evenly, near 1 where all vectors point into a narrow cone (Ethayarajh
        2019, How contextual are contextualized word representations?). None below two rows
    repeated_labels : rows whose label an earlier row has
    empty_labels : rows whose label is empty or blank
    common_label, common_label_rows : the label, not blank, that most rows have, if it repeats
    """

    rows: int
    dimensions: int
    dtype: str
    metric: Metric
    normalized: bool | None
    norms: Norms
    zero_rows: int
    first_zero_rows: tuple[int, ...]
    copies: Copies
    constant_dimensions: tuple[int, ...]
    whole_dimensions: tuple[int, ...]
    spectrum: Spectrum
    mean_cosine: float | None
    repeated_labels: int
    empty_labels: int
    common_label: str | None
    common_label_rows: int


def examine(embedding_set: EmbeddingSet) -> Health:
    """Examine a set's vectors and labels, in a few passes and blocks of rows.

    It uses one thread: on an idle machine a second hastens the small products little, on a busy
    one they wait for it, at 400,000 x 50 for seconds where one thread takes 0.5 s.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _examine(embedding_set)


def _examine(embedding_set: EmbeddingSet) -> Health:
    vectors, norms = embedding_set.vectors, embedding_set.norms
    zero = np.flatnonzero(norms == 0)
    constant = _constant_dimensions(vectors)
    distinct = set(embedding_set.labels)
    repeated = len(embedding_set) - len(distinct)
    blank = {"", *filter(str.isspace, distinct)} & distinct
    counts = Counter(embedding_set.labels) if repeated or blank else Counter()
    named = [pair for pair in counts.most_common(len(blank) + 1) if pair[0] not in blank]
    common, most = named[0] if named and named[0][1] > 1 else (None, 0)
    return Health(
        rows=len(embedding_set),
        dimensions=embedding_set.dimensions,
        dtype=embedding_set.provenance.dtype,
        metric=embedding_set.provenance.metric,
        normalized=embedding_set.provenance.normalized,
        norms=_norms(norms),
        zero_rows=len(zero),
        first_zero_rows=tuple(zero[:LISTED].tolist()),
        copies=find_copies(vectors),
        constant_dimensions=constant,
        whole_dimensions=_whole_dimensions(vectors, constant),
        spectrum=spectrum(vectors),
        mean_cosine=mean_cosine(embedding_set),
        repeated_labels=repeated,
        empty_labels=sum(counts[label] for label in blank),
        common_label=common,
        common_label_rows=most,
    )


def mean_cosine(embedding_set: EmbeddingSet) -> float | None:
    """Return the mean cosine of all pairs of different rows; None below two that are not zero.

    In closed form: the squared length of the sum of all unit vectors is the sum of the cosines of
    all pairs, n of which pair a row with itself.
    """
    inverse = inverse_norms(embedding_set.norms)
    count = int(np.count_nonzero(inverse))
    if count < 2:
        return None
    total = np.zeros(embedding_set.dimensions)
    for rows in _blocks(embedding_set.vectors):
        total += inverse[rows] @ embedding_set.vectors[rows].astype(np.float64)
    return float((total @ total - count) / (count * (count - 1)))


def mean_squared_distance(vectors: np.ndarray) -> float:
    """Return the mean squared distance of all pairs of different rows, two rows at least.

    In closed form: twice the variance, summed over dimensions.
    """
    mean, total = _mean(vectors), 0.0
    for rows in _blocks(vectors):
        centered = vectors[rows] - mean
        total += float(np.vdot(centered, centered))
    return 2 * total / (len(vectors) - 1)


def spectrum(vectors: np.ndarray) -> Spectrum:
    """Return how the variance of `vectors`, float32 (n, d), is spread; see Spectrum.

    The squared singular values are eigenvalues of the d x d product of the centered matrix with
    itself, summed in float64 over blocks of rows (where n < d, of the n x n product, over blocks of
    columns). Large sets are sampled: as many rows as 2e9 multiplications allow, but 4 for each
    dimension. Beyond 2,048 dimensions, it is as many as 2e10 allow, 2,048 at most, and the
    effective rank is less than that.
    """
    count, dimensions = vectors.shape
    sample = min(count, _spectrum_rows(count, dimensions))
    if sample < count:
        drawn = np.random.default_rng(0).choice(count, sample, replace=False, shuffle=False)
        vectors = vectors[np.sort(drawn)]
    mean = _mean(vectors)
    if sample < dimensions:
        product, variances = np.zeros((sample, sample)), np.empty(dimensions)
        for columns in _blocks(vectors.T):
            centered = vectors[:, columns] - mean[columns]
            product += centered @ centered.T
            variances[columns] = np.square(centered).sum(axis=0)
    else:
        product = np.zeros((dimensions, dimensions))
        for rows in _blocks(vectors):
            centered = vectors[rows] - mean
            product += centered.T @ centered
        variances = product.diagonal()
    total = float(variances.sum())
    if total == 0:
        return Spectrum(0.0, 0, 0, 0.0, sample)
    squares = np.maximum(np.linalg.eigvalsh(product)[::-1], 0)  # descending
    singular = np.sqrt(squares)
    shares = singular[singular > 0] / singular.sum()
    held = np.cumsum(squares) / squares.sum()
    return Spectrum(
        effective_rank=float(np.exp(-(shares * np.log(shares)).sum())),
        components_90=int(np.searchsorted(held, 0.9 - 1e-12)) + 1,
        largest_dimension=int(variances.argmax()),
        largest_share=float(variances.max() / total),
        rows=sample,
    )


def _spectrum_rows(count: int, dimensions: int) -> int:
    """Return how many rows the spectrum is computed from, where there are more."""
    if count * dimensions * min(count, dimensions) <= _PRODUCTS:
        return count
    if dimensions > _WIDEST:
        return min(_WIDEST, int(np.sqrt(_WIDE_PRODUCTS / dimensions)) + 1)
    return max(int(_PRODUCTS / dimensions**2), 4 * dimensions)


def _norms(norms: np.ndarray) -> Norms:
    nonzero = norms[norms > 0]
    some = nonzero if len(nonzero) else np.zeros(1)
    p5, p95 = np.percentile(some, [5, 95]).tolist()
    return Norms(
        min=float(norms.min()),
        mean=float(norms.mean()),
        median=float(np.median(norms)),
        max=float(norms.max()),
        shortest=float(some.min()),
        p5=p5,
        p95=p95,
        unit=bool(np.abs(some - 1).max() <= _UNIT),
    )


def _constant_dimensions(vectors: np.ndarray) -> tuple[int, ...]:
    """Return the dimensions that are the same in every row: most are ruled out by a few rows."""
    left = np.arange(vectors.shape[1])
    for rows in _blocks(vectors):
        left = left[(vectors[rows, left] == vectors[0, left]).all(axis=0)]
        if not len(left):
            break
    return tuple(left.tolist())


def _whole_dimensions(vectors: np.ndarray, apart: tuple[int, ...]) -> tuple[int, ...]:
    """Return the dimensions, those `apart` left out, whose numbers are all whole."""
    left = np.setdiff1d(np.arange(vectors.shape[1]), apart)
    for rows in _blocks(vectors):
        values = vectors[rows, left]
        left = left[(values == np.rint(values)).all(axis=0)]
        if not len(left):
            break
    return tuple(left.tolist())


def _mean(vectors: np.ndarray) -> np.ndarray:
    """Return the mean row: float64, shape (d,)."""
    total = np.zeros(vectors.shape[1])
    for rows in _blocks(vectors):
        total += vectors[rows].sum(axis=0, dtype=np.float64)
    return total / len(vectors)


def _blocks(vectors: np.ndarray) -> Iterator[slice]:
    """Yield slices of rows, together all of them, of about a million numbers each."""
    step = max(1, _BLOCK_FLOATS // vectors.shape[1])
    for start in range(0, len(vectors), step):
        yield slice(start, min(start + step, len(vectors)))
