"""The binary format of word2vec: a line "rows dimensions", then each word, a space, raw float32.

The records may be separated by newlines (as the original tool writes them) or not (as gensim does).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

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
    size = path.stat().st_size
    with path.open("rb") as file:
        header = HEADER.match(file.read(_BLOCK_BYTES))
        if header is None:  # matches() had found one
            raise EmbeddingError("the file has changed while it was read; open it again")
        rows, dimensions = int(header[1]), int(header[2])
        check_header(rows, dimensions, 4, size)
        check_bytes(4 * rows * dimensions, "its vectors take")
        words: list[bytes] = []
        vectors = np.empty((rows, 4 * dimensions), dtype=np.uint8)
        end = header.end()
        for block, found, starts, place in _blocks(file, end, rows, 4 * dimensions):
            vectors[len(words) : len(words) + len(found)] = _gather(block, starts, 4 * dimensions)
            words += found
            end = place
        file.seek(end)
        if file.read(64).strip():
            context.note(f"ignored {size - end:,} bytes after the last of {rows:,} rows")
    texts = [decode_word(word) for word in words]
    if any("\ufffd" in text for text in texts):
        context.note(
            "some words are not in UTF-8; characters that cannot be read are shown as \ufffd"
        )
    return Draft.of(as_float32(vectors.view("<f4")), texts, **provenance.described(path, "float32"))


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


def _blocks(
    file: IO[bytes], position: int, rows: int, width: int
) -> Iterator[tuple[bytes, list[bytes], np.ndarray, int]]:
    """Read the records block by block.

    Parameters
    ----------
    position : byte of the file at which the first record starts
    width : bytes of one vector

    Yields
    ------
    a block of the file; the words of the records that are in it; the bytes of the block at which
    their vectors start, int64; and the byte of the file after the last of these records

    Raises
    ------
    EmbeddingError
        the file ends before the last record
    """
    file.seek(position)
    rest, row, size = b"", 0, _BLOCK_BYTES + _LONGEST_WORD + width
    while row < rows:
        block = rest + file.read(size - len(rest))
        words, starts, end = _records(block, rows - row, width)
        if not words:
            raise EmbeddingError(
                f"row {row} of {rows:,}: no complete word and vector at byte {position:,}; the "
                "file is cut short, or its first line is wrong"
            )
        row, position, rest = row + len(words), position + end, block[end:]
        yield block, words, np.array(starts), position


def _records(block: bytes, most: int, width: int) -> tuple[list[bytes], list[int], int]:
    """Return the words of the complete records, where their vectors start, and where they end."""
    words: list[bytes] = []
    starts: list[int] = []
    position = 0
    while len(words) < most:
        space = block.find(b" ", position, position + _LONGEST_WORD)
        if space < 0 or space + 1 + width > len(block):
            break
        words.append(block[position:space].lstrip(b"\n"))
        starts.append(space + 1)
        position = space + 1 + width
    return words, starts, position


def _gather(block: bytes, starts: np.ndarray, width: int) -> np.ndarray:
    """Return the `width` bytes from each start: uint8, shape (starts, width)."""
    raw = np.frombuffer(block, dtype=np.uint8)
    return np.lib.stride_tricks.sliding_window_view(raw, width)[starts]
