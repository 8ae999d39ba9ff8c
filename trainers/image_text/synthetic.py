"""The built-in images with captions: drawings of one shape, which has a color, size and place.

All 2,160 combinations of the four are drawn, but 500 of them are held out for the test: to match
them with their captions, a model must have learned the parts of captions, not whole captions.
"""

import hashlib
from collections.abc import Callable

import numpy as np

from trainers.core.rng import numpy_generator
from trainers.image_text.data import Captioned

SIDE = 32
"""Side length of the images, in pixels."""

UNSEEN = 500
"""Number of combinations that are held out for the test."""

COLORS = {
    "red": (215, 40, 40), "orange": (245, 140, 20), "yellow": (235, 215, 30),
    "green": (40, 160, 60), "turquoise": (40, 195, 190), "blue": (45, 80, 210),
    "purple": (130, 50, 170), "pink": (245, 130, 185), "brown": (120, 75, 35),
    "black": (25, 25, 25),
}  # fmt: skip

SIZES = {"small": 4.0, "medium": 5.5, "large": 7.5}
"""Radius, in pixels."""

PLACES = (
    "top left", "top", "top right", "left", "center", "right",
    "bottom left", "bottom", "bottom right",
)  # fmt: skip

Outline = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Offsets from the center to the right and down, in radii -> signed distance, negative inside."""


def _star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    angle = np.arctan2(u, -v)  # from the tip, which is up
    return np.hypot(u, v) - (0.68 + 0.32 * np.cos(5 * angle))


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(v - 0.75, 0.87 * np.abs(u) - 0.5 * v - 0.5)


SHAPES: dict[str, Outline] = {
    "circle": lambda u, v: np.hypot(u, v) - 1,
    "square": lambda u, v: np.maximum(np.abs(u), np.abs(v)) - 0.85,
    "triangle": _triangle,
    "diamond": lambda u, v: (np.abs(u) + np.abs(v) - 1) / np.sqrt(2),
    "cross": lambda u, v: np.maximum(
        np.minimum(np.abs(u), np.abs(v)) - 0.3, np.maximum(np.abs(u), np.abs(v)) - 1
    ),
    "ring": lambda u, v: np.abs(np.hypot(u, v) - 0.78) - 0.22,
    "star": _star,
    "bar": lambda u, v: np.maximum(np.abs(u) - 1, np.abs(v) - 0.35),
}

WORDINGS = {
    "turquoise": ("turquoise", "cyan"), "purple": ("purple", "violet"),
    "small": ("small", "little", "tiny"), "medium": ("medium", "middle-sized"),
    "large": ("large", "big", "huge"),
    "circle": ("circle", "disc"), "diamond": ("diamond", "rhombus"), "bar": ("bar", "strip"),
    "top left": ("at the top left", "in the upper left corner"),
    "top": ("at the top", "at the upper edge"),
    "top right": ("at the top right", "in the upper right corner"),
    "left": ("at the left", "at the left edge"),
    "center": ("in the center", "in the middle"),
    "right": ("at the right", "at the right edge"),
    "bottom left": ("at the bottom left", "in the lower left corner"),
    "bottom": ("at the bottom", "at the lower edge"),
    "bottom right": ("at the bottom right", "in the lower right corner"),
}  # fmt: skip
"""Value -> its wordings; all other values have only their name."""

SENTENCES = (
    "a {size} {color} {shape} {place}",
    "{place} is a {size} {color} {shape}",
    "a {color} {shape}, {size}, {place}",
    "one {size} {shape} {place}, {color}",
)

COMBINATIONS = [
    {"color": color, "shape": shape, "size": size, "place": place}
    for color in COLORS for shape in SHAPES for size in SIZES for place in PLACES
]  # fmt: skip


def synthetic_shapes(renderings: int = 6, seed: int = 0) -> Captioned:
    """Draw each combination several times, each time with a caption.

    The drawings of a combination differ in exact place, radius, and shades of shape and background;
    the captions in sentence and synonyms.

    Parameters
    ----------
    renderings : number of drawings of each combination; held-out combinations have one
    """
    generator = numpy_generator(seed, "planted shapes")
    is_unseen = np.zeros(len(COMBINATIONS), dtype=bool)
    is_unseen[generator.permutation(len(COMBINATIONS))[:UNSEEN]] = True
    combination = np.repeat(np.arange(len(COMBINATIONS)), np.where(is_unseen, 1, renderings))
    pixels = draw(combination, generator)
    captions = tuple(caption(COMBINATIONS[number], generator) for number in combination)
    digest = hashlib.sha256(pixels.tobytes() + "\n".join(captions).encode()).hexdigest()
    return Captioned(
        name="shapes",
        pixels=pixels,
        full=255,
        labels=tuple(_label(number, row) for row, number in enumerate(combination.tolist())),
        image=np.arange(len(pixels)),
        captions=captions,
        meaning=combination,
        unseen=is_unseen[combination],
        attributes={name: [COMBINATIONS[number][name] for number in combination]
                    for name in COMBINATIONS[0]},
        source={"name": "planted shapes", "sha256": digest},
    )  # fmt: skip


def caption(values: dict[str, str], generator: np.random.Generator) -> str:
    """Return a caption of a combination, in random wording."""
    words = {
        name: _choose(WORDINGS.get(value, (value,)), generator) for name, value in values.items()
    }
    return _choose(SENTENCES, generator).format(**words)


def _label(combination: int, row: int) -> str:
    return "{size} {color} {shape}, {place} #{row}".format(**COMBINATIONS[combination], row=row)


def _choose(wordings: tuple[str, ...], generator: np.random.Generator) -> str:
    return wordings[generator.integers(len(wordings))]


def draw(combination: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw combinations: uint8, shape (n, 3, SIDE, SIDE).

    combination : int64, shape (n,), indices in COMBINATIONS
    """
    count = len(combination)
    values = [COMBINATIONS[number] for number in combination]
    place = np.array([divmod(PLACES.index(each["place"]), 3) for each in values])  # (n, 2)
    radius = np.array([SIZES[each["size"]] for each in values]) * generator.uniform(
        0.94, 1.06, count
    )
    center = SIDE / 4 * (place + 1) + generator.uniform(-1, 1, (count, 2))  # (n, 2): y, x
    color = np.array([COLORS[each["color"]] for each in values])
    color = color + generator.uniform(-14, 14, (count, 3))
    background = generator.uniform(190, 255, (count, 1)) + generator.uniform(-8, 8, (count, 3))
    shape = np.array([list(SHAPES).index(each["shape"]) for each in values])
    pixels = np.empty((count, 3, SIDE, SIDE), dtype=np.uint8)
    centers = np.arange(SIDE) + 0.5  # of pixels
    for number, outline in enumerate(SHAPES.values()):
        rows = np.flatnonzero(shape == number)
        v, u = (
            (centers - center[rows, axis, None]) / radius[rows, None] for axis in (0, 1)
        )  # (r, s)
        distance = outline(*np.broadcast_arrays(u[:, None, :], v[:, :, None]))  # (r, s, s)
        inside = np.clip(0.5 - distance * radius[rows, None, None], 0, 1)[:, None]
        front, back = color[rows, :, None, None], background[rows, :, None, None]
        pixels[rows] = np.clip(np.round(back + inside * (front - back)), 0, 255)
    return pixels
