"""Sprites are cut into the cells of their rows; other images are refused."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from embeddings.errors import EmbeddingError
from embeddings.files.projector import sprite as sprites
from embeddings.files.projector.sprite import cut_sprite, guess_cell, join_sprite
from embeddings.media import MEDIA


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


def images(*contents: bytes | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([{"bytes": c, "path": None} for c in contents], MEDIA)])


def png(width: int, height: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), (255, 0, 0)).save(content, "PNG")
    return content.getvalue()


def test_images_that_cannot_be_read_are_counted_and_their_cells_empty(tmp_path: Path) -> None:
    column = images(png(4, 4), b"\x89PNG\r\n\x1a\n damaged", None, png(4, 4)[:40])
    assert join_sprite(column, tmp_path / "s.png") == ((4, 4), 2)
    with Image.open(tmp_path / "s.png") as found:
        pixels = [found.getpixel((2 + 4 * (i % 2), 2 + 4 * (i // 2))) for i in range(4)]
    assert pixels == [(255, 0, 0, 255), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)]


def test_images_of_several_sizes_have_cells_of_one_size(tmp_path: Path) -> None:
    size, unread = join_sprite(images(png(200, 100), png(4, 4)), tmp_path / "s.png")
    assert (size, unread) == ((64, 64), 0)
    with Image.open(tmp_path / "s.png") as found:
        assert found.size == (128, 64)
        assert found.crop((0, 0, 64, 64)).getbbox() == (0, 16, 64, 48)  # scaled in proportion


@pytest.mark.parametrize(("size", "cell"), [((6, 6), (4, 4)), ((6, 1), (4, 1))])
def test_a_sprite_is_no_larger_than_the_projector_allows(
    size, cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sprites, "_MAX_SIDE", 8)
    assert join_sprite(images(*[png(*size)] * 4), tmp_path / "s.png")[0] == cell
    with Image.open(tmp_path / "s.png") as found:
        assert found.size == (2 * cell[0], 2 * cell[1])
