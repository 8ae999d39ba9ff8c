"""Statistics of a set's vectors and labels, from a few passes and without a neighbor search.

neighborhoods.py has the statistics of neighbors; advice.py tells what they mean for the user.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from embeddings.analysis.duplicates import Duplicates, find_duplicates
from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, inverse_norms

LISTED = 100
"""Row numbers that a result lists at most; its counts include all rows."""

_UNIT = 1e-3  # tolerance of unit length
_BLOCK_NUMBERS = 1_000_000
_PRODUCTS = 2e9  # multiplications spent on the spectrum, about 0.05 s
_WIDEST = 2048  # dimensions up to which it is computed from four rows or more per dimension
_WIDE_PRODUCTS = 2e10  # multiplications spent on wider vectors, half a second


@dataclass(frozen=True)
class Norms:
    """Euclidean lengths of the rows.

    Attributes
    ----------
    min, mean, median, max : over all rows, zero rows included
    shortest, p5, p95 : minimum, 5th and 95th percentile without zero rows; 0 if all rows are zero
    unit : whether every row except zero rows has length 1 within 0.001
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
    """The distribution of the variance over directions.

    Attributes
    ----------
    effective_rank : exponential of the entropy of the singular values of the centered matrix,
        divided by their sum (Roy and Vetterli 2007, The effective rank: a measure of effective
        dimensionality); 0 if all rows are equal
    components_90 : number of principal components that explain 90 % of the variance; 0 if all rows
        are equal
    largest_dimension : the dimension with the largest variance, counted from 0
    largest_fraction : its fraction of the total variance, 0 to 1
    rows : number of rows that this was computed from: all, or a random sample (seed 0)
    """

    effective_rank: float
    components_90: int
    largest_dimension: int
    largest_fraction: float
    rows: int


@dataclass(frozen=True)
class Health:
    """Statistics of the vectors and labels of a set.

    Attributes
    ----------
    rows, dimensions, dtype, metric : of the set; dtype is the number type in its file
    normalized : whether the file declares that every row has length 1; None if it does not say
    norms : see Norms
    zero_rows, first_zero_rows : number of rows without a direction (see metrics.row_norms), and the
        first of their row numbers
    duplicates : see Duplicates
    constant_dimensions : dimensions in which all rows are equal, ascending
    whole_dimensions : other dimensions in which all values are whole numbers, ascending
    spectrum : see Spectrum
    mean_cosine : mean cosine of all pairs of different rows, without zero rows; near 0 if
        directions are evenly distributed, near 1 if all vectors lie in a narrow cone (Ethayarajh
        2019, How contextual are contextualized word representations?); None below two such rows
    repeated_labels : number of rows whose label an earlier row has
    empty_labels : number of rows whose label is empty or blank
    common_label, common_label_rows : the most frequent label that is not blank and its number of
        rows; None and 0 if no label repeats
    """

    rows: int
    dimensions: int
    dtype: str
    metric: Metric
    normalized: bool | None
    norms: Norms
    zero_rows: int
    first_zero_rows: tuple[int, ...]
    duplicates: Duplicates
    constant_dimensions: tuple[int, ...]
    whole_dimensions: tuple[int, ...]
    spectrum: Spectrum
    mean_cosine: float | None
    repeated_labels: int
    empty_labels: int
    common_label: str | None
    common_label_rows: int


def examine(embedding_set: EmbeddingSet) -> Health:
    """Compute the statistics of a set's vectors and labels.

    It runs in one thread. A second one hardly speeds up the small products on an idle machine, and
    delays them on a busy one: at 400,000 x 50 by seconds, where one thread takes 0.5 s.
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
        duplicates=find_duplicates(vectors),
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
    """Return the mean cosine of all pairs of different nonzero rows; None if there is no pair.

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
    """Return the mean squared euclidean distance of all pairs of different rows.

    In closed form: twice the variance, summed over dimensions.

    Parameters
    ----------
    vectors : float32, shape (n, d), n at least 2
    """
    mean, total = _mean(vectors), 0.0
    for rows in _blocks(vectors):
        centered = vectors[rows] - mean
        total += float(np.vdot(centered, centered))
    return 2 * total / (len(vectors) - 1)


def spectrum(vectors: np.ndarray) -> Spectrum:
    """Return the distribution of the variance of `vectors`, float32, shape (n, d).

    The squared singular values are the eigenvalues of the d x d product of the centered matrix with
    itself, summed in float64 over blocks of rows; if n < d, of the n x n product, over blocks of
    columns. Large sets are sampled: as many rows as 2e9 multiplications allow, and at least 4 per
    dimension. Beyond 2,048 dimensions the sample has as many rows as 2e10 multiplications allow,
    2,048 at most, and limits the effective rank.
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
    weights = singular[singular > 0] / singular.sum()
    explained = np.cumsum(squares) / squares.sum()
    return Spectrum(
        effective_rank=float(np.exp(-(weights * np.log(weights)).sum())),
        components_90=int(np.searchsorted(explained, 0.9 - 1e-12)) + 1,
        largest_dimension=int(variances.argmax()),
        largest_fraction=float(variances.max() / total),
        rows=sample,
    )


def _spectrum_rows(count: int, dimensions: int) -> int:
    """Return the number of rows that the spectrum is computed from, at most."""
    if count * dimensions * min(count, dimensions) <= _PRODUCTS:
        return count
    if dimensions > _WIDEST:
        return min(_WIDEST, int(np.sqrt(_WIDE_PRODUCTS / dimensions)) + 1)
    return max(int(_PRODUCTS / dimensions**2), 4 * dimensions)


def _norms(norms: np.ndarray) -> Norms:
    nonzero = norms[norms > 0]
    lengths = nonzero if len(nonzero) else np.zeros(1)
    p5, p95 = np.percentile(lengths, [5, 95]).tolist()
    return Norms(
        min=float(norms.min()),
        mean=float(norms.mean()),
        median=float(np.median(norms)),
        max=float(norms.max()),
        shortest=float(lengths.min()),
        p5=p5,
        p95=p95,
        unit=bool(np.abs(lengths - 1).max() <= _UNIT),
    )


def _constant_dimensions(vectors: np.ndarray) -> tuple[int, ...]:
    """Return the dimensions in which all rows are equal; the first rows rule out most of them."""
    remaining = np.arange(vectors.shape[1])
    for rows in _blocks(vectors):
        remaining = remaining[(vectors[rows, remaining] == vectors[0, remaining]).all(axis=0)]
        if not len(remaining):
            break
    return tuple(remaining.tolist())


def _whole_dimensions(vectors: np.ndarray, excluded: tuple[int, ...]) -> tuple[int, ...]:
    """Return the dimensions, without `excluded`, in which all values are whole numbers."""
    included = np.ones(vectors.shape[1], dtype=bool)
    included[list(excluded)] = False
    remaining = np.flatnonzero(included)
    for rows in _blocks(vectors):
        values = vectors[rows, remaining]
        remaining = remaining[(values == np.rint(values)).all(axis=0)]
        if not len(remaining):
            break
    return tuple(remaining.tolist())


def _mean(vectors: np.ndarray) -> np.ndarray:
    """Return the mean row: float64, shape (d,)."""
    total = np.zeros(vectors.shape[1])
    for rows in _blocks(vectors):
        total += vectors[rows].sum(axis=0, dtype=np.float64)
    return total / len(vectors)


def _blocks(vectors: np.ndarray) -> Iterator[slice]:
    return row_blocks(len(vectors), vectors.shape[1], _BLOCK_NUMBERS)
