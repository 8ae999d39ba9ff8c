"""AnnData's .h5ad, by its old and new encodings: one array of obsm is the vectors, obs the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.arrays.npy import COLUMN_KINDS, to_column
from embeddings.files.draft import Draft
from embeddings.files.hdf5 import generic as hdf5
from embeddings.files.limits import as_float32
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.tables import to_labels
from embeddings.files.tabular.text_types import typed

VECTORS, PROVENANCE, LABEL = "obsm/X_embedding", "uns/embedding", "label"
"""Where a file of ours has its vectors, its provenance, and labels that repeat (in obs)."""

MISSING = "missing-values"
"""Attribute of our columns of floats: "NaN", where NaN stands for what is missing."""

_DEFAULT = "X_pca"
_INDEX = "_index"


@dataclass(frozen=True)
class _Array:
    """A dense array that may be the vectors: a dataset, or a field of one where obsm is a table."""

    name: str
    shape: tuple[int, ...]
    dataset: h5py.Dataset
    field: str | None = None

    @property
    def kind(self) -> np.dtype:
        """Type of its numbers in the file."""
        dtype = self.dataset.dtype
        return dtype if self.field is None else dtype[self.field].base


def matches(head: bytes, path: Path) -> bool:
    """Say whether the file is HDF5 with AnnData's obs, and obsm or X."""
    if not head.startswith(hdf5.MAGIC):
        return False
    try:
        with hdf5.opened(path) as file:
            obs, obsm, x = (hdf5.child(file, name) for name in ("obs", "obsm", "X"))
            return obs is not None and (obsm is not None or x is not None)
    except EmbeddingError:
        return False  # hdf5.py says what is wrong


def load(path: Path, context: ReadContext) -> Draft:
    """Read X_pca of obsm, else its first dense array, else X; obs labels and describes the rows.

    Raises
    ------
    EmbeddingError
        a damaged file, one that needs more memory than the limit, no dense array, or columns of
        obs that do not have one value a row
    """
    hdf5.check_heaps(path)
    with hdf5.opened(path) as file:
        chosen = _choose(file, context)
        columns = _read_obs(file, context.note)
        vectors = _read(chosen)
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
    said = provenance.from_json(header) if header else None
    draft = Draft.of(vectors, labels, dated, **provenance.described(path, chosen.kind, said))
    return replace(draft, typed=said is not None)


def _choose(file: h5py.File, context: ReadContext) -> _Array:
    """Return the array that is the vectors, and say what it was chosen from."""
    arrays = _obsm_arrays(hdf5.child(file, "obsm"))
    x = hdf5.child(file, "X")
    if hdf5.is_matrix(x) and all(array.dataset != x for array in arrays):  # else a second name
        arrays.append(_Array("X", x.shape, x))
    if not arrays:
        raise EmbeddingError(
            f"no dense array in obsm{', and X is sparse' if isinstance(x, h5py.Group) else ''}; "
            "compute one first, such as scanpy.pp.pca, which writes obsm['X_pca']"
        )
    best = next((a for a in arrays if a.name == f"obsm/{_DEFAULT}"), arrays[0])
    others = ", ".join(f"{a.name} {a.shape}" for a in arrays[:20] if a is not best)
    instead = f", not {others}" if others else ""
    assumed = f"took {best.name} {best.shape} as the vectors{instead}"
    if [array.name for array in arrays] == [VECTORS]:
        assumed = ""
    names = [array.name for array in arrays]
    short = {array.name.removeprefix("obsm/"): array.name for array in arrays}
    taken = context.choose("vector", names, best.name, assumed, accepts=short.__contains__)
    return next(array for array in arrays if array.name in (taken, short.get(taken or "")))


def _obsm_arrays(obsm: h5py.Group | h5py.Dataset | None) -> list[_Array]:
    if isinstance(obsm, h5py.Group):
        items = [(name, hdf5.child(obsm, name)) for name in obsm]
        return [_Array(f"obsm/{n}", i.shape, i) for n, i in items if hdf5.is_matrix(i)]
    if obsm is None or not obsm.dtype.names or len(obsm.shape) != 1:
        return []
    fields = [(name, obsm.dtype[name]) for name in obsm.dtype.names]
    return [
        _Array(f"obsm/{name}", (*obsm.shape, *kind.shape), obsm, name)
        for name, kind in fields
        if len(kind.shape) == 1 and kind.base.kind in "fiu"
    ]


def _read(array: _Array) -> np.ndarray:
    if array.field is None:
        return hdf5.read_matrix(array.dataset)
    hdf5.check_dataset(array.dataset)
    return as_float32(array.dataset[array.field])


def _read_obs(file: h5py.File, note: Note) -> dict[str, pa.ChunkedArray]:
    """Return the columns of obs, its index under `_index`; what is no plain column is said."""
    obs = hdf5.child(file, "obs")
    if isinstance(obs, h5py.Dataset):
        return _read_table(obs, hdf5.child(file, "uns"), note)
    if obs is None:
        return {}
    hdf5.check_total(obs)
    index = _text(obs.attrs.get("_index", _INDEX))
    order = [_text(name) for name in np.ravel(obs.attrs.get("column-order", []))]
    names = [n for n in dict.fromkeys((*order, *obs)) if n != "__categories"]
    old = hdf5.child(obs, "__categories")
    columns = {}
    for name in names:
        column = _read_column(hdf5.child(obs, name), hdf5.child(old, name))
        if column is None:
            note(f"left out obs column {name}: neither texts, numbers, booleans nor categories")
        else:
            columns[_INDEX if name == index else name] = column
    return columns


def _read_column(item: object, old_categories: object) -> pa.ChunkedArray | None:
    """Return a column of obs by its encoding; None where it is none that we know."""
    if isinstance(item, h5py.Group):
        parts = {name: hdf5.child(item, name) for name in item}
        if not all(map(hdf5.is_column, parts.values())):
            return None
        columns = {name: hdf5.read_column(part) for name, part in parts.items()}
        if columns.keys() >= {"codes", "categories"}:
            return _category(columns["codes"], columns["categories"])
        return _nullable(columns) if columns.keys() >= {"values", "mask"} else None
    if not hdf5.is_column(item):
        return None
    column = hdf5.read_column(item)
    if pa.types.is_floating(column.type) and _text(item.attrs.get(MISSING)) == "NaN":
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if hdf5.is_column(old_categories) and pa.types.is_integer(column.type):
        return _category(column, hdf5.read_column(old_categories))
    return column


def _read_table(
    obs: h5py.Dataset, uns: h5py.Group | h5py.Dataset | None, note: Note
) -> dict[str, pa.ChunkedArray]:
    """Read obs as releases before 0.7 wrote it: one record a row, categories in uns."""
    hdf5.check_dataset(obs)
    columns = {}
    for name in obs.dtype.names or ():
        if obs.dtype[name].shape or obs.dtype[name].kind not in COLUMN_KINDS + "O":
            note(f"left out obs column {name}: neither texts, numbers, booleans nor categories")
            continue
        values = obs[name]
        if values.dtype.kind == "O":
            values = np.array([_text(value) for value in values], dtype=np.str_)
        column = to_column(values)
        categories = hdf5.child(uns, f"{name}_categories")
        if hdf5.is_column(categories) and pa.types.is_integer(column.type):
            column = _category(column, hdf5.read_column(categories))
        columns[_INDEX if name in ("index", _INDEX) else name] = column
    return columns


def _category(codes: pa.ChunkedArray, categories: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return codes and what they stand for as a dictionary of texts; a negative code is missing."""
    if not pa.types.is_integer(codes.type):
        raise EmbeddingError(f"codes of categories of type {codes.type}; expected integers")
    wide = codes.cast(pa.int64())
    wide = pc.if_else(pc.less(wide, 0), pa.scalar(None, pa.int64()), wide)
    largest = pc.max(wide).as_py()
    if largest is not None and largest >= len(categories):
        raise EmbeddingError(f"the code {largest} of {len(categories)} categories; it is damaged")
    values = categories.cast(pa.string()).combine_chunks()
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(wide.cast("int32").combine_chunks(), values)]
    )


def _nullable(columns: Mapping[str, pa.ChunkedArray]) -> pa.ChunkedArray:
    """Return values of which a mask says that some are missing."""
    values, mask = columns["values"], columns["mask"].cast(pa.bool_())
    if len(values) != len(mask):
        raise EmbeddingError(f"{len(values)} values and a mask of {len(mask)}; it is damaged")
    return pc.if_else(mask, pa.scalar(None, values.type), values)


def _dated(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give texts that are all dates or times that type, for which AnnData has no encoding."""
    found = typed(column) if pa.types.is_string(column.type) else column
    return found if pa.types.is_temporal(found.type) else column


def _read_header(file: h5py.File) -> str:
    """Return the provenance that a file of ours holds; empty where it is another's."""
    item = hdf5.child(hdf5.child(file, "uns"), "embedding")
    if not isinstance(item, h5py.Dataset) or item.shape != () or not _is_string(item):
        return ""
    hdf5.check_dataset(item)
    text = item.asstr(errors="replace")[()]
    return text if text.startswith('{"format": "embedding"') else ""


def _is_string(dataset: h5py.Dataset) -> bool:
    return h5py.check_string_dtype(dataset.dtype) is not None


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
