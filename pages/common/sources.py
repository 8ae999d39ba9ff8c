"""Sources of sets: the gallery, uploads, training runs and files of this machine.

A key such as "upload:HASH?label=title" identifies a set. It is part of the URL and finds the set
again after a reload or a restart. The same content, read with the same choices, is opened once for
all sessions.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import parse_qsl, quote, unquote, urlencode

import numpy as np
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings import EmbeddingError, EmbeddingSet, gallery, layouts
from embeddings.files.options import CHOICE_NAMES, Choice, ChoiceName, ReadContext
from embeddings.text import shorten
from pages.common import file_reading, services
from pages.common.local_files import local
from server.open_sets import private_bytes
from server.runs import finished
from server.runs import records as runs

Scheme = Literal["gallery", "upload", "file", "run"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
OF_THIS_MACHINE: tuple[Scheme, ...] = ("file", "run")
"""Sources whose files may change, and which the person who started the app chose."""

LISTED_RUNS = 20

_LONGEST_NAME = 120  # bytes
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Source:
    """Where a set comes from, and the choices made in reading it."""

    scheme: Scheme
    name: str
    answers: tuple[tuple[ChoiceName, str], ...] = ()
    leave_out: bool = False

    @classmethod
    def of(cls, key: str) -> "Source":
        """Parse a key; raise EmbeddingError if it is none."""
        place, _, choices = key.partition("?")
        scheme, _, name = place.partition(":")
        given = dict(parse_qsl(choices, keep_blank_values=True))
        known = next((each for each in SCHEMES if each == scheme), None)
        if known is None or (known == "upload" and not re.fullmatch(r"[0-9a-f]{32}", name)):
            raise EmbeddingError(
                f"{shorten(key)!r} does not name a set; open a file or choose from the gallery"
            )
        if known == "gallery" and choices:
            raise EmbeddingError(f"{shorten(key)!r}: a set of the gallery has no choices to make")
        answers = tuple((what, given[what]) for what in CHOICE_NAMES if what in given)
        return cls(known, unquote(name), answers, "leave_out" in given)

    @property
    def key(self) -> str:
        """The key, which `of` parses."""
        choices = dict(self.answers) | ({"leave_out": "1"} if self.leave_out else {})
        return f"{self.scheme}:{quote(self.name)}" + (f"?{urlencode(choices)}" if choices else "")

    @property
    def plain(self) -> "Source":
        """The source without choices."""
        return Source(self.scheme, self.name)

    def answered(self, what: ChoiceName, answer: str) -> "Source":
        """Return the source read with another choice; without one for an empty answer."""
        given = dict(self.answers) | {what: answer}
        return replace(
            self, answers=tuple((name, given[name]) for name in CHOICE_NAMES if given.get(name))
        )


@dataclass(frozen=True, eq=False)
class Opened:
    """A set, with the reader's notes, open choices and the rows that it left out.

    `version` identifies the set among all that are cached, and from what its file held before.
    """

    embedding_set: EmbeddingSet
    notes: tuple[str, ...] = ()
    questions: tuple[Choice, ...] = ()
    left_out: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    version: str = ""


def opened(key: str) -> Opened:
    """Load the set of a key; it is cached for all sessions until its file changes.

    Raises
    ------
    StillReading
        its file takes longer than a moment to read; call again to wait for it
    EmbeddingError
        it cannot be read
    """
    source = Source.of(key)
    paths = paths_of(source)
    if source.scheme == "upload":
        services.cache().mark_used(paths[0])  # and with it all files of the upload
    stamp = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    version = f"{source.key} {stamp if source.scheme in OF_THIS_MACHINE else ()}"
    return services.hold(
        version,
        lambda: _opened(source, version),
        lambda found: private_bytes(found.embedding_set, source.scheme != "gallery"),
    )


def _opened(source: Source, version: str) -> Opened:
    paths = paths_of(source)
    if source.scheme == "gallery":
        return Opened(_from_gallery(source.name), version=version)
    if source.scheme == "upload" and not _is_intact(source):
        raise EmbeddingError(
            "the uploaded files on the server are incomplete or damaged; upload them again"
        )
    context = ReadContext(
        selections=dict(source.answers),
        leave_out=source.leave_out,
        trusted=source.scheme in OF_THIS_MACHINE,
        copy=services.cache().private_copy,
    )
    found = file_reading.read_set(f"read {version}", paths, context)
    return Opened(found.embedding_set, found.notes, found.choices, found.left_out, version)


def paths_of(source: Source) -> list[Path]:
    """Return the files of a source; raise EmbeddingError if there are none, or none is allowed."""
    if source.scheme == "gallery":
        return [gallery.item(source.name).path]
    if source.scheme == "file":
        paths = local().paths(source.name)
        absent = next((path for path in paths if not path.exists()), None)
        if absent is not None:
            raise EmbeddingError(f"{absent.name}: the file no longer exists")
        return paths
    if source.scheme == "run":
        return [_of_run(source.name)]
    paths = _uploaded(source)
    if not paths:
        raise EmbeddingError("the uploaded file is no longer on the server; upload it again")
    return paths


def _of_run(name: str) -> Path:
    """Return the embedding file of a run, RUN or RUN/FILE; EmbeddingError where there is none."""
    run_id, _, file = name.partition("/")
    results = runs.status(runs.find(run_id)).results
    found = [path for path in results if file in ("", path.name)]
    if not found:
        raise EmbeddingError(f"the run {run_id} has no such embedding file (yet); see its page")
    return found[0]


def run_titles() -> dict[str, str]:
    """Return the titles of the latest finished runs by their keys."""
    return {Source("run", run.id).key: run.title for run in finished.latest(LISTED_RUNS)}


def title(source: Source) -> str:
    """Return the title of a set that is in no list."""
    if source.scheme == "upload":
        return ", ".join(path.name for path in _uploaded(source)) or "Uploaded file"
    if source.scheme != "run":
        return source.name
    run_id, _, file = source.name.partition("/")
    try:
        run_title = runs.find(run_id).title
    except EmbeddingError:  # deleted: `opened` reports it
        return source.name
    return f"{file.partition('.embedding.')[0]} of {run_title}" if file else run_title


def _from_gallery(name: str) -> EmbeddingSet:
    """Open a gallery item; its ready-made layout is put into the cache."""
    embedding_set = gallery.open_item(name)
    ready = gallery.item(name).layout_path
    if ready.exists():
        layouts.store(embedding_set, layouts.load_layout(ready), services.cache())
    return embedding_set


def ready_method(key: str) -> str:
    """Return the layout to start with: the ready-made one, else PCA."""
    source = Source.of(key)
    ready = source.scheme == "gallery" and gallery.item(source.name).layout_path.exists()
    return "tsne" if ready else "pca"


def safe_file_name(name: str) -> str:
    """Return the name of an upload without folders, and short enough for a file system."""
    kept = _CONTROL.sub("", Path(name).name).strip(".").encode(errors="replace")
    return kept[-_LONGEST_NAME:].decode(errors="ignore") or "file"


def store(uploads: Sequence[UploadedFile]) -> Source:
    """Store uploaded files in the cache, as one entry that is named by the hash of all of them.

    Files that are there already are read and compared with the hash: they may be damaged.
    """
    names = [safe_file_name(upload.name) for upload in uploads]
    contents = [upload.getbuffer() for upload in uploads]
    files = zip(names, map(len, contents), ([each] for each in contents), strict=True)
    source, cache = Source("upload", _digest(files)), services.cache()
    folder = _upload_folder(source)

    def write(temporary: Path) -> None:
        for number, (name, content) in enumerate(zip(names, contents, strict=True)):
            path = temporary / str(number) / name  # names may be equal
            path.parent.mkdir()
            path.write_bytes(content)

    with cache.lock(folder):
        if not _is_intact(source):
            cache.store_folder(folder, write)
    return source


def _digest(files: Iterable[tuple[str, int, Iterable[bytes | memoryview]]]) -> str:
    """Return the hash of files, each with its name, its size in bytes and its content in pieces.

    The lengths of names and contents are part of it: no file can pass for two, and no part of a
    name for content.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, size, pieces in files:
        encoded = name.encode()
        digest.update(f"{len(encoded)} {size} ".encode() + encoded)
        for piece in pieces:
            digest.update(piece)
    return digest.hexdigest()


def _is_intact(source: Source) -> bool:
    """Return whether all files of an upload are on the server as they were uploaded."""
    files = ((path.name, path.stat().st_size, _pieces(path)) for path in _uploaded(source))
    return _digest(files) == source.name


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(2**20):
            yield piece


def _upload_folder(source: Source) -> Path:
    return services.cache().folder / "uploads" / source.name


def _uploaded(source: Source) -> list[Path]:
    """Return the files of an upload, NUMBER/NAME, in the order of their upload."""
    found = [path for path in _upload_folder(source).glob("*/*") if path.is_file()]
    return sorted(found, key=lambda path: (len(path.parent.name), path.parent.name, path.name))
