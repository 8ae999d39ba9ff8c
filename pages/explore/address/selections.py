"""Selections in an address: written out where they are short, and else stored on this server."""

import re

import numpy as np
import xxhash

from pages.common import services
from pages.explore.address.parameters import decode_mask, encode_mask

LONGEST, LONGEST_HELD = 4_000, 1_000
"""Characters of a selection, and of the one held beside it, that are part of the address; servers
refuse much longer addresses."""

_STORED = re.compile(r"\.[0-9a-f]{32}")


def selection_text(mask: np.ndarray, longest: int = LONGEST) -> str:
    """Return the text of the selected rows for an address.

    Parameters
    ----------
    mask : bool, shape (n,)
    longest : characters beyond which the rows are stored, and the text is their key

    Raises
    ------
    EmbeddingError
        if it has to be stored and the cache cannot be written
    """
    text = encode_mask(mask)
    if len(text) <= longest:
        return text
    key = xxhash.xxh3_128_hexdigest(text.encode())
    path = services.cache().path("selections", key, ".txt")
    if not path.is_file():
        services.cache().store(path, lambda temporary: temporary.write_text(text), durable=True)
    return f".{key}"


def selection_mask(text: str, count: int) -> np.ndarray | None:
    """Return the selected rows, bool of shape (count,); None if the text names none of this set."""
    if _STORED.fullmatch(text):
        path = services.cache().path("selections", text[1:], ".txt")
        stored = services.cache().load(path, lambda found: found.read_text("ascii"))
        if stored is None or xxhash.xxh3_128_hexdigest(stored.encode()) != text[1:]:
            return None
        text = stored
    return decode_mask(text, count)
