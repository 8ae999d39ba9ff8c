"""Text in CSV that a spreadsheet would run as a formula when it opens the file."""

import re

import pyarrow as pa
import pyarrow.compute as pc

_STARTS = "=+@＝＋－＠-"  # the hyphen last, for the regular expressions
_SEPARATORS = r";\t\r\n"
_NUMBER = r"[+＋－-]?[.,]?\d[\d.,]*(?:[eE][+-]?\d+)?%?"

_CANDIDATE = rf"(?:^|[{_SEPARATORS}])[{_STARTS}]|^[\t\r\n]"
_FORMULA = re.compile(
    rf"(^|[{_SEPARATORS}])(?=[{_STARTS}])(?!{_NUMBER}(?:[{_SEPARATORS}]|\Z))", re.ASCII
)


def harmless(cell: object) -> object:
    """Put an apostrophe before what a spreadsheet would run in a cell of a CSV export.

    Formulas begin with one of a few characters, full-width ones included, after leading tabs and
    line breaks (OWASP, CSV injection). Where cells are separated by semicolons or tabs, they also
    begin within our cells. Numbers stay as they are, such as -1,5.
    """
    if not isinstance(cell, str):
        return cell
    escaped = _FORMULA.sub(r"\1'", cell)
    return f"'{escaped}" if cell[:1] in ("\t", "\r", "\n") else escaped if escaped != cell else cell


def harmless_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of text with its cells made harmless; any other column as it is."""
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not is_text or not pc.any(pc.match_substring_regex(column, _CANDIDATE)).as_py():
        return column
    return pa.chunked_array([pa.array(map(harmless, column.to_pylist()), column.type)])
