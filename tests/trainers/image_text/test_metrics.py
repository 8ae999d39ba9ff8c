"""Ridge regression finds captions that are linear in the pixels, and none where nothing is."""

import numpy as np

from trainers.image_text.data import Captioned
from trainers.image_text.metrics import reduced, ridge_recall


def pairs_of(pixels: np.ndarray, captions: list[str]) -> Captioned:
    count = len(captions)
    return Captioned(
        name="planted",
        pixels=pixels,
        full=255,
        labels=tuple(map(str, range(count))),
        image=np.arange(count),
        captions=tuple(captions),
        meaning=np.arange(count),
        unseen=np.zeros(count, dtype=bool),
        attributes={},
        source={"name": "planted", "sha256": "0"},
    )


def test_what_is_linear_is_found():
    chance = np.random.default_rng(0)
    shown = chance.random((200, 6)) < 0.5  # which of six lights are on
    shown = chance.permutation(np.unique(shown, axis=0))
    learned = np.repeat(shown[: len(shown) // 2], 2, axis=0)
    lights = np.concatenate([learned, shown])
    pixels = (lights * 255).astype(np.uint8).reshape(-1, 1, 2, 3)
    captions = ["dark " + " ".join(f"w{i}" for i in np.flatnonzero(row)) for row in lights]
    trained, judged = np.arange(len(learned)), np.arange(len(learned), len(lights))
    assert ridge_recall(pairs_of(pixels, captions), trained, judged) >= 0.9
    mixed = pairs_of(chance.permutation(pixels), captions)
    assert ridge_recall(mixed, trained, judged) <= 0.2


def test_patches_are_averaged():
    pixels = np.arange(32 * 32, dtype=np.uint8).reshape(1, 1, 32, 32)
    patches = pixels.reshape(16, 2, 16, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(reduced(pixels)[0], patches.reshape(-1), atol=1e-4)
    assert reduced(pixels[:, :, :8, :8]).shape == (1, 64)
