"""What a person does in a component, as typed events; what the browser sends is checked here."""

import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl

import numpy as np

LONGEST_ADDRESS = 512 * 1024
"""Characters of an address's parameters; Streamlit ignores longer ones."""

LONGEST_TEXT = 200_000
"""Characters of a search; a pasted vector of thousands of numbers has so many."""

_COLOR = re.compile("#[0-9a-fA-F]{6}")

SelectionMode = Literal["replace", "add", "subtract"]
"""What selected rows do to the selection that there is."""


@dataclass(frozen=True)
class Click:
    """A row was clicked on the map, in a list, or chosen in the search box."""

    row: int


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows were selected with a box, a lasso or the legend.

    Attributes
    ----------
    mask : bool, shape (n,), true for the selected rows
    name : what the selection is called: "box", "lasso" or a category
    mode : whether they replace the selection, are added to it or taken out of it
    """

    mask: np.ndarray
    name: str
    mode: SelectionMode = "replace"


@dataclass(frozen=True)
class Toggle:
    """A row is to be added to the selection, or taken out of it."""

    row: int


@dataclass(frozen=True)
class Clear:
    """What stands out on the map was cleared."""


@dataclass(frozen=True)
class BackgroundClick:
    """The map was clicked beside all points, at a position in coordinates of the layout."""

    position: tuple[float, float]


@dataclass(frozen=True)
class NewPointClick:
    """A point was clicked that is no row of the set."""

    number: int


@dataclass(frozen=True)
class Hidden:
    """Categories of the legend are hidden, and no others are."""

    codes: frozenset[int]


@dataclass(frozen=True)
class PickColor:
    """A color, "#rrggbb", was picked for a category of the legend."""

    code: int
    color: str


@dataclass(frozen=True)
class ResetColors:
    """The categories of the legend are to have the colors of the palette again."""


@dataclass(frozen=True)
class ToggleSimilarity:
    """The map is to be colored by similarity to the current item, or no longer."""


@dataclass(frozen=True)
class Navigated:
    """The person navigated to another entry of the browser's history.

    Attributes
    ----------
    params : the parameters of its address; of one given several times, the last
    """

    params: dict[str, str]


@dataclass(frozen=True)
class Query:
    """The items nearest to an expression, such as king - man + woman, or to a vector are wanted."""

    text: str


@dataclass(frozen=True)
class Search:
    """The rows with a text in any column are to be selected."""

    text: str


@dataclass(frozen=True)
class Sort:
    """The table is to be sorted by a column, or, for "", to be in the order of the rows."""

    column: str
    descending: bool


Event = (
    Click
    | Selection
    | Toggle
    | Clear
    | BackgroundClick
    | NewPointClick
    | Hidden
    | PickColor
    | ResetColors
    | ToggleSimilarity
    | Navigated
    | Query
    | Search
    | Sort
)


class EventError(ValueError):
    """A message of the browser is no event of the set that is shown."""


def decode(message: Any, count: int) -> Event:
    """Return the event that a message of the browser describes.

    Parameters
    ----------
    message : {"type": "click", "row"}, {"type": "toggle", "row"}, {"type": "clear"},
        {"type": "selection", "bits", "name", "mode"}, {"type": "background", "position"},
        {"type": "new_point", "number"}, {"type": "hidden", "codes"}, {"type": "similarity"},
        {"type": "pick_color", "code", "color"}, {"type": "reset_colors"},
        {"type": "navigated", "search"},
        {"type": "query", "text"}, {"type": "search", "text"},
        {"type": "sort", "column", "descending"}
    count : rows of the set that is shown

    Raises
    ------
    EventError
        If the message is malformed, or about rows that the set does not have: it may be about the
        set that was shown before.
    """
    if not isinstance(message, Mapping):
        raise EventError(f"an event is an object, not {type(message).__name__}")
    kind = message.get("type")
    if kind == "click":
        return Click(_row(message.get("row"), count))
    if kind == "selection":
        mask, name = _mask(message.get("bits"), count), _name(message.get("name"))
        return Selection(mask, name, _mode(message.get("mode", "replace")))
    if kind == "toggle":
        return Toggle(_row(message.get("row"), count))
    if kind == "clear":
        return Clear()
    if kind == "background":
        return BackgroundClick(_position(message.get("position")))
    if kind == "new_point":
        return NewPointClick(_number(message.get("number")))
    if kind == "hidden":
        return Hidden(_codes(message.get("codes")))
    if kind == "pick_color":
        return PickColor(_code(message.get("code")), _color(message.get("color")))
    if kind == "reset_colors":
        return ResetColors()
    if kind == "similarity":
        return ToggleSimilarity()
    if kind == "navigated":
        return Navigated(_parameters(message.get("search")))
    if kind == "query":
        return Query(_text(message.get("text")))
    if kind == "search":
        return Search(_text(message.get("text")))
    if kind == "sort":
        return Sort(_text(message.get("column")), message.get("descending") is True)
    raise EventError(f"there are no events of type {kind!r}")


def _row(row: Any, count: int) -> int:
    if not isinstance(row, int) or isinstance(row, bool) or not 0 <= row < count:
        raise EventError(f"row {row!r} is none of {count} rows")
    return row


def _number(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise EventError(f"{number!r} is no number of a new point")
    return number


def _mask(bits: Any, count: int) -> np.ndarray:
    """Unpack a mask of one bit a row, in base64, to bool of shape (count,)."""
    if not isinstance(bits, str):
        raise EventError(f"a mask is a string of base64, not {type(bits).__name__}")
    try:
        packed = np.frombuffer(base64.b64decode(bits, validate=True), dtype=np.uint8)
    except (binascii.Error, ValueError) as error:
        raise EventError(f"a mask is not base64: {error}") from error
    if len(packed) != (count + 7) // 8:
        raise EventError(f"a mask of {len(packed)} bytes does not fit {count} rows")
    return np.unpackbits(packed, count=count).astype(bool)


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise EventError(f"the name of a selection is text, not {type(name).__name__}")
    return name


def _mode(mode: Any) -> SelectionMode:
    for known in get_args(SelectionMode):
        if mode == known:
            found: SelectionMode = known
            return found
    raise EventError(f"selected rows replace, add or subtract; there is no {mode!r}")


def _text(text: Any) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise EventError(f"the text of a search is text of at most {LONGEST_TEXT:,} characters")
    return text


def _position(position: Any) -> tuple[float, float]:
    if not isinstance(position, list) or len(position) != 2 or not all(map(_is_finite, position)):
        raise EventError(f"a position is two finite numbers, not {position!r}")
    return float(position[0]), float(position[1])


def _codes(codes: Any) -> frozenset[int]:
    if not isinstance(codes, list):
        raise EventError(f"the codes of categories are a list, not {type(codes).__name__}")
    return frozenset(map(_code, codes))


def _code(code: Any) -> int:
    if type(code) is not int or not 0 <= code < 256:
        raise EventError(f"the code of a category is a whole number below 256, not {code!r}")
    return code


def _color(color: Any) -> str:
    if not isinstance(color, str) or not _COLOR.fullmatch(color):
        raise EventError(f"a color is written as #rrggbb, not {color!r}")
    return color.lower()


def _parameters(search: Any) -> dict[str, str]:
    if not isinstance(search, str) or len(search) > LONGEST_ADDRESS:
        raise EventError("the parameters of an address are text, and not longer than servers allow")
    return dict(parse_qsl(search.removeprefix("?"), keep_blank_values=True))


def _is_finite(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)
