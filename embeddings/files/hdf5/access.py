"""Safe access to HDF5: only data stored in the file itself, within the size limit.

Links, external storage and virtual datasets could name any file of the machine: links count as
missing, datasets of the other two kinds are refused.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeGuard

import h5py
import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.arrays.npy import COLUMN_KINDS, to_column
from embeddings.files.damage import damaged
from embeddings.files.limits import as_float32, check_bytes, max_bytes, padded_size

_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError)  # what h5py raises
_HEAP = b"GCOL\1\0\0\0"  # begins a heap of texts, of version 1
_BLOCK = 2**20  # bytes of a file that are searched at a time
_HEAP_BYTES = 2**12  # read at a time; most heaps are not larger
_MOST_TYPES = 16  # of datasets that are remembered
_TEXTS = 1_000  # strings read at a time, at most


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; damage of which the library complains is an EmbeddingError."""
    with (
        damaged(
            "HDF5",
            *_DAMAGE,
            advice="copy the file again; if it is compressed by a filter that is not installed "
            "here, convert it with h5repack",
        ),
        h5py.File(path, "r", locking=False) as file,
    ):
        yield file


def check_heaps(path: Path) -> int:
    """Return the bytes of the longest text in any heap, after a check of all heaps.

    The library walks a heap by the sizes stated in it, and a free part of size 0 is an endless
    loop.

    Raises
    ------
    EmbeddingError
        a heap of texts is damaged so that HDF5 would never return, or heaps overlap
    """
    longest = steps = 0
    length = path.stat().st_size
    with path.open("rb") as file:
        for start in _occurrences(file, _HEAP):
            file.seek(start)
            heap, first = file.read(_HEAP_BYTES), start
            here = start + 16
            end = min(start + int.from_bytes(heap[8:16], "little"), length)
            while here + 16 <= end:
                if here + 16 > first + len(heap):
                    file.seek(here)
                    heap, first = file.read(_HEAP_BYTES), here
                entry = heap[here - first : here - first + 16]
                index = int.from_bytes(entry[:2], "little")
                size = int.from_bytes(entry[8:], "little")
                step = 16 + -(-size // 8) * 8 if index else size
                steps += 1
                if len(entry) < 16 or step < 16 or here + step > end or 8 * steps > length:
                    raise EmbeddingError(
                        f"damaged HDF5 (a heap of texts at byte {here:,}); copy the file again"
                    )
                longest = max(longest, size if index else 0)
                here += step
    return longest


def _occurrences(file: IO[bytes], wanted: bytes) -> Iterator[int]:
    """Yield the position of each occurrence of some bytes in a file, in ascending order.

    The position of the file may be changed meanwhile.
    """
    start, rest = 0, b""
    while True:
        file.seek(start + len(rest))
        block = file.read(_BLOCK)
        if not block:
            return
        block = rest + block
        found = block.find(wanted)
        while found >= 0:
            yield start + found
            found = block.find(wanted, found + 1)
        rest = block[max(0, len(block) - len(wanted) + 1) :]
        start += len(block) - len(rest)


def child(parent: object, name: str) -> h5py.Group | h5py.Dataset | None:
    """Return what the file itself holds under a name; None for nothing or for a link."""
    if not isinstance(parent, h5py.Group) or "/" in name:
        return None
    links, key = parent.id.links, name.encode()  # `name in parent` would follow it to other files
    if not links.exists(key) or links.get_info(key).type != h5py.h5l.TYPE_HARD:
        return None
    return parent[name]


def is_matrix(item: object, dimensions: int = 2, kinds: str = "fiu") -> TypeGuard[h5py.Dataset]:
    """Return True if an object of the file is an array of numbers of that many dimensions."""
    return (
        isinstance(item, h5py.Dataset)
        and item.shape is not None
        and len(item.shape) == dimensions
        and item.dtype.kind in kinds
    )


def is_column(item: object) -> TypeGuard[h5py.Dataset]:
    """Return True if an object of the file is one text, number or boolean for each row."""
    if not isinstance(item, h5py.Dataset) or item.shape is None or len(item.shape) != 1:
        return False
    return item.dtype.kind in COLUMN_KINDS or is_string(item)


def is_string(dataset: h5py.Dataset) -> bool:
    """Return True if a dataset holds texts."""
    return h5py.check_string_dtype(dataset.dtype) is not None


def read_matrix(dataset: h5py.Dataset) -> np.ndarray:
    """Return a dataset of numbers as read-only float32 of its shape, after checking its size."""
    check_dataset(dataset)
    return as_float32(dataset.astype(np.float32)[...])


def read_column(dataset: h5py.Dataset, longest: int) -> pa.ChunkedArray:
    """Return a dataset for which is_column returns True as a column.

    Parameters
    ----------
    longest : bytes of the longest text of the file, from check_heaps

    Raises
    ------
    EmbeddingError
        it exceeds the size limit
    """
    check_dataset(dataset)
    if dataset.dtype.kind != "O":
        return to_column(dataset[...])
    strings = dataset.asstr(errors="replace")
    return read_texts(lambda rows: strings[rows].tolist(), len(dataset), longest, dataset.name)


def read_texts(
    read: Callable[[slice], list[str]], rows: int, longest: int, name: str
) -> pa.ChunkedArray:
    """Return texts that are read in parts, since all of them may be the same long one.

    Parameters
    ----------
    read : returns the texts of some rows
    longest : bytes of the longest text of the file
    name : of the texts, for messages

    Raises
    ------
    EmbeddingError
        they exceed the size limit
    """
    step = min(max(1, max_bytes() // 8 // max(1, longest)), _TEXTS)
    parts, size = [], 0
    for start in range(0, rows, step):
        part = pa.array(read(slice(start, start + step)), pa.string())
        size += part.nbytes
        check_bytes(size, f"the texts of {name} take")
        parts.append(part)
    return pa.chunked_array(parts, pa.string())


def check_dataset(dataset: h5py.Dataset) -> None:
    """Raise EmbeddingError if the data are outside of the file, or exceed the limit in memory.

    What a file claims need not be stored in it: a packed or never written part takes no bytes.
    """
    stored = dataset.id.get_create_plist()
    if stored.get_layout() == h5py.h5d.VIRTUAL or stored.get_external_count():
        raise EmbeddingError(
            f"{dataset.name} is stored in other files, which are never opened from here; "
            "copy it into one file (h5repack)"
        )
    itemsize = max(4, dataset.dtype.itemsize)
    for shape, verb in ((dataset.shape, "needs"), (dataset.chunks or (), "has chunks of")):
        size = padded_size(shape) * itemsize
        if size > max_bytes():  # its name is looked up in the file
            check_bytes(size, f"{dataset.name} {verb}")


@dataclass(frozen=True)
class StoredDataset:
    """A dataset as the file describes it.

    Attributes
    ----------
    path : its name, from the root
    shape : its shape
    dtype, type_name : the type of its elements
    offset : where in the file its numbers are, one after another; None if they are packed, in
        parts, or never written
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype
    type_name: str
    offset: int | None


def described_datasets(file: h5py.File) -> Iterator[StoredDataset]:
    """Yield what the file says of each of its datasets; see `datasets`.

    It asks HDF5 for as little as possible, since a file may have a dataset for each word.
    """
    types: list[_Type] = []
    for path, dataset, shape in _datasets(file):
        stored = dataset.get_type()
        found = next((each for each in types if stored.equal(each.stored)), None)
        if found is None:
            found = _Type(stored)
            if len(types) < _MOST_TYPES:
                types.append(found)
        offset = dataset.get_offset() if found.is_plain else None
        if offset is not None:
            size = math.prod(shape) * found.dtype.itemsize
            offset = offset if size and dataset.get_storage_size() == size else None
        yield StoredDataset(path, shape, found.dtype, found.name, offset)


class _Type:
    """A type that datasets share; h5py would create it again for each of them.

    Attributes
    ----------
    stored : as HDF5 has it
    dtype, name : as numpy has it
    is_plain : whether it is a floating-point number that numpy reads as it is stored
    """

    def __init__(self, stored: h5py.h5t.TypeID) -> None:
        self.stored, self.dtype = stored, stored.dtype
        self.name = str(self.dtype)
        is_float = self.dtype.kind == "f"
        self.is_plain = is_float and stored.equal(h5py.h5t.py_create(self.dtype))


def check_total(group: h5py.Group) -> None:
    """Raise EmbeddingError if all datasets of a group together exceed the limit in memory."""
    check_bytes(sum(map(stated_bytes, datasets(group))), f"{group.name} takes")


def stated_bytes(dataset: h5py.Dataset) -> int:
    """Return the bytes that a dataset takes in memory, by its stated shape and type."""
    return math.prod(dataset.shape) * dataset.dtype.itemsize


def datasets(group: h5py.Group) -> Iterator[h5py.Dataset]:
    """Yield all datasets with a shape in a group or its groups, in the order of the file.

    One that stays open takes some kilobytes.
    """
    return (h5py.Dataset(dataset) for _, dataset, _ in _datasets(group))


def _datasets(
    group: h5py.Group,
) -> Iterator[tuple[str, h5py.h5d.DatasetID, tuple[int, ...]]]:
    """Yield path, dataset and shape of each, as HDF5's own interface has them, which is faster."""
    visited = {h5py.h5o.get_info(group.id).addr}
    waiting = [(group, iter(_own(group)))]  # not visititems: it opens each from the root
    folders = [(group.name or "").rstrip("/")]
    while waiting:
        parent, names = waiting[-1]
        name, address = next(names, ("", 0))
        if not name:
            waiting.pop()
            folders.pop()
            continue
        if address in visited:
            continue
        visited.add(address)
        path = f"{folders[-1]}/{name}"
        item = h5py.h5o.open(parent.id, _encoded(name))
        if isinstance(item, h5py.h5g.GroupID):
            inner = h5py.Group(item)
            waiting.append((inner, iter(_own(inner))))
            folders.append(path)
        elif isinstance(item, h5py.h5d.DatasetID):
            shape = item.shape
            if shape is not None:
                yield path, item, shape


def _own(group: h5py.Group) -> list[tuple[str, int]]:
    """Return the name and address of what the file itself holds in a group; not those of links."""
    own: dict[bytes, int] = {}

    def visit(name: bytes, info: h5py.h5l.LinkInfo) -> None:
        if info.type == h5py.h5l.TYPE_HARD:
            own[name] = info.u

    group.id.links.iterate(visit, info=True)
    places = ((name, own.get(_encoded(name))) for name in group)
    return [(name, place) for name, place in places if name and place is not None]


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
