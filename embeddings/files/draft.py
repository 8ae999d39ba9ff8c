"""Draft: what a reader found, before it is known to make a set: vectors may hold NaN or inf."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import (
    EmbeddingSet,
    Provenance,
    as_metadata,
    empty_metadata,
    non_finite_rows,
)
from embeddings.errors import EmbeddingError
from embeddings.files.options import NotFinite, NothingFinite, ReadContext

_LISTED = 10


@dataclass(frozen=True, eq=False)
class Draft:
    """Parts of a set, of which each reader makes one.

    Attributes
    ----------
    vectors : float32, shape (n, d); missing numbers are NaN
    labels : n strings, or None where the file names no rows
    metadata : a pyarrow Table of n rows
    provenance : what the file says about itself
    typed : whether the file is one of ours, whose columns have their types already
    """

    vectors: np.ndarray
    labels: tuple[str, ...] | None
    metadata: pa.Table
    provenance: Provenance
    typed: bool = False

    @classmethod
    def of(
        cls,
        vectors: np.ndarray,
        labels: Sequence[str] | None = None,
        metadata: pa.Table | Mapping[str, Any] | None = None,
        **provenance: Any,
    ) -> "Draft":
        """Build a draft from parts, as EmbeddingSet.of does."""
        named = None if labels is None else tuple(labels)
        table = as_metadata(metadata, len(vectors))
        return cls(vectors, named, table, Provenance(**provenance))

    def finish(self, context: ReadContext) -> EmbeddingSet:
        """Return the set; rows that are not finite are left out if the context says so.

        Items without labels are named by their row numbers in the file.

        Raises
        ------
        NotFinite
            rows that hold NaN or infinite numbers, unless they are to be left out
        EmbeddingError
            nothing remains, or parts do not match in number
        """
        bad = non_finite_rows(self.vectors)
        count = len(self.vectors)
        labels = self.labels
        if labels is None:
            labels = tuple(map(str, range(count)))
        if not len(bad):
            return EmbeddingSet(self.vectors, labels, self.metadata, self.provenance)
        if not context.leave_out:
            raise _refusal(self.vectors, bad)
        context.left_out = bad
        kept = np.setdiff1d(np.arange(count), bad)
        if not len(kept):
            raise NothingFinite(self.vectors.shape, self.metadata, self.provenance)
        if len(labels) != count or self.metadata.num_rows != count:
            raise EmbeddingError(
                f"{len(labels):,} labels and {self.metadata.num_rows:,} rows of metadata for "
                f"{count:,} vectors; give exactly one for each vector, in the same order"
            )
        return EmbeddingSet(
            self.vectors[kept],
            tuple(labels[row] for row in kept),
            self.metadata.take(pa.array(kept)) if self.metadata.num_columns
            else empty_metadata(len(kept)),
            self.provenance,
        )  # fmt: skip


def _refusal(vectors: np.ndarray, bad: np.ndarray) -> NotFinite:
    """Say which rows are not finite, and where in the first of them."""
    row = int(bad[0])
    column = int(np.flatnonzero(~np.isfinite(vectors[row]))[0])
    value = vectors[row, column]
    listed = ", ".join(map(str, bad[:_LISTED].tolist()))
    more = f" and {len(bad) - _LISTED:,} more" if len(bad) > _LISTED else ""
    rows = f"{len(bad):,} such rows: {listed}{more}" if len(bad) > 1 else "the only such row"
    return NotFinite(
        f"row {row}, column {column}: {value} is missing or not a finite number ({rows}; rows and "
        "columns count from 0); remove or repair them, or leave them out",
        bad,
        len(vectors),
    )
