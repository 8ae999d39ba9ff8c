"""safetensors: named tensors behind a JSON header; the largest matrix is the vectors."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.arrays import named
from embeddings.files.arrays.npy import matrix_shape, to_column
from embeddings.files.atomic import atomic_path
from embeddings.files.damage import damaged
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, padded_size
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.roles import Likelihood
from embeddings.files.tabular.table_draft import are_row_numbers

_LONGEST_HEADER = 100_000_000  # bytes; the safetensors library reads no longer one
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # bfloat16: half a float32
_INTEGERS = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4",
           "U16": "<u2", "U8": "u1", "BOOL": "?"}  # fmt: skip
_TYPES = _FLOATS | _INTEGERS
_NAMES = {kind: str(np.dtype(code)) for kind, code in _TYPES.items()} | {"BF16": "bfloat16"}


@dataclass(frozen=True)
class _Tensor(named.NamedArray):
    """A tensor of the file; its `type_name` is that of the header, such as "F32".

    Attributes
    ----------
    start : byte of the file at which its numbers begin
    """

    start: int


def matches(head: bytes, path: Path) -> bool:
    """Return True if a file starts with the length of a JSON object, and with that object."""
    if head[8:9] != b"{":
        return False
    length = int.from_bytes(head[:8], "little")
    return length <= _LONGEST_HEADER or path.suffix.lower() == ".safetensors"


def load(path: Path, context: ReadContext) -> Draft:
    """Read the vectors, and all tensors that hold one value for each of them.

    The vectors are the largest matrix of floats. Labels are those that `save` wrote into the
    header, or else the row numbers.

    Raises
    ------
    EmbeddingError
        a damaged file, a header that claims more than there is, or no matrix of numbers
    """
    tensors, texts = _read_header(path)
    if named.are_single_vectors(tensors):
        with path.open("rb") as file:
            arrays = (_read(file, tensor) for tensor in tensors)
            vectors = named.stack_vectors(arrays, len(tensors), tensors[0].shape[0], context.note)
        fields = provenance.described(path, _NAMES[tensors[0].type_name])
        return Draft.of(vectors, [tensor.name for tensor in tensors], **fields)
    chosen = _choose(tensors, context)
    rows = chosen.shape[0]
    if not context.should_map(path):
        check_bytes(padded_size(chosen.shape) * 4, "the vectors need")
    labels = _labels(texts, rows, context.note)
    header = texts.get("embedding")
    stored = provenance.from_json(header) if header else None
    fields = provenance.described(path, _NAMES[chosen.type_name], stored)
    with path.open("rb") as file:
        columns = _columns(file, tensors, rows)
        if context.should_map(path):
            vectors = _decoded(_map(context.path_to_map(path), chosen), chosen)
        else:
            vectors = _read(file, chosen)
    draft = Draft.of(as_float32(vectors), labels, columns, **fields)
    return replace(draft, typed=stored is not None)


def vector_likelihood(path: Path) -> Likelihood:
    """Return how surely the file holds vectors, by its header."""
    return named.likelihood(_read_header(path)[0])


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the tensors that hold one value for each row of another file, as one table.

    Parameters
    ----------
    rows : number of rows of the other file, if it is known

    Raises
    ------
    EmbeddingError
        a damaged file, or no one-dimensional tensor in it
    """
    tensors, _ = _read_header(path)
    with path.open("rb") as file:
        yield (
            named.columns_table(
                tensors, rows, lambda length: _columns(file, tensors, length), note
            ),
            "",
        )


def _columns(file: IO[bytes], tensors: Sequence[_Tensor], rows: int) -> dict[str, pa.ChunkedArray]:
    """Return all tensors that hold one value for each of `rows`."""
    return {
        tensor.name: to_column(_read(file, tensor))
        for tensor in tensors
        if tensor.shape == (rows,) and tensor.kind != "other" and rows
    }


def _choose(tensors: Sequence[_Tensor], context: ReadContext) -> _Tensor:
    """Return the matrix that is the vectors; EmbeddingError where there is none."""
    matrices = named.find_matrices(tensors)
    if not matrices:
        raise EmbeddingError(
            f"no matrix of numbers among its tensors ({named.describe(tensors)}); expected one of "
            f"two dimensions and of type {', '.join(_FLOATS)}, one row for each item"
        )
    largest = max(matrices, key=lambda tensor: math.prod(tensor.shape))
    return named.choose_matrix(matrices, largest, context)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write the tensor `vectors`, with labels and provenance in the header, atomically.

    Returns
    -------
    the columns of metadata, for which the format has no place

    Raises
    ------
    EmbeddingError
        the labels are too long for the header
    """
    described = {"embedding": provenance.to_json(embedding_set.provenance)}
    if not are_row_numbers(embedding_set.labels):
        described["labels"] = json.dumps(embedding_set.labels)
    size = len(json.dumps(described))
    if size > _LONGEST_HEADER - 1000:
        raise EmbeddingError(
            f"its labels take {size:,} bytes; a safetensors header holds at most "
            f"{_LONGEST_HEADER:,}; write .parquet"
        )
    with atomic_path(path) as temporary:
        save_file({"vectors": embedding_set.vectors}, temporary, described)
        temporary.chmod(0o644)
    return tuple(f"column {name}" for name in embedding_set.metadata.column_names)


def _read_header(path: Path) -> tuple[list[_Tensor], dict[str, str]]:
    """Return the tensors and the texts of the header, after checking its claims."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > size - 8:
            raise EmbeddingError(
                f"its header claims to be {length:,} bytes long in a file of {size:,}; "
                "the file is cut short or damaged"
            )
        with damaged("safetensors", SafetensorError, ValueError, RecursionError, OSError):
            with safe_open(path, framework="np") as checked:  # types, shapes and places agree
                texts = checked.metadata() or {}
            header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return [
        _Tensor(
            name,
            matrix_shape(tuple(found["shape"])),
            "float" if found["dtype"] in _FLOATS else
            "integer" if found["dtype"] in _INTEGERS else "other",
            found["dtype"],
            8 + length + found["data_offsets"][0],
        )
        for name, found in header.items()
    ], texts  # fmt: skip


def _map(path: Path, tensor: _Tensor) -> np.ndarray:
    """Return a tensor's numbers in a mapped file, as they are stored."""
    dtype = np.dtype(_TYPES[tensor.type_name])
    end = tensor.start + math.prod(tensor.shape) * dtype.itemsize
    content = np.memmap(path, np.uint8, "r")
    return np.asarray(content[tensor.start : end].view(dtype).reshape(tensor.shape))


def _read(file: IO[bytes], tensor: _Tensor) -> np.ndarray:
    """Read a tensor's numbers; bfloat16 as float32.

    Raises
    ------
    EmbeddingError
        the file has been cut short since its header was read
    """
    dtype = np.dtype(_TYPES[tensor.type_name])
    size = math.prod(tensor.shape) * dtype.itemsize
    file.seek(tensor.start)
    content = file.read(size)
    if len(content) < size:
        raise EmbeddingError("the file was cut short while it was read; open it again")
    return _decoded(np.frombuffer(content, dtype).reshape(tensor.shape), tensor)


def _decoded(array: np.ndarray, tensor: _Tensor) -> np.ndarray:
    """Return a tensor's numbers as NumPy has them: bfloat16 as float32."""
    if tensor.type_name != "BF16":
        return array
    widened = array.astype(np.uint32)
    widened <<= 16
    return widened.view(np.float32)


def _labels(texts: dict[str, str], rows: int, note: Note) -> list[str] | None:
    """Return the labels that the header holds; None if it holds no list of `rows` texts."""
    if "labels" not in texts:
        return None
    try:
        labels = json.loads(texts["labels"])
    except (ValueError, RecursionError):
        labels = None
    if isinstance(labels, list) and len(labels) == rows and all(type(t) is str for t in labels):
        return labels
    note(f"left out the labels in its header: they are not a list of {rows:,} texts")
    return None
