"""The lines of text files in UTF-8: one file, or a folder of such; gzip is unpacked."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_bytes

_LONGEST_PIECE = 1 << 20  # bytes of a line that are held at once


def text_files(path: Path) -> list[Path]:
    """Return the file, or a folder's, in order of name, without hidden ones."""
    if path.is_dir():
        found = [
            file
            for file in sorted(path.rglob("*"))
            if file.is_file() and not any(p.startswith(".") for p in file.relative_to(path).parts)
        ]
        if not found:
            raise EmbeddingError(f"{path}: no file in this folder; give text by --data")
        return found
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file or folder; give text by --data")
    return [path]


def text_lines(path: Path, name: str) -> Iterator[tuple[bytes, str]]:
    """Yield a file's lines, as bytes and decoded; very long ones in parts, cut between words.

    Raises
    ------
    EmbeddingError
        more bytes than may be held, not UTF-8, a word longer than _LONGEST_PIECE, broken gzip
    """
    rest, number, size = b"", 1, 0
    with _opened(path, name) as file:
        while (piece := file.readline(_LONGEST_PIECE)) or rest:
            size += len(piece)
            check_bytes(size, f"{name}: the text has")
            is_cut = len(piece) == _LONGEST_PIECE and not piece.endswith(b"\n")
            piece, rest = rest + piece, b""
            if is_cut:
                place = max(piece.rfind(b" "), piece.rfind(b"\t")) + 1
                if not place:
                    raise EmbeddingError(
                        f"{name}, line {number}: a word of {len(piece):,} bytes; expected text"
                    )
                piece, rest = piece[:place], piece[place:]
            try:
                yield piece, piece.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise EmbeddingError(
                    f"{name}, line {number}: not UTF-8 ({error.reason}, byte {error.start + 1}); "
                    "convert the text"
                ) from None
            number += not is_cut


@contextmanager
def _opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file, unpacked if its content is gzip; name it where it is broken."""
    with path.open("rb") as plain:
        if plain.peek(2)[:2] != b"\x1f\x8b":
            yield plain
            return
        try:
            with gzip.open(plain) as unpacked:
                yield unpacked  # type: ignore[misc]
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise EmbeddingError(f"{name}: not readable as gzip ({error})") from error
