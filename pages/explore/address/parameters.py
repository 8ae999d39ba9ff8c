"""The view of the Explore screen as its address holds it: a value, and its text.

An address holds only what differs from the defaults. Parts that cannot be read are ignored, since
people type, cut and share addresses.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

POINT_SIZES = (0.2, 4.0)
"""The smallest and the largest factor of the size of points."""
OPACITIES = (0.1, 2.0)
"""The faintest and the most opaque points, see components.PointStyle."""
_HEX_COLOR = re.compile("[0-9a-f]{6}")
_MOST_DIGITS = 18  # of a whole number; int() refuses longer ones only beyond thousands
_MOST_ROWS = 1 << 27  # that a selection in an address may have


@dataclass(frozen=True)
class Address:
    """What the Explore screen shows; None and "" mean the default.

    Attributes
    ----------
    set : key of the source, see sources.Source
    content : the beginning of the set's fingerprint, where the file may change; or ""
    layer : of a set of words in context
    within : selections, each among the rows of the one before; the last is laid out by itself
    method, dims, params, seed : of the layout; parameters by name, as text
    color, named, granularity, scaled : see color_controls.Coloring
    palette, ramp, reversed, scale : of the colors, see palette_controls.Scheme
    own_colors : names of categories, and the colors, "#rrggbb", that were picked for them
    point_size, opacity, size_by, labels, density : of the points, see point_controls.PointSettings
    thumbnails : whether images take the place of points
    hidden : codes of the hidden categories
    filter : the filter as text
    hide_rest : whether the map leaves out what does not pass the filter
    row : the current item
    selection : the selected rows, as `encode_mask` writes them, or the key of a stored mask
    selected : title of the selection
    held, held_name : the selection that others are compared with, as `selection`, and its title
    query : text whose neighbors are shown
    expression : sum and difference of labels, or numbers of a vector, whose neighbors are shown
    only : whether the map hides everything but what stands out
    similar, locked : see view.similarity_colors; the row that the colors are locked to
    metric, k : of the search for neighbors
    table : whether the table is open
    sort, descending : column that the table is sorted by, and the direction; see table.table_rows
    page : of the table, from 1
    camera : what is in view, which the map itself writes into the address; not compared
    """

    set: str = ""
    content: str = ""
    layer: str | None = None
    within: tuple[str, ...] = ()
    method: str | None = None
    dims: int | None = None
    params: tuple[tuple[str, str], ...] = ()
    seed: int | None = None
    color: str | None = None
    named: tuple[str, ...] = ()
    granularity: float | None = None
    scaled: bool | None = None
    palette: str | None = None
    ramp: str | None = None
    reversed: bool | None = None
    scale: str | None = None
    own_colors: tuple[tuple[str, str], ...] = ()
    point_size: float | None = None
    opacity: float | None = None
    size_by: str | None = None
    labels: str | None = None
    density: str | None = None
    thumbnails: bool | None = None
    hidden: tuple[int, ...] = ()
    filter: str = ""
    hide_rest: bool = False
    row: int | None = None
    selection: str = ""
    selected: str = ""
    held: str = ""
    held_name: str = ""
    query: str = ""
    expression: str = ""
    only: bool = False
    similar: str | None = None
    locked: int | None = None
    metric: str | None = None
    k: int | None = None
    table: bool | None = None
    sort: str = ""
    descending: bool = False
    page: int = 1
    camera: str = field(default="", compare=False)


def encode(address: Address) -> dict[str, str]:
    """Return the parameters of the URL; those at their default, and the camera, are left out."""
    texts = {}
    for each in fields(Address):
        value = getattr(address, each.name)
        if each.compare and value != each.default:
            write, _ = _CODECS[each.name]
            texts[each.name] = write(value)
    return texts


def decode(params: Mapping[str, str]) -> Address:
    """Return the address that the parameters of a URL hold, as far as they can be read."""
    values = {}
    for each in fields(Address):
        text = params.get(each.name)
        if text:
            _, read = _CODECS[each.name]
            try:
                values[each.name] = read(text)
            except (KeyError, ValueError):
                continue
    return Address(**values)


def encode_mask(mask: np.ndarray) -> str:
    """Return a bool mask, shape (n,), as text of letters, digits, "-" and "_"."""
    packed = zlib.compress(np.packbits(mask).tobytes(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_mask(text: str, count: int) -> np.ndarray | None:
    """Return the mask of `count` rows that `encode_mask` has written; None if the text is none."""
    size = (count + 7) // 8
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = zlib.decompressobj().decompress(packed, size + 1)
    except (binascii.Error, ValueError, zlib.error):
        return None
    if len(found) != size or count > _MOST_ROWS:
        return None
    return np.unpackbits(np.frombuffer(found, dtype=np.uint8), count=count).astype(bool)


def _read_whole(text: str) -> int:
    """Read a whole number; a text that is none, or absurdly long, raises ValueError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise ValueError(text)
    return int(text)


def _read_within(low: float, high: float, text: str) -> float:
    value = float(text)
    if not low <= value <= high:  # nan, too
        raise ValueError(text)
    return value


def _write_texts(texts: tuple[str, ...]) -> str:
    return ",".join(quote(text, safe="") for text in texts)


def _read_texts(text: str) -> tuple[str, ...]:
    return tuple(unquote(part) for part in text.split(","))


def _write_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f"{quote(name, safe='')}:{quote(value, safe='')}" for name, value in pairs)


def _read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition(":") for part in text.split(",")]
    return tuple((unquote(name), unquote(value)) for name, colon, value in pairs if colon)


def _write_colors(colors: tuple[tuple[str, str], ...]) -> str:
    return _write_pairs(tuple((name, color.removeprefix("#")) for name, color in colors))


def _read_colors(text: str) -> tuple[tuple[str, str], ...]:
    pairs = _read_pairs(text)
    return tuple((name, f"#{digits}") for name, digits in pairs if _HEX_COLOR.fullmatch(digits))


_TEXT = (str, str)
_WHOLE = (str, _read_whole)
_FLAG = (lambda value: "1", lambda text: {"1": True}[text])
_CODECS: dict[str, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    "set": _TEXT,
    "content": _TEXT,
    "layer": _TEXT,
    "within": (_write_texts, _read_texts),
    "method": _TEXT,
    "dims": _WHOLE,
    "params": (_write_pairs, _read_pairs),
    "seed": _WHOLE,
    "color": _TEXT,
    "named": (_write_texts, _read_texts),
    "granularity": (str, partial(_read_within, 0, 1)),
    "scaled": _FLAG,
    "palette": _TEXT,
    "ramp": _TEXT,
    "reversed": _FLAG,
    "scale": _TEXT,
    "own_colors": (_write_colors, _read_colors),
    "point_size": (str, partial(_read_within, *POINT_SIZES)),
    "opacity": (str, partial(_read_within, *OPACITIES)),
    "size_by": _TEXT,
    "labels": _TEXT,
    "density": _TEXT,
    "thumbnails": (lambda value: "0", lambda text: {"0": False}[text]),
    "hidden": (
        lambda codes: ",".join(map(str, codes)),
        lambda text: tuple(sorted({_read_whole(part) for part in text.split(",")})),
    ),
    "filter": _TEXT,
    "hide_rest": _FLAG,
    "row": _WHOLE,
    "selection": _TEXT,
    "selected": _TEXT,
    "held": _TEXT,
    "held_name": _TEXT,
    "query": _TEXT,
    "expression": _TEXT,
    "only": _FLAG,
    "similar": _TEXT,
    "locked": _WHOLE,
    "metric": _TEXT,
    "k": _WHOLE,
    "table": _FLAG,
    "sort": _TEXT,
    "descending": _FLAG,
    "page": _WHOLE,
    "camera": _TEXT,
}
"""How each field is written and read; a reader raises ValueError or KeyError."""
