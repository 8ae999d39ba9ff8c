"""Blocks of rows: a large array is worked through piece by piece, so that memory stays small."""

from collections.abc import Iterator


def row_blocks(rows: int, width: int, numbers: int = 4_000_000) -> Iterator[slice]:
    """Yield slices that together cover rows 0 to `rows` - 1, in ascending order.

    Parameters
    ----------
    rows : number of rows of the array
    width : numbers that one row takes in the work at hand (often the row's length)
    numbers : how many numbers a block may take; a row that takes more is a block of its own
    """
    step = max(1, numbers // max(1, width))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
