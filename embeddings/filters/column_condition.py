"""What conditions on a column have in common: the column, and whether they are inverted."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import is_binary
from embeddings.columns import column_of, texts
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.text import listed

LONGEST_VALUE = 60
"""Characters of a value in a title."""


class FilterError(EmbeddingError):
    """A condition, or the text of a filter, that is malformed or does not fit the set."""


@dataclass(frozen=True)
class ColumnCondition(ABC):
    """A condition on one column.

    Attributes
    ----------
    column : name of a column of the metadata, or "label"
    inverted : whether the rows that do not meet the condition are meant
    """

    column: str
    inverted: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str):
                    _check_encodable(text)

    def mask(self, embedding_set: EmbeddingSet) -> np.ndarray:
        """Return which rows meet the condition: bool, shape (n,).

        Raises
        ------
        FilterError
            if the set has no such column, its values are of another kind, or a regular expression
            takes too long
        """
        try:
            column = column_of(embedding_set, self.column)
        except KeyError:
            raise FilterError(
                f"no column {self.column!r}, or more than one; the columns are "
                f"{listed(embedding_set.metadata.column_names) or 'none besides the label'}"
            ) from None
        found = self._met(column)
        return ~found if self.inverted else found

    def texts_of(self, column: pa.ChunkedArray) -> pa.Array:
        """Return the values as strings, null where they are missing.

        Raises
        ------
        FilterError
            if the column holds lists, records, images or other bytes, which are long as text
        """
        if pa.types.is_nested(column.type) or is_binary(column.type):
            raise FilterError(f"{self.column!r} holds no text or values that could be compared")
        return texts(column)

    @abstractmethod
    def _met(self, column: pa.ChunkedArray) -> np.ndarray:
        """Return which rows meet the condition before it is inverted: bool, shape (n,)."""

    @property
    @abstractmethod
    def title(self) -> str:
        """The condition in words."""


def as_bool(found: pa.Array) -> np.ndarray:
    """Return a boolean array without nulls, which become False."""
    return pc.fill_null(found, False).to_numpy(zero_copy_only=False)


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FilterError(f"{text!r} contains an unpaired surrogate; leave it out") from None
