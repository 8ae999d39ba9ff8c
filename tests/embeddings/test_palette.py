"""The palette keeps its promise: colors stay apart under three kinds of color vision."""

from itertools import combinations

import numpy as np

from embeddings.palette import COLORS, PALETTES, RAMPS

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
VISIONS = {
    "normal": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def oklab(linear: np.ndarray) -> np.ndarray:
    """Convert linear RGB to OKLab (Ottosson 2020)."""
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(np.clip(linear, 0, 1) @ to_lms.T) @ to_lab.T


def seen(color: str, vision: np.ndarray) -> np.ndarray:
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return oklab(vision @ linear)


def least_distance(colors: tuple[str, ...]) -> float:
    return min(
        float(np.linalg.norm(seen(a, vision) - seen(b, vision)))
        for vision in VISIONS.values()
        for a, b in combinations(colors, 2)
    )


def test_there_are_twenty_different_colors() -> None:
    assert len(set(COLORS)) == 20


def test_the_first_eight_stay_far_apart_and_all_twenty_apart() -> None:
    assert least_distance(COLORS[:8]) > 0.07
    assert least_distance(COLORS) > 0.06


def test_no_color_vanishes_on_white_or_black() -> None:
    lightness = [seen(color, VISIONS["normal"])[0] for color in COLORS]
    assert min(lightness) > 0.44
    assert max(lightness) < 0.86


def test_the_strong_colors_of_tol_stay_apart_and_vanish_neither_on_white_nor_on_black() -> None:
    strong = PALETTES["Tol"][:6]
    assert least_distance(strong) > 0.08
    lightness = [seen(color, VISIONS["normal"])[0] for color in strong]
    assert 0.44 < min(lightness) <= max(lightness) < 0.86


def test_palettes_have_different_colors_and_the_default_is_first() -> None:
    assert next(iter(PALETTES.values())) == COLORS
    assert all(len(set(palette)) == len(palette) <= 20 for palette in PALETTES.values())


def test_ramps_get_lighter_all_the_way_or_darker_from_their_middle() -> None:
    for name, ramp in RAMPS.items():
        steps = np.diff([seen(color, VISIONS["normal"])[0] for color in ramp])
        middle = len(steps) // 2 if name == "Blue to red" else len(steps)
        assert (steps[:middle] > 0).all() and (steps[middle:] < 0).all(), name
