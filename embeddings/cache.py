"""A cache of results on disk, addressed by content: computed once, found again after a restart.

A key is a dict of everything that a result depends on (fingerprint, method, parameters, seed,
library version); its hash names the file. Writes are atomic. A stale or damaged file is removed
and its result computed again. A folder that cannot be written is an EmbeddingError that names it.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import xxhash
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path, synchronize

T = TypeVar("T")
_log = logging.getLogger(__name__)

VERSION = 1
"""Part of every key. Increment it when the meaning of stored results changes."""

DEFAULT_LIMIT = 20 * 2**30  # bytes on disk

_ENTRY = re.compile(r"(^|-)[0-9a-f]{12,32}(\.|$)")
"""The name of a file or folder of a result, KIND/NAME: it ends in a hash of at least 12 digits."""


def default_folder() -> Path:
    """Return $EMBEDDING_CACHE, or embedding-explorer in the user's cache folder."""
    chosen = os.environ.get("EMBEDDING_CACHE")
    return Path(chosen) if chosen else user_cache_path("embedding-explorer", appauthor=False)


def key_hash(key: Mapping[str, Any]) -> str:
    """Return the hash of a key: 32 hexadecimal characters, independent of the order of the dict."""
    text = json.dumps({"version": VERSION, **key}, sort_keys=True)
    return xxhash.xxh3_128_hexdigest(text.encode())


class Cache:
    """Results in a folder on disk.

    Parameters
    ----------
    folder : default_folder() by default
    limit : size in bytes beyond which the least recently used files are removed
    """

    def __init__(self, folder: Path | None = None, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = Path(folder) if folder else default_folder()
        self.limit = limit

    def path(self, kind: str, key: str, suffix: str) -> Path:
        """Return the path of a result, whether it exists or not.

        Parameters
        ----------
        kind : the name of the folder
        key : what key_hash returns
        suffix : of the file's name, with the dot
        """
        return self.folder / kind / f"{key}{suffix}"

    def load(self, path: Path, read: Callable[[Path], T]) -> T | None:
        """Return read(path), or None if the file does not exist or is damaged."""
        if not path.is_file():
            return None
        try:
            result = read(path)
        except Exception as error:  # a damaged file may raise anything in its reader
            _log.warning(
                "cache file %s is damaged (%s); its result will be computed again", path, error
            )
            with contextlib.suppress(OSError):  # of a folder that can only be read
                path.unlink(missing_ok=True)
            return None
        self.mark_used(path)
        return result

    def store(self, path: Path, write: Callable[[Path], object], durable: bool = False) -> Path:
        """Write a result atomically, by write(temporary path), and enforce the limit.

        Parameters
        ----------
        durable : whether a power cut must not damage it; by default, damage is noticed in reading

        Raises
        ------
        EmbeddingError
            the cache cannot be written
        """
        with self._writing():
            with atomic_path(path, durable) as temporary:
                write(temporary)
            self._trim(keep=path)
        return path

    def store_folder(self, path: Path, write: Callable[[Path], object]) -> Path:
        """Write the files of one result atomically, by write(temporary folder).

        They replace those of an earlier result, are on disk when this returns, and are used and
        removed together.

        Raises
        ------
        EmbeddingError
            the cache cannot be written
        """
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:12]}.", dir=path.parent))
            try:
                write(temporary)
                for file in temporary.rglob("*"):
                    if file.is_file():
                        synchronize(file)
                _remove(path)
                temporary.rename(path)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            self._trim(keep=path)
        return path

    def private_copy(self, path: Path) -> Path:
        """Return a copy of a file that nobody else writes to, so that it can be mapped safely.

        It is made unless there is one of the file as it is now.

        Raises
        ------
        EmbeddingError
            the cache cannot be written, or the file changes while it is copied
        """
        before = _version(path)
        copy = self.path("copies", key_hash({"file": str(path.absolute()), **before}), path.suffix)
        with self.lock(copy):
            if copy.is_file() and copy.stat().st_size == before["size"]:
                self.mark_used(copy)
                return copy

            def write(temporary: Path) -> None:
                shutil.copyfile(path, temporary)
                if _version(path) != before:
                    raise EmbeddingError(f"{path.name}: the file changed while it was read")

            return self.store(copy, write, durable=True)

    def make_folder(self, kind: str) -> Path:
        """Return the folder of a kind of results; create it if it does not exist.

        Raises
        ------
        EmbeddingError
            the cache cannot be written
        """
        with self._writing():
            (self.folder / kind).mkdir(parents=True, exist_ok=True)
        return self.folder / kind

    def mark_used(self, path: Path) -> None:
        """Make a result the most recently used one; does nothing if it cannot be marked."""
        with contextlib.suppress(OSError):  # it was removed, or the folder can only be read
            os.utime(path)

    @contextlib.contextmanager
    def lock(self, path: Path, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Hold a lock across processes while the result at `path` is computed.

        It is released when its process ends, even if that is killed.

        Parameters
        ----------
        on_wait : called once if another process or thread holds the lock, before waiting for it

        Raises
        ------
        EmbeddingError
            the cache cannot be written
        """
        with self._writing():
            lock = FileLock(self.make_folder("locks") / f"{path.parent.name}-{path.stem}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                on_wait()
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Explain an error of the file system to the person who can remedy it."""
        try:
            yield
        except OSError as error:
            raise EmbeddingError(
                f"the cache folder {self.folder} cannot be written "
                f"({error.strerror or error}); free space on its disk or make it writable, or set "
                "EMBEDDING_CACHE to another folder"
            ) from error

    def _trim(self, keep: Path) -> None:
        """Remove the least recently used results beyond the limit, and no other files.

        A folder of files is one result, as old as the last of them to be used.
        """
        results: dict[Path, tuple[float, int]] = {}  # last use, bytes
        for file in self.folder.glob("*/**/*"):
            kind, name = file.relative_to(self.folder).parts[:2]
            if not _ENTRY.search(name):
                continue
            try:
                stat = file.stat()
            except FileNotFoundError:  # another process removed or renamed it meanwhile
                continue
            result = self.folder / kind / name
            if result.suffix != ".lock":
                used, size = results.get(result, (0.0, 0))
                size += stat.st_size if file.is_file() else 0
                results[result] = (max(used, stat.st_mtime), size)
        excess = sum(size for _, size in results.values()) - self.limit
        for result, (_, size) in sorted(results.items(), key=lambda item: (item[1], item[0])):
            if excess <= 0:
                return
            if result != keep:
                _remove(result)
                excess -= size


def _version(path: Path) -> dict[str, int]:
    """Return what tells a file from what it was before."""
    stat = path.stat()
    return {"size": stat.st_size, "modified": stat.st_mtime_ns, "changed": stat.st_ctime_ns}


def _remove(path: Path) -> None:
    """Remove a result, a file or a folder; a folder is never seen with a part of its files."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    with tempfile.TemporaryDirectory(prefix=".removed.", dir=path.parent) as folder:
        path.rename(Path(folder) / path.name)
