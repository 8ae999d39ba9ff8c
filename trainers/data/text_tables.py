"""Tables that have a column of text: which one it is, and its cells."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_text, value_type
from embeddings.errors import EmbeddingError
from embeddings.text import listed

TEXT_COLUMNS = ("text", "review", "sentence", "comment", "document", "phrase", "tweet")
"""Names of columns of text, in lower case, the most certain first."""

_PROSE_WORDS = 3
"""Mean number of words in the cells of a column from which it holds text, not names."""

_EXAMINED = 1_000  # rows that decide which columns hold text


def find_text_column(table: pa.Table, given: str | None = None) -> str | None:
    """Return the column of text: as given, by its name, or the only one of prose; else None.

    Raises
    ------
    EmbeddingError
        there is no such column
    """
    if given is not None:
        check_column(table, given)
        return given
    texts = text_columns(table)
    lowered = {name.lower(): name for name in reversed(texts)}
    named = next((lowered[known] for known in TEXT_COLUMNS if known in lowered), None)
    if named is not None or len(texts) == 1:
        return named or texts[0]
    prose = [name for name in texts if _mean_words(table[name]) >= _PROSE_WORDS]
    return prose[0] if len(prose) == 1 else None


def check_column(table: pa.Table, name: str) -> None:
    """Raise EmbeddingError if the table has no such column."""
    if name not in table.column_names:
        raise EmbeddingError(f"no column {name!r}; it has {column_names(table)}")


def column_names(table: pa.Table) -> str:
    """Return the names of the columns, for messages."""
    return listed(table.column_names, limit=20, total=table.num_columns)


def text_columns(table: pa.Table) -> Sequence[str]:
    """Return the names of the columns that hold strings."""
    return [field.name for field in table.schema if is_text(value_type(field.type))]


def cells_of(table: pa.Table, name: str) -> list[str | None]:
    """Return the cells of a column as text, None where one is missing."""
    cells = decoded(table[name]).to_pylist()
    return [None if cell is None else str(cell) for cell in cells]


def _mean_words(column: pa.ChunkedArray) -> float:
    cells = decoded(column.slice(0, _EXAMINED)).cast(pa.string()).drop_null()
    if len(cells) == 0:
        return 0.0
    return 1 + float(pc.mean(pc.count_substring_regex(cells, r"\S\s+\S")).as_py())
