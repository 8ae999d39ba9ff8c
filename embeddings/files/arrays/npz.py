"""numpy's .npz: named arrays; a matrix is the vectors, arrays of one value a row are the rest."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from lzma import LZMAError
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.arrays.named import are_by_name, stacked
from embeddings.files.arrays.npy import (
    COLUMN_KINDS,
    MAGIC,
    check_matrix,
    matrix_shape,
    read_header,
    to_column,
)
from embeddings.files.atomic import atomic_path
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, first_line, max_bytes, shorten
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.roles import (
    LABEL_NAMES,
    NOTHING,
    SURE,
    VECTOR_NAMES,
    Column,
    Rank,
    guess_label,
)
from embeddings.files.tabular.tables import to_labels
from embeddings.files.tabular.writable_columns import writable_columns

_NAMES = (*VECTOR_NAMES, "x", "data", "arr_0")
_TAKEN = ("vectors", "labels", "label", "provenance")
_DAMAGE = (zipfile.BadZipFile, zlib.error, LZMAError, OSError, EOFError, ValueError,
           NotImplementedError, RuntimeError)  # fmt: skip


@dataclass(frozen=True)
class _Member:
    """One array of the archive, as its header describes it, but without axes of length 1."""

    file: str
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def name(self) -> str:
        return self.file.removesuffix(".npy")


def matches(head: bytes, path: Path) -> bool:
    """Say whether the file is a zip with .npy members."""
    if not head.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(_is_npy(archive, info) for info in archive.infolist()[:100])
    except _DAMAGE:
        return path.suffix.lower() == ".npz"  # load() says what is wrong


def load(path: Path, context: ReadContext) -> Draft:
    """Read the vectors (see choose_vectors) and all arrays that hold one value for each of them.

    Raises
    ------
    EmbeddingError
        a damaged archive, one that unpacks to more than the limit, or no matrix of numbers in it
    """
    with _opened(path, context.note) as (archive, members):
        if _are_by_name(members):
            arrays = (_read(archive, member) for member in members)
            vectors = stacked(arrays, len(members), members[0].shape[0], context.note)
            names = [member.name for member in members]
            return Draft.of(vectors, names, **provenance.described(path, members[0].dtype))
        chosen = choose_vectors(members, context)
        columns = _columns(archive, members, chosen.shape[0])
        header = next((m for m in members if m.name == "provenance" and m.shape == ()), None)
        text = str(_read(archive, header)) if header and header.dtype.kind == "U" else None
        vectors = as_float32(_read(archive, chosen))
    said = provenance.from_json(text) if text else None
    found = provenance.described(path, chosen.dtype, said)
    label = _label_name(columns, context)
    if label is None:
        return replace(Draft.of(vectors, None, columns, **found), typed=said is not None)
    labels = to_labels(columns[label])
    if pa.types.is_string(columns[label].type):  # numbers are a category as well, and stay
        del columns[label]
    return replace(Draft.of(vectors, labels, columns, **found), typed=said is not None)


def vector_likelihood(path: Path) -> Rank:
    """Say how surely the file holds vectors, by the headers of its arrays; see roles.py."""
    with _opened(path, lambda _: None) as (_, members):
        kinds = [m.dtype.kind for m in members if len(m.shape) == 2]
    if "f" in kinds or _are_by_name(members):
        return SURE
    return (3, 0) if set(kinds) & set("iub") else NOTHING


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the arrays that hold one value for each row of another file, as one table.

    Parameters
    ----------
    rows : how many there should be, where that is known

    Raises
    ------
    EmbeddingError
        a damaged archive, or no one-dimensional array in it
    """
    with _opened(path, note) as (archive, members):
        lengths = [m.shape[0] for m in members if len(m.shape) == 1]
        if not lengths:
            raise EmbeddingError("no array of one value a row; expected such beside vectors")
        length = rows if rows in lengths else lengths[0]
        columns = _columns(archive, members, length)
    others = ", ".join(f"{m.name} {m.shape}" for m in members if m.name not in columns)
    if others:
        note(f"left out {shorten(others, 200)}: not one value for each of the {length:,} rows")
    yield pa.table(columns), ""


def _are_by_name(members: Sequence[_Member]) -> bool:
    floats = all(member.dtype.kind == "f" for member in members)
    return floats and are_by_name([m.name for m in members], [m.shape for m in members])


def choose_vectors(members: list[_Member], context: ReadContext) -> _Member:
    """Return the matrix that is the vectors: of floats rather than integers; by name; the first.

    Raises
    ------
    EmbeddingError
        no two-dimensional array of numbers
    """
    matrices = [m for m in members if len(m.shape) == 2 and m.dtype.kind in "fiub"]
    matrices = [m for m in matrices if m.dtype.kind == "f"] or matrices
    if not matrices:
        found = ", ".join(f"{m.name} {m.dtype} {m.shape}" for m in members[:20]) or "nothing"
        if len(members) == 1:
            check_matrix(members[0].shape, members[0].dtype)
        if {"indices", "indptr", "data"} <= {member.name for member in members}:
            raise EmbeddingError(
                "a sparse matrix of scipy's; write it whole, or reduced: numpy.save('vectors.npy', "
                "scipy.sparse.load_npz(path).toarray())"
            )
        raise EmbeddingError(
            f"no matrix of numbers among its arrays ({found}); "
            "expected one of two dimensions, one row an item: numpy.savez(path, vectors=...)"
        )
    by_name = {m.name.lower(): m for m in reversed(matrices)}
    best = next((by_name[name] for name in _NAMES if name in by_name), matrices[0])
    others = ", ".join(f"{m.name} {m.shape}" for m in matrices if m is not best)
    assumed = f"several matrices: took {best.name} {best.shape} as the vectors, not {others}"
    names = [m.name for m in matrices]
    taken = context.choose("vector", names, best.name, assumed if others else "")
    return next(m for m in matrices if m.name == taken)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write vectors, labels, provenance and all plain columns as named arrays, atomically.

    Returns the columns that no plain array can hold: with missing values, nested, or of a name
    that is taken.

    Raises
    ------
    EmbeddingError
        labels that an array of fixed width would blow up or change
    """
    labels = _text_array(embedding_set.labels)
    if labels is None:
        raise EmbeddingError(
            "labels that end in a NUL character, or of which one is so long that an array of "
            "fixed width exceeds the limit, do not fit .npz; write .parquet"
        )
    arrays = {"vectors": embedding_set.vectors, "labels": labels}
    columns, left_out = writable_columns(
        embedding_set.metadata, _plain_array, _TAKEN, lambda name: "\0" in name
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
def _opened(path: Path, note: Note) -> Iterator[tuple[zipfile.ZipFile, list[_Member]]]:
    """Open an archive whose arrays, all unpacked, fit the limit; damage is an EmbeddingError."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            check_bytes(sum(info.file_size for info in infos), "its arrays unpack to")
            yield archive, _members(archive, infos, note)
    except EmbeddingError:
        raise
    except _DAMAGE as error:
        raise EmbeddingError(
            f"damaged or unreadable .npz ({first_line(error)}); write it again with numpy.savez"
        ) from error


def _columns(
    archive: zipfile.ZipFile, members: Sequence[_Member], rows: int
) -> dict[str, pa.ChunkedArray]:
    """Return all arrays that hold one text, number, boolean or date for each of `rows`."""
    return {
        member.name: to_column(_read(archive, member))
        for member in members
        if member.shape == (rows,) and member.dtype.kind in COLUMN_KINDS
    }


def _is_npy(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    if info.filename.endswith(".npy"):
        return True
    if "." in info.filename or info.is_dir():
        return False
    with archive.open(info) as file:
        return file.read(len(MAGIC)) == MAGIC


def _members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], note: Note) -> list[_Member]:
    """Read the headers of all arrays; those of Python objects are left out and named."""
    members = []
    for info in infos:
        if not _is_npy(archive, info):
            continue
        with archive.open(info) as file:
            shape, dtype = read_header(file, info.file_size)
        if dtype.hasobject:
            note(f"left out {info.filename}: it holds Python objects, which are never unpickled")
        else:
            members.append(_Member(info.filename, matrix_shape(shape), dtype))
    return members


def _read(archive: zipfile.ZipFile, member: _Member) -> np.ndarray:
    with archive.open(member.file) as file:
        return np.lib.format.read_array(file, allow_pickle=False).reshape(member.shape)


def _label_name(columns: dict[str, pa.ChunkedArray], context: ReadContext) -> str | None:
    """Return the array that labels the rows: texts of the best name, else the first of texts."""
    texts = [name for name, column in columns.items() if pa.types.is_string(column.type)]
    if not texts:
        texts = [name for name in columns if name.lower() in LABEL_NAMES]
    if not columns:
        return None
    position = guess_label([Column(name, "text") for name in texts], range(len(texts)))
    default = None if position is None else texts[position]
    return context.choose("label", list(columns), default)


def _text_array(texts: Sequence[str]) -> np.ndarray | None:
    """Return texts as a numpy array of fixed width, or None where that would change or burst it."""
    width = max(1, max(map(len, texts), default=0))
    if 4 * width * len(texts) > max_bytes() or any(text.endswith("\0") for text in texts):
        return None
    return np.array(texts, dtype=f"U{width}")


def _plain_array(column: pa.ChunkedArray) -> np.ndarray | None:
    """Return a metadata column as a numpy array without objects, or None where there is none."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    if column.null_count or pa.types.is_nested(kind) or pa.types.is_null(kind) or zoned:
        return None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text_array(column.to_pylist())
    array = column.to_numpy()
    return None if array.dtype.hasobject else array
