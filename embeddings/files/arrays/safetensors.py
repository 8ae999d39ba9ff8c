"""safetensors: named tensors behind a JSON header; the largest matrix is the vectors."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.arrays.named import are_by_name, stacked
from embeddings.files.arrays.npy import matrix_shape, to_column
from embeddings.files.atomic import atomic_path
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, first_line, shorten
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.roles import NOTHING, SURE, Rank
from embeddings.files.tabular.tables import are_row_numbers

_LONGEST_HEADER = 100_000_000  # bytes; the safetensors library reads no longer one
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # bfloat16 is cut float32
_OTHERS = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4",
           "U16": "<u2", "U8": "u1", "BOOL": "?"}  # fmt: skip
_TYPES = _FLOATS | _OTHERS
_NAMES = {kind: str(np.dtype(code)) for kind, code in _TYPES.items()} | {"BF16": "bfloat16"}


@dataclass(frozen=True)
class _Tensor:
    """One tensor as the header describes it, but without axes of length 1; and where it begins."""

    name: str
    kind: str
    shape: tuple[int, ...]
    start: int


def matches(head: bytes, path: Path) -> bool:
    """Say whether a file starts with the length of a JSON object, and with that object."""
    if head[8:9] != b"{":
        return False
    length = int.from_bytes(head[:8], "little")
    return length <= _LONGEST_HEADER or path.suffix.lower() == ".safetensors"


def load(path: Path, context: ReadContext) -> Draft:
    """Read the vectors (see choose_vectors), and all tensors that hold one value for each of them.

    Labels are those that this project wrote, else the row numbers.

    Raises
    ------
    EmbeddingError
        a damaged file, a header that claims more than there is, or no matrix of numbers in it
    """
    tensors, described = _read_header(path)
    if _are_by_name(tensors):
        arrays = (_read(path, tensor) for tensor in tensors)
        vectors = stacked(arrays, len(tensors), tensors[0].shape[0], context.note)
        about = provenance.described(path, _NAMES[tensors[0].kind])
        return Draft.of(vectors, [tensor.name for tensor in tensors], **about)
    chosen = choose_vectors(tensors, context)
    rows = chosen.shape[0]
    if not context.should_map(path):
        check_bytes(math.prod(chosen.shape) * 4, "the vectors need")
    columns = _columns(path, tensors, rows)
    labels = _labels(described, rows, context.note)
    header = described.get("embedding")
    said = provenance.from_json(header) if header else None
    found = provenance.described(path, _NAMES[chosen.kind], said)
    return Draft.of(as_float32(_read(path, chosen)), labels, columns, **found)


def vector_likelihood(path: Path) -> Rank:
    """Say how surely the file holds vectors, by its header; see roles.py."""
    tensors, _ = _read_header(path)
    kinds = {tensor.kind for tensor in tensors if len(tensor.shape) == 2}
    if kinds & set(_FLOATS) or _are_by_name(tensors):
        return SURE
    return (3, 0) if kinds & set(_OTHERS) else NOTHING


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the tensors that hold one value for each row of another file, as one table.

    Parameters
    ----------
    rows : how many there should be, where that is known

    Raises
    ------
    EmbeddingError
        a damaged file, or no one-dimensional tensor in it
    """
    tensors, _ = _read_header(path)
    lengths = [tensor.shape[0] for tensor in tensors if len(tensor.shape) == 1]
    if not lengths:
        raise EmbeddingError("no tensor of one value a row; expected such beside vectors")
    length = rows if rows in lengths else lengths[0]
    columns = _columns(path, tensors, length)
    others = ", ".join(f"{t.name} {list(t.shape)}" for t in tensors if t.name not in columns)
    if others:
        note(f"left out {shorten(others, 200)}: not one value for each of the {length:,} rows")
    yield pa.table(columns), ""


def _columns(path: Path, tensors: Sequence[_Tensor], rows: int) -> dict[str, pa.ChunkedArray]:
    """Return all tensors that hold one value for each of `rows`."""
    return {
        tensor.name: to_column(_read(path, tensor))
        for tensor in tensors
        if tensor.shape == (rows,) and tensor.kind in _TYPES and rows
    }


def _are_by_name(tensors: Sequence[_Tensor]) -> bool:
    floats = all(tensor.kind in _FLOATS for tensor in tensors)
    return floats and are_by_name([t.name for t in tensors], [t.shape for t in tensors])


def choose_vectors(tensors: list[_Tensor], context: ReadContext) -> _Tensor:
    """Return the matrix that is the vectors: of floats rather than integers; then the largest.

    Raises
    ------
    EmbeddingError
        no two-dimensional tensor of numbers
    """
    matrices = [tensor for tensor in tensors if len(tensor.shape) == 2 and tensor.kind in _TYPES]
    matrices = [tensor for tensor in matrices if tensor.kind in _FLOATS] or matrices
    if not matrices:
        found = ", ".join(f"{t.name} {t.kind} {list(t.shape)}" for t in tensors[:20]) or "nothing"
        raise EmbeddingError(
            f"no matrix of numbers among its tensors ({found}); expected one of two dimensions "
            f"and of type {', '.join(_FLOATS)}, one row an item"
        )
    best = max(matrices, key=lambda tensor: math.prod(tensor.shape))
    others = [f"{t.name} {list(t.shape)}" for t in matrices if t is not best]
    others[8:] = [f"{len(others) - 8} more"] if len(others) > 8 else []
    assumed = (
        f"several matrices: took the largest, {best.name} {list(best.shape)}, as the "
        f"vectors, not {', '.join(others)}"
    )
    names = [tensor.name for tensor in matrices]
    taken = context.choose("vector", names, best.name, assumed if others else "")
    return next(tensor for tensor in matrices if tensor.name == taken)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write the tensor `vectors`, with labels and provenance in the header, atomically.

    Returns the columns of metadata, for which there is no place.

    Raises
    ------
    EmbeddingError
        labels that are too long for the header
    """
    described = {"embedding": provenance.to_json(embedding_set.provenance)}
    if not are_row_numbers(embedding_set.labels):
        described["labels"] = json.dumps(embedding_set.labels)
    size = len(json.dumps(described))
    if size > _LONGEST_HEADER - 1000:
        raise EmbeddingError(
            f"its labels take {size:,} bytes; a safetensors header holds {_LONGEST_HEADER:,} at "
            "most; write .parquet"
        )
    with atomic_path(path) as temporary:
        save_file({"vectors": embedding_set.vectors}, temporary, described)
        temporary.chmod(0o644)
    return tuple(f"column {name}" for name in embedding_set.metadata.column_names)


def _read_header(path: Path) -> tuple[list[_Tensor], dict[str, str]]:
    """Return the tensors and the texts that the header describes, after checking its claims."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size - 8, _LONGEST_HEADER):
            raise EmbeddingError(
                f"its header claims to be {length:,} bytes long in a file of {size:,}; "
                "the file is cut short or damaged"
            )
        try:
            with safe_open(path, framework="np") as checked:  # types, shapes and places agree
                described = checked.metadata() or {}
            header = json.loads(file.read(length))
        except (SafetensorError, ValueError, RecursionError, OSError) as error:
            raise EmbeddingError(
                f"damaged or incomplete safetensors ({first_line(error)}); write the file again"
            ) from error
    header.pop("__metadata__", None)
    return [
        _Tensor(name, found["dtype"], matrix_shape(tuple(found["shape"])), start + offsets[0])
        for name, found in header.items()
        for start, offsets in [(8 + length, found["data_offsets"])]
    ], described


def _read(path: Path, tensor: _Tensor) -> np.ndarray:
    """Return a tensor's numbers, mapped from the file; those of bfloat16 as float32."""
    dtype = np.dtype(_TYPES[tensor.kind])
    if 0 in tensor.shape:
        return np.empty(tensor.shape, dtype)
    array = np.memmap(path, dtype, "r", tensor.start, tensor.shape)
    if tensor.kind != "BF16":
        return np.asarray(array)
    widened = array.astype(np.uint32)
    widened <<= 16
    return widened.view(np.float32)


def _labels(described: dict[str, str], rows: int, note: Note) -> list[str] | None:
    """Return the labels that the header holds, if it is a list of `rows` texts."""
    if "labels" not in described:
        return None
    try:
        labels = json.loads(described["labels"])
    except (ValueError, RecursionError):
        labels = None
    if isinstance(labels, list) and len(labels) == rows and all(type(t) is str for t in labels):
        return labels
    note(f"left out the labels in its header: they are no list of {rows:,} texts")
    return None
