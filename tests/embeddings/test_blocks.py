"""Blocks of rows cover every row once."""

import numpy as np
import pytest

from embeddings.blocks import row_blocks


@pytest.mark.parametrize(
    ("rows", "width", "numbers"), [(10, 3, 9), (9, 3, 9), (1, 50, 9), (5, 0, 2)]
)
def test_blocks_cover_each_row_once_and_in_order(rows: int, width: int, numbers: int) -> None:
    blocks = list(row_blocks(rows, width, numbers))
    assert np.concatenate([np.arange(rows)[block] for block in blocks]).tolist() == list(
        range(rows)
    )
    assert all(block.stop <= rows for block in blocks)
    assert all((block.stop - block.start) * width <= max(numbers, width) for block in blocks)


def test_no_rows_make_no_blocks() -> None:
    assert list(row_blocks(0, 3)) == []
