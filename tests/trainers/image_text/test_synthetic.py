"""Images show what their captions describe; unseen combinations have seen attributes."""

import numpy as np
import pytest

from trainers.image_text.synthetic import (  # fmt: skip
    COLORS,
    COMBINATIONS,
    PLACES,
    SHAPES,
    SIDE,
    UNSEEN,
    WORDINGS,
    draw,
    synthetic_shapes,
)


@pytest.fixture(scope="module")
def shapes():
    return synthetic_shapes(renderings=2)


def test_there_are_enough_combinations_and_500_are_unseen(shapes):
    assert len(COMBINATIONS) >= 2_000 and len(set(shapes.meaning)) == len(COMBINATIONS)
    assert len(set(shapes.meaning[shapes.unseen])) == UNSEEN == 500
    assert not set(shapes.meaning[shapes.unseen]) & set(shapes.meaning[~shapes.unseen])


@pytest.mark.parametrize("seed", range(3))
def test_every_value_of_every_attribute_is_seen_often(seed):
    shapes = synthetic_shapes(renderings=1, seed=seed)
    for values in shapes.attributes.values():
        _, counts = np.unique(np.array(values)[~shapes.unseen], return_counts=True)
        assert counts.min() >= 100


def test_captions_describe_the_image_in_many_wordings(shapes):
    for row in range(0, len(shapes), 50):
        for name, values in shapes.attributes.items():
            wordings = WORDINGS.get(values[row], (values[row],))
            assert any(wording in shapes.captions[row] for wording in wordings), (name, row)
    assert len(set(shapes.captions)) > 0.9 * len(shapes)


def test_pixels_show_the_color_at_the_place_in_the_size():
    chosen = [row for row, each in enumerate(COMBINATIONS) if each["shape"] == "square"]
    drawn = draw(np.array(chosen), np.random.default_rng(0)).astype(int)
    areas: dict[str, list[int]] = {}
    for image, row in zip(drawn, chosen, strict=True):
        each = COMBINATIONS[row]
        line, column = (8 * (part + 1) for part in divmod(PLACES.index(each["place"]), 3))
        assert np.abs(image[:, line, column] - COLORS[each["color"]]).max() <= 16
        differs = np.abs(image - image[:, :1, SIDE // 2 : SIDE // 2 + 1]).max(axis=0) > 20
        if "top" not in each["place"]:
            areas.setdefault(each["size"], []).append(int(differs.sum()))
    assert max(areas["small"]) < min(areas["medium"]) and max(areas["medium"]) < min(areas["large"])


def test_shapes_of_one_place_differ_by_outline():
    chosen = [
        next(row for row, each in enumerate(COMBINATIONS) if each
             == {"color": "black", "shape": shape, "size": "large", "place": "center"})
        for shape in SHAPES
    ]  # fmt: skip
    dark = draw(np.array(chosen), np.random.default_rng(0)).max(axis=1) < 100  # (8, s, s)
    for one in range(len(dark)):
        for other in range(one):
            assert (dark[one] ^ dark[other]).sum() >= 15


def test_same_seed_same_images(shapes):
    again, other = synthetic_shapes(renderings=2), synthetic_shapes(renderings=2, seed=1)
    assert again.source == shapes.source and again.captions == shapes.captions
    assert other.source["sha256"] != shapes.source["sha256"]
