"""The text format of word2vec, GloVe and fastText: each line is a word and its numbers.

Files of word2vec and fastText begin with a line "rows dimensions", those of GloVe do not. A word is
everything before the last d numbers: nan, null, quotes, commas and even spaces (as in GloVe 840B)
can be words.
"""

import codecs
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.atomic import atomic_path
from embeddings.files.delimited.number_parser import check_width, parse
from embeddings.files.delimited.reading_summary import record_text
from embeddings.files.draft import Draft
from embeddings.files.limits import first_line
from embeddings.files.options import Note, ReadContext
from embeddings.files.plain_text import check_line_lengths, is_text, lines, read_encoded_text
from embeddings.files.tabular.table_draft import read_vectors
from embeddings.files.tabular.text_types import NUMBER
from embeddings.text import count_noun, shorten

HEADER = re.compile(rb"(\d{1,18})[ \t]{1,8}(\d{1,18})[ \t]{0,8}\r?\n")
"""The first line of word2vec files, text and binary: numbers of rows and of dimensions."""

_SAMPLE_BYTES = 2**20
_SAMPLE_LINES = 50
_SPACE = b"\xff"  # stands for a space in a word while parsing; no UTF-8 text has this byte


def matches(head: bytes, path: Path) -> bool:
    """Return True if the lines are words with numbers, with or without a header."""
    head = head.removeprefix(codecs.BOM_UTF8)
    header = HEADER.match(head)
    if _has_tabs(head[header.end() :] if header else head, bool(header)):
        head = head.replace(b"\t", b" ")
    rows = _sample(head[header.end() :] if header else head)
    if not rows or not is_text(head) or b"\t" in rows[0][-1]:
        return False
    words = sum(not _is_number(row[0]) for row in rows)
    numbers = _lengths(rows)
    if header and int(header[2]) in numbers:  # all words may be numbers, as a graph's nodes are
        return int(header[2]) > 1 or len(rows) == min(int(header[1]), _SAMPLE_LINES)
    if header:
        return 2 * words >= len(rows) and bool(numbers)
    dimensions = max(numbers, key=lambda length: numbers[length], default=0)
    if dimensions < 2 or not _is_number(rows[0][-1]):
        return False
    fitting = sum(len(row) > dimensions and _is_number(row[-dimensions]) for row in rows)
    return 2 * fitting >= len(rows) and 2 * words >= len(rows)


def load(path: Path, context: ReadContext) -> Draft:
    """Read words and vectors; repeated words are separate rows.

    Raises
    ------
    EmbeddingError
        a header that claims more than the file can hold, fewer rows than it states, a line with
        too few numbers, or text in place of a number
    """
    codec = context.text_options.codec
    text, encoding = read_encoded_text(path, context.note, codec, validate=False)
    check_line_lengths(text)
    header = HEADER.match(text.slice(0, min(text.size, 64)).to_pybytes())
    rows = None
    if header:
        rows, dimensions = int(header[1]), int(header[2])
        check_header(rows, dimensions, 2, text.size)
        text = text.slice(header.end())
    head = text.slice(0, min(text.size, _SAMPLE_BYTES)).to_pybytes()
    has_tabs = _has_tabs(head, bool(header))
    record_text(context, "\t" if has_tabs else " ", encoding)
    if has_tabs:
        text = pa.py_buffer(text.to_pybytes().replace(b"\t", b" "))
        head = head.replace(b"\t", b" ")
    if not header:
        numbers = _lengths(_sample(head))
        dimensions = max(numbers, key=lambda length: numbers[length], default=1)
    check_width(dimensions)
    first = 1 + bool(header)
    try:
        table = _parse(text, dimensions)
    except pa.ArrowInvalid:
        text = pa.py_buffer(_mark_spaces(text, dimensions, first))
        try:
            table = _parse(text, dimensions)
        except pa.ArrowInvalid as error:
            raise _bad_number(text, first, error) from error
    if rows is not None and table.num_rows < rows:
        raise EmbeddingError(
            f"the header states {rows:,} rows, but {table.num_rows:,} follow; the file is cut short"
        )
    if rows is not None and table.num_rows > rows:
        context.note(f"the header states {rows:,} rows; all {table.num_rows:,} rows were read")
    words = _decode(table.column("0"), context.note)
    about = provenance.described(path, "text")
    return Draft.of(read_vectors(table, "vector"), words, **about)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write a header and a line for each row, atomically; return what else the set holds.

    Raises
    ------
    EmbeddingError
        a label is empty, or holds white space or NUL, which would break the lines
    """
    check_words(embedding_set.labels)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(f"{len(embedding_set)} {embedding_set.dimensions}\n".encode())
        for rows in row_blocks(len(embedding_set), embedding_set.dimensions, 2_000_000):
            block = embedding_set.vectors[rows]
            numbers = [pa.array(column.copy()).cast(pa.string()) for column in block.T]
            words = pa.array(embedding_set.labels[rows], pa.string())
            written = pc.binary_join_element_wise(words, *numbers, " ")
            file.write(("\n".join(written.to_pylist()) + "\n").encode())
    return not_in_words(embedding_set)


def check_header(rows: int, dimensions: int, number_bytes: int, size: int) -> None:
    """Compare a header with the file's size, before memory is allocated.

    Parameters
    ----------
    number_bytes : the fewest bytes that one number takes
    size : of the file, in bytes

    Raises
    ------
    EmbeddingError
        no rows or dimensions, or more than the file can hold
    """
    if rows == 0 or dimensions == 0:
        raise EmbeddingError(
            f"the header states {rows} rows of {dimensions} numbers; expected at least one of each"
        )
    if rows * dimensions * number_bytes > size:
        raise EmbeddingError(
            f"the header claims {rows:,} rows of {dimensions:,} numbers, at least "
            f"{rows * dimensions * number_bytes:,} bytes; the file has {size:,}: it is cut short, "
            "or its first line is wrong"
        )


def check_words(labels: tuple[str, ...]) -> None:
    """Raise EmbeddingError for a label that a word2vec file cannot hold."""
    for row, label in enumerate(labels):
        if not label or re.search(r"[ \t-\r\0]", label):
            raise EmbeddingError(
                f"row {row}: the label {shorten(label)!r} is empty or holds white space or NUL, "
                "which word2vec files cannot hold; write .parquet"
            )


def not_in_words(embedding_set: EmbeddingSet) -> tuple[str, ...]:
    """Return the names of what a word2vec file does not hold of a set."""
    columns = (f"column {name}" for name in embedding_set.metadata.column_names)
    return (*columns, *provenance.lost(embedding_set.provenance))


def decode_word(word: bytes) -> str:
    """Return a word as text; bytes that are not UTF-8 become the replacement character."""
    return word.decode("utf-8", "replace")


def _parse(text: pa.Buffer, dimensions: int) -> pa.Table:
    """Parse lines of one word without spaces and `dimensions` numbers: columns "0" and "vector".

    Raises
    ------
    pyarrow.ArrowInvalid
        a line of another form
    """
    start = text.slice(0, min(text.size, _SAMPLE_BYTES)).to_pybytes().partition(b"\n")[0]
    names = [str(i) for i in range(dimensions + 1)]
    trailing = ["end"] if start.removesuffix(b"\r").endswith(b" ") else []  # as fastText writes
    types = {"0": pa.binary(), "end": pa.null(), **dict.fromkeys(names[1:], pa.float32())}
    return parse(
        text,
        names + trailing,
        pa.csv.ParseOptions(delimiter=" ", quote_char=False, double_quote=False),
        pa.csv.ConvertOptions(
            column_types=types, include_columns=names, null_values=[], check_utf8=False
        ),
        components=names[1:],
    )


def _mark_spaces(text: pa.Buffer, dimensions: int, first: int) -> bytes:
    """Return the lines with the spaces inside words replaced, so that spaces separate columns only.

    Raises
    ------
    EmbeddingError
        a line with fewer numbers than `dimensions`
    """
    marked: list[bytes] = []
    for number, line in enumerate(lines(text), first):
        if not line:
            continue
        parts = line.rstrip(b" ").rsplit(b" ", dimensions)
        if len(parts) <= dimensions:
            raise EmbeddingError(
                f"line {number} (row {len(marked)}): {count_noun(len(parts) - 1, 'number')} where "
                f"{dimensions} are expected; all rows must have the same length"
            )
        parts[0] = parts[0].replace(b" ", _SPACE)
        marked.append(b" ".join(parts))
    return b"\n".join(marked)


def _bad_number(text: pa.Buffer, first: int, error: Exception) -> EmbeddingError:
    """Return an error that names the first text in place of a number; words hold no spaces here."""
    for number, line in enumerate(lines(text), first):
        for column, cell in enumerate(line.split(b" ")[1:]):
            if not _is_number(cell):
                return EmbeddingError(
                    f"line {number} (row {number - first}), column {column}: "
                    f"{shorten(decode_word(cell))!r} is not a number"
                )
    return EmbeddingError(f"not readable as words and numbers ({first_line(error)})")


def _decode(words: pa.ChunkedArray, note: Note) -> list[str]:
    try:
        texts = words.cast(pa.string()).to_pylist()
    except pa.ArrowInvalid:
        raw = [word.replace(_SPACE, b" ") for word in words.to_pylist()]
        texts = [decode_word(word) for word in raw]
        broken = sum("\ufffd" in text for text in texts)
        if broken:
            note(
                f"{count_noun(broken, 'word')} not in UTF-8; characters that cannot be read are "
                "shown as \ufffd"
            )
    return texts


def _has_tabs(head: bytes, header: bool) -> bool:
    """Return True if tabs separate the columns of such a file, all or some of them.

    Under a header, they may be all tabs; without, a tab may follow the word, and spaces the
    numbers.
    """
    first = [line for line in head.split(b"\n", _SAMPLE_LINES)[:_SAMPLE_LINES] if line.strip()]
    if header:
        return bool(first) and all(line.count(b"\t") > 1 for line in first)
    numbers = [line.partition(b"\t")[2].split(b" ") for line in first]
    return bool(first) and all(len(row) > 2 and all(map(_is_number, row[:3])) for row in numbers)


def _lengths(rows: list[list[bytes]]) -> Counter[int]:
    """Count how many numbers follow the word, in the rows that end in one."""
    return Counter(len(row) - 1 for row in rows if len(row) > 1 and _is_number(row[-1]))


def _sample(head: bytes) -> list[list[bytes]]:
    """Return the first lines, split at spaces; the last one may be cut."""
    stripped = (line.rstrip(b" \r") for line in head.split(b"\n")[:_SAMPLE_LINES])
    return [line.split(b" ") for line in stripped if line]


def _is_number(cell: bytes) -> bool:
    return NUMBER.fullmatch(decode_word(cell)) is not None
