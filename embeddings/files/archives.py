"""Compressed files and archives, unpacked into a temporary folder within limits.

A zip that is a format of its own (NumPy's .npz) is left to its reader.
"""

import errno
import os
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from embeddings.errors import EmbeddingError
from embeddings.files.arrays.npy import ends_in_header, is_npy_member
from embeddings.files.compression import STREAM_DAMAGE, compression, inner_name, open_compressed
from embeddings.files.damage import damaged
from embeddings.files.limits import LimitedReads, check_bytes, error_context
from embeddings.files.options import Note
from embeddings.files.sizes.table_count import check_tables, check_zip, is_table
from embeddings.files.unsupported import is_junk, refuse_zip, why_left_out
from embeddings.text import listed, shorten

MAX_MEMBERS = 100_000
"""Maximum number of files in an archive."""

_BLOCK = 2**20
_ZIP, _TAR = b"PK", b"ustar"
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, *STREAM_DAMAGE)
_FIRST = 64  # bytes of a file, by which images and arrays are known
_DRIVE = re.compile("[A-Za-z]:")


@dataclass(frozen=True)
class Member:
    """A file of an archive or of a folder.

    Attributes
    ----------
    name : its name there, parts joined by "/"
    path : the file on this machine
    first : its first bytes, at least _FIRST of a longer file, if they are known
    """

    name: str
    path: Path
    first: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def head(self) -> bytes:
        """The first bytes of the file: _FIRST, or fewer of a shorter one."""
        if self.first is not None:
            return self.first
        with self.path.open("rb", buffering=0) as file:
            return file.read(_FIRST)


@dataclass
class _Extraction:
    """The state of unpacking one archive; what is done for a member does not look at the others.

    Attributes
    ----------
    one_set : see `unpacked`
    tables : files so far that may be tables by their content
    written : bytes written so far
    left_out : names of the members that were left out, by the reason
    folders : paths of the folders that were made
    """

    folder: Path
    one_set: bool = False
    tables: int = 0
    written: int = 0
    members: list[Member] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def leave_out(self, name: str, why: str) -> None:
        self.left_out.setdefault(why, []).append(name)

    def write(self, name: str, source: IO[bytes], size: int) -> None:
        """Write one member; one that is compressed itself, or has a bad name, is left out.

        Parameters
        ----------
        size : bytes that the archive states for it
        """
        relative, why = _relative_name(name)
        if relative is None:
            self.leave_out(name, why)
            return
        if len(self.members) == MAX_MEMBERS:
            raise _too_many_files()
        target = self.folder / relative
        try:
            file = self._open_new(relative)
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            self.leave_out(name, "a name that another member has")
            return
        with file:
            first = source.read(min(max(0, size), _BLOCK))  # most are far smaller than a block
            if self.one_set:
                self._check(relative, first, size)
            self.written = _write(file, source, self.written, first)
        if is_packed(first, target):
            self.leave_out(name, "an archive or a compressed file within the archive")
            target.unlink()
        else:
            self.members.append(Member(relative, target, first[:_FIRST]))

    def _check(self, relative: str, first: bytes, size: int) -> None:
        """Refuse the set as soon as it is known that it cannot be read."""
        self.tables += is_table(relative, first)
        check_tables(self.tables)
        if ends_in_header(first, size):
            raise EmbeddingError(f"{relative}: the .npy ends within its header; write it again")

    def remove(self) -> None:
        """Delete the members and their folders, in far less time than shutil.rmtree."""
        with suppress(OSError):  # what is left is deleted with the temporary folder
            for member in self.members:
                os.unlink(member.path)
            for folder in sorted(self.folders, key=len, reverse=True):
                os.rmdir(folder)

    def _open_new(self, relative: str) -> IO[bytes]:
        """Open a new file for writing; make its folder, if that is not there."""
        folder, _, last = f"{self.folder}/{relative}".rpartition("/")
        if folder not in self.folders:
            os.makedirs(folder, exist_ok=True)
            self.folders.add(folder)
        return open(f"{folder}/{last}", "xb", buffering=2**13)


def _relative_name(name: str) -> tuple[str | None, str]:
    """Return the name of a member below the folder; or None, and why it is left out."""
    parts = name.replace("\\", "/").split("/")
    if parts[0] in ("", "~") or _DRIVE.fullmatch(parts[0]):
        return None, "an absolute name"
    parts = [part.encode("utf-8", "replace").decode() for part in parts if part not in ("", ".")]
    if ".." in parts or not parts:
        return None, "a name that leads out of the archive"
    if "\0" in name or len(name) > 1000 or max(len(p.encode()) for p in parts) > 255:
        return None, "a name that no file can have"
    return "/".join(parts), ""


def _too_many_files() -> EmbeddingError:
    return EmbeddingError(f"more than {MAX_MEMBERS:,} files in the archive; pack fewer of them")


def is_packed(head: bytes, path: Path) -> bool:
    """Return True if a file that starts with `head` is compressed or an archive.

    A zip that is a format of its own, NumPy's .npz or PyTorch's, is neither.
    """
    if head.startswith(_ZIP):
        return path.suffix.lower() != ".npz" and not _is_own_format(path)
    return compression(head) is not None or _is_tar(head, path)


@contextmanager
def unpacked(path: Path, note: Note, one_set: bool = False) -> Iterator[list[Member]]:
    """Yield the files of an archive, or the file that was compressed; they are deleted at the end.

    What was loaded from them stays valid: an array or Arrow buffer that maps a file keeps its
    content alive after it is deleted (POSIX; where mapped files cannot be deleted, as on Windows,
    the system cleans the temporary folder).

    Parameters
    ----------
    path : a file for which is_packed returns True
    note : receives which members were left out, and why
    one_set : whether the files are to make up one embedding set, of which there are not many

    Raises
    ------
    EmbeddingError
        a damaged file; one that unpacks to more bytes than the limit, to more than MAX_MEMBERS
        files, or to more of one set than can be looked into; a zip of an unsupported format, such
        as an Excel workbook; or no member that can be opened
    """
    with tempfile.TemporaryDirectory(prefix="embedding-", ignore_cleanup_errors=True) as name:
        extraction = _Extraction(Path(name) / "files", one_set)
        try:
            with error_context(path):
                _extract(path, extraction)
                for why, names in extraction.left_out.items():
                    note(f"left out {_printed(names)}: {why}")
                if not extraction.members:
                    why_not = (f"; {_printed(n)}: {y}" for y, n in extraction.left_out.items())
                    raise EmbeddingError("nothing in it can be opened" + "".join(why_not))
            yield extraction.members
        finally:
            extraction.remove()


def _extract(path: Path, extraction: _Extraction) -> None:
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    extraction.folder.mkdir()
    if head.startswith(_ZIP):
        with _unpacking("zip"):
            _extract_zip(path, extraction)
        return
    kind = compression(head)
    if kind is not None:
        inner = extraction.folder / inner_name(path)
        with _unpacking(kind), open_compressed(path, kind) as source, inner.open("wb") as file:
            _write(file, source)
        with inner.open("rb") as file:
            head = file.read(_BLOCK)
        if not _is_tar(head, inner):
            if is_packed(head, inner):
                raise EmbeddingError(f"an archive within {kind}; unpack one of the two first")
            extraction.members.append(Member(inner.name, inner))
            return
        path = inner.rename(extraction.folder.parent / "tar")
    with _unpacking("tar"):
        _extract_tar(path, extraction)


def _extract_zip(path: Path, extraction: _Extraction) -> None:
    with LimitedReads(path) as file, zipfile.ZipFile(file) as archive:
        infos = [info for info in archive.infolist() if not is_junk(info.filename)]
        refuse_zip(info.filename for info in infos)
        infos = [info for info in infos if not info.filename.endswith("/")]
        if len(infos) > MAX_MEMBERS:
            raise _too_many_files()
        check_bytes(sum(info.file_size for info in infos), "it unpacks to")
        regular = []
        for info in infos:
            why = why_left_out(info)
            if why:
                extraction.leave_out(info.filename, why)
            else:
                regular.append(info)
        if extraction.one_set:
            check_zip(archive, regular)
        for info in regular:
            with archive.open(info) as source:
                extraction.write(info.filename, source, info.file_size)


def _extract_tar(path: Path, extraction: _Extraction) -> None:
    with LimitedReads(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
        for info in archive:
            if info.isdir() or is_junk(info.name):
                continue
            if not info.isreg() or info.issparse():
                extraction.leave_out(info.name, "a link or a device, not a regular file")
                continue
            check_bytes(extraction.written + info.size, "it unpacks to")
            source = archive.extractfile(info)
            assert source is not None
            with source:
                extraction.write(info.name, source, info.size)


def _write(file: IO[bytes], source: IO[bytes], written: int = 0, block: bytes = b"") -> int:
    """Write a file block by block, within the size limit.

    Parameters
    ----------
    written : bytes that were written before, for other files
    block : the first block, if it was read already

    Returns
    -------
    bytes written, those before included
    """
    block = block or source.read(_BLOCK)
    while block:
        written += len(block)
        check_bytes(written, "it unpacks to at least")
        file.write(block)
        block = source.read(_BLOCK)
    return written


@contextmanager
def _unpacking(kind: str) -> Iterator[None]:
    """Turn the exceptions over a damaged archive, or over a full disk, into an EmbeddingError."""
    with damaged(kind, *_DAMAGE, advice="pack or copy it again"):
        try:
            yield
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise EmbeddingError(
                f"no space left to unpack it in {tempfile.gettempdir()}; set TMPDIR to a folder "
                "that has space"
            ) from error


def _is_tar(head: bytes, path: Path) -> bool:
    """Return True if a file that starts with `head`, at least 512 bytes of it, is a tar."""
    if head[257:262] == _TAR:
        return True
    return path.suffix.lower() == ".tar" and len(head) >= 512  # from before 1988: no magic number


def _is_own_format(path: Path) -> bool:
    """Return True if a zip is NumPy's, all files of which are .npy, or PyTorch's."""
    try:
        with LimitedReads(path) as file, zipfile.ZipFile(file) as archive:
            infos = [i for i in archive.infolist() if not is_junk(i.filename)]
            infos = [info for info in infos if not info.filename.endswith("/")]
            if any(info.filename.rpartition("/")[2] == "data.pkl" for info in infos):
                return True  # which unsupported.py refuses
            return bool(infos) and all(is_npy_member(archive, info) for info in infos)
    except (EmbeddingError, *_DAMAGE):
        return False  # unpacked() says what is wrong with it


def _printed(names: list[str]) -> str:
    """Return names of members for a message; bytes that are not UTF-8 become "?"."""
    return listed(shorten(name.encode("utf-8", "replace").decode(), 80) for name in names)
