"""EmbeddingSet: vectors with labels, typed metadata and their provenance; never changed once made.

Points are known by row number from end to end, never by label (labels repeat).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric, check_metric, inverse_norms, row_norms

_BLOCK_FLOATS = 16_000_000


@dataclass(frozen=True)
class Provenance:
    """Where a set comes from and how its vectors are to be compared.

    It is written as JSON under the key `embedding` of the embedding file's schema metadata.

    Attributes
    ----------
    name : what the screen calls the set
    metric : the measure that the vectors were made for
    normalized : True when every row has length 1; None when nobody said
    space : an id; vectors of one space may be compared by their metric
    role : what the rows are: book, link, user, item, word, ...
    trainer, config, metrics, seed, created, libraries : how it was made, for the record
    source : name and content hash of the data it was made from
    dtype : numbers in the file that it was read from; in memory they are float32
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
    """Vectors and what is known about them, checked on construction.

    Attributes
    ----------
    vectors : float32, shape (n, d), C-contiguous and read-only; row i is item i
    labels : n strings; they may repeat
    metadata : a pyarrow Table of n rows, one typed column per property (0 columns is fine)
    provenance : see Provenance
    fingerprint : hash of the vectors' content, the key of every result computed from them

    Raises
    ------
    EmbeddingError
        no rows, no columns, a value that is not finite (with its row and column), labels or
        metadata whose number does not match the vectors, or a label with half a character
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
        object.__setattr__(self, "fingerprint", _fingerprint(vectors))

    @classmethod
    def of(
        cls,
        vectors: np.ndarray,
        labels: Sequence[str] | None = None,
        metadata: pa.Table | Mapping[str, Any] | None = None,
        **provenance: Any,
    ) -> "EmbeddingSet":
        """Build a set from ready parts; labels default to the row numbers.

        `metadata` may be a mapping of column name to n values; the other keywords are fields of
        Provenance.
        """
        vectors = np.asarray(vectors)
        if vectors.ndim != 2:
            raise EmbeddingError(
                f"vectors of shape {vectors.shape}; expected two dimensions (items, components)"
            )
        if labels is None:
            labels = [str(row) for row in range(len(vectors))]
        if metadata is None:
            metadata = empty_metadata(len(vectors))
        elif not isinstance(metadata, pa.Table):
            metadata = pa.table(dict(metadata)) if metadata else empty_metadata(len(vectors))
        return cls(vectors, tuple(labels), metadata, Provenance(**provenance))

    def __len__(self) -> int:
        return len(self.vectors)

    def __repr__(self) -> str:
        return (
            f"EmbeddingSet({self.provenance.name!r}, {len(self):,} x {self.dimensions}, "
            f"{self.provenance.metric}, columns={self.metadata.column_names})"
        )

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return self.vectors.shape[1]

    @cached_property
    def norms(self) -> np.ndarray:
        """Euclidean length of each row: float64, shape (n,); computed once."""
        norms = row_norms(self.vectors)
        norms.flags.writeable = False
        return norms

    @cached_property
    def longest(self) -> float:
        """The largest norm."""
        return float(self.norms.max())

    @cached_property
    def inverse_norms(self) -> np.ndarray:
        """1 / norms, 0 for a zero row: float32, shape (n,); for screening, see neighbors.py."""
        return inverse_norms(self.norms).astype(np.float32)

    def with_provenance(self, **changes: Any) -> "EmbeddingSet":
        """Return the same set with some provenance fields replaced."""
        return replace(self, provenance=replace(self.provenance, **changes))


def empty_metadata(rows: int) -> pa.Table:
    """Return a table of `rows` rows and no columns, which pa.table({}) cannot express."""
    return pa.table({"row": pa.nulls(rows)}).select([])


def _checked_vectors(vectors: np.ndarray) -> np.ndarray:
    """Return `vectors` as read-only C-contiguous float32; raise EmbeddingError if they are not."""
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or not (
        np.issubdtype(vectors.dtype, np.floating) or np.issubdtype(vectors.dtype, np.integer)
    ):
        raise EmbeddingError(
            f"vectors of shape {vectors.shape} and type {vectors.dtype}; "
            "expected a table of numbers, one row per item"
        )
    if vectors.shape[0] == 0 or vectors.shape[1] == 0:
        raise EmbeddingError(
            f"{vectors.shape[0]} rows of {vectors.shape[1]} numbers; expected at least one of each"
        )
    shared = vectors.flags.writeable or not vectors.flags.c_contiguous
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes inf and is refused below
        checked = np.array(vectors, dtype=np.float32, order="C", copy=True if shared else None)
    _refuse_non_finite(checked)
    checked.flags.writeable = False
    return checked


def non_finite_rows(vectors: np.ndarray) -> np.ndarray:
    """Return the rows of `vectors`, shape (n, d), that hold NaN or inf: int64, ascending."""
    step = max(1, _BLOCK_FLOATS // max(1, vectors.shape[1]))
    found = [np.empty(0, np.int64)]
    for start in range(0, len(vectors), step):
        finite = np.isfinite(vectors[start : start + step])
        if not finite.all():
            found.append(start + np.flatnonzero(~finite.all(axis=1)))
    return np.concatenate(found)


def _refuse_non_finite(vectors: np.ndarray) -> None:
    """Raise EmbeddingError naming the first row and column that is NaN or infinite."""
    bad = non_finite_rows(vectors)
    if len(bad):
        row = int(bad[0])
        column = int(np.flatnonzero(~np.isfinite(vectors[row]))[0])
        raise EmbeddingError(
            f"row {row}, column {column}: {vectors[row, column]} is not a "
            "finite number (rows and columns count from 0); remove or repair that row"
        )


def _check_characters(labels: Sequence[str]) -> None:
    """Raise EmbeddingError for half a character (a lone surrogate), which no file can hold."""
    try:
        "".join(labels).encode()
    except UnicodeEncodeError:
        row = next(i for i, label in enumerate(labels) if not _is_whole(label))
        raise EmbeddingError(
            f"row {row}: the label {labels[row]!r} holds half a character (a lone surrogate); "
            "replace it"
        ) from None


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _fingerprint(vectors: np.ndarray) -> str:
    """Hash shape and content: 32 hexadecimal characters (XXH3, 128 bits)."""
    digest = xxhash.xxh3_128(f"float32 {vectors.shape}".encode())
    digest.update(vectors.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
