"""Embeddings as features of any model: a scikit-learn transformer that turns levels into vectors.

A level is one value that a categorical column takes. Its name is its text: 5, 5.0 and "5" are the
level "5".
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

UNKNOWN = "(unknown)"
"""Label of the row whose vector stands for every level that a file does not hold."""

MISSING = "(missing)"
"""Label of the row whose vector stands for cells without a value."""

Embedding = EmbeddingSet | str | Path
Embeddings = Embedding | Mapping[str, Embedding]
Unknown = Literal["vector", "zero", "error"]

_LISTED = 20


@dataclass(frozen=True, eq=False)
class LevelVectors:
    """The vectors of one column's levels.

    Attributes
    ----------
    vectors : float32, shape (levels, width)
    rows : level name -> its row of `vectors`
    """

    vectors: np.ndarray
    rows: Mapping[str, int]

    @property
    def width(self) -> int:
        """Length of each vector."""
        return self.vectors.shape[1]

    def unknown(self) -> np.ndarray:
        """Return the vector of what is not known: float32, shape (width,)."""
        row = self.rows.get(UNKNOWN)
        return self.vectors.mean(axis=0) if row is None else self.vectors[row]


class EmbeddingEncoder(TransformerMixin, BaseEstimator):
    """Put the vector of its level in the place of each categorical value.

    The vectors come from embedding files, or are learned anew by each `fit`, from its rows alone,
    so that a cross-validation does not leak. It works in ColumnTransformer, Pipeline, clone and
    set_output.

    A level that is not known gets the vector of the file's row "(unknown)"; without such a row,
    the mean of all the column's vectors. A missing value (None, NaN, NA, NaT) gets the vector of
    the row "(missing)"; without such a row it counts as not known.

    Parameters
    ----------
    embedding : an embedding file or EmbeddingSet, or a mapping of column name to either. Of a set
        with a column `role`, a column takes the rows whose role is its name; of a set without, all
        rows. Components that are 0 in all of these rows and stand at the end are padding, and left
        out
    fit_with : instead of `embedding`, a callable (X, y) -> set or mapping as above; called by each
        fit with what fit was given. `trainers.entity.train.EntityFit` makes one
    columns : the columns to encode; None: all. What else X holds is seen by `fit_with` only
    unknown : "vector": as told above; "zero": both what is unknown and what is missing without a
        vector of its own become zeros; "error": they are refused

    Attributes
    ----------
    levels_ : dict of column name -> LevelVectors
    embedding_ : the set or mapping that the vectors were taken from

    Raises
    ------
    EmbeddingError
        both or neither of `embedding` and `fit_with`, a column without vectors, a level that
        stands in several rows of the file; with "error", a level without a vector
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
        """Look up, or learn, the vectors of each column.

        Parameters
        ----------
        X : a table, shape (rows, columns): a DataFrame, or an array, whose columns are called x0,
            x1, ...
        y : shape (rows,), what `fit_with` learns from; not used with `embedding`
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
            raise EmbeddingError(f"no column {absent[0]!r} to encode; there are {_listed(names)}")
        found = self.embedding if self.fit_with is None else self.fit_with(X, y)
        self.embedding_ = _opened(found)
        self.levels_ = {name: level_vectors(self.embedding_, name) for name in wanted}
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the vectors of each row's levels side by side.

        Returns
        -------
        float32, shape (rows, sum of the columns' widths)
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
        """Return the names of the columns made: carrier_0, carrier_1, ...: objects, 1-D."""
        check_is_fitted(self)
        names = [f"{name}_{i}" for name, found in self.levels_.items() for i in range(found.width)]
        return np.array(names, dtype=object)

    def _encode(self, cells: np.ndarray, name: str, levels: LevelVectors) -> np.ndarray:
        """Return the vectors of one column's cells: float32, shape (rows, width)."""
        codes, names = level_codes(cells)
        other = np.zeros(levels.width) if self.unknown == "zero" else levels.unknown()
        table = np.concatenate([levels.vectors, other[None].astype(np.float32)])
        last = len(levels.vectors)
        rows = np.array([levels.rows.get(each, last) for each in (*names, MISSING)])[codes]
        if self.unknown == "error" and (rows == last).any():
            row = int(np.flatnonzero(rows == last)[0])
            raise EmbeddingError(
                f"row {row}, column {name}: no vector for {cells[row]!r}; "
                'give unknown="vector" to let such values stand for the unknown'
            )
        return table[rows]

    def _names_in(self) -> list[str]:
        """Return the names of the columns that fit saw."""
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
        no vectors for this column, or a level in several rows
    """
    if isinstance(embedding, Mapping):
        if name not in embedding:
            raise EmbeddingError(f"no vectors for column {name!r}; given: {_listed(embedding)}")
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
    """Number the levels of a column.

    Parameters
    ----------
    cells : values of one column, shape (rows,): texts, numbers, ...; None, NaN, NA, NaT: missing

    Returns
    -------
    codes : int64, shape (rows,); the place of the level in `names`, or -1 where it is missing
    names : the names of the levels, each once, in order of appearance
    """
    cells = np.asarray(cells)
    try:
        column = pa.array(cells, from_pandas=True)
    except pa.ArrowException:  # values of several types, or of none that Arrow knows
        known = [None if pa.array([cell], from_pandas=True)[0].as_py() is None else cell
                 for cell in cells]  # fmt: skip
        column = pa.array([each if each is None else level_name(each) for each in known])
    if pa.types.is_null(column.type):
        return np.full(len(column), -1, np.int64), []
    encoded = column.dictionary_encode()
    first: dict[str, int] = {}
    places = [first.setdefault(level_name(value), len(first))
              for value in encoded.dictionary.to_pylist()]  # fmt: skip
    codes = encoded.indices.fill_null(len(places)).to_numpy().astype(np.int64)
    return np.array([*places, -1], np.int64)[codes], list(first)


def level_name(value: Any) -> str:
    """Return the name of a level: 5 and 5.0 are "5", True is "True"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _opened(embedding: Any) -> EmbeddingSet | dict[str, EmbeddingSet]:
    """Load what is given as files."""
    if isinstance(embedding, Mapping):
        return {name: _opened_one(each) for name, each in embedding.items()}
    return _opened_one(embedding)


def _opened_one(embedding: Any) -> EmbeddingSet:
    if isinstance(embedding, EmbeddingSet):
        return embedding
    if isinstance(embedding, str | Path):
        return load(embedding)
    raise EmbeddingError(
        f"{type(embedding).__name__} as embedding; expected a file, an EmbeddingSet, "
        "or a mapping of column to either"
    )


def _rows_of(embedding: EmbeddingSet, name: str) -> np.ndarray:
    """Return the rows that hold a column's levels: int64, ascending."""
    if "role" not in embedding.metadata.column_names:
        return np.arange(len(embedding))
    roles = np.array(embedding.metadata["role"].to_pylist(), dtype=object)
    rows = np.flatnonzero(roles == name)
    if len(rows) == 0:
        known = _listed(dict.fromkeys(str(role) for role in roles))
        raise EmbeddingError(f"no vectors for column {name!r}; the roles of the set are {known}")
    return rows


def _listed(names: Any) -> str:
    names = list(names)
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
