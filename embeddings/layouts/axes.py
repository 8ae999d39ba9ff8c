"""Axes of meaning: a layout whose axes are chosen, each written as text.

man -> woman                        from one item to another
he, him -> she, her                 from one group to another; #12 is row 12
genre = war -> genre = comedy       groups may be the rows with a value in a column
pca 3                               a principal component
year                                a column of numbers or dates

Names that contain a comma, an arrow or a quotation mark are put in double quotes. The coordinate on
an axis between two groups is the dot product with the unit vector that leads from the centroid of
the first to the centroid of the second, among the points that the layout's metric compares: for
cosine, unit vectors.
"""

import re
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from embeddings.columns import SCALED, as_text, column_kind, numbers, seconds
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.labels import find_items, rows_with_labels
from embeddings.layouts.params import AxesParams
from embeddings.layouts.pca import pca
from embeddings.layouts.space import layout_metric, points
from embeddings.metrics import inverse_norms
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import Progress
from embeddings.text import count_noun, listed

MOST_COMPONENTS = 50
"""The highest number of a principal component."""

_COMPONENT = re.compile(r"pca\s*(\d{1,4})", re.IGNORECASE)
_TOKEN = re.compile(r'"(?:[^"]|"")*"|->|→|,|.', re.DOTALL)
_EQUAL = re.compile(r"(.+?)\s*=\s*(.+)", re.DOTALL)
_ARROWS = ("->", "→")
_MISSING_BELOW = 0.05  # of a column's range, by which missing values are below its minimum


@dataclass(frozen=True, eq=False)
class Direction:
    """An axis from the centroid of some rows to that of others: int64 row numbers, ascending."""

    ends: tuple[str, ...]
    start: np.ndarray
    end: np.ndarray
    columns: tuple[str, ...]

    @property
    def title(self) -> str:
        """The name on the screen."""
        return " → ".join(self.ends)


@dataclass(frozen=True)
class Component:
    """An axis along a principal component, numbered from 1."""

    number: int

    @property
    def title(self) -> str:
        """The name on the screen."""
        return f"PCA {self.number}"


@dataclass(frozen=True)
class Column:
    """An axis that is a column of numbers or dates."""

    title: str


Axis = Direction | Component | Column

_resolved: "WeakKeyDictionary[EmbeddingSet, tuple[tuple[AxesParams, int], tuple[Axis, ...]]]"
_resolved = WeakKeyDictionary()  # the last axes of each set: looking labels up takes a while


def axes_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None,
    params: AxesParams,
    dims: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Lay a set out on the chosen axes.

    Columns have no unit in common with the other axes. They are scaled to the mean standard
    deviation of these, or to 1 if all axes are columns. Items without a value are placed below the
    others.

    Returns
    -------
    coordinates : float32, shape (n, dims)
    notes : for each axis, the fraction of the variance that it explains, or how it is scaled

    Raises
    ------
    EmbeddingError
        an axis cannot be read, or does not exist in the set
    """
    progress("projecting")
    axes = resolve_axes(embedding_set, params, dims)
    numbered = [axis.number for axis in axes if isinstance(axis, Component)]
    components = np.empty((len(embedding_set), 0))
    if numbered:
        components = pca(points(embedding_set), max(numbered), progress)[0]
    total = _total_variance(embedding_set)
    coordinates = np.empty((len(embedding_set), len(axes)))
    notes = []
    for i, axis in enumerate(axes):
        if isinstance(axis, Column):
            continue
        values = (
            components[:, axis.number - 1]
            if isinstance(axis, Component)
            else _along(embedding_set, axis)
        )
        coordinates[:, i] = values
        explained = float(values.var(dtype=np.float64)) / total if total > 0 else 0.0
        notes.append(f"{axis.title} explains {100 * explained:.0f} % of the variance")
    are_columns = np.array([isinstance(axis, Column) for axis in axes])
    spread = (
        float(coordinates[:, ~are_columns].std(axis=0).mean()) if not are_columns.all() else 0.0
    )
    for i in np.flatnonzero(are_columns).tolist():
        coordinates[:, i], missing = _scaled_column(embedding_set, axes[i].title, spread or 1.0)
        notes.append(f"{axes[i].title} is scaled to the spread of the other axes")
        if missing:
            notes.append(
                f"{count_noun(missing, 'item')} without {axes[i].title} are below its minimum"
            )
    return coordinates.astype(np.float32), tuple(notes)


def resolve_axes(embedding_set: EmbeddingSet, params: AxesParams, dims: int) -> tuple[Axis, ...]:
    """Return the axes that the parameters name in a set, one for each dimension.

    Raises
    ------
    EmbeddingError
        an axis cannot be read, or does not exist in the set; the message names the axis
    """
    key = (params, dims)
    known = _resolved.get(embedding_set)
    if known is not None and known[0] == key:
        return known[1]
    axes = []
    for name in "xyz"[:dims]:
        try:
            axes.append(_read_axis(embedding_set, getattr(params, name)))
        except EmbeddingError as error:
            raise EmbeddingError(f"axis {name}: {error}") from error
    _resolved[embedding_set] = (key, tuple(axes))
    return tuple(axes)


def axes_key(embedding_set: EmbeddingSet, params: AxesParams, dims: int) -> str:
    """Return a hash of what the axes read beside the vectors: 32 hexadecimal characters.

    It changes with the rows of the groups and with the values of the columns, which the fingerprint
    of the set does not cover.
    """
    digest = xxhash.xxh3_128()
    for axis in resolve_axes(embedding_set, params, dims):
        if isinstance(axis, Direction):
            parts = [b"direction", axis.start.tobytes(), b"to", axis.end.tobytes()]
        elif isinstance(axis, Component):
            parts = [f"component {axis.number}".encode()]
        else:
            parts = [b"column", _column_values(embedding_set, axis.title).tobytes()]
        digest.update(b" ".join([*parts, b""]))
    return digest.hexdigest()


def columns_read(embedding_set: EmbeddingSet, params: AxesParams, dims: int) -> list[str]:
    """Return the names of the columns that the axes read."""
    found: list[str] = []
    for axis in resolve_axes(embedding_set, params, dims):
        found += axis.columns if isinstance(axis, Direction) else ()
        found += [axis.title] if isinstance(axis, Column) else []
    return list(dict.fromkeys(found))


def _read_axis(embedding_set: EmbeddingSet, text: str) -> Axis:
    """Return the axis that a text names."""
    sides = _split(text, _ARROWS)
    if len(sides) > 2:
        raise EmbeddingError(
            f"{text!r} has {len(sides) - 1} arrows; put a name with an arrow in quotes"
        )
    if len(sides) == 2:
        (start, first), (end, second) = (_read_group(embedding_set, side) for side in sides)
        return Direction(tuple(map(str.strip, sides)), start, end, (*first, *second))
    component = _COMPONENT.fullmatch(text.strip())
    if component is not None:
        most = min(MOST_COMPONENTS, max(3, min(embedding_set.vectors.shape)))
        if not 1 <= int(component[1]) <= most:
            raise EmbeddingError(f"{text.strip()}: expected pca 1 to pca {most}")
        return Component(int(component[1]))
    return _read_column(embedding_set, _unquoted(text))


def _read_column(embedding_set: EmbeddingSet, name: str) -> Column:
    """Return the column of numbers or dates of this name."""
    table = embedding_set.metadata
    scaled = [each for each in table.column_names if column_kind(table.column(each)) in SCALED]
    if name in scaled:
        if np.isnan(_column_values(embedding_set, name)).all():
            raise EmbeddingError(f"column {name!r} has no values")
        return Column(name)
    given = (
        "column "
        + repr(name)
        + (" has no numbers" if name in table.column_names else " is unknown")
    )
    columns = f", a column of numbers ({listed(scaled)})" if scaled else ""
    raise EmbeddingError(f"{given}; expected an axis such as man -> woman, pca 1{columns}")


def _read_group(embedding_set: EmbeddingSet, text: str) -> tuple[np.ndarray, list[str]]:
    """Return the rows of a group, and the columns by which they are named."""
    members = [part.strip() for part in _split(text, (",",)) if part.strip()]
    if not members:
        raise EmbeddingError("an empty group; expected labels on both sides of the arrow")
    names = [_unquoted(member) for member in members]
    known = rows_with_labels(embedding_set.labels, set(names))
    rows: list[int] = []
    columns = []
    plain = []
    for member, name in zip(members, names, strict=True):
        match = _EQUAL.fullmatch(member)
        column = _unquoted(match[1]) if match else ""
        if match and name not in known and column in embedding_set.metadata.column_names:
            rows += _rows_with_value(embedding_set, column, _unquoted(match[2]))
            columns.append(column)
        else:
            plain.append(name)
    for items in find_items(embedding_set.labels, plain).values():
        rows += items.rows
    return np.unique(np.array(rows, dtype=np.int64)), columns


def _rows_with_value(embedding_set: EmbeddingSet, column: str, value: str) -> list[int]:
    """Return the rows whose cell of a column, as text, is the value."""
    texts = as_text(embedding_set.metadata.column(column))
    rows = np.flatnonzero(pc.equal(texts, value).to_numpy(zero_copy_only=False))
    if not len(rows):
        values = pc.unique(texts).to_pylist()
        raise EmbeddingError(f"no item has {column} = {value}; values: {listed(values)}")
    found: list[int] = rows.tolist()
    return found


def _split(text: str, separators: tuple[str, ...]) -> list[str]:
    """Divide a text at separators that are not within double quotes."""
    parts = [""]
    for token in _TOKEN.findall(text):
        if token in separators:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def _unquoted(text: str) -> str:
    """Return a name without blanks around it, and without its double quotes."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text


def _along(embedding_set: EmbeddingSet, axis: Direction) -> np.ndarray:
    """Return the dot product of each point with the direction: float64, shape (n,)."""
    scale = _scale(embedding_set)
    start, end = (
        (embedding_set.vectors[rows] * scale[rows, None]).mean(axis=0)
        for rows in (axis.start, axis.end)
    )
    direction = end - start
    length = float(np.linalg.norm(direction))
    if length == 0:
        raise EmbeddingError(f"{axis.title}: both groups have the same centroid; choose others")
    along: np.ndarray = (embedding_set.vectors @ (direction / length).astype(np.float32)) * scale
    return along


def _scale(embedding_set: EmbeddingSet) -> np.ndarray:
    """Return the factor that makes each vector a point: float64, shape (n,); see space.points."""
    if layout_metric(embedding_set) == "cosine":
        return inverse_norms(embedding_set.norms)
    return np.ones(len(embedding_set))


def _total_variance(embedding_set: EmbeddingSet) -> float:
    """Return the variance of the points, summed over all dimensions."""
    scale = _scale(embedding_set)
    mean = scale @ embedding_set.vectors / len(embedding_set)
    return float(np.square(embedding_set.norms * scale).mean() - mean @ mean)


def _column_values(embedding_set: EmbeddingSet, name: str) -> np.ndarray:
    """Return a column as float64, shape (n,); missing and infinite values are NaN."""
    column = embedding_set.metadata.column(name)
    is_time = pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)
    values = seconds(column) if is_time else numbers(column).astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _scaled_column(embedding_set: EmbeddingSet, name: str, spread: float) -> tuple[np.ndarray, int]:
    """Return a column with mean 0 and a standard deviation, and the number of missing values.

    These are placed 5 % of the range below the minimum.
    """
    values = _column_values(embedding_set, name)
    is_missing = np.isnan(values)
    known = values[~is_missing]
    deviation = float(known.std())
    factor = spread / deviation if deviation > 0 else 0.0
    values[is_missing] = known.min() - _MISSING_BELOW * (known.max() - known.min())
    return (values - known.mean()) * factor, int(is_missing.sum())
