"""Ridge regression finds captions that are linear in the pixels, and none in shuffled pairs."""

import numpy as np

from trainers.image_text.data import Captioned
from trainers.image_text.metrics import reduced, ridge_recall


def pairs_of(pixels: np.ndarray, captions: list[str]) -> Captioned:
    count = len(captions)
    return Captioned(
        name="synthetic",
        pixels=pixels,
        full=255,
        labels=tuple(map(str, range(count))),
        image=np.arange(count),
        captions=tuple(captions),
        meaning=np.arange(count),
        unseen=np.zeros(count, dtype=bool),
        attributes={},
        source={"name": "synthetic", "sha256": "0"},
    )


def test_linear_captions_are_found():
    rng = np.random.default_rng(0)
    lit = rng.random((200, 6)) < 0.5  # which of six lights are on
    lit = rng.permutation(np.unique(lit, axis=0))
    learned = np.repeat(lit[: len(lit) // 2], 2, axis=0)
    lights = np.concatenate([learned, lit])
    pixels = (lights * 255).astype(np.uint8).reshape(-1, 1, 2, 3)
    captions = ["dark " + " ".join(f"w{i}" for i in np.flatnonzero(row)) for row in lights]
    trained, held_out = np.arange(len(learned)), np.arange(len(learned), len(lights))
    assert ridge_recall(pairs_of(pixels, captions), trained, held_out) >= 0.9
    mixed = pairs_of(rng.permutation(pixels), captions)
    assert ridge_recall(mixed, trained, held_out) <= 0.2


def test_patches_are_averaged():
    pixels = np.arange(32 * 32, dtype=np.uint8).reshape(1, 1, 32, 32)
    patches = pixels.reshape(16, 2, 16, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(reduced(pixels)[0], patches.reshape(-1), atol=1e-4)
    assert reduced(pixels[:, :, :8, :8]).shape == (1, 64)
