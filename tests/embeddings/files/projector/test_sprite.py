"""Sprites are cut into the cells of their rows; other images are refused."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embeddings.errors import EmbeddingError
from embeddings.files.projector.sprite import cut_sprite, guess_cell


def sprite(path: Path, width: int, height: int) -> Path:
    Image.new("RGB", (width, height)).save(path, "PNG")
    return path


@pytest.mark.parametrize(
    ("size", "count", "cell"),
    [
        ((280, 280), 100, 28),
        ((280, 280), 90, 28),  # TensorFlow's square of 10 x 10, its last row empty
        ((260, 240), 150, 20),  # 13 x 12 cells
        ((260, 260), 150, 20),  # 13 x 13
        ((320, 32), 10, 32),  # one row
        ((32, 32), 1, 32),
    ],
)
def test_the_cells_of_a_sprite_are_guessed(size, count, cell, tmp_path: Path) -> None:
    assert guess_cell(sprite(tmp_path / "s.png", *size), count) == (cell, cell)


@pytest.mark.parametrize(("size", "count"), [((200, 300), 100), ((300, 200), 1), ((7, 5), 2)])
def test_an_image_that_is_no_grid_is_refused(size, count, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="not a sprite of square cells"):
        guess_cell(sprite(tmp_path / "s.png", *size), count)


def test_a_guessed_sprite_is_cut_in_order(tmp_path: Path) -> None:
    pixels = np.zeros((6, 6, 3), np.uint8)
    for i in range(8):
        pixels[i // 3 * 2 : i // 3 * 2 + 2, i % 3 * 2 : i % 3 * 2 + 2] = 10 * (i + 1)
    path = tmp_path / "s.png"
    Image.fromarray(pixels).save(path)
    cells = cut_sprite(path, *guess_cell(path, 8), 8)
    for i, cell in enumerate(cells.to_pylist()):
        with Image.open(io.BytesIO(cell["bytes"])) as found:
            assert np.array(found).tolist() == np.full((2, 2, 3), 10 * (i + 1)).tolist()
