"""EmbeddingSet: vectors with labels, typed metadata and provenance; immutable.

Items are identified by row number throughout, never by label, since labels may repeat.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from embeddings.blocks import row_blocks
from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric, check_metric, inverse_norms, row_norms

_BLOCK_NUMBERS = 16_000_000


@dataclass(frozen=True)
class Provenance:
    """Where a set comes from, and how its vectors should be compared.

    It is written as JSON under the key `embedding` of the embedding file's schema metadata.

    Attributes
    ----------
    name : the name of the set on the screen
    metric : the metric that the vectors were trained for
    normalized : whether every row has length 1; None if unknown
    space : the id of the vector space; vectors of the same space are comparable
    role : what the rows are: book, link, user, item, word, ...
    trainer, config, metrics, seed, created, libraries : how the set was made
    source : name and content hash of the data that it was made from
    dtype : the number type in the file that it was read from; in memory it is float32
    """

    name: str = "embedding"
    metric: Metric = "cosine"
    normalized: bool | None = None
    space: str = ""
    role: str = ""
    trainer: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    created: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    dtype: str = field(default="float32", compare=False)


@dataclass(frozen=True, eq=False)
class EmbeddingSet:
    """Vectors with their labels, metadata and provenance, checked on construction.

    Attributes
    ----------
    vectors : float32, shape (n, d), C-contiguous and read-only; row i is item i
    labels : n strings; they may repeat
    metadata : a pyarrow Table of n rows, one typed column per property; it may have no columns
    provenance : see Provenance
    fingerprint : hash of the vectors' content, 32 hexadecimal characters; part of the key of every
        result computed from them

    Raises
    ------
    EmbeddingError
        if there are no rows or no columns, a value is not finite (the message has its row and
        column), the number of labels or of metadata rows is not n, or a label contains an unpaired
        surrogate
    """

    vectors: np.ndarray
    labels: tuple[str, ...]
    metadata: pa.Table
    provenance: Provenance = Provenance()
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        vectors = _checked_vectors(self.vectors)
        object.__setattr__(self, "vectors", vectors)
        check_metric(self.provenance.metric)
        for what, count in (
            ("labels", len(self.labels)),
            ("metadata rows", self.metadata.num_rows),
        ):
            if count != len(vectors):
                raise EmbeddingError(
                    f"{count:,} {what} for {len(vectors):,} vectors; "
                    "give exactly one for each vector, in the same order"
                )
        _check_characters(self.labels)
        object.__setattr__(self, "fingerprint", fingerprint_of(vectors))

    @classmethod
    def of(
        cls,
        vectors: np.ndarray,
        labels: Sequence[str] | None = None,
        metadata: pa.Table | Mapping[str, Any] | None = None,
        **provenance: Any,
    ) -> "EmbeddingSet":
        """Make a set from arrays.

        Parameters
        ----------
        vectors : numbers, shape (n, d); converted to float32
        labels : n strings; the row numbers by default
        metadata : a Table of n rows, or a mapping of column name to n values
        provenance : fields of Provenance by keyword

        Raises
        ------
        EmbeddingError
            see EmbeddingSet
        """
        vectors = np.asarray(vectors)
        if vectors.ndim != 2:
            raise EmbeddingError(
                f"vectors of shape {vectors.shape}; expected two dimensions (items, components)"
            )
        check_shape(vectors)
        if labels is None:
            labels = [str(row) for row in range(len(vectors))]
        table = as_metadata(metadata, len(vectors))
        return cls(vectors, tuple(labels), table, Provenance(**provenance))

    def __len__(self) -> int:
        return len(self.vectors)

    def __repr__(self) -> str:
        return (
            f"EmbeddingSet({self.provenance.name!r}, {len(self):,} x {self.dimensions}, "
            f"{self.provenance.metric}, columns={self.metadata.column_names})"
        )

    @property
    def dimensions(self) -> int:
        """Number of dimensions d of the vectors."""
        return self.vectors.shape[1]

    @cached_property
    def norms(self) -> np.ndarray:
        """Euclidean length of each row: float64, shape (n,), read-only."""
        norms = row_norms(self.vectors)
        norms.flags.writeable = False
        return norms

    @cached_property
    def longest(self) -> float:
        """The largest of the norms."""
        return float(self.norms.max())

    @cached_property
    def inverse_norms(self) -> np.ndarray:
        """1 / norms, 0 for a zero row: float32, shape (n,); used by the neighbor search."""
        return inverse_norms(self.norms).astype(np.float32)

    def with_metadata(self, metadata: pa.Table) -> "EmbeddingSet":
        """Return a set of the same vectors and labels with other metadata; nothing is copied.

        Raises
        ------
        EmbeddingError
            if the table does not have n rows
        """
        if metadata.num_rows != len(self):
            raise EmbeddingError(f"{metadata.num_rows:,} metadata rows for {len(self):,} vectors")
        changed = copy.copy(self)
        object.__setattr__(changed, "metadata", metadata)
        return changed

    def with_provenance(self, **changes: Any) -> "EmbeddingSet":
        """Return a set of the same vectors with some fields of the provenance replaced."""
        return replace(self, provenance=replace(self.provenance, **changes))


def as_metadata(metadata: pa.Table | Mapping[str, Any] | None, rows: int) -> pa.Table:
    """Return metadata as a table; None and an empty mapping give one without columns."""
    if isinstance(metadata, pa.Table):
        return metadata
    return pa.table(dict(metadata)) if metadata else empty_metadata(rows)


def empty_metadata(rows: int) -> pa.Table:
    """Return a table of `rows` rows without columns, which pa.table({}) cannot express."""
    return pa.table({"row": pa.nulls(rows)}).select([])


def check_shape(vectors: np.ndarray) -> None:
    """Raise EmbeddingError if a matrix, shape (n, d), has no rows or no columns."""
    rows, dimensions = vectors.shape
    if rows == 0 or dimensions == 0:
        raise EmbeddingError(f"{rows} rows of {dimensions} numbers; expected at least one of each")


def _checked_vectors(vectors: np.ndarray) -> np.ndarray:
    """Return `vectors` as read-only C-contiguous float32; raise EmbeddingError if unusable."""
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or not (
        np.issubdtype(vectors.dtype, np.floating) or np.issubdtype(vectors.dtype, np.integer)
    ):
        raise EmbeddingError(
            f"vectors of shape {vectors.shape} and type {vectors.dtype}; "
            "expected a table of numbers, one row per item"
        )
    check_shape(vectors)
    must_copy = vectors.flags.writeable or not vectors.flags.c_contiguous
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf and is refused below
        checked = np.array(vectors, dtype=np.float32, order="C", copy=True if must_copy else None)
    _refuse_non_finite(checked)
    checked.flags.writeable = False
    return checked


def non_finite_rows(vectors: np.ndarray) -> np.ndarray:
    """Return the rows of `vectors`, shape (n, d), that contain NaN or inf: int64, ascending."""
    found = [np.empty(0, np.int64)]
    for block in row_blocks(len(vectors), vectors.shape[1], _BLOCK_NUMBERS):
        finite = np.isfinite(vectors[block])
        if not finite.all():
            found.append(block.start + np.flatnonzero(~finite.all(axis=1)))
    return np.concatenate(found)


def _refuse_non_finite(vectors: np.ndarray) -> None:
    """Raise EmbeddingError with the row and column of the first value that is not finite."""
    bad = non_finite_rows(vectors)
    if len(bad):
        row = int(bad[0])
        column = int(np.flatnonzero(~np.isfinite(vectors[row]))[0])
        raise EmbeddingError(
            f"row {row}, column {column}: {vectors[row, column]} is not a "
            "finite number (rows and columns are counted from 0); drop or repair that row"
        )


def _check_characters(labels: Sequence[str]) -> None:
    """Raise EmbeddingError for an unpaired surrogate, which no file can contain."""
    try:
        "".join(labels).encode()
    except UnicodeEncodeError:
        row = next(i for i, label in enumerate(labels) if _has_surrogate(label))
        raise EmbeddingError(
            f"row {row}: the label {labels[row]!r} contains an unpaired surrogate; replace it"
        ) from None


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def fingerprint_of(vectors: np.ndarray) -> str:
    """Return the hash of shape and content of float32 vectors: 32 hexadecimal characters (XXH3)."""
    digest = xxhash.xxh3_128(f"float32 {vectors.shape}".encode())
    digest.update(vectors.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
