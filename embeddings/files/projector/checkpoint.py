"""TensorFlow's checkpoints: an index of tensors, and their bytes in files beside it.

The messages are those of tensorflow/core/protobuf/tensor_bundle.proto; the index is a table of
LevelDB (https://github.com/google/leveldb/blob/main/doc/table_format.md). Nothing in a checkpoint
is run: a tensor is bytes with a type and a shape.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.arrays import named
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, error_context
from embeddings.files.options import ReadContext
from embeddings.text import listed

_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER = 48
_MOST_INDEX_BYTES = 16 * 2**20
_LONGEST_NAME = 4096
_TRAILER = 5  # bytes after a block: how it is compressed, and a checksum
_TYPES = {1: "f4", 2: "f8", 3: "i4", 4: "u1", 5: "i2", 6: "i1", 9: "i8", 14: "bfloat16", 19: "f2"}
_VARIABLE = "/.ATTRIBUTES/VARIABLE_VALUE"  # how TensorFlow 2 ends the names of variables
_STATE = re.compile(r"OPTIMIZER_SLOT|/(Adam|Adagrad|Momentum|RMSProp)(_\d+)?$|save_counter")
_PART = re.compile(
    r"checkpoint|graph\.pbtxt|.*\.(index|meta|data-\d{5}-of-\d{5})|events\.out\.tfevents\..*"
)
_NUMBER = re.compile(r"(\d{1,18})")
_DAMAGED = "damaged index of a checkpoint; copy the file again"


@dataclass(frozen=True)
class _Tensor(named.NamedArray):
    """A tensor of the index.

    Attributes
    ----------
    full_name : its name in the index
    shard : number of the file that holds it
    offset, size : bytes before it in that file, and of it
    """

    full_name: str
    shard: int
    offset: int
    size: int


def is_index(path: Path) -> bool:
    """Return True if a file is the index of a checkpoint."""
    size = path.stat().st_size
    if size < _FOOTER or path.suffix != ".index":
        return False
    with path.open("rb") as file:
        file.seek(size - len(_MAGIC))
        return file.read() == _MAGIC


def is_part(name: str) -> bool:
    """Return True for the name of a file that belongs to a checkpoint, or to its log folder."""
    return _PART.fullmatch(name.rpartition("/")[2]) is not None


def latest(paths: Sequence[Path]) -> Path | None:
    """Return the index of the latest checkpoint, by the numbers in the names; None for none."""
    found = [path for path in paths if path.is_file() and is_index(path)]

    def order(path: Path) -> list[tuple[int, str]]:
        parts = _NUMBER.split(path.name)
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

    return max(found, key=order, default=None)


def load(
    index: Path, given: Sequence[Path], context: ReadContext, name: str | None = None
) -> Draft:
    """Read a tensor of a checkpoint.

    Parameters
    ----------
    index : its index
    given : files that were given with it, or are in its folder
    name : of the tensor, as a Projector's config has it; None for the best matrix

    Raises
    ------
    EmbeddingError
        a damaged index, no such tensor, no matrix, or no file of its bytes
    """
    with error_context(index):
        shards, tensors = _read_index(index)
        matrices = named.find_matrices(tensors)
        if name is None:
            chosen = _best(matrices, context)
        else:
            wanted = name.removesuffix(":0")
            found = [t for t in matrices if wanted in (t.name, t.full_name)]
            if not found:
                names = listed((tensor.name for tensor in matrices), 10) or "no matrix"
                raise EmbeddingError(f"no tensor {wanted}; the checkpoint has {names}")
            chosen = found[0]
        part = f"{index.name.removesuffix('.index')}.data-{chosen.shard:05d}-of-{shards:05d}"
        beside = index.parent / part
        real = [beside] if beside.is_file() and not beside.is_symlink() else []
        path = next((each for each in (*given, *real) if each.name == part), None)
        if path is None:
            raise EmbeddingError(f"{part} is missing, which holds its numbers; add that file")
    with error_context(path):
        vectors = _read_tensor(chosen, path)
    return Draft.of(vectors, **provenance.described(index, chosen.type_name))


def _best(matrices: Sequence[_Tensor], context: ReadContext) -> _Tensor:
    """Return the matrix that is the vectors: one called so, or else the one of most rows."""
    weights = [tensor for tensor in matrices if not _STATE.search(tensor.full_name)] or matrices
    if not weights:
        raise EmbeddingError("no matrix of numbers among the tensors of the checkpoint")
    called = [tensor for tensor in weights if "emb" in tensor.name.lower()] or weights
    best = max(called, key=lambda tensor: tensor.shape[0])
    return named.choose_matrix(weights, best, context)


def _read_tensor(tensor: _Tensor, path: Path) -> np.ndarray:
    """Return a matrix: float32 of its shape, read-only."""
    dtype = np.dtype("<u2" if tensor.type_name == "bfloat16" else f"<{tensor.type_name}")
    count = math.prod(tensor.shape)
    check_bytes(4 * count, f"{tensor.name} takes")
    held = path.stat().st_size
    if tensor.size != count * dtype.itemsize or tensor.offset + tensor.size > held:
        raise EmbeddingError(
            f"{tensor.name} of shape {list(tensor.shape)} at byte {tensor.offset:,} is more than "
            f"the {held:,} bytes of the file; copy it again"
        )
    numbers = np.fromfile(path, dtype, count, offset=tensor.offset)
    if tensor.type_name == "bfloat16":
        numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
    return as_float32(numbers.reshape(tensor.shape))


def _read_index(path: Path) -> tuple[int, list[_Tensor]]:
    """Return the number of files, and all tensors of known types that are stored as one piece."""
    size = path.stat().st_size
    if size > _MOST_INDEX_BYTES:
        raise EmbeddingError(f"an index of {size:,} bytes; expected at most {_MOST_INDEX_BYTES:,}")
    content = path.read_bytes()
    try:
        return _parse_index(content)
    except (IndexError, ValueError, OverflowError) as error:
        if isinstance(error, EmbeddingError):
            raise
        raise EmbeddingError(_DAMAGED) from error


def _parse_index(content: bytes) -> tuple[int, list[_Tensor]]:
    footer, at = content[-_FOOTER:], 0
    for _ in range(2):  # the handle of another index comes first
        _, at = _varint(footer, at)
    shards, tensors, room = 1, [], len(content)
    for _, handle in _block(content, footer[at:]):
        for name, value in _block(content, handle):
            room -= len(value) + 3
            if room < 0:  # blocks are read more than once
                raise EmbeddingError(_DAMAGED)
            fields = dict(_fields(value))
            if not name:
                shards = _integer(fields.get(1, 1))
                if _integer(fields.get(2, 0)):
                    raise EmbeddingError("numbers of big-endian machines; expected little-endian")
            elif (tensor := _tensor(name, fields)) is not None:
                tensors.append(tensor)
    return shards, tensors


def _tensor(name: bytes, fields: dict[int, int | bytes]) -> _Tensor | None:
    kind = _TYPES.get(_integer(fields.get(1, 0)))
    if kind is None or 7 in fields:  # a type of no numbers, or in several pieces
        return None
    shape = fields.get(2, b"")
    if not isinstance(shape, bytes):
        raise EmbeddingError(_DAMAGED)
    sizes = [
        _integer(dict(_fields(size)).get(1, 0))
        for field, size in _fields(shape)
        if field == 2 and isinstance(size, bytes)
    ]
    full = name.decode("utf-8", "replace")
    place = [_integer(fields.get(number, 0)) for number in (3, 4, 5)]
    holds: named.Kind = "float" if kind.startswith(("f", "b")) else "integer"
    return _Tensor(full.removesuffix(_VARIABLE), tuple(sizes), holds, kind, full, *place)


def _integer(value: int | bytes) -> int:
    if not isinstance(value, int) or value >= 2**62:
        raise EmbeddingError(_DAMAGED)
    return value


def _block(content: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of the block at a handle: its offset and size."""
    offset, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    block = content[offset : offset + size]
    if offset + size + _TRAILER > len(content) or content[offset + size] != 0:
        raise EmbeddingError(_DAMAGED)  # TensorFlow does not compress it
    end = len(block) - 4 - 4 * int.from_bytes(block[-4:], "little")
    key, at = b"", 0
    while at < end:
        shared, at = _varint(block, at)
        added, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + added]
        if len(key) != shared + added or len(key) > _LONGEST_NAME or at + added + length > end:
            raise EmbeddingError(_DAMAGED)
        at += added + length
        yield key, block[at - length : at]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a message in protobuf's wire format."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        else:
            length = {1: 8, 5: 4}[kind] if kind in (1, 5) else len(message)
        if at + length > len(message):
            raise EmbeddingError(_DAMAGED)
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number of variable length at a position, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise EmbeddingError(_DAMAGED)
