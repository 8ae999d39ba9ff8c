"""The lines of a text to learn from: a file, an archive, a folder, or a column of a table.

A table is Parquet, Arrow, JSON or JSON Lines by its content, or CSV or TSV by its name. Its lines
are the texts of one column, never the rows as they are written.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member, is_packed
from embeddings.files.compression import (
    STREAM_DAMAGE,
    compression_of,
    inner_name,
    open_compressed,
)
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.detect import ARROW, JSON, PARQUET, first_match
from embeddings.files.limits import limited_reading, raised_size_limit
from embeddings.files.members import open_members
from embeddings.files.plain_text import is_text
from embeddings.files.tabular.reader import read_table
from embeddings.text import count_noun, listed
from trainers.data.text_lines import text_files, text_lines
from trainers.data.text_tables import cells_of, column_names, find_text_column
from trainers.data.tokens import SPACED, Advice, Tokens

_TABLE_SUFFIXES = (".csv", ".tsv")
_HEAD_BYTES = 2**16
_BYTES_PER_SECOND = 2**19  # of text that is split into words with all options
_EXPANSION = 8  # of compressed text
_ZIP = b"PK"
_TAR = slice(257, 262), b"ustar"  # where a tar has its mark
_ABOUT = re.compile(
    r"(readme|licen[cs]e|copying|contents|notice|citation|changelog|authors)(\.(txt|md))?",
    re.IGNORECASE,
)

_WEB_PAGE = re.compile(rb"\s*<(!doctype html|html[\s>])", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """A line of text; `row` is the row of the table that it comes from, None outside of tables."""

    text: str
    row: int | None = None


@dataclass(eq=False)
class TextSource:
    """A text that is read once, by `lines`; the other attributes are complete after that.

    Attributes
    ----------
    path : a file, an archive or a folder
    column : of the text, for tables; None: found by its name or content
    tokens : how lines will be split into words
    options : how tables of text are written, and the encoding of lines
    notes : messages for the user about reading the text
    columns : the other columns of the table, if the text is one table
    """

    path: Path
    column: str | None = None
    tokens: Tokens = SPACED
    options: TextOptions = DETECTED
    notes: list[str] = field(default_factory=list)
    columns: pa.Table | None = None

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256()
        self._advice = Advice(self.tokens)

    @property
    def name(self) -> str:
        """Name of the file or folder."""
        return self.path.resolve().name

    @property
    def source(self) -> dict[str, str]:
        """Name and sha256 of the text."""
        return {"name": self.name, "sha256": self._digest.hexdigest()}

    @property
    def advice(self) -> list[str]:
        """Options that would help with this text, a sentence each."""
        return self._advice.sentences()

    def lines(self) -> Iterator[Line]:
        """Yield the lines of all files, in order of their names.

        What the caller does with a line before it takes the next one, such as splitting it into
        words, is limited as the reading is.

        Raises
        ------
        EmbeddingError
            no such file, no text, damaged text, or a table whose column of text is unclear; names
            the file
        """
        with (
            raised_size_limit([self.path]),
            self._members() as members,
            limited_reading([each.path for each in members], self.name, _speed(members)),
        ):
            for member in members:
                self._digest.update(member.name.encode() + b"\0")
                lines = self._table_lines(member, len(members) == 1)
                for line in self._plain_lines(member) if lines is None else lines:
                    self._advice.see(line.text)
                    yield line
        self.notes += self.advice

    @contextmanager
    def _members(self) -> Iterator[list[Member]]:
        """Yield the files to read: of an archive or folder those that are text or tables."""
        if self.path.is_file() and _is_archive(self.path):
            with open_members(self.path, self.notes.append) as members:
                yield self._texts(members)
            return
        folder = self.path if self.path.is_dir() else self.path.parent
        files = text_files(self.path)
        members = [Member(file.relative_to(folder).as_posix(), file) for file in files]
        yield self._texts(members)

    def _texts(self, members: list[Member]) -> list[Member]:
        """Return the members without those that are not text, or describe the others."""
        if len(members) == 1:
            return members
        found = [member for member in members if not describes_others(member.name)]
        found = [member for member in found if _is_readable(member.path)] or members
        left_out = [member.name for member in members if member not in found]
        if left_out:
            self.notes.append(
                f"left out {count_noun(len(left_out), 'file')} that are not text to learn from: "
                f"{listed(left_out, 3)}"
            )
        return found

    def _plain_lines(self, member: Member) -> Iterator[Line]:
        if _WEB_PAGE.match(_head(member.path)):
            raise EmbeddingError(
                f"{member.name}: a web page; save its text without the markup and give that"
            )
        for raw, line in text_lines(
            member.path, member.name, self.notes.append, self.options.codec
        ):
            self._digest.update(raw)
            yield Line(line)

    def _table_lines(self, member: Member, is_alone: bool) -> Iterator[Line] | None:
        """Return the texts of a table; None for plain text."""
        if self.column is None and not _is_table(member):
            return None
        table, column = self._read_table(member)
        if is_alone:
            others = [name for name in table.column_names if name != column]
            self.columns = table.select(others)
        cells = cells_of(table, column)
        empty = sum(not (cell or "").strip() for cell in cells)
        if empty:
            self.notes.append(f"{member.name}: left out {count_noun(empty, 'empty text')}")
        return self._cells(cells)

    def _cells(self, cells: list[str | None]) -> Iterator[Line]:
        for row, cell in enumerate(cells):
            text = cell or ""
            self._digest.update(text.encode() + b"\n")
            yield Line(" ".join(text.split("\n")), row)

    def _read_table(self, member: Member) -> tuple[pa.Table, str]:
        """Return a table and the name of its column of text."""
        try:
            table = read_table(member.path, options=self.options, note=self.notes.append)
            column = find_text_column(table, self.column)
            if column is None:
                raise EmbeddingError(
                    f"which column is the text? It has {column_names(table)}; name it with --text"
                )
        except EmbeddingError as error:
            message = str(error).removeprefix(f"{member.path.name}: ")
            hint = ", or end the file's name in .txt if it is no table"
            hint = hint if _is_named_table(member) else ""
            raise EmbeddingError(f"{member.name}: {message}{hint}") from error
        if self.column is None:
            self.notes.append(f"{member.name}: a table; its text is the column {column!r}; change "
                              "it with --text")  # fmt: skip
        return table, column


def describes_others(name: str) -> bool:
    """Return True for the name of a file that describes a collection of texts, such as README."""
    return _ABOUT.fullmatch(PurePosixPath(name).name) is not None


def is_text_table(path: Path, column: str | None = None) -> bool:
    """Return True if a file is a table with a column of text, not an archive, folder or plain text.

    column : of the text, which only a table has
    """
    if not path.is_file() or _is_archive(path):
        return False
    return column is not None or _is_table(Member(path.name, path))


def _is_table(member: Member) -> bool:
    """Return True for CSV and TSV by their names, and for Parquet, Arrow and JSON by content."""
    return _is_named_table(member) or _has_typed_rows(member.path)


def _is_named_table(member: Member) -> bool:
    return PurePosixPath(inner_name(Path(member.name))).suffix.lower() in _TABLE_SUFFIXES


def _speed(members: Sequence[Member]) -> float:
    """Return the slowest speed at which sound files are read and split into words, in bytes/s."""
    packed = any(compression_of(member.path) for member in members)
    return _BYTES_PER_SECOND / (_EXPANSION if packed else 1)


def _is_archive(path: Path) -> bool:
    """Return True for a zip or tar, compressed or not; False for a compressed text."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_ZIP):
        return is_packed(head, path)
    place, magic = _TAR
    return magic in (head[place], _head(path)[place])


def _head(path: Path) -> bytes:
    """Return the first bytes of a file, decompressed; none of a damaged one."""
    kind = compression_of(path)
    try:
        with open_compressed(path, kind) if kind else path.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except STREAM_DAMAGE:
        return b""


def _has_typed_rows(path: Path) -> bool:
    """Return True for Parquet, Arrow and JSON, compressed or not."""
    inner = path.with_name(inner_name(path))
    return first_match(_head(path), inner, (PARQUET, ARROW, JSON)) is not None


def _is_readable(path: Path) -> bool:
    """Return True for text, and for tables."""
    return is_text(_head(path)) or _has_typed_rows(path)
