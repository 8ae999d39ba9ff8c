"""Reading in worker processes of its own, so that no layout delays an upload.

A worker imports all that readers need and forks a child, which reads one file after another
(limited_process.py). So the limits are enforced beside the reading, not by the busy server, and
a replacement is ready as soon as a child has been ended.
"""

import contextlib
import gc
import importlib
import logging
import pkgutil
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from embeddings import files
from embeddings.cache import Cache
from embeddings.errors import EmbeddingError
from embeddings.files.limits import read_limits
from embeddings.files.options import ReadContext
from embeddings.progress import Progress
from embeddings.supervision.read_limits import ReadLimits
from server.jobs.pool import JobPool
from server.jobs.status import JobStatus
from server.reading.limited_process import LimitedProcess, ReaderFault
from server.reading.stored_set import ReadResult, StoredResult, read_and_store

T = TypeVar("T")
_log = logging.getLogger(__name__)

WORKERS = 2
"""Files that are read at the same time; the others wait, and sessions take turns."""

_KIND = "reading"  # folder of the cache for results on their way to the server
_ABANDONED_SECONDS = 86_400  # after which a result is that of a server that was killed
_LAZY = ("pandas", "psutil", "pyarrow.pandas_compat")  # imported by libraries when they need them
_COLD = ("embeddings.files.delimited.plain_rows",)  # imports numba, which only large files need


_process = LimitedProcess()
"""Of a worker."""


class StillReading(Exception):
    """A file is still being read.

    Attributes
    ----------
    key : of the reading
    name : of the file
    """

    def __init__(self, key: str, name: str) -> None:
        super().__init__(f"{name} is still being read")
        self.key, self.name = key, name


@dataclass(frozen=True)
class _Reading:
    """What is read: function(*args) reads `paths`, with temporary files in `folder`."""

    key: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    paths: Sequence[Path]
    trusted: bool
    folder: Path


class FileReader:
    """Reads files for the sessions of a server.

    Parameters
    ----------
    is_present : callable
        Whether a client is still there.
    """

    def __init__(self, is_present: Callable[[str], bool] = lambda client: True) -> None:
        self._is_present = is_present
        self._pool = JobPool(WORKERS, warm_up, is_present, niceness=0)  # a person waits
        self._lock = threading.Lock()
        self._folders: dict[str, Path] = {}  # of results that have not been taken, by key
        self._remains: list[Path] = []  # folders that could not be removed yet

    def call(
        self,
        key: str,
        function: Callable[..., Any],
        *args: Any,
        paths: Sequence[Path],
        trusted: bool,
        cache: Cache,
        client: str,
        seconds: float | None,
    ) -> Any:
        """Return function(*args) as a worker computes it, or join the reading of the same key.

        Parameters
        ----------
        key : identifies the result
        function : reads the files; importable, its result is pickled
        paths : what it reads
        trusted : see `read_limits`
        cache : has room for temporary files
        client : who wants the result
        seconds : how long to wait; None for as long as it takes

        Raises
        ------
        StillReading
            it takes longer; call again with the same key to wait for it
        EmbeddingError
            the function raises it, a limit is exceeded, or the reading was cancelled
        """
        with self._folder(key, cache) as folder:
            reading = _Reading(key, function, args, paths, trusted, folder)
            return self._result(reading, client, seconds)

    def read_set(
        self,
        key: str,
        paths: Sequence[Path],
        context: ReadContext,
        cache: Cache,
        client: str,
        seconds: float | None,
    ) -> ReadResult:
        """Return the set that files make up, mapped from files that nobody else can reach.

        Parameters
        ----------
        key, cache, client, seconds : see `call`

        Raises
        ------
        StillReading, EmbeddingError
            see `call`
        """
        with self._folder(key, cache) as folder:
            args = (list(paths), context, folder)
            reading = _Reading(key, read_and_store, args, paths, context.trusted, folder)
            stored: StoredResult = self._result(reading, client, seconds)
            return stored.open()

    def _result(self, reading: "_Reading", client: str, seconds: float | None) -> Any:
        """Return the result of a reading: of one in progress, or of a new one."""
        key, name, job = reading.key, reading.paths[0].name, None
        while job is None:
            job = self._pool.status(key)
            if job is None or (not job.is_finished and client not in job.clients):
                limits = read_limits(reading.paths, reading.trusted)
                work = (reading.function, reading.args, limits, name, reading.folder)
                submitted = self._pool.submit(key, _call, *work, client=client)
                if submitted.state == "failed":  # too many readings of the client are waiting
                    raise EmbeddingError(f"{name}: {submitted.error}")
            with contextlib.suppress(KeyError):  # another session has just taken the result
                job = self._pool.wait(key, seconds)
        if not job.is_finished:
            raise StillReading(key, name)
        self._pool.forget(key)
        if job.state == "cancelled":
            raise EmbeddingError(f"{name}: the reading was cancelled")
        if job.error:
            raise EmbeddingError(f"{name}: {job.error}")
        if isinstance(job.result, EmbeddingError):
            raise job.result
        return job.result

    def status(self, key: str) -> JobStatus | None:
        """Return the status of a reading; None if its result has been taken."""
        return self._pool.status(key)

    def cancel(self, key: str, client: str) -> None:
        """Withdraw a client; the reading ends when no client is left."""
        self._pool.cancel(key, client)
        self._remove_unclaimed()

    def close(self) -> None:
        """End all processes, and remove what nobody has taken."""
        self._pool.close()
        for key in list(self._folders):
            self._remove_folder(key)

    @contextmanager
    def _folder(self, key: str, cache: Cache) -> Iterator[Path]:
        """Yield the folder of a reading, which is removed unless the reading goes on."""
        self._remove_unclaimed()
        with self._lock:
            if key not in self._folders:
                self._folders[key] = _make_folder(cache)
            folder = self._folders[key]
        try:
            yield folder
        except StillReading:
            raise
        except BaseException:
            self._remove_folder(key)
            raise
        self._remove_folder(key)

    def _remove_unclaimed(self) -> None:
        """Remove results whose clients have all gone, and what was still in use before."""
        for key in list(self._folders):
            job = self._pool.status(key)
            if job and job.is_finished and not any(map(self._is_present, job.clients)):
                self._pool.forget(key)
                self._remove_folder(key)
        self._remains = [folder for folder in self._remains if not _is_removed(folder)]

    def _remove_folder(self, key: str) -> None:
        with self._lock:
            folder = self._folders.pop(key, None)
        if folder is not None and not _is_removed(folder):  # a process that was killed still ends
            self._remains.append(folder)


def warm_up() -> None:
    """Import all readers, so that no file waits for it."""
    for module in pkgutil.walk_packages(files.__path__, f"{files.__name__}."):
        if module.name not in _COLD:
            importlib.import_module(module.name)
    for name in _LAZY:
        importlib.import_module(name)
    gc.freeze()  # a child would copy every page that the collector marks
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x.csv").write_text("name,x,y\na,1,2\nb,3,4\n")
        args = ([folder / "x.csv"], ReadContext(), folder)
        limits = read_limits(args[0], trusted=False)
        _process.call(read_and_store, *args, limits=limits, name="warm-up", temporary=folder)


def _call(
    function: Callable[..., T],
    args: Sequence[Any],
    limits: ReadLimits,
    name: str,
    folder: Path,
    progress: Progress,
) -> T | EmbeddingError:
    """Call a function in a child of this worker; return its result, or the user's mistake."""
    progress("reading")
    try:
        return _process.call(function, *args, limits=limits, name=name, temporary=folder)
    except EmbeddingError as error:  # as a value, with its type and its attributes
        return error
    except ReaderFault as fault:
        _log.error("the reader of %s failed: %s\n%s", name, fault, fault.details)
        return EmbeddingError(
            f"{name}: a fault of this program prevents reading it ({fault}); please report it"
        )


def _is_removed(folder: Path) -> bool:
    """Remove a folder; return False if some of it is left."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _make_folder(cache: Cache) -> Path:
    """Make a folder for a result: in the cache, or for temporary files if that is read-only."""
    try:
        parent = cache.make_folder(_KIND)
        for each in parent.iterdir():
            if each.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                shutil.rmtree(each, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=parent))
    except (EmbeddingError, OSError):
        return Path(tempfile.mkdtemp(prefix="embedding-"))
