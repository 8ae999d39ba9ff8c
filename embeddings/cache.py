"""A cache of results on disk, addressed by content: computed once, found again after a restart.

A key is a dict of everything that a result depends on (fingerprint, method, parameters, seed,
library version); its hash names the file. Writes are atomic. A stale or damaged file is removed
and its result computed again.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import xxhash
from filelock import FileLock
from platformdirs import user_cache_path

from embeddings.files.atomic import atomic_path

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
            os.utime(path)
        except Exception as error:  # a damaged file may raise anything in its reader
            _log.warning(
                "cache file %s is damaged (%s); its result will be computed again", path, error
            )
            path.unlink(missing_ok=True)
            return None
        return result

    def store(self, path: Path, write: Callable[[Path], object]) -> Path:
        """Write a result atomically, by write(temporary path), and enforce the limit."""
        with atomic_path(path) as temporary:
            write(temporary)
        self._trim(keep=path)
        return path

    def lock(self, path: Path) -> FileLock:
        """Return a lock across processes, to be held while the result at `path` is computed.

        It is released when its process ends, even if that is killed.
        """
        folder = self.folder / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{path.parent.name}-{path.stem}.lock")

    def _trim(self, keep: Path) -> None:
        """Remove the least recently used results beyond the limit, and no other files."""
        files = []
        for file in self.folder.glob("*/**/*"):
            if not _ENTRY.search(file.relative_to(self.folder).parts[1]):
                continue
            try:
                if file.is_file() and file.suffix != ".lock":
                    stat = file.stat()
                    files.append((stat.st_mtime, stat.st_size, file))
            except FileNotFoundError:  # another process removed or renamed it meanwhile
                continue
        excess = sum(size for _, size, _ in files) - self.limit
        for _, size, file in sorted(files):
            if excess <= 0:
                return
            if file != keep:
                file.unlink(missing_ok=True)
                excess -= size
