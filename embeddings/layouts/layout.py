"""Layout: the coordinates of a set's items and how they were made; written to a layout file.

A layout file is Parquet with the columns row, label, x, y[, z], which other programs read. Its
schema metadata key `layout` holds the other fields of Layout as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeddings.arrow_types import is_number
from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from embeddings.layouts.spec import ALIASES, LayoutSpec, find_method

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


@dataclass(frozen=True, eq=False)
class Layout:
    """Coordinates of the items of a set, and how they were made.

    Attributes
    ----------
    coordinates : float32, shape (n, 2) or (n, 3); row i is item i
    method : a name in METHODS, or the name in a file of another program
    params : the method's parameters by name
    seed : of all random numbers
    fingerprint : of the set's vectors; "" if unknown
    metric : the metric by which points were compared; "" if unknown
    seconds : wall time of the method in s, without the neighbor graph, which all layouts share
    notes : phrases for the screen: automatic choices, samples, explained variance
    quality : what quality.evaluate_layout returns, or {} if it was not measured
    libraries : name and version of the library that computed the layout
    """

    coordinates: np.ndarray
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    fingerprint: str = ""
    metric: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    quality: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)

    @property
    def dims(self) -> int:
        """Number of dimensions: 2 or 3."""
        return self.coordinates.shape[1]

    @property
    def spec(self) -> LayoutSpec:
        """The specification that the layout was computed from.

        Raises
        ------
        EmbeddingError
            if the method or one of its parameters is unknown
        """
        kind = find_method(self.method).params
        try:
            params = kind(**self.params)
        except TypeError as error:
            raise EmbeddingError(f"unknown parameters of {self.method}: {error}") from error
        return LayoutSpec(self.method, self.dims, params, self.seed)


def save_layout(layout: Layout, labels: Sequence[str] | None, path: str | Path) -> None:
    """Write a layout file atomically; without labels it has no column of labels."""
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
    """Read a layout file, or any Parquet file with columns x, y[, z] (method "precomputed").

    Raises
    ------
    EmbeddingError
        if there is no such file, it is not Parquet, columns or values are missing, or the rows are
        not numbered 0 to n - 1
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
    return Layout(coordinates, **recipe)


def _finite(column: pa.ChunkedArray, location: str) -> np.ndarray:
    """Return a column's numbers as float32; raise EmbeddingError if one is not finite."""
    if not is_number(column.type):
        raise EmbeddingError(f"{location}: values of type {column.type}; expected numbers")
    values = column.to_numpy().astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise EmbeddingError(
            f"{location}, row {bad[0]}: the coordinate is missing or not finite; "
            "compute the layout again"
        )
    return values


def _order(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Return the positions in the file of the rows 0 to n - 1: int64, shape (n,)."""
    rows = column.to_numpy()
    order = np.argsort(rows, kind="stable")
    if not np.array_equal(rows[order], np.arange(len(rows))):
        raise EmbeddingError(
            f"{name}: column row does not hold each of 0 to {len(rows) - 1:,} once; "
            "compute the layout again"
        )
    return order


def _recipe(schema: pa.Schema, name: str) -> dict[str, Any]:
    """Return the fields of Layout, except the coordinates, from the schema metadata of a file."""
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
    method = recipe.get("method", "precomputed")
    recipe["method"] = ALIASES.get(method, method)
    recipe["notes"] = tuple(map(str, recipe.get("notes", ())))
    return recipe
