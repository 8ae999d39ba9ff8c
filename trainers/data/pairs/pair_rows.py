"""The rows of tables of pairs as text, with the names of their columns.

Header, comments, the separator and the columns of the pair are found here, or taken from the user.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.tabular.reader import has_row_names, has_types, place_of, read_table
from embeddings.text import count_noun, shorten
from trainers.data.pairs.graphs import is_comment, names_if_no_header

_INDEX_NAMES = ("", "Unnamed: 0", "__index_level_0__")  # pandas' names of what numbers the rows
_TYPE_SUFFIX = re.compile(r":(token|float)(_seq)?$")  # of the names in RecBole's files


@dataclass(frozen=True, slots=True)
class Row:
    """A row of one of several tables.

    Attributes
    ----------
    cells : as text
    path : the file
    number : of the row in its file, from 0; a header counts
    part : number of the file
    options : how it is written, as far as the user states it
    """

    cells: Sequence[str]
    path: Path
    number: int
    part: int
    options: TextOptions = DETECTED

    @property
    def line(self) -> str:
        """The line of the file, for messages; the row of a Parquet or Arrow file."""
        return place_of(self.path, self.number, replace(self.options, header="no"))

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.path.name}, {self.line}"


def read_rows(
    paths: Sequence[Path],
    names: Sequence[str] = (),
    columns: Sequence[str] = (),
    options: TextOptions = DETECTED,
) -> tuple[list[str], list[Row], list[str]]:
    """Return the header, the rows of all tables, and notes; the columns of the pair come first.

    Parameters
    ----------
    names : of the columns of tables without a header
    columns : of the pair, by name or by number from 1; by default the first two
    options : how text is written, as far as it is known

    Raises
    ------
    EmbeddingError
        a table cannot be read, a row has another number of cells, or a column does not exist
    """
    header, rows, notes = _header_and_rows(paths, names, options)
    order = _order(header, rows, columns, paths[0], notes)
    header = [header[i] for i in order]
    if order != list(range(len(order))):
        rows = [replace(row, cells=[row.cells[i] for i in order]) for row in rows]
    _check_header(header, paths[0])
    return header, rows, notes


def _tables_of(
    paths: Sequence[Path], options: TextOptions, notes: list[str]
) -> tuple[list[list[Row]], bool]:
    """Return the rows of each table, and whether the first of them surely is names of columns.

    Comments before a table are left out.
    """
    tables, named = [], False
    without_header = replace(options, header="no")
    for part, path in enumerate(paths):
        found: list[str] = []
        r_names = has_row_names(path, options)
        table = read_table(
            path, (), options if r_names else without_header, as_text=True, note=found.append
        )
        if r_names:
            table = table.remove_column(0)
        cells = zip(*(column.to_pylist() for column in table.columns), strict=True)
        first = int(r_names)  # the number of the first row below a header
        rows = [Row(row, path, i, part, options) for i, row in enumerate(cells, first)]
        if r_names or has_types(path):
            named = True
            rows.insert(0, Row(tuple(table.column_names), path, first - 1, part))
        comments = next((i for i, row in enumerate(rows) if not is_comment(row.cells)), len(rows))
        if comments:
            found.append(f"skipped {count_noun(comments, 'comment line')}")
        notes += [f"{path.name}: {sentence}" for sentence in found]
        tables.append(rows[comments:])
    return tables, named


def _header_and_rows(
    paths: Sequence[Path], names: Sequence[str], options: TextOptions
) -> tuple[list[str], list[Row], list[str]]:
    """Return the header, the rows of all tables, and notes."""
    notes: list[str] = []
    tables, named = _tables_of(paths, options, notes)
    rows = [row for table in tables for row in table]
    header = list(names)
    if header and options.header == "yes":
        rows = [row for table in tables for row in table[1:]]
    if not header:
        guessed, why = names_if_no_header([row.cells for row in rows], options.header == "no")
        first = [tuple(table[0].cells) for table in tables if table]
        has_names = named or options.header == "yes" or (len(paths) > 1 and len(set(first)) == 1)
        if guessed and not has_names:
            header, notes = list(guessed), [*notes, why]
        else:
            header = [_TYPE_SUFFIX.sub("", name.strip()) for name in first[0]] if first else []
            rows = [row for table in tables for row in table[1:]]
    for row in rows:
        if len(row.cells) != len(header):
            found = count_noun(len(row.cells), "column")
            what = "--names has" if names else "the header has"
            raise EmbeddingError(f"{row.place}: {found} where {what} {len(header)}")
    return header, rows, notes


def _order(
    header: Sequence[str],
    rows: Sequence[Row],
    columns: Sequence[str],
    path: Path,
    notes: list[str],
) -> list[int]:
    """Return the positions of the columns, those of the pair first.

    The first column is left out if it has no name and numbers the rows, as pandas writes it.

    Parameters
    ----------
    columns : of the pair, as the user named or numbered them; none for the first two
    """
    if not columns:
        order = list(range(len(header)))
        if len(header) > 2 and header[0] in _INDEX_NAMES and _counts_up(rows):
            notes.append(f"left out the first column of {path.name}, which numbers the rows")
            order = order[1:]
        return order
    chosen = []
    for name in columns:
        if name in header:
            chosen.append(header.index(name))
        elif name.isdecimal() and 1 <= int(name) <= len(header):
            chosen.append(int(name) - 1)
        else:
            raise EmbeddingError(f"{path.name}: no column {name!r}; it has {', '.join(header)}")
    if len(set(chosen)) != len(chosen) or len(chosen) < 2:
        raise EmbeddingError(
            f"--columns {','.join(columns)}: expected two different columns, such as "
            f"{','.join(header[:2])}"
        )
    return chosen + [i for i in range(len(header)) if i not in chosen]


def _counts_up(rows: Sequence[Row]) -> bool:
    """Return True if the first column is 0, 1, 2, ... or 1, 2, 3, ..."""
    cells = [row.cells[0] for row in rows]
    return any(all(cell == str(i) for i, cell in enumerate(cells, start)) for start in (0, 1))


def _check_header(header: Sequence[str], path: Path) -> None:
    """Raise EmbeddingError unless the columns of the pair have two different names."""
    if len(header) < 2 or not all(header[:2]) or header[0] == header[1]:
        raise EmbeddingError(
            f"{path.name}, line 1: expected a header whose first two columns have "
            f"different names, such as `user,item`; got {shorten(','.join(header), 60)!r}; name "
            "the columns of a table without a header with --names user,item, those of the pair "
            "with --columns user,item, and the separator with --separator"
        )
