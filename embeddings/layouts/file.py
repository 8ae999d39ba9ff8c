"""The layout file: Parquet with row, label, x, y[, z], and the recipe as JSON in the schema.

The columns are what others read; the schema metadata key `layout` holds every field of Layout but
the coordinates.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from embeddings.layouts.layout import Layout

METADATA_KEY = b"layout"
_AXES = ("x", "y", "z")
_RECIPE: dict[str, type | tuple[type, ...]] = {  # the fields of Layout but coordinates, in JSON
    "method": str,
    "params": dict,
    "seed": int,
    "fingerprint": str,
    "metric": str,
    "seconds": (int, float),
    "notes": list,
    "quality": dict,
    "libraries": dict,
}


def save_layout(layout: Layout, labels: Sequence[str] | None, path: str | Path) -> None:
    """Write a layout file, atomically; without labels it has no label column."""
    columns: dict[str, Any] = {"row": np.arange(len(layout.coordinates), dtype=np.int64)}
    if labels is not None:
        columns["label"] = pa.array(labels, pa.string())
    for axis, values in zip(_AXES, layout.coordinates.T, strict=False):
        columns[axis] = np.ascontiguousarray(values)
    recipe = {name: getattr(layout, name) for name in _RECIPE}
    table = pa.table(columns).replace_schema_metadata({METADATA_KEY: json.dumps(recipe)})
    with atomic_path(Path(path)) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def load_layout(path: str | Path) -> Layout:
    """Read a layout file, or any Parquet with columns x, y[, z] (method "none" then).

    Raises
    ------
    EmbeddingError
        no such file, not Parquet, columns missing, values missing, or rows that are not 0 to n - 1
    """
    path = Path(path)
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise EmbeddingError(
            f"{path.name}: not a layout file, which is Parquet "
            f"({str(error).splitlines()[0][:200]}); write one with `layout FILE --out {path.name}`"
        ) from error
    axes = [axis for axis in _AXES if axis in table.column_names]
    if axes[:2] != ["x", "y"]:
        raise EmbeddingError(
            f"{path.name}: columns {', '.join(table.column_names)}; "
            "a layout has columns row, x, y and, in 3D, z"
        )
    coordinates = np.empty((table.num_rows, len(axes)), dtype=np.float32)
    for i, axis in enumerate(axes):
        coordinates[:, i] = _finite(table.column(axis), f"{path.name}: column {axis}")
    if "row" in table.column_names:
        coordinates = coordinates[_order(table.column("row"), path.name)]
    recipe = _recipe(table.schema, path.name)
    return Layout(coordinates, recipe.pop("method", "none"), **recipe)


def _finite(column: pa.ChunkedArray, place: str) -> np.ndarray:
    """Return a column's numbers; raise EmbeddingError where one is missing or not finite."""
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise EmbeddingError(f"{place}: values of type {column.type}; expected numbers")
    values = column.to_numpy().astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise EmbeddingError(f"{place}, row {bad[0]}: no finite number; lay the set out again")
    return values


def _order(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Return where in the file the rows 0 to n - 1 stand."""
    rows = column.to_numpy()
    order = np.argsort(rows, kind="stable")
    if not np.array_equal(rows[order], np.arange(len(rows))):
        raise EmbeddingError(
            f"{name}: column row does not hold each of 0 to {len(rows) - 1:,} once; "
            "lay the set out again"
        )
    return order


def _recipe(schema: pa.Schema, name: str) -> dict[str, Any]:
    """Return the fields of Layout that the file's schema holds, but the coordinates."""
    text = (schema.metadata or {}).get(METADATA_KEY, b"{}")
    try:
        recipe = json.loads(text)
    except ValueError as error:
        raise EmbeddingError(f"{name}: schema metadata `layout` is not JSON: {error}") from error
    if not isinstance(recipe, dict):
        raise EmbeddingError(f"{name}: schema metadata `layout` is not a JSON object")
    recipe = {key: value for key, value in recipe.items() if key in _RECIPE}
    for key, value in recipe.items():
        if not isinstance(value, _RECIPE[key]):
            raise EmbeddingError(f"{name}: schema metadata `layout`: {key} is {value!r}")
    recipe["notes"] = tuple(map(str, recipe.get("notes", ())))
    return recipe
