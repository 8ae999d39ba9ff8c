"""What the browser fetches: addresses follow content, values arrive as they are."""

import json
from pathlib import Path

import numpy as np
import pytest

from components import (
    Blobs,
    category_colors,
    date_colors,
    mask_address,
    number_colors,
    points_of,
    recolored,
    size_levels,
    text_address,
)
from embeddings.analysis.contexts import Excerpt
from embeddings.cache import Cache
from embeddings.palette import COLORS, OTHER


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(Cache(tmp_path))


def content(blobs: Blobs, address: str) -> bytes:
    return (blobs._folder / address.rsplit("/", 1)[-1]).read_bytes()


def test_points_are_planar_float32(blobs: Blobs) -> None:
    coordinates = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float64)
    points = points_of(coordinates, blobs)
    assert (points.count, points.dims) == (2, 3)
    assert np.frombuffer(content(blobs, points.url), "<f4").tolist() == [1, 4, 2, 5, 3, 6]


def test_the_same_content_has_the_same_address(blobs: Blobs) -> None:
    ones = np.ones((5, 2), dtype=np.float32)
    assert points_of(ones, blobs).url == points_of(ones.copy(), blobs).url
    assert points_of(ones, blobs).url != points_of(2 * ones, blobs).url


def test_a_dropped_blob_is_gone(blobs: Blobs) -> None:
    address = text_address(["a"], blobs)
    assert blobs.has(address)
    blobs.drop(address)
    assert not blobs.has(address)


def test_texts_keep_every_character(blobs: Blobs) -> None:
    texts = ["<b>", "हु", 'quote "', "", None]
    assert json.loads(content(blobs, text_address(texts, blobs))) == texts


def test_an_excerpt_is_sent_in_parts_and_marks_in_a_text_are_text(blobs: Blobs) -> None:
    texts = [Excerpt("a ", "bank", " lends"), "a ⟦bank⟧"]
    parts = {"before": "a ", "word": "bank", "after": " lends"}
    assert json.loads(content(blobs, text_address(texts, blobs))) == [parts, "a ⟦bank⟧"]


def test_categories_have_colors_and_the_rest_is_grey(blobs: Blobs) -> None:
    names = [f"name {i}" for i in range(25)] + ["other (3)"]
    codes = np.arange(26)
    message = category_colors(
        codes, names, [1] * 26, "kind", blobs, {"other (3)", "name 1"}
    ).message
    assert message["palette"][:3] == [COLORS[0], OTHER, COLORS[1]]
    assert message["palette"][-1] == OTHER
    assert len(set(message["palette"])) == 21
    assert list(content(blobs, message["url"])) == list(range(26))


def test_the_color_scale_leaves_outliers_and_gaps_aside(blobs: Blobs) -> None:
    values = np.r_[np.linspace(0, 1, 1000), 1e9, np.nan].astype(np.float32)
    message = number_colors(values, "n", blobs).message
    assert message["low"] == pytest.approx(0.01, abs=0.01)
    assert message["high"] == pytest.approx(1, abs=0.02)
    constant = number_colors(np.full(3, 7, dtype=np.float32), "n", blobs).message
    assert constant["low"] < 7 < constant["high"]


def test_sizes_are_bytes_between_robust_percentiles_and_missing_ones_the_smallest(
    blobs: Blobs,
) -> None:
    values = np.r_[np.linspace(0, 100, 1001), 1e9, np.nan, np.inf, -np.inf].astype(np.float32)
    sizes = size_levels(values, "n", blobs)
    assert (sizes.low, sizes.high) == pytest.approx((2, 98), abs=0.2)
    levels = np.frombuffer(content(blobs, sizes.url), np.uint8)
    assert len(levels) == len(values)
    assert levels[[0, 1000]].tolist() == [0, 255] and abs(int(levels[500]) - 128) <= 1
    assert levels[1001:].tolist() == [255, 0, 255, 0]
    assert str(sizes).startswith("size by n, 2") and str(sizes).endswith(" to 98.1")


@pytest.mark.parametrize("value", [7, 1e30, np.nan])
def test_sizes_of_one_value_are_one(value: float, blobs: Blobs) -> None:
    with np.errstate(all="raise"):
        sizes = size_levels(np.full(3, value, dtype=np.float32), "n", blobs)
    assert len(set(content(blobs, sizes.url))) == 1


def test_a_logarithm_is_sent_with_the_ticks_of_its_numbers(blobs: Blobs) -> None:
    message = number_colors(np.float32([1, 10, 1000]), "n", blobs, "log").message
    assert np.frombuffer(content(blobs, message["url"]), "<f4") == pytest.approx([0, 1, 3])
    assert message["ticks"] == {"values": [0, 1, 2, 3], "texts": ["1", "10", "100", "1k"]}


def test_categories_take_another_palette_and_what_is_grey_stays_grey(blobs: Blobs) -> None:
    names = ["a", "b", "other", "c"]
    usual = category_colors(np.arange(4), names, [1] * 4, "kind", blobs, {"other"})
    changed = recolored(usual, ["#111111", "#222222"], ["#000000", "#ffffff"])
    assert changed.message == {**usual.message, "palette": ["#111111", "#222222", OTHER, OTHER]}
    assert changed.codes is usual.codes
    assert recolored(usual, COLORS, None).message == usual.message


def test_numbers_take_another_ramp(blobs: Blobs) -> None:
    usual = number_colors(np.float32([1, 2]), "n", blobs)
    ramp = ["#000000", "#ffffff"]
    assert recolored(usual, COLORS, ramp).message == {**usual.message, "ramp": ramp}
    assert recolored(usual, COLORS, None).message == usual.message


def test_masks_are_packed_first_row_first(blobs: Blobs) -> None:
    mask = np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], dtype=bool)
    assert list(content(blobs, mask_address(mask, blobs))) == [128, 64]


def test_dates_keep_their_seconds_and_have_ticks(blobs: Blobs) -> None:
    start = 1_769_904_000.0  # 2026-02-01
    message = date_colors(np.array([start, np.nan, start + 5]), "when", blobs).message
    values = np.frombuffer(content(blobs, message["url"]), "<f4")
    np.testing.assert_array_equal(values, [0, np.nan, 5])
    assert message["kind"] == "numbers"
    assert message["ticks"] == {
        "values": [1, 2, 3, 4], "texts": ["00:00:01", "00:00:02", "00:00:03", "00:00:04"],
    }  # fmt: skip


def test_dates_that_are_all_missing_have_colors(blobs: Blobs) -> None:
    assert date_colors(np.array([np.nan]), "when", blobs).message["low"] == 0
