"""The binary format of word2vec: a line "rows dimensions", then each word, a space, raw float32.

The records may be separated by newlines (as the original tool writes them) or not (as gensim does).
"""

import mmap
from pathlib import Path

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.atomic import atomic_path
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes
from embeddings.files.options import ReadContext
from embeddings.files.word2vec.text_format import (
    HEADER,
    check_header,
    check_words,
    decode_word,
    not_in_words,
)

_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r"))
_LONGEST_WORD = 10_000  # bytes; a longer one is damage
_BLOCK_BYTES = 2**24


def matches(head: bytes, path: Path) -> bool:
    """Return True if a header is followed by binary data, or by exactly the records it states."""
    header = HEADER.match(head)
    if header is None:
        return False
    rest = head[header.end() :]
    return not _is_text(rest) or _are_records(rest, int(header[1]), 4 * int(header[2]))


def load(path: Path, context: ReadContext) -> Draft:
    """Read words and vectors; repeated words are separate rows.

    Raises
    ------
    EmbeddingError
        a header that claims more than the file can hold, or a file that ends before its last row
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        header = HEADER.match(content)
        assert header is not None, "matches() has found it"
        rows, dimensions = int(header[1]), int(header[2])
        start = header.end()
        del header  # it would keep the map open
        check_header(rows, dimensions, 4, len(content))
        check_bytes(4 * rows * dimensions, "its vectors take")
        words, starts, end = _records(content, start, rows, 4 * dimensions)
        vectors = _gather(content, starts, 4 * dimensions)
        if content[end : end + 64].strip():
            context.note(f"ignored {len(content) - end:,} bytes after the last of {rows:,} rows")
    texts = [decode_word(word) for word in words]
    if any("\ufffd" in text for text in texts):
        context.note(
            "some words are not in UTF-8; characters that cannot be read are shown as \ufffd"
        )
    return Draft.of(vectors, texts, **provenance.described(path, "float32"))


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write the header and the records, atomically; return what else the set holds.

    Raises
    ------
    EmbeddingError
        a label is empty, or holds white space, which would break the records
    """
    check_words(embedding_set.labels)
    vectors = embedding_set.vectors.astype("<f4", copy=False)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(f"{len(embedding_set)} {embedding_set.dimensions}\n".encode())
        for label, vector in zip(embedding_set.labels, vectors, strict=True):
            file.write(label.encode() + b" " + vector.tobytes() + b"\n")
    return not_in_words(embedding_set)


def _is_text(head: bytes) -> bool:
    """Return True if bytes are UTF-8 text, the last character of which may be cut."""
    if head.translate(None, _CONTROL) != head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3
    return True


def _are_records(content: bytes, rows: int, width: int) -> bool:
    """Return True if a file ends after exactly that many records, which may look like text."""
    position = 0
    for _ in range(rows):
        space = content.find(b" ", position)
        if space < 0 or space + 1 + width > len(content):
            return False
        position = space + 1 + width
    return not content[position:].strip()


def _records(
    content: mmap.mmap, position: int, rows: int, width: int
) -> tuple[list[bytes], np.ndarray, int]:
    """Find the words, and where their vectors start.

    Parameters
    ----------
    position : byte at which the first record starts
    width : bytes of one vector

    Returns
    -------
    the words; the bytes at which their vectors start, int64 of shape (rows,); and the byte after
    the last record

    Raises
    ------
    EmbeddingError
        the file ends before the last record
    """
    words = []
    starts = np.empty(rows, dtype=np.int64)
    size = len(content)
    for row in range(rows):
        space = content.find(b" ", position, position + _LONGEST_WORD)
        if space < 0 or space + 1 + width > size:
            raise EmbeddingError(
                f"row {row} of {rows:,}: no complete word and vector at byte {position:,} of "
                f"{size:,}; the file is cut short, or its first line is wrong"
            )
        words.append(content[position:space].lstrip(b"\n"))
        starts[row] = space + 1
        position = space + 1 + width
    return words, starts, position


def _gather(content: mmap.mmap, starts: np.ndarray, width: int) -> np.ndarray:
    """Return the vectors, `width` bytes from each start, as a matrix of float32."""
    raw = np.frombuffer(content, dtype=np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(raw, width)
    vectors = np.empty((len(starts), width), dtype=np.uint8)
    for rows in row_blocks(len(starts), width, _BLOCK_BYTES):
        vectors[rows] = windows[starts[rows]]
    del windows, raw  # they would keep the map open
    return as_float32(vectors.view("<f4"))
