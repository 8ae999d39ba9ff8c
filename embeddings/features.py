"""Embeddings as features: a scikit-learn transformer that replaces categories by their vectors.

A level is one of the values of a categorical column. It is identified by its text: 5, 5.0 and "5"
are the level "5".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import load
from embeddings.text import listed

UNKNOWN = "(unknown)"
"""Label of the row whose vector is used for levels that the file does not contain."""

MISSING = "(missing)"
"""Label of the row whose vector is used for missing values."""

Embedding = EmbeddingSet | str | Path
Embeddings = Embedding | Mapping[str, Embedding]
Unknown = Literal["vector", "zero", "error"]

_LISTED = 20


@dataclass(frozen=True, eq=False)
class LevelVectors:
    """The vectors of the levels of a column.

    Attributes
    ----------
    vectors : float32, shape (levels, width)
    rows : level name -> its row of `vectors`
    """

    vectors: np.ndarray
    rows: Mapping[str, int]

    @property
    def width(self) -> int:
        """Number of dimensions of the vectors."""
        return self.vectors.shape[1]

    def unknown(self) -> np.ndarray:
        """Return the vector of unknown levels: float32, shape (width,)."""
        row = self.rows.get(UNKNOWN)
        return self.vectors.mean(axis=0) if row is None else self.vectors[row]


class EmbeddingEncoder(TransformerMixin, BaseEstimator):
    """Replace each categorical value by the vector of its level.

    The vectors come from embedding files, or are learned by every `fit` from its own rows, so that
    cross-validation does not leak. The encoder works in ColumnTransformer and Pipeline, and with
    clone and set_output.

    An unknown level gets the vector of the file's row "(unknown)" or, without such a row, the mean
    of the column's vectors. A missing value (None, NaN, NA, NaT) gets the vector of the row
    "(missing)"; without such a row it is treated as an unknown level.

    Parameters
    ----------
    embedding : an embedding file or EmbeddingSet, or a mapping of column name to either. In a set
        with a metadata column `role`, the rows whose role is the column's name are used; otherwise
        all rows are. Trailing components that are 0 in all of these rows are padding and dropped
    fit_with : instead of `embedding`, a callable (X, y) -> set or mapping as above. Every fit calls
        it with its own arguments. `trainers.entity.train.EntityFit` makes one
    columns : the names of the columns to encode; None means all. Only `fit_with` sees the others
    unknown : "vector" works as described above; "zero" gives zeros to unknown levels, and to
        missing values without a row of their own; "error" refuses both

    Attributes
    ----------
    levels_ : dict of column name -> LevelVectors
    embedding_ : the set or mapping that the vectors were taken from

    Raises
    ------
    EmbeddingError
        if both or neither of `embedding` and `fit_with` are given, a column has no vectors, or a
        level has several rows in the file; with unknown="error", if a level has no vector
    """

    def __init__(
        self,
        embedding: Embeddings | None = None,
        *,
        fit_with: Callable[[Any, Any], Embeddings] | None = None,
        columns: Sequence[str] | None = None,
        unknown: Unknown = "vector",
    ) -> None:
        self.embedding = embedding
        self.fit_with = fit_with
        self.columns = columns
        self.unknown = unknown

    def fit(self, X: Any, y: Any = None) -> "EmbeddingEncoder":
        """Look up or learn the vectors of each column.

        Parameters
        ----------
        X : a DataFrame, or an array of shape (rows, columns), whose columns are named x0, x1, ...
        y : shape (rows,), the target that `fit_with` learns from; ignored with `embedding`
        """
        if (self.embedding is None) == (self.fit_with is None):
            raise EmbeddingError(
                "give either `embedding`, a file or a set, or `fit_with`, which learns one"
            )
        if self.unknown not in ("vector", "zero", "error"):
            raise EmbeddingError(f"unknown={self.unknown!r}: expected vector, zero or error")
        validate_data(self, X, dtype=object, ensure_all_finite=False)
        names = self._names_in()
        wanted = names if self.columns is None else list(self.columns)
        absent = [name for name in wanted if name not in names]
        if absent:
            raise EmbeddingError(
                f"no column {absent[0]!r} to encode; the columns are {listed(names, _LISTED)}"
            )
        found = self.embedding if self.fit_with is None else self.fit_with(X, y)
        self.embedding_ = _load(found)
        self.levels_ = {name: level_vectors(self.embedding_, name) for name in wanted}
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the vectors of the levels of each row, concatenated.

        Returns
        -------
        float32, shape (rows, sum of the widths of the encoded columns)
        """
        check_is_fitted(self)
        cells = validate_data(self, X, dtype=object, ensure_all_finite=False, reset=False)
        positions = {name: i for i, name in enumerate(self._names_in())}
        parts = [
            self._encode(cells[:, positions[name]], name, vectors)
            for name, vectors in self.levels_.items()
        ]
        return np.concatenate([np.empty((len(cells), 0), np.float32), *parts], axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features, such as carrier_0, carrier_1: strings, dtype object."""
        check_is_fitted(self)
        names = [f"{name}_{i}" for name, found in self.levels_.items() for i in range(found.width)]
        return np.array(names, dtype=object)

    def _encode(self, cells: np.ndarray, name: str, levels: LevelVectors) -> np.ndarray:
        """Return the vectors of the cells of a column: float32, shape (rows, width)."""
        codes, names = level_codes(cells)
        other = np.zeros(levels.width) if self.unknown == "zero" else levels.unknown()
        table = np.concatenate([levels.vectors, other[None].astype(np.float32)])
        last = len(levels.vectors)
        rows = np.array([levels.rows.get(each, last) for each in (*names, MISSING)])[codes]
        if self.unknown == "error" and (rows == last).any():
            row = int(np.flatnonzero(rows == last)[0])
            raise EmbeddingError(
                f"row {row}, column {name}: no vector for {cells[row]!r}; "
                'choose unknown="vector" to give such values the vector of unknown levels'
            )
        return table[rows]

    def _names_in(self) -> list[str]:
        """Return the column names of the X that was fitted."""
        numbered = [f"x{i}" for i in range(self.n_features_in_)]
        return list(getattr(self, "feature_names_in_", numbered))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []  # vectors are float32, whatever the values
        return tags


def level_vectors(embedding: EmbeddingSet | Mapping[str, EmbeddingSet], name: str) -> LevelVectors:
    """Return the vectors of the levels of the column called `name`; see EmbeddingEncoder.

    Raises
    ------
    EmbeddingError
        if the column has no vectors, or a level has several rows
    """
    if isinstance(embedding, Mapping):
        if name not in embedding:
            raise EmbeddingError(
                f"no vectors for column {name!r}, only for {listed(embedding, _LISTED)}"
            )
        embedding = embedding[name]
    rows = _rows_of(embedding, name)
    vectors = embedding.vectors[rows]
    width = int(np.flatnonzero(vectors.any(axis=0)).max(initial=0)) + 1
    index: dict[str, int] = {}
    for i, row in enumerate(rows):
        label = embedding.labels[row]
        if label in index:
            raise EmbeddingError(
                f"column {name}: {label!r} is the label of rows {rows[index[label]]} and {row}; "
                "a level needs exactly one vector"
            )
        index[label] = i
    return LevelVectors(np.ascontiguousarray(vectors[:, :width]), index)


def level_codes(cells: Any) -> tuple[np.ndarray, list[str]]:
    """Encode the cells of a column as integers, one for each level.

    Parameters
    ----------
    cells : shape (rows,), of any types; None, NaN, NA and NaT are missing

    Returns
    -------
    codes : int64, shape (rows,); the index of the level in `names`, or -1 for a missing value
    names : the distinct levels in order of appearance
    """
    cells = np.asarray(cells)
    try:
        column = pa.array(cells, from_pandas=True)
    except pa.ArrowException:  # values of several types, or of a type that Arrow does not have
        known = [None if pa.array([cell], from_pandas=True)[0].as_py() is None else cell
                 for cell in cells]  # fmt: skip
        column = pa.array([each if each is None else level_name(each) for each in known])
    if pa.types.is_null(column.type):
        return np.full(len(column), -1, np.int64), []
    encoded = column.dictionary_encode()
    first: dict[str, int] = {}
    positions = [first.setdefault(level_name(value), len(first))
                 for value in encoded.dictionary.to_pylist()]  # fmt: skip
    codes = encoded.indices.fill_null(len(positions)).to_numpy().astype(np.int64)
    return np.array([*positions, -1], np.int64)[codes], list(first)


def level_name(value: Any) -> str:
    """Return the name of a level: 5 and 5.0 are "5", True is "True"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _load(embedding: Any) -> EmbeddingSet | dict[str, EmbeddingSet]:
    """Return the embeddings, loading those that are paths."""
    if isinstance(embedding, Mapping):
        return {name: _load_one(each) for name, each in embedding.items()}
    return _load_one(embedding)


def _load_one(embedding: Any) -> EmbeddingSet:
    if isinstance(embedding, EmbeddingSet):
        return embedding
    if isinstance(embedding, str | Path):
        return load(embedding)
    raise EmbeddingError(
        f"{type(embedding).__name__} as embedding; expected a file, an EmbeddingSet, "
        "or a mapping of column to either"
    )


def _rows_of(embedding: EmbeddingSet, name: str) -> np.ndarray:
    """Return the rows of the levels of a column: int64, ascending."""
    if "role" not in embedding.metadata.column_names:
        return np.arange(len(embedding))
    roles = np.array(embedding.metadata["role"].to_pylist(), dtype=object)
    rows = np.flatnonzero(roles == name)
    if len(rows) == 0:
        known = listed(dict.fromkeys(roles), _LISTED)
        raise EmbeddingError(f"no vectors for column {name!r}; the roles of the set are {known}")
    return rows
