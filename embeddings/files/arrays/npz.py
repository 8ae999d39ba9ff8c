"""NumPy's .npz: named arrays; one matrix is the vectors, one-dimensional arrays are its columns."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from lzma import LZMAError
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from embeddings.arrow_types import decoded, is_text
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.arrays import named
from embeddings.files.arrays.npy import (
    COLUMN_KINDS,
    OBJECTS,
    check_matrix,
    is_npy_member,
    matrix_shape,
    read_header,
    to_column,
)
from embeddings.files.arrays.sparse import is_sparse, read_dense
from embeddings.files.atomic import atomic_path
from embeddings.files.damage import damaged
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, max_bytes
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.roles import (
    CERTAIN,
    LABEL_NAMES,
    Column,
    Likelihood,
    guess_label,
)
from embeddings.files.tabular.table_draft import to_labels
from embeddings.files.tabular.writable_columns import writable_columns
from embeddings.text import listed

_RESERVED = ("vectors", "labels", "label", "provenance")
_DAMAGE = (zipfile.BadZipFile, zlib.error, LZMAError, OSError, EOFError, ValueError,
           NotImplementedError, RuntimeError)  # fmt: skip


@dataclass(frozen=True)
class _Member(named.NamedArray):
    """An array of the archive.

    Attributes
    ----------
    file : name of the member of the zip
    """

    file: str
    dtype: np.dtype


def matches(head: bytes, path: Path) -> bool:
    """Return True if the file, which starts as a zip does, has .npy members."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(is_npy_member(archive, info) for info in archive.infolist()[:100])
    except _DAMAGE:
        return path.suffix.lower() == ".npz"  # load() says what is wrong


def load(path: Path, context: ReadContext) -> Draft:
    """Read the vectors and all arrays that hold one value for each of them.

    The vectors are the matrix of floats with the best name, or the first one.

    Raises
    ------
    EmbeddingError
        a damaged archive, one that unpacks to more bytes than the limit, or no matrix of numbers
    """
    with _opened(path, context.note) as (archive, members):
        if named.are_single_vectors(members):
            arrays = (_read(archive, member) for member in members)
            rows, dimensions = len(members), members[0].shape[0]
            vectors = named.stack_vectors(arrays, rows, dimensions, context.note)
            names = [member.name for member in members]
            return Draft.of(vectors, names, **provenance.described(path, members[0].dtype))
        if is_sparse(members):
            vectors = as_float32(read_dense(lambda name: _read_named(archive, members, name)))
            context.note(
                f"a sparse matrix of SciPy: read as {vectors.shape[0]:,} x {vectors.shape[1]:,} "
                "numbers, zeros included"
            )
            return Draft.of(vectors, **provenance.described(path, vectors.dtype))
        chosen = _choose(members, context)
        columns = _columns(archive, members, chosen.shape[0])
        header = next((m for m in members if m.name == "provenance" and m.shape == ()), None)
        text = str(_read(archive, header)) if header and header.dtype.kind == "U" else None
        vectors = as_float32(_read(archive, chosen))
    stored = provenance.from_json(text) if text else None
    fields = provenance.described(path, chosen.dtype, stored)
    label = _label_name(columns, context)
    labels = None if label is None else to_labels(columns[label])
    if label is not None and is_text(columns[label].type):  # numbers are a category as well
        del columns[label]
    return replace(Draft.of(vectors, labels, columns, **fields), typed=stored is not None)


def vector_likelihood(path: Path) -> Likelihood:
    """Return how surely the file holds vectors, by the headers of its arrays."""
    with _opened(path, lambda _: None) as (_, members):
        return CERTAIN if is_sparse(members) else named.likelihood(members)


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the arrays that hold one value for each row of another file, as one table.

    Parameters
    ----------
    rows : number of rows of the other file, if it is known

    Raises
    ------
    EmbeddingError
        a damaged archive, or no one-dimensional array in it
    """
    with _opened(path, note) as (archive, members):
        table = named.columns_table(
            members, rows, lambda length: _columns(archive, members, length), note
        )
    yield table, ""


def read_arrays(file: Path | IO[bytes], note: Note) -> dict[str, np.ndarray]:
    """Return all arrays by name, except those of Python objects, which a note lists.

    Raises
    ------
    EmbeddingError
        a damaged archive, or one that unpacks to more bytes than the limit
    """
    with _opened(file, note) as (archive, members):
        return {member.name: _read_as_stored(archive, member) for member in members}


def _choose(members: list[_Member], context: ReadContext) -> _Member:
    """Return the matrix that is the vectors; EmbeddingError where there is none."""
    matrices = named.find_matrices(members)
    if matrices:
        return named.choose_matrix(matrices, named.best_named(matrices), context)
    if len(members) == 1:
        check_matrix(members[0].shape, members[0].dtype)
    raise EmbeddingError(
        f"no matrix of numbers among its arrays ({named.describe(members)}); expected one of two "
        "dimensions, one row for each item: numpy.savez(path, vectors=...)"
    )


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write vectors, labels, provenance and all plain columns as named arrays, atomically.

    Returns
    -------
    the columns that no plain array can hold: with missing values, nested, or of a reserved name

    Raises
    ------
    EmbeddingError
        an array of fixed width would change the labels, or exceed the limit
    """
    labels = _text_array(embedding_set.labels)
    if labels is None:
        raise EmbeddingError(
            "labels that end in a NUL character, or one so long that an array of fixed width "
            "exceeds the size limit, do not fit .npz; write .parquet"
        )
    arrays = {"vectors": embedding_set.vectors, "labels": labels}
    columns, left_out = writable_columns(
        embedding_set.metadata, _plain_array, _RESERVED, lambda name: "\0" in name
    )
    arrays |= columns
    arrays["provenance"] = np.array(provenance.to_json(embedding_set.provenance))
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy")
            if array.dtype.kind == "U":  # four bytes a character: worth packing
                info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return tuple(left_out)


@contextmanager
def _opened(file: Path | IO[bytes], note: Note) -> Iterator[tuple[zipfile.ZipFile, list[_Member]]]:
    """Open an archive whose arrays, all unpacked, fit the limit; damage is an EmbeddingError."""
    with (
        damaged(".npz", *_DAMAGE, advice="write it again with numpy.savez"),
        zipfile.ZipFile(file) as archive,
    ):
        infos = archive.infolist()
        check_bytes(sum(info.file_size for info in infos), "its arrays unpack to")
        yield archive, _members(archive, infos, note)


def _columns(
    archive: zipfile.ZipFile, members: Sequence[_Member], rows: int
) -> dict[str, pa.ChunkedArray]:
    """Return all arrays that hold one text, number, boolean or date for each of `rows`."""
    return {
        member.name: to_column(_read(archive, member))
        for member in members
        if member.shape == (rows,) and member.dtype.kind in COLUMN_KINDS
    }


def _members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], note: Note) -> list[_Member]:
    """Read the headers of all arrays; those of Python objects are left out and named."""
    members, objects = [], []
    for info in infos:
        if not is_npy_member(archive, info):
            continue
        with archive.open(info) as file:
            shape, dtype = read_header(file, info.file_size)
        if dtype.hasobject:
            objects.append(info.filename)
            note(f"left out {info.filename}: it holds Python objects, which are never unpickled")
        else:
            name, kind = info.filename.removesuffix(".npy"), named.kind_of(dtype)
            members.append(
                _Member(name, matrix_shape(shape), kind, str(dtype), info.filename, dtype)
            )
    if objects and not members:
        raise EmbeddingError(f"{listed(objects)}: {OBJECTS}")
    return members


def _read_named(archive: zipfile.ZipFile, members: Sequence[_Member], name: str) -> np.ndarray:
    """Return the array of this name."""
    found = next((member for member in members if member.name == name), None)
    if found is None:
        raise EmbeddingError(f"a sparse matrix of SciPy without its {name}; write it again")
    return _read_as_stored(archive, found)


def _read(archive: zipfile.ZipFile, member: _Member) -> np.ndarray:
    return _read_as_stored(archive, member).reshape(member.shape)


def _read_as_stored(archive: zipfile.ZipFile, member: _Member) -> np.ndarray:
    with archive.open(member.file) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _label_name(columns: dict[str, pa.ChunkedArray], context: ReadContext) -> str | None:
    """Return the array that labels the rows: the text array with the best name, else the first."""
    texts = [name for name, column in columns.items() if is_text(column.type)]
    if not texts:
        texts = [name for name in columns if name.lower() in LABEL_NAMES]
    if not columns:
        return None
    position = guess_label([Column(name, "text") for name in texts], range(len(texts)))
    default = None if position is None else texts[position]
    return context.choose("label", list(columns), default)


def _text_array(texts: Sequence[str]) -> np.ndarray | None:
    """Return texts as an array of fixed width; None if that would change or exceed the limit."""
    width = max(1, max(map(len, texts), default=0))
    if 4 * width * len(texts) > max_bytes() or any(text.endswith("\0") for text in texts):
        return None
    return np.array(texts, dtype=f"U{width}")


def _plain_array(column: pa.ChunkedArray) -> np.ndarray | None:
    """Return a metadata column as an array without Python objects; None if that is impossible."""
    column = decoded(column)
    kind = column.type
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    if column.null_count or pa.types.is_nested(kind) or pa.types.is_null(kind) or zoned:
        return None
    if is_text(kind):
        return _text_array(column.to_pylist())
    array = column.to_numpy()
    return None if array.dtype.hasobject else array
