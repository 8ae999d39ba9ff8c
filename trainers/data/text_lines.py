"""The lines of text files: one file, or all files of a folder, decompressed."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from embeddings.errors import EmbeddingError
from embeddings.files.compression import read_decompressed
from embeddings.files.limits import check_bytes
from embeddings.files.members import visible_files
from embeddings.files.options import Note
from embeddings.files.plain_text import CONTROL, open_text
from embeddings.text import count_noun

_LONGEST_PIECE = 1 << 20  # bytes of a line that are in memory at a time


def text_files(path: Path) -> list[Path]:
    """Return a file, or the files of a folder in order of name, without hidden ones."""
    if path.is_dir():
        found = visible_files(path)
        if not found:
            raise EmbeddingError(f"{path}: no file in this folder; give text with --data")
        return found
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file or folder; give text with --data")
    return [path]


def text_lines(
    path: Path, name: str, note: Note, codec: str | None = None
) -> Iterator[tuple[bytes, str]]:
    """Yield the lines of a text file, as bytes of UTF-8 and decoded.

    Very long lines are yielded in parts, cut between words.

    Parameters
    ----------
    name : of the file in messages
    codec : encoding of the text; None: detected
    note : receives a sentence where the text is not UTF-8; it is then read as Windows-1252

    Raises
    ------
    EmbeddingError
        no text, more bytes than the limit, a damaged compressed file, or a word longer than 1 MiB
    """
    try:
        yield from _lines(path, lambda sentence: note(f"{name}: {sentence}"), codec)
    except EmbeddingError as error:
        error.args = (f"{name}: {error}",)
        raise


def _lines(path: Path, note: Note, codec: str | None) -> Iterator[tuple[bytes, str]]:
    rest, number, size = b"", 1, 0
    others: list[int] = []  # numbers of the lines that are not UTF-8
    with open_text(path, note) if codec is None else _converted(path, codec) as file:
        while (piece := file.readline(_LONGEST_PIECE)) or rest:
            size += len(piece)
            check_bytes(size, "the text has")
            is_cut = len(piece) == _LONGEST_PIECE and not piece.endswith(b"\n")
            piece, rest = rest + piece, b""
            if is_cut:
                place = max(piece.rfind(b" "), piece.rfind(b"\t")) + 1
                if not place:
                    raise EmbeddingError(
                        f"line {number}: a word of {len(piece):,} bytes; expected text"
                    )
                piece, rest = piece[:place], piece[place:]
            try:
                yield piece, piece.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                if CONTROL.search(piece):
                    raise EmbeddingError(
                        f"line {number}: neither UTF-8 nor text of another encoding: it holds "
                        "control characters; expected text"
                    ) from error
                others.append(number)
                yield piece, piece.decode("cp1252", "replace")
            number += not is_cut
    if others:
        note(f"from line {others[0]:,} on, {count_noun(len(others), 'line')} not in UTF-8: read as "
             "Windows-1252 (Western European)")  # fmt: skip


@contextmanager
def _converted(path: Path, codec: str) -> Iterator[IO[bytes]]:
    """Open a text of a known encoding as a stream of UTF-8."""
    content = read_decompressed(path).to_pybytes()
    try:
        text = content.decode(codec)
    except UnicodeError as error:
        raise EmbeddingError(f"not {codec} ({error}); change or leave out --encoding") from error
    yield io.BytesIO(text.encode())
