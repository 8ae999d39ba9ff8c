"""What people name in a set: groups of its rows, and clusters; stored on this server.

Each set has a file, FINGERPRINT.json in the folder of annotations, which any session, and any
server of the same user, reads and changes. A row is in one group at most, so that the groups are a
column of categories. The file is replaced as a whole, under a lock.
"""

import base64
import binascii
import json
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from filelock import FileLock, Timeout
from platformdirs import user_data_path

from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path

MOST_GROUPS = 500
MOST_CLUSTERS = 2_000
"""Names of clusters of a set; the oldest are forgotten beyond them."""
LONGEST_NAME = 80
"""Characters of a name."""

_FORMAT = 1
_LARGEST_FILE = 64 * 2**20  # bytes
_LOCK_SECONDS = 10.0
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


class DamagedAnnotations(EmbeddingError):
    """The file of a set's annotations cannot be read, or is not of that set."""


@dataclass(frozen=True, eq=False)
class Annotations:
    """The groups of a set's rows, and the names of its clusters.

    Attributes
    ----------
    codes : uint16, shape (n,); the number of each row's group in `groups`, plus 1; 0 for none
    groups : names, in the order in which they were given
    clusters : names of clusters, by the digest of their members, see rows_digest
    """

    codes: np.ndarray
    groups: tuple[str, ...] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)

    def members(self, group: str) -> np.ndarray:
        """Return the rows of a group: bool, shape (n,).

        Raises
        ------
        EmbeddingError
            if there is no such group, any more
        """
        if group not in self.groups:
            raise EmbeddingError(f"there is no group {group!r} any more")
        return self.codes == self.groups.index(group) + 1

    def sizes(self) -> list[int]:
        """Return the number of rows of each group."""
        counts: list[int] = np.bincount(self.codes, minlength=len(self.groups) + 1).tolist()
        return counts[1:]

    def column(self) -> pa.Array:
        """Return the name of each row's group: dictionary of strings, n values; null for none."""
        numbers = pa.array(self.codes.astype(np.int32) - 1, mask=self.codes == 0)
        return pa.DictionaryArray.from_arrays(numbers, pa.array(self.groups, pa.string()))

    def added(self, group: str, rows: np.ndarray) -> "Annotations":
        """Return the annotations with rows, bool (n,), put into a group, which may be a new one.

        Raises
        ------
        EmbeddingError
            if the name cannot be one, or there are too many groups
        """
        group = valid_name(group)
        groups = self.groups if group in self.groups else (*self.groups, group)
        codes = np.where(rows, groups.index(group) + 1, self.codes)
        found = _without_empty(replace(self, codes=codes, groups=groups))
        if len(found.groups) > MOST_GROUPS:
            raise EmbeddingError(f"a set has at most {MOST_GROUPS:,} groups; delete one first")
        return found

    def removed(self, group: str, rows: np.ndarray) -> "Annotations":
        """Return the annotations with rows, bool (n,), taken out of a group.

        Raises
        ------
        EmbeddingError
            if there is no such group, any more
        """
        codes = np.where(rows & self.members(group), 0, self.codes)
        return _without_empty(replace(self, codes=codes))

    def renamed(self, group: str, name: str) -> "Annotations":
        """Return the annotations with another name for a group.

        Raises
        ------
        EmbeddingError
            if the name cannot be one, another group has it, or there is no such group any more
        """
        name = valid_name(name)
        if group not in self.groups:
            raise EmbeddingError(f"there is no group {group!r} any more")
        if name != group and name in self.groups:
            raise EmbeddingError(f"there is a group {name!r} already")
        return replace(self, groups=tuple(name if each == group else each for each in self.groups))

    def with_cluster(self, digest: str, name: str) -> "Annotations":
        """Return the annotations with a name for a cluster; "" for the one that is computed.

        Raises
        ------
        EmbeddingError
            if the name cannot be one
        """
        clusters = {key: known for key, known in self.clusters.items() if key != digest}
        if name:
            clusters[digest] = valid_name(name)
        return replace(self, clusters=dict(list(clusters.items())[-MOST_CLUSTERS:]))


def _without_empty(found: Annotations) -> Annotations:
    """Drop the groups that have no rows."""
    kept = [number for number, size in enumerate(found.sizes()) if size]
    codes = np.zeros(len(found.groups) + 1, dtype=np.uint16)
    codes[np.array(kept, dtype=np.intp) + 1] = np.arange(1, len(kept) + 1)
    groups = tuple(found.groups[number] for number in kept)
    return replace(found, codes=codes[found.codes], groups=groups)


def rows_digest(rows: np.ndarray) -> str:
    """Return the hash of rows, bool (n,), by which a cluster is known: 32 hexadecimal characters.

    A cluster of the same rows has the same name, whichever settings find it.
    """
    return xxhash.xxh3_128_hexdigest(np.packbits(rows).tobytes())


def valid_name(name: str) -> str:
    """Return a name without line breaks and blanks around it.

    Raises
    ------
    EmbeddingError
        if nothing is left, or it is too long
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not text:
        raise EmbeddingError("enter a name")
    if len(text) > LONGEST_NAME:
        raise EmbeddingError(f"a name has at most {LONGEST_NAME} characters")
    return text


def annotations_folder() -> Path:
    """Return $EMBEDDING_ANNOTATIONS, or annotations in the user's data folder."""
    chosen = os.environ.get("EMBEDDING_ANNOTATIONS")
    if chosen:
        return Path(chosen).absolute()
    return user_data_path("embedding-explorer", appauthor=False) / "annotations"


def load(fingerprint: str, rows: int) -> Annotations:
    """Return the annotations of a set of `rows` rows; without any if it has no file.

    Raises
    ------
    DamagedAnnotations
        the file cannot be read, or is of a set of another size
    """
    path = _path(fingerprint)
    try:
        stat = path.stat()
    except FileNotFoundError:
        return Annotations(np.zeros(rows, dtype=np.uint16))
    except OSError as error:
        raise DamagedAnnotations(f"{path} cannot be read ({error.strerror})") from error
    return _read(path, (stat.st_mtime_ns, stat.st_size, stat.st_ino), rows)


def change(fingerprint: str, rows: int, edit: Callable[[Annotations], Annotations]) -> Annotations:
    """Change the annotations of a set as they are now; sessions and servers wait for each other.

    Raises
    ------
    DamagedAnnotations
        they cannot be read
    EmbeddingError
        the folder cannot be written, or `edit` refuses
    """
    path = _path(fingerprint)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(f"{path}.lock", timeout=_LOCK_SECONDS):
            changed = edit(load(fingerprint, rows))
            with atomic_path(path) as temporary:
                temporary.chmod(0o600)  # data of a person, not for other users of the machine
                temporary.write_text(_encoded(changed), encoding="ascii")
    except Timeout as error:
        raise EmbeddingError(
            "another server is changing the groups of this set; try again"
        ) from error
    except OSError as error:
        raise EmbeddingError(
            f"the folder of annotations, {path.parent}, cannot be written "
            f"({error.strerror or error}); free space on its disk or make it writable, or set "
            "EMBEDDING_ANNOTATIONS to another folder"
        ) from error
    return changed


def delete(fingerprint: str) -> None:
    """Delete all annotations of a set.

    Raises
    ------
    EmbeddingError
        the folder cannot be written
    """
    path = _path(fingerprint)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise EmbeddingError(f"{path} cannot be deleted ({error.strerror})") from error


def _path(fingerprint: str) -> Path:
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError(f"{fingerprint!r} is no fingerprint")
    return annotations_folder() / f"{fingerprint}.json"


@lru_cache(maxsize=16)
def _read(path: Path, version: tuple[int, ...], rows: int) -> Annotations:
    """Read a file of annotations as it is at a version."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ValueError("it is too large")
        return _decoded(json.loads(content), rows)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, zlib.error) as error:
        raise DamagedAnnotations(
            f"The groups named in this set cannot be read: {path.name} is damaged ({error})."
        ) from error


def _encoded(found: Annotations) -> str:
    """Return annotations as JSON, ASCII."""
    packed = zlib.compress(found.codes.astype("<u2").tobytes(), 6)
    text = json.dumps(
        {
            "format": _FORMAT,
            "rows": len(found.codes),
            "groups": found.groups,
            "codes": base64.b64encode(packed).decode(),
            "clusters": dict(found.clusters),
        }
    )
    if len(text) > _LARGEST_FILE:
        raise EmbeddingError("the groups of this set take more than 64 MiB; delete some first")
    return text


def _decoded(content: Any, rows: int) -> Annotations:
    """Return the annotations of a file of JSON.

    Raises
    ------
    ValueError, TypeError, KeyError, zlib.error
        it is none, or of a set of another size
    """
    if content["format"] != _FORMAT:
        raise ValueError(f"format {content['format']!r}; this release reads {_FORMAT}")
    if content["rows"] != rows:
        raise ValueError(f"it is of {content['rows']!r} rows; the set has {rows:,}")
    groups, clusters = tuple(content["groups"]), dict(content["clusters"])
    names = [*groups, *clusters, *clusters.values()]
    if not all(isinstance(name, str) for name in names) or len(set(groups)) < len(groups):
        raise ValueError("its names are no names")
    try:
        packed = base64.b64decode(content["codes"], validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    data = zlib.decompressobj().decompress(packed, 2 * rows + 1)
    if len(data) != 2 * rows:
        raise ValueError("its rows are incomplete")
    codes = np.frombuffer(data, dtype="<u2").astype(np.uint16)
    if codes.max(initial=0) > len(groups):
        raise ValueError("it names groups that it does not have")
    return Annotations(codes, groups, clusters)
