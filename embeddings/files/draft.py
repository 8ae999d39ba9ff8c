"""Draft: what a reader found, before it is known to make a set; its vectors may hold NaN or inf."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import (
    EmbeddingSet,
    Provenance,
    as_metadata,
    check_shape,
    empty_metadata,
    non_finite_rows,
)
from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_rows
from embeddings.files.options import NotFinite, NothingFinite, ReadContext
from embeddings.text import listed

_MAP_DIMENSIONS = 2


@dataclass(frozen=True, eq=False)
class Draft:
    """The parts of a set, as every reader returns them.

    Attributes
    ----------
    vectors : float32, shape (n, d); missing numbers are NaN
    labels : n strings, or None if the file has no labels
    metadata : a pyarrow Table of n rows
    provenance : what the file states about itself
    typed : True if `embeddings.save` wrote the file, so that it states its metric, and its columns
        have their types already

    Raises
    ------
    EmbeddingError
        no rows, rows of no numbers, or more rows than fit the limit with a label each
    """

    vectors: np.ndarray
    labels: tuple[str, ...] | None
    metadata: pa.Table
    provenance: Provenance
    typed: bool = False

    def __post_init__(self) -> None:
        check_shape(self.vectors)
        check_rows(len(self.vectors))

    @classmethod
    def of(
        cls,
        vectors: np.ndarray,
        labels: Sequence[str] | None = None,
        metadata: pa.Table | Mapping[str, Any] | None = None,
        **provenance: Any,
    ) -> "Draft":
        """Build a draft from parts, as EmbeddingSet.of does; without labels they are None."""
        table = as_metadata(metadata, len(vectors))
        return cls(
            vectors, None if labels is None else tuple(labels), table, Provenance(**provenance)
        )

    def finish(self, context: ReadContext) -> EmbeddingSet:
        """Return the set; rows that are not finite are skipped if `context.leave_out` is set.

        Items without labels are called by their row numbers in the file.

        Raises
        ------
        NotFinite
            some rows hold NaN or infinite numbers, and are not to be skipped
        NothingFinite
            they are to be skipped, but no other rows are left
        EmbeddingError
            the numbers of vectors, labels and rows of metadata differ
        """
        draft = self._with_metric(context)
        bad = non_finite_rows(self.vectors)
        count = len(self.vectors)
        labels = self.labels
        if labels is None:
            labels = tuple(map(str, range(count)))
        if not len(bad):
            return EmbeddingSet(self.vectors, labels, self.metadata, draft.provenance)
        if not context.leave_out:
            raise _not_finite(self.vectors, bad)
        context.left_out = bad
        rest = np.setdiff1d(np.arange(count), bad)
        if not len(rest):
            raise NothingFinite(self.vectors.shape, self.metadata, self.provenance)
        if len(labels) != count or self.metadata.num_rows != count:
            raise EmbeddingError(
                f"{len(labels):,} labels and {self.metadata.num_rows:,} rows of metadata for "
                f"{count:,} vectors; give exactly one for each vector, in the same order"
            )
        return EmbeddingSet(
            self.vectors[rest],
            tuple(labels[row] for row in rest),
            self.metadata.take(pa.array(rest)) if self.metadata.num_columns
            else empty_metadata(len(rest)),
            draft.provenance,
        )  # fmt: skip

    def _with_metric(self, context: ReadContext) -> "Draft":
        """Return the draft with euclidean distance for a map that states no metric.

        Points of two dimensions are places: by cosine, the nearest of them would lie on a ray from
        the origin.
        """
        if self.typed or self.vectors.ndim != 2 or self.vectors.shape[1] != _MAP_DIMENSIONS:
            return self
        context.note(
            "vectors of two dimensions, as of a map: compared by euclidean distance, not by cosine"
        )
        return replace(self, provenance=replace(self.provenance, metric="euclidean"))


def _not_finite(vectors: np.ndarray, bad: np.ndarray) -> NotFinite:
    """Return the error that names the rows that are not finite, and the first such number."""
    row = int(bad[0])
    column = int(np.flatnonzero(~np.isfinite(vectors[row]))[0])
    value = vectors[row, column]
    rows = f"{len(bad):,} such rows: {listed(bad)}" if len(bad) > 1 else "the only such row"
    what = "missing or not a finite number"
    if np.isinf(value):
        what = "not a finite number, or beyond 3.4e38, the largest that float32 holds"
    return NotFinite(
        f"row {row}, column {column}: {value} is {what} ({rows}; rows and columns count from 0); "
        "remove or repair them, or leave them out",
        bad,
        len(vectors),
    )
