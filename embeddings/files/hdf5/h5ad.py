"""AnnData's .h5ad, in its old and new encodings: one array of obsm is the vectors, obs the rest.

https://anndata.readthedocs.io/en/stable/fileformat-prose.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.arrays import named
from embeddings.files.arrays.npy import COLUMN_KINDS, to_column
from embeddings.files.draft import Draft
from embeddings.files.hdf5 import access
from embeddings.files.hdf5.sparse_groups import read_sparse, sparse_kind, sparse_shape
from embeddings.files.limits import as_float32
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.table_draft import to_labels
from embeddings.files.tabular.text_types import infer_type

VECTORS, PROVENANCE, LABEL = "obsm/X_embedding", "uns/embedding", "label"
"""Where h5ad_writer.py writes the vectors, the provenance, and labels that repeat (in obs)."""

MISSING = "missing-values"
"""Attribute of a column of floats: "NaN" if its NaNs stand for missing values."""

_DEFAULT = "X_pca"
_INDEX = "_index"


@dataclass(frozen=True)
class _Array(named.NamedArray):
    """An array that may be the vectors: a dataset, or a field of one where obsm is a table.

    Attributes
    ----------
    dataset : or the group of the parts of a sparse matrix
    field : name of the field; None for a whole dataset
    """

    dataset: h5py.Dataset | h5py.Group
    field: str | None = None


def matches(head: bytes, path: Path) -> bool:
    """Return True if an HDF5 file has AnnData's obs, and obsm or X; or X, and says so."""
    try:
        with access.opened(path) as file:
            obs, obsm, x = (access.child(file, name) for name in ("obs", "obsm", "X"))
            stated = _text(file.attrs.get("encoding-type", "")) == "anndata"
            known = obs is not None or stated or sparse_kind(x) != ""
            return known and (obsm is not None or x is not None)
    except EmbeddingError:
        return False  # generic.py reports what is wrong


def load(path: Path, context: ReadContext) -> Draft:
    """Read X_pca of obsm, else its first array, else X; obs labels and describes the rows.

    Sparse matrices are read where they are small.

    Raises
    ------
    EmbeddingError
        a damaged file, one that needs more memory than the limit, no dense array, or columns of
        obs that do not have one value for each row
    """
    longest = access.check_heaps(path)
    with access.opened(path) as file:
        chosen = _choose(file, context)
        columns = _read_obs(file, longest, context.note)
        vectors = _read(chosen, context.note)
        header = _read_header(file)
    index = columns.pop(_INDEX, None)
    if header and LABEL in columns:
        index = columns.pop(LABEL)
    for name, column in columns.items():
        if len(column) != len(vectors):
            raise EmbeddingError(
                f"obs column {name}: {len(column):,} values for the {len(vectors):,} rows of "
                f"{chosen.name}; the file is damaged"
            )
    labels = None if index is None else to_labels(index)
    dated = {name: _dated(column) for name, column in columns.items()}
    stored = provenance.from_json(header) if header else None
    fields = provenance.described(path, chosen.type_name, stored)
    return replace(Draft.of(vectors, labels, dated, **fields), typed=stored is not None)


def _choose(file: h5py.File, context: ReadContext) -> _Array:
    """Return the array that is the vectors, and note what it was chosen from."""
    arrays = _obsm_arrays(access.child(file, "obsm"))
    x = access.child(file, "X")
    if access.is_matrix(x) and all(array.dataset != x for array in arrays):  # else a second name
        arrays.append(_whole("X", x))
    elif sparse_kind(x):
        arrays.append(_sparse("X", x))
    dense = [array for array in arrays if isinstance(array.dataset, h5py.Dataset)]
    arrays = dense or arrays
    if not arrays:
        raise EmbeddingError(
            f"no dense array in obsm{', and X is sparse' if isinstance(x, h5py.Group) else ''}; "
            "compute one first, such as scanpy.pp.pca, which writes obsm['X_pca']"
        )
    best = next((array for array in arrays if array.name == f"obsm/{_DEFAULT}"), arrays[0])
    if len(arrays) == 1 and best.name != VECTORS:
        context.note(f"took {best} as the vectors")
    return named.choose_matrix(arrays, best, context, lambda name: name.removeprefix("obsm/"))


def _obsm_arrays(obsm: h5py.Group | h5py.Dataset | None) -> list[_Array]:
    if isinstance(obsm, h5py.Group):
        items = [(f"obsm/{name}", access.child(obsm, name)) for name in obsm]
        dense = [_whole(name, item) for name, item in items if access.is_matrix(item)]
        return dense + [_sparse(name, item) for name, item in items if sparse_kind(item)]
    if obsm is None or not obsm.dtype.names or len(obsm.shape) != 1:
        return []
    fields = [(name, obsm.dtype[name]) for name in obsm.dtype.names]
    return [
        _Array(
            f"obsm/{name}",
            (*obsm.shape, *dtype.shape),
            named.kind_of(dtype.base),
            str(dtype.base),
            obsm,
            name,
        )
        for name, dtype in fields
        if len(dtype.shape) == 1 and dtype.base.kind in "fiu"
    ]


def _whole(name: str, dataset: h5py.Dataset) -> _Array:
    dtype = dataset.dtype
    return _Array(name, dataset.shape, named.kind_of(dtype), str(dtype), dataset)


def _sparse(name: str, group: h5py.Group) -> _Array:
    dtype = group["data"].dtype
    return _Array(name, sparse_shape(group), named.kind_of(dtype), str(dtype), group)


def _read(array: _Array, note: Note) -> np.ndarray:
    if isinstance(array.dataset, h5py.Group):
        return read_sparse(array.dataset, note)
    if array.field is None:
        return access.read_matrix(array.dataset)
    access.check_dataset(array.dataset)
    return as_float32(array.dataset[array.field])


def _read_obs(file: h5py.File, longest: int, note: Note) -> dict[str, pa.ChunkedArray]:
    """Return the columns of obs, its index under `_index`; note those that cannot be read."""
    obs = access.child(file, "obs")
    if isinstance(obs, h5py.Dataset):
        return _read_table(obs, access.child(file, "uns"), longest, note)
    if obs is None:
        return {}
    access.check_total(obs)
    index = _text(obs.attrs.get("_index", _INDEX))
    order = [_text(name) for name in np.ravel(obs.attrs.get("column-order", []))]
    names = [n for n in dict.fromkeys((*order, *obs)) if n != "__categories"]
    old = access.child(obs, "__categories")
    columns = {}
    for name in names:
        column = _read_column(access.child(obs, name), access.child(old, name), longest)
        if column is None:
            note(f"left out obs column {name}: neither texts, numbers, booleans nor categories")
        else:
            columns[_INDEX if name == index else name] = column
    return columns


def _read_column(item: object, old_categories: object, longest: int) -> pa.ChunkedArray | None:
    """Return a column of obs by its encoding; None for an unknown encoding."""
    if isinstance(item, h5py.Group):
        parts = {name: access.child(item, name) for name in item}
        if not all(map(access.is_column, parts.values())):
            return None
        columns = {name: access.read_column(part, longest) for name, part in parts.items()}
        if columns.keys() >= {"codes", "categories"}:
            return _category(columns["codes"], columns["categories"])
        return _nullable(columns) if columns.keys() >= {"values", "mask"} else None
    if not access.is_column(item):
        return None
    column = access.read_column(item, longest)
    if pa.types.is_floating(column.type) and _text(item.attrs.get(MISSING)) == "NaN":
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if access.is_column(old_categories) and pa.types.is_integer(column.type):
        return _category(column, access.read_column(old_categories, longest))
    return column


def _read_table(
    obs: h5py.Dataset, uns: h5py.Group | h5py.Dataset | None, longest: int, note: Note
) -> dict[str, pa.ChunkedArray]:
    """Read obs as releases before 0.7 wrote it: one record a row, categories in uns."""
    access.check_dataset(obs)
    columns = {}
    for name in obs.dtype.names or ():
        if obs.dtype[name].shape or obs.dtype[name].kind not in COLUMN_KINDS + "O":
            note(f"left out obs column {name}: neither texts, numbers, booleans nor categories")
            continue
        if obs.dtype[name].kind == "O":
            field = obs.fields(name)

            def read(rows: slice, field: Any = field) -> list[str]:
                return [_text(value) for value in field[rows]]

            column = access.read_texts(read, len(obs), longest, f"obs {name}")
        else:
            column = to_column(obs[name])
        categories = access.child(uns, f"{name}_categories")
        if access.is_column(categories) and pa.types.is_integer(column.type):
            column = _category(column, access.read_column(categories, longest))
        columns[_INDEX if name in ("index", _INDEX) else name] = column
    return columns


def _category(codes: pa.ChunkedArray, categories: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return codes and their categories as a dictionary of texts; a negative code is missing."""
    if not pa.types.is_integer(codes.type):
        raise EmbeddingError(f"codes of categories of type {codes.type}; expected integers")
    wide = codes.cast(pa.int64())
    wide = pc.if_else(pc.less(wide, 0), pa.scalar(None, pa.int64()), wide)
    largest = pc.max(wide).as_py()
    if largest is not None and largest >= len(categories):
        raise EmbeddingError(
            f"a code of {largest} for {len(categories)} categories; the file is damaged"
        )
    values = categories.cast(pa.string()).combine_chunks()
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(wide.cast("int32").combine_chunks(), values)]
    )


def _nullable(columns: Mapping[str, pa.ChunkedArray]) -> pa.ChunkedArray:
    """Return values of which a mask marks some as missing."""
    values, mask = columns["values"], columns["mask"].cast(pa.bool_())
    if len(values) != len(mask):
        raise EmbeddingError(
            f"{len(values):,} values and a mask of {len(mask):,}; the file is damaged"
        )
    return pc.if_else(mask, pa.scalar(None, values.type), values)


def _dated(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts that are all dates or times as such, for which AnnData has no encoding."""
    found = infer_type(column) if pa.types.is_string(column.type) else column
    return found if pa.types.is_temporal(found.type) else column


def _read_header(file: h5py.File) -> str:
    """Return the provenance that h5ad_writer.py wrote; "" for a file of another writer."""
    item = access.child(access.child(file, "uns"), "embedding")
    if not isinstance(item, h5py.Dataset) or item.shape != () or not access.is_string(item):
        return ""
    access.check_dataset(item)
    text = item.asstr(errors="replace")[()]
    return text if text.startswith('{"format": "embedding"') else ""


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
