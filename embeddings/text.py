"""Text for messages: lists that end in "and 3 more", counted nouns, shortened, escaped; names."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence, Sized
from itertools import islice, pairwise

_MOST_DECIMALS = 15
_SAME = 4e-15  # values that differ by less than this fraction of the largest are rounding errors

LONGEST_ITEM = 100
LONGEST_MESSAGE = 1_000
"""Characters that an item of a list, and a whole message, may have."""


_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, delete and C1: among them the sequences that command a terminal
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"  # line separators, direction of text
)


def printable(text: str, lines: bool = False) -> str:
    r"""Return text for a terminal: control characters and those of direction become \uXXXX.

    A label could otherwise rewrite what the terminal shows, or send commands to it. JSON stays
    JSON with the same meaning.

    Parameters
    ----------
    lines : keep line ends
    """
    if lines:
        return "\n".join(map(printable, text.split("\n")))
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def listed(
    items: Iterable[object], limit: int = 10, total: int | None = None, separator: str = ", "
) -> str:
    """Return the first items of a list as text, followed by the number that is left out.

    listed(["a", "b", "c"], limit=2) is "a, b and 1 more"; an empty list is "".

    Parameters
    ----------
    items : written with str, in their order; each is cut to LONGEST_ITEM characters
    limit : number of items that are written out
    total : number of items, if `items` has only the first of them
    separator : between two items
    """
    rest = iter(items)
    texts = [shorten(str(item), LONGEST_ITEM) for item in islice(rest, limit)]
    if total is None:
        total = len(items) if isinstance(items, Sized) else len(texts) + sum(1 for _ in rest)
    more = total - len(texts)
    return separator.join(texts) + (f" and {more:,} more" if more > 0 else "")


def count_noun(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: "1 row", "2,000 rows"; by default the plural takes an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def shorten(text: str, length: int = 40) -> str:
    """Return the first `length` characters of a text, followed by "..." if any are cut off."""
    return text if len(text) <= length else f"{text[:length]}..."


def split_names(text: str | None) -> tuple[str, ...]:
    """Return the names in a comma-separated list; a name with a comma is in double quotes."""
    rows = csv.reader(io.StringIO(text or "", newline=""), skipinitialspace=True)
    return tuple(name.strip() for row in rows for name in row if name.strip())


def join_names(names: Sequence[str]) -> str:
    """Return names as a comma-separated list, which split_names reads."""
    quoted = ('"{}"'.format(name.replace('"', '""')) for name in names)
    plain = zip(names, quoted, strict=True)
    return ",".join(longer if set(name) & set(',"\r\n') else name for name, longer in plain)


def decimals_to_distinguish(values: Iterable[float], least: int) -> int:
    """Return how many decimals make different values look different, `least` or more, 15 at most.

    Parameters
    ----------
    values : numbers in any order; equal ones, and those that only differ by rounding, look alike
    least : number of decimals that are shown in any case
    """
    ordered = sorted(float(value) for value in values if math.isfinite(value))
    rounding = _SAME * max(map(abs, ordered), default=0.0)
    gaps = [gap for low, high in pairwise(ordered) if (gap := high - low) > rounding]
    needed = math.ceil(-math.log10(min(gaps))) if gaps else 0
    return min(max(needed, least), max(_MOST_DECIMALS, least))


def shorten_middle(text: str, length: int = LONGEST_MESSAGE) -> str:
    """Return a text without what is in its middle if it is longer than `length` characters.

    A message begins with the place and ends with what to do, so that both remain.
    """
    if len(text) <= length:
        return text
    first, last = length * 2 // 3, length // 4
    left_out = f" [... {len(text) - first - last:,} characters ...] "
    return text[:first] + left_out + text[len(text) - last :]
