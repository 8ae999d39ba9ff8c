"""The files at a path: the content of a folder or archive, or the file itself, decompressed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member, is_packed, unpacked
from embeddings.files.limits import error_context, limited_reading
from embeddings.files.options import Note
from embeddings.text import listed

_HEAD_BYTES = 512  # a tar has its mark within them


def visible_files(folder: Path) -> list[Path]:
    """Return all files of a folder and its subfolders, in order of their paths, but hidden ones."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


@contextmanager
def open_members(path: Path, note: Note) -> Iterator[list[Member]]:
    """Yield the files at a path, in order of name; those of an archive are deleted at the end.

    Parameters
    ----------
    path : a folder, an archive, a compressed file, or any other file
    note : receives what was left out of an archive, and why

    Raises
    ------
    EmbeddingError
        an archive that is damaged, or decompresses to more bytes than the limit
    """
    if path.is_dir():
        yield [Member(each.relative_to(path).as_posix(), each) for each in visible_files(path)]
        return
    with path.open("rb") as file:
        packed = is_packed(file.read(_HEAD_BYTES), path)
    if not packed:
        yield [Member(path.name, path)]
        return
    with ExitStack() as stack:
        with limited_reading([path]):
            members = stack.enter_context(unpacked(path, note))
        yield sorted(members, key=lambda member: member.name)


@contextmanager
def open_single(path: Path, note: Note) -> Iterator[Path]:
    """Yield a file: the one at the path, decompressed, or the only one of an archive.

    Raises
    ------
    EmbeddingError
        an archive that is damaged, or holds several files
    """
    with open_members(path, note) as members:
        if len(members) != 1:
            names = listed((member.name for member in members), limit=5, total=len(members))
            with error_context(path):
                raise EmbeddingError(
                    f"an archive of {len(members)} files ({names}); expected one file in it"
                )
        yield members[0].path
