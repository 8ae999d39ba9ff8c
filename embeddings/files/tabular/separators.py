"""Separators that a CSV parser does not take: several characters such as `::`, and runs of blanks.

They are replaced by one character, so that the lines and the cells stay what they are.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.table import TableText, read_table_text
from embeddings.files.delimited.text_options import SEPARATORS, TextOptions
from embeddings.files.options import Note

NAMED = {**SEPARATORS, "\\t": "\t", "blank": " ", "blanks": " ", "spaces": " ", "pipe": "|"}
"""Words for separators, some of which are hard to type."""

_RULE = re.compile(rb"[-+|: ]*+")
_RULE_BEFORE = re.compile(rb"(?:[^\n|]*+\|[^\n]*+\n)?+[ |+]*+:?-{2,}+:? *+[+|][-+|: ]*+\r?\n")
"""How a table with drawn lines begins: a rule between columns, below one line at most."""

_RULE_BYTES = 2**14
_ROW_COUNT = re.compile(rb"\(\d+ rows?\)")
_SINGLE = b"\t;,|"
_REPLACEMENTS = "\t;|\x1f"
_HEAD_BYTES = 2**16
_HEAD_LINES = 200


def read_separated_text(
    path: Path, options: TextOptions, note: Note, detects: bool = True
) -> tuple[TableText, str | None]:
    """Read the text of a table; return it with a separator of one character, and that character.

    Parameters
    ----------
    options : how the text is written. The separator may be one or more characters or one of NAMED;
        a space stands for runs of blanks
    detects : True to detect `::` and runs of blanks where no separator is stated

    Returns
    -------
    text, separator : None if it is none of these, and one character may be detected

    Raises
    ------
    EmbeddingError
        a separator that ends a line or a cell, or one that no character can replace; and as
        read_table_text does
    """
    text, separator = read_table_text(path, note, options.codec), options.separator
    if separator is None and _RULE_BEFORE.match(bytes(text.content[:_RULE_BYTES])):
        note("a table with drawn lines, as psql or Markdown write it: left them out")
        return replace(text, content=_without_rules(text.content)), "|"
    if separator is None:
        wanted = _detected(text) if detects else None
    else:
        wanted = NAMED.get(separator.lower(), separator)
    if wanted is None:
        return text, None
    if not wanted or set(wanted) & set('\r\n"\0'):
        raise EmbeddingError(f"separator {separator!r}; expected characters such as ; :: tab space")
    if wanted != " " and len(wanted.encode()) == 1:
        return text, wanted
    content = text.content.to_pybytes()
    if wanted == " ":
        lines = (b" ".join(line.split()) for line in content.split(b"\n"))
        return replace(text, content=pa.py_buffer(b"\n".join(lines)), separator=" "), " "
    free = next((each for each in _REPLACEMENTS if each.encode() not in content), None)
    if free is None:
        raise EmbeddingError(
            f"separator {wanted!r}: the cells hold tabs, ; and | as well; write the table as CSV"
        )
    content = content.replace(wanted.encode(), free.encode())
    return replace(text, content=pa.py_buffer(content), separator=wanted), free


def _without_rules(content: pa.Buffer) -> pa.Buffer:
    """Return a table of psql, or of Markdown, with `|` between the cells and nothing else."""
    rows = []
    for line in content.to_pybytes().splitlines():
        line = line.strip()
        is_rule = b"--" in line and _RULE.fullmatch(line)
        if line and not is_rule and not _ROW_COUNT.fullmatch(line):
            line = line.removeprefix(b"|").removesuffix(b"|")
            rows.append(b"|".join(cell.strip() for cell in line.split(b"|")))
    return pa.py_buffer(b"\n".join(rows) + b"\n")


def _detected(text: TableText) -> str | None:
    """Return `::` or a space, if every one of the first lines is divided by it, and no other."""
    head = text.content.slice(0, min(text.content.size, _HEAD_BYTES)).to_pybytes()
    whole = head.count(b"\n") if text.content.size > len(head) else None
    lines = [line for line in head.split(b"\n")[:whole] if line.strip()][:_HEAD_LINES]
    if not lines or any(_is_constant(lines, bytes([each])) for each in _SINGLE):
        return None
    if _is_constant(lines, b"::"):
        return "::"
    are_aligned = any(b"  " in line.strip() or line.startswith(b" ") for line in lines)
    widths = {len(line.split()) for line in lines}
    if are_aligned and b'"' not in head and len(widths) == 1 and max(widths) > 1:
        return " "
    return None


def _is_constant(lines: Sequence[bytes], separator: bytes) -> bool:
    """Return True if a separator occurs, equally often in each line."""
    counts = {line.count(separator) for line in lines}
    return len(counts) == 1 and 0 not in counts
