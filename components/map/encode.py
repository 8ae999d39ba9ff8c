"""From arrays to what the map fetches: planar coordinates, color codes, texts, packed masks."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from components.assets import Blobs
from components.map.scales import Scale, percentiles, scaled
from components.map.ticks import number_text, time_ticks
from embeddings.analysis.contexts import Excerpt
from embeddings.palette import COLORS, OTHER


@dataclass(frozen=True)
class Points:
    """The address of coordinates: float32, all x, then all y (then all z)."""

    url: str
    count: int
    dims: int


@dataclass(frozen=True, eq=False)
class Colors:
    """How points are colored.

    Attributes
    ----------
    message : what the browser reads (see data.js)
    codes : the category of each point, uint8 of shape (n,); None for numbers and for one color
    """

    message: dict[str, Any]
    codes: np.ndarray | None = None


@dataclass(frozen=True)
class Sizes:
    """Sizes of points by a column.

    Attributes
    ----------
    url : address of a byte for each point; its area grows evenly from 0 to 255
    title : name of the column
    low, high : values with the levels 0 and 255
    """

    url: str
    title: str
    low: float
    high: float

    def __str__(self) -> str:
        """Describe the scale."""
        return f"size by {self.title}, {number_text(self.low)} to {number_text(self.high)}"


def points_of(coordinates: np.ndarray, blobs: Blobs) -> Points:
    """Store the coordinates, float32 of shape (n, 2) or (n, 3), for the browser."""
    planar = np.ascontiguousarray(coordinates.T, dtype="<f4")
    return Points(blobs.put(planar.tobytes()), len(coordinates), coordinates.shape[1])


def one_color(count: int, title: str) -> Colors:
    """All points in one color, without a legend."""
    return Colors(
        {
            "kind": "categories", "url": None, "title": title,
            "names": [title], "counts": [count], "palette": [COLORS[0]], "click": "solo",
        }
    )  # fmt: skip


def category_colors(
    codes: np.ndarray,
    names: Sequence[str],
    counts: Sequence[int],
    title: str,
    blobs: Blobs,
    grey: Collection[str] = (),
    click: Literal["solo", "select"] = "solo",
) -> Colors:
    """Color by category.

    Parameters
    ----------
    codes : uint8, shape (n,), indices into `names`
    grey : names that are no category of their own ("other", noise, missing values)
    click : whether a click on a name in the legend shows it alone, or selects its members
    """
    colors = iter(COLORS)
    palette = [OTHER if name in grey else next(colors, OTHER) for name in names]
    codes = codes.astype(np.uint8)
    return Colors(
        {
            "kind": "categories", "url": blobs.put(codes.tobytes()), "title": title,
            "names": list(names), "counts": list(counts), "palette": palette, "click": click,
        },
        codes,
    )  # fmt: skip


def number_colors(values: np.ndarray, title: str, blobs: Blobs, scale: Scale = "robust") -> Colors:
    """Color by a scale of numbers.

    Parameters
    ----------
    values : float32, shape (n,); NaN where missing
    """
    drawn = scaled(values, scale)
    url = blobs.put(np.ascontiguousarray(drawn.values, dtype="<f4").tobytes())
    message: dict[str, Any] = {
        "kind": "numbers", "url": url, "title": title, "low": drawn.low, "high": drawn.high,
    }  # fmt: skip
    if drawn.ticks:
        places, texts = drawn.ticks
        message["ticks"] = {"values": list(places), "texts": list(texts)}
    return Colors(message)


def date_colors(seconds: np.ndarray, title: str, blobs: Blobs) -> Colors:
    """Color by a scale of time, with dates at its ticks.

    Parameters
    ----------
    seconds : float64, shape (n,), in s since 1970; NaN where missing. What is sent counts from the
        earliest, since float32 would round today's times to minutes
    """
    finite = seconds[np.isfinite(seconds)]
    start = float(finite.min()) if len(finite) else 0.0
    colors = number_colors((seconds - start).astype(np.float32), title, blobs)
    low, high = colors.message["low"], colors.message["high"]
    times, texts = time_ticks(start + low, start + high)
    ticks = {"values": [time - start for time in times], "texts": texts}
    return Colors({**colors.message, "ticks": ticks})


def size_levels(values: np.ndarray, title: str, blobs: Blobs) -> Sizes:
    """Size by a scale from the 2nd to the 98th percentile; missing values are the smallest.

    Parameters
    ----------
    values : float32, shape (n,); NaN where missing
    """
    low, high = percentiles(values, 2, 98)
    levels = np.clip((values.astype(float) - low) / (high - low), 0, 1) * 255
    levels = np.where(np.isnan(values), 0, levels).round().astype(np.uint8)
    return Sizes(blobs.put(levels.tobytes()), title, low, high)


def recolored(colors: Colors, palette: Sequence[str], ramp: Sequence[str] | None) -> Colors:
    """Return the same colors in another palette, or on another ramp.

    Parameters
    ----------
    palette : colors of categories, in the order of COLORS; categories beyond it are grey
    ramp : colors of numbers at even distances, from low to high; None for the usual one
    """
    message = colors.message
    if message["kind"] == "categories":
        others = {
            usual: palette[i] if i < len(palette) else OTHER for i, usual in enumerate(COLORS)
        }
        changed = {"palette": [others.get(color, color) for color in message["palette"]]}
    else:
        changed = {"ramp": list(ramp)} if ramp else {}
    return Colors({**message, **changed}, colors.codes)


def text_address(texts: Sequence[str | Excerpt | None], blobs: Blobs) -> str:
    """Store n texts (labels, or a column to show on hovering) as JSON; an excerpt as an object."""
    written = [asdict(text) if isinstance(text, Excerpt) else text for text in texts]
    return blobs.put(json.dumps(written, ensure_ascii=False).encode(), ".json")


def mask_address(mask: np.ndarray, blobs: Blobs) -> str:
    """Store a boolean mask, shape (n,), one bit a row."""
    return blobs.put(np.packbits(mask).tobytes())
