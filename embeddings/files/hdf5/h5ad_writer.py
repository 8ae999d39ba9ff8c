"""Writing AnnData's .h5ad for scanpy to work on directly, in the encodings of anndata 0.8.

anndata itself is not used: importing it takes twenty times as long as writing a small set, it would
store the vectors twice, once as X and once in obsm, and it cannot tell missing floats from NaN.
https://anndata.readthedocs.io/en/stable/fileformat-prose.html describes the encodings.
"""

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_text
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header
from embeddings.files.atomic import atomic_path
from embeddings.files.hdf5.h5ad import LABEL, MISSING, PROVENANCE, VECTORS
from embeddings.files.tabular.writable_columns import any_match, writable_columns
from embeddings.text import shorten

_RESERVED = (LABEL, "_index", "__categories", ".", "..")
_NOT_IN_NAMES = {"/", "\0"}  # characters that no name in HDF5 can have
_TEXT = h5py.string_dtype()
_GROUPS = ("layers", "obsm", "obsp", "uns", "varm", "varp")


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write an AnnData file, atomically; return the columns that obs cannot hold.

    The vectors are X, whose variables are dim_0, dim_1, ...: without X, scanpy.pp.neighbors and
    scanpy.tl.pca find nothing to work on. They are obsm["X_embedding"] as well, the name that
    scanpy.pl.embedding and `use_rep` take; both names stand for the same bytes of the file.
    If no label repeats, the labels are the names of obs; else they are its column `label`, and the
    names are row numbers. The provenance is uns["embedding"], as JSON. Dates and times, for which
    AnnData has no encoding, are written as texts in ISO 8601.

    Raises
    ------
    EmbeddingError
        a label holds a NUL character, at which HDF5 would cut it
    """
    labels = embedding_set.labels
    row = next((i for i, label in enumerate(labels) if "\0" in label), None)
    if row is not None:
        raise EmbeddingError(
            f"row {row}: the label {shorten(labels[row], 40)!r} holds a NUL character, which HDF5 "
            "cannot carry; write .parquet"
        )
    metadata = embedding_set.metadata
    columns, lost = writable_columns(
        metadata, _writable, _RESERVED, lambda name: bool(_NOT_IN_NAMES & {*name})
    )
    lost += [
        f"column {name}: which numbers are NaN and which are missing"
        for name, column in columns.items()
        if pa.types.is_floating(column.type) and column.null_count and _has_nan(column)
    ]
    with (
        atomic_path(path) as temporary,
        h5py.File(temporary, "w", libver=("earliest", "v108")) as file,
    ):
        _encode(file, "anndata", "0.1.0")
        for name in _GROUPS:
            _encode(file.create_group(name), "dict", "0.1.0")
        _array(file, "X", embedding_set.vectors.astype("<f4", copy=False))
        file[VECTORS] = file["X"]  # a second name, not a second copy
        _string(file, PROVENANCE, header.to_json(embedding_set.provenance))
        _frame(file, "var", [f"dim_{i}" for i in range(embedding_set.dimensions)], {})
        if len(set(labels)) == len(labels):
            _frame(file, "obs", labels, columns)
        else:
            texts = pa.chunked_array([pa.array(labels, pa.string())])
            rows = [str(row) for row in range(len(labels))]
            _frame(file, "obs", rows, {LABEL: texts, **columns})
    return tuple(lost)


def _writable(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as texts, numbers, booleans or categories of texts; None for others."""
    kind = column.type
    if pa.types.is_dictionary(kind) and not is_text(kind.value_type):
        return _writable(decoded(column))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    if is_text(decoded(column).type):
        return None if any_match(decoded(column).cast(pa.large_string()), r"\x00") else column
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    numeric = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    return column if numeric else None


def _frame(
    file: h5py.File,
    name: str,
    index: list[str] | tuple[str, ...],
    columns: Mapping[str, pa.ChunkedArray],
) -> None:
    """Write a table with its index."""
    group = file.create_group(name)
    _encode(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs["column-order"] = np.array(list(columns), dtype=object if columns else np.float64)
    _strings(group, "_index", list(index))
    for key, column in columns.items():
        _column(group, key, column)


def _column(group: h5py.Group, name: str, column: pa.ChunkedArray) -> None:
    """Write a column by the encoding of its type; missing values are masked, in floats NaN."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        _category(group, name, column)
    elif pa.types.is_floating(kind):
        filled = column.fill_null(pa.scalar(np.nan, kind)).to_numpy()
        dataset = _array(group, name, filled)
        if column.null_count and not _has_nan(column):
            dataset.attrs[MISSING] = "NaN"
    elif column.null_count == 0:
        if is_text(kind):
            _strings(group, name, column.to_pylist())
        else:
            _array(group, name, column.to_numpy())
    else:
        word = "boolean" if pa.types.is_boolean(kind) else "integer"
        word = "string-array" if is_text(kind) else word
        parts = group.create_group(name)
        _encode(parts, f"nullable-{word}", "0.1.0")
        if is_text(kind):
            _strings(parts, "values", column.fill_null("").to_pylist())
        else:
            _array(parts, "values", column.fill_null(pa.scalar(0).cast(kind)).to_numpy())
        _array(parts, "mask", column.is_null().to_numpy())


def _category(group: h5py.Group, name: str, column: pa.ChunkedArray) -> None:
    """Write codes, -1 for missing values, and the categories, of which none may repeat."""
    array = column.unify_dictionaries().combine_chunks()
    names = array.dictionary.to_pylist()
    if None in names or len(set(names)) < len(names):
        array = array.cast(array.type.value_type).dictionary_encode()
        names = array.dictionary.to_pylist()
    codes = array.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    width = next(t for t in (np.int8, np.int16, np.int32) if len(names) <= np.iinfo(t).max)
    parts = group.create_group(name)
    _encode(parts, "categorical", "0.2.0")
    parts.attrs["ordered"] = bool(column.type.ordered)
    _array(parts, "codes", codes.astype(width))
    _strings(parts, "categories", names)


def _has_nan(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.is_nan(column)).as_py())


def _encode(item: h5py.Group | h5py.Dataset, kind: str, version: str) -> None:
    item.attrs["encoding-type"], item.attrs["encoding-version"] = kind, version


def _array(group: h5py.Group, name: str, values: np.ndarray) -> h5py.Dataset:
    dataset = group.create_dataset(name, data=values)
    _encode(dataset, "array", "0.2.0")
    return dataset


def _strings(group: h5py.Group, name: str, texts: list[str]) -> None:
    dataset = group.create_dataset(name, data=np.array(texts, dtype=object), dtype=_TEXT)
    _encode(dataset, "string-array", "0.2.0")


def _string(group: h5py.Group, name: str, text: str) -> None:
    dataset = group.create_dataset(name, data=text, dtype=_TEXT)
    _encode(dataset, "string", "0.2.0")
