"""A small PNG of a map: translucent points on a transparent background, for light and dark."""

import io

import numpy as np
import PIL.Image

from embeddings.columns import (
    CATEGORICAL,
    MISSING,
    SCALED,
    categories,
    first_to_color_by,
    numbers,
    shown_kind,
)
from embeddings.embedding_set import EmbeddingSet
from embeddings.palette import COLORS, OTHER

SAMPLED_ROWS = 20_000
"""Rows that are painted at most; they are drawn at random, with the seed 0."""

_MARGIN = 6  # px
_OUTLIERS = 0.5  # percent of the rows on each side that may be outside of the image ...
_FAR = 1.3  # ... if with them it had to show so many times as much
_PNG_COLORS = 96  # of the image's palette, with their opacities


def map_image(
    embedding_set: EmbeddingSet,
    coordinates: np.ndarray,
    size: tuple[int, int] = (360, 240),
    rows: int = SAMPLED_ROWS,
) -> bytes:
    """Paint the points of a layout, colored by the first column of categories.

    Both axes have the same scale. The opacity of a pixel grows with the number of its points.

    Parameters
    ----------
    embedding_set : n items
    coordinates : float32, shape (n, 2)
    size : width and height in px
    rows : most rows to paint; of more, a sample is painted

    Returns
    -------
    A PNG with a palette and a transparent background.
    """
    chosen = np.arange(len(embedding_set))
    if len(chosen) > rows:
        chosen = np.sort(np.random.default_rng(0).choice(len(chosen), rows, replace=False))
    places = _places(coordinates[chosen].astype(np.float64), size)
    image = _painted(places, _point_colors(embedding_set)[chosen], size)
    buffer = io.BytesIO()
    method = PIL.Image.Quantize.FASTOCTREE  # the one that knows opacity
    quantized = PIL.Image.fromarray(image).quantize(_PNG_COLORS, method)
    quantized.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _places(coordinates: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the coordinates in px from the top left: float64, shape (n, 2)."""
    low, high = np.percentile(coordinates, [_OUTLIERS, 100 - _OUTLIERS], axis=0)
    lowest, highest = coordinates.min(axis=0), coordinates.max(axis=0)
    if ((highest - lowest) <= _FAR * (high - low)).all():
        low, high = lowest, highest
    room = np.array(size) - 2 * _MARGIN
    scale = (room / np.maximum(high - low, 1e-12)).min()
    centered = (coordinates - (low + high) / 2) * scale
    return np.array(size) / 2 + centered * (1, -1)


def _painted(places: np.ndarray, colors: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Paint discs.

    Parameters
    ----------
    places : float64, shape (n, 2), in px
    colors : float64, shape (n, 3), red, green and blue from 0 to 255

    Returns
    -------
    uint8, shape (height, width, 4): red, green, blue, opacity
    """
    width, height = size
    radius = float(np.clip(2.4 * (1000 / len(places)) ** 0.25, 1.0, 3.5))
    reach = int(np.ceil(radius + 0.5))
    corner = np.floor(places).astype(np.int64)
    ink = np.zeros((height * width, 4))  # covered by points, and that times their colors
    for step_x in range(-reach, reach + 1):
        for step_y in range(-reach, reach + 1):
            pixel = corner + np.array([step_x, step_y])
            distance = np.linalg.norm(pixel + 0.5 - places, axis=1)
            cover = np.clip(radius + 0.5 - distance, 0, 1)
            inside = (cover > 0) & (pixel >= 0).all(axis=1) & (pixel < size).all(axis=1)
            index = pixel[inside, 1] * width + pixel[inside, 0]
            weights = cover[inside, None] * np.column_stack([np.ones(inside.sum()), colors[inside]])
            for channel in range(4):
                ink[:, channel] += np.bincount(index, weights[:, channel], len(ink))
    covered = ink[:, :1]
    color = ink[:, 1:] / np.maximum(covered, 1e-9)
    opacity = 255 * (1 - np.exp(-1.1 * covered))
    image = np.concatenate([color, opacity], axis=1).round().astype(np.uint8)
    return image.reshape(height, width, 4)


def _point_colors(embedding_set: EmbeddingSet) -> np.ndarray:
    """Return the color of each row: float64, shape (n, 3).

    They are those of the first column of categories, preferably with 3 to 20 of them; else of a
    scale of the first column of numbers; else all the same.
    """
    palette = np.array([_channels(color) for color in COLORS])
    columns = {
        name: embedding_set.metadata.column(name) for name in embedding_set.metadata.schema.names
    }
    kinds = {name: shown_kind(column) for name, column in columns.items()}
    named = {name: columns[name] for name, kind in kinds.items() if kind in CATEGORICAL}
    first = first_to_color_by(named, len(COLORS))
    if first is not None:
        found = categories(named[first], most=len(COLORS))
        grey = {MISSING, found.names[-1] if found.merged else MISSING}
        own = [
            _channels(OTHER) if name in grey else palette[i % len(COLORS)]
            for i, name in enumerate(found.names)
        ]
        return np.array(own)[found.codes]
    scaled = [columns[name] for name, kind in kinds.items() if kind in SCALED]
    if not scaled:
        return np.tile(palette[0], (len(embedding_set), 1))
    return _on_a_scale(numbers(scaled[0]).astype(np.float64), palette[0], palette[1])


def _on_a_scale(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return mixtures of two colors, from the 1st to the 99th percentile of the values."""
    finite = values[np.isfinite(values)]
    start, end = np.percentile(finite, [1, 99]) if len(finite) else (0.0, 1.0)
    fraction = np.clip((values - start) / (end - start or 1.0), 0, 1)[:, None]
    mixed = low + np.nan_to_num(fraction, nan=0.5) * (high - low)
    return np.where(np.isfinite(values)[:, None], mixed, _channels(OTHER))


def _channels(color: str) -> np.ndarray:
    """Return red, green and blue of "#rrggbb"."""
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)
