"""The sets that the server holds in memory for its sessions: bounded in bytes, and released.

A set is held while any session that uses it is present, and for two minutes longer, since reloading
a page starts a new session. Beyond the limit, the least recently used set is released, even if a
session is using it: the next request reads it again.
"""

import contextlib
import gc
import mmap
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError

T = TypeVar("T")

LEAVE_SECONDS = 120.0
"""How long a set is held after the last of its sessions has gone."""

_MEMORY_FRACTION = 0.5  # of the machine's memory, by default
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_LOOK_SECONDS = 5.0


def configured_limit() -> int:
    """Return $EMBEDDING_OPEN_BYTES, or half of the memory of the machine or the container.

    Raises
    ------
    EmbeddingError
        The environment variable is not a whole number above 0.
    """
    text = os.environ.get("EMBEDDING_OPEN_BYTES", "")
    if text and (not text.isdecimal() or int(text) == 0):
        raise EmbeddingError(
            f"EMBEDDING_OPEN_BYTES is {text!r}; expected a number of bytes, such as 4294967296"
        )
    if text:
        return int(text)
    memory = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        memory = min(memory, int(_CONTAINER_LIMIT.read_text()))
    return int(_MEMORY_FRACTION * memory)


def private_bytes(embedding_set: EmbeddingSet, is_metadata_mapped: bool = False) -> int:
    """Return the memory that a set takes which the system cannot take back, in bytes.

    Numbers in a mapped file are not counted. The lengths of the rows, which are computed when they
    are first needed, are.

    Parameters
    ----------
    is_metadata_mapped : bool
        Whether the metadata are in a mapped file, which pyarrow does not tell.
    """
    rows, vectors = len(embedding_set), embedding_set.vectors
    size = 12 * rows + (0 if is_mapped(vectors) else vectors.nbytes)
    size += 8 * rows + sum(map(sys.getsizeof, embedding_set.labels))
    return size + (0 if is_metadata_mapped else embedding_set.metadata.get_total_buffer_size())


def is_mapped(array: np.ndarray) -> bool:
    """Return whether the numbers of an array are in a mapped file."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap)


@dataclass(eq=False)
class _Entry:
    value: Any
    size: int  # bytes
    part_of: str | None  # key of the value that it is derived from
    clients: set[str] = field(default_factory=set)
    seen: float = 0.0  # when a client was last present, s


class OpenSets:
    """What sessions have open, by key, and what is derived from it; any thread may call it.

    Parameters
    ----------
    limit : int
        Bytes that all values may take together.
    is_present : callable
        Whether a session is still there.
    clock : callable
        The time in s.
    """

    def __init__(
        self,
        limit: int,
        is_present: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit, self._is_present, self._clock = limit, is_present, clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the latest used last
        self._loading: dict[str, threading.Lock] = {}
        self._watcher: threading.Thread | None = None

    @property
    def held(self) -> int:
        """Bytes of all values that are held."""
        with self._lock:
            return self._held()

    def get(
        self,
        key: str,
        client: str,
        load: Callable[[], T],
        size_of: Callable[[T], int],
        part_of: str | None = None,
    ) -> T:
        """Return the value of a key; it is loaded if it is not held, once for all sessions.

        Parameters
        ----------
        client : str
            The session that requests it.
        size_of : callable
            The private bytes of the value.
        part_of : str, optional
            Key of a value that this one is derived from, and released with.

        Raises
        ------
        EmbeddingError
            It alone takes more bytes than the limit.
        """
        with self._lock:
            entry = self._used(key, client)
            if entry is None:
                loading = self._loading.setdefault(key, threading.Lock())
        if entry is None:
            with loading:
                with self._lock:
                    entry = self._used(key, client)
                if entry is None:
                    try:
                        value = load()
                        entry = _Entry(value, size_of(value), part_of, {client}, self._clock())
                        self._add(key, entry)
                    finally:
                        with self._lock:
                            self._loading.pop(key, None)
        found: T = entry.value
        return found

    def release_unused(self) -> None:
        """Release values whose sessions have all been gone for LEAVE_SECONDS."""
        now = self._clock()
        with self._lock:
            gone = []
            for key, entry in self._entries.items():
                entry.clients = {each for each in entry.clients if self._is_present(each)}
                if entry.clients:
                    entry.seen = now
                elif now - entry.seen >= LEAVE_SECONDS:
                    gone.append(key)
            for key in gone:
                self._remove(key)
        if gone:
            _return_memory()

    def clear(self) -> None:
        """Release everything."""
        with self._lock:
            self._entries.clear()

    def _used(self, key: str, client: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is not None:
            if entry.part_of is not None:
                self._used(entry.part_of, client)
            self._entries.move_to_end(key)
            entry.clients.add(client)
            entry.seen = self._clock()
        return entry

    def _add(self, key: str, entry: _Entry) -> None:
        if entry.size > self.limit:
            raise EmbeddingError(
                f"the set takes {entry.size:,} bytes of memory, more than the {self.limit:,} that "
                "this server may hold for all open sets; raise EMBEDDING_OPEN_BYTES if the machine "
                "has the memory"
            )
        with self._lock:
            self._entries[key] = entry
            is_full = self._held() > self.limit
            while self._held() > self.limit:
                self._remove(next(iter(self._entries)))
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()
        if is_full:
            _return_memory()

    def _remove(self, key: str) -> None:
        """Release a value and what is derived from it."""
        self._entries.pop(key, None)
        for part in [part for part, entry in self._entries.items() if entry.part_of == key]:
            self._remove(part)

    def _held(self) -> int:
        return sum(entry.size for entry in self._entries.values())

    def _watch(self) -> None:
        """Release what is not used any more, as long as anything is held; a thread's body."""
        while True:
            time.sleep(_LOOK_SECONDS)
            self.release_unused()
            with self._lock:
                if not self._entries:
                    self._watcher = None
                    return


def _return_memory() -> None:
    """Return what was released to the system now: Arrow's pool would hold it back."""
    gc.collect()
    pa.default_memory_pool().release_unused()
