"""Small images of maps: where points are painted, in which colors, on what background."""

import io

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest

from embeddings import EmbeddingSet
from embeddings.layouts.map_image import map_image
from embeddings.palette import COLORS

SIZE = 120, 80


def painted(columns: dict, coordinates: np.ndarray, rows: int = 20_000) -> np.ndarray:
    """Return the pixels of a map: uint8, shape (height, width, 4)."""
    vectors = np.arange(len(coordinates) * 2, dtype=np.float32).reshape(-1, 2)
    embedding_set = EmbeddingSet.of(vectors, None, columns)
    content = map_image(embedding_set, coordinates.astype(np.float32), SIZE, rows)
    image = PIL.Image.open(io.BytesIO(content))
    assert image.size == SIZE
    return np.asarray(image.convert("RGBA"))


def channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 50)


def test_categories_are_painted_where_they_are_in_their_colors() -> None:
    kind = pa.array(["low" if y == 0 else "high" for _, y in CORNERS])
    pixels = painted({"kind": kind}, CORNERS)
    assert not pixels[40, :, 3].any() and not pixels[:, 60, 3].any()  # nothing in between
    upper, lower = pixels[:40][pixels[:40, :, 3] > 200], pixels[40:][pixels[40:, :, 3] > 200]
    expected = {"high": channels(COLORS[0]), "low": channels(COLORS[1])}  # by count, then name
    assert np.abs(upper[:, :3].astype(int) - expected["high"]).max() <= 8
    assert np.abs(lower[:, :3].astype(int) - expected["low"]).max() <= 8


def test_both_axes_have_one_scale() -> None:
    y, x = np.nonzero(painted({}, CORNERS)[..., 3])
    assert abs((x.max() - x.min()) - (y.max() - y.min())) <= 1


def test_more_points_are_darker_and_a_few_outliers_do_not_shrink_the_rest() -> None:
    one, many = np.random.default_rng(0).normal(size=(2, 2_000, 2)) * [[[1.0]], [[0.2]]]
    assert painted({}, many)[..., 3].mean() > 0 and painted({}, one)[..., 3].max() > 200
    far = np.concatenate([one, [[500.0, 500.0]]])
    assert np.count_nonzero(painted({}, far)[..., 3]) > 0.8 * np.count_nonzero(
        painted({}, one)[..., 3]
    )


@pytest.mark.parametrize(
    "columns", [{}, {"value": pa.array(CORNERS[:, 0] * 100 + np.arange(200.0))}]
)
def test_sets_without_categories_are_painted_too(columns: dict) -> None:
    colors = painted(columns, CORNERS)
    seen = len(np.unique(colors[colors[..., 3] > 150][:, :3], axis=0))
    assert (seen > 1) is bool(columns)


def test_a_sample_of_many_rows_is_the_same_each_time() -> None:
    places = np.random.default_rng(1).normal(size=(5_000, 2))
    first, again = painted({}, places, rows=300), painted({}, places, rows=300)
    assert (first == again).all() and (first != painted({}, places)).any()


def test_all_points_in_one_place_are_painted_in_the_middle() -> None:
    y, x = np.nonzero(painted({}, np.zeros((10, 2)))[..., 3])
    assert abs(x.mean() - 60) < 1 and abs(y.mean() - 40) < 1
