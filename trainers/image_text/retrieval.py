"""How well a text finds its image among others, and an image its text."""

import numpy as np

from trainers.core.rng import numpy_generator

CANDIDATES = 500
"""Images, and as many captions, among which the right one is to be found, at most."""

KS = (1, 5)


def recalls(images: np.ndarray, texts: np.ndarray) -> dict[str, float]:
    """Return recall@1 and recall@5 of both directions, and the mean of both recalls at 1.

    The share of texts (images) whose own image (text) is among the k nearest by dot product; one
    that is as near as another counts as farther.

    images, texts : float32, shape (n, dim), of length 1; row i of both is pair i
    """
    near = texts @ images.T  # (n, n)
    own = near.diagonal()
    found: dict[str, float] = {}
    for name, better in (
        ("text to image", (near >= own[:, None]).sum(axis=1)),
        ("image to text", (near >= own).sum(axis=0)),
    ):
        found |= {f"recall@{k} {name}": float((better <= k).mean()) for k in KS}
    both = [found[f"recall@1 {name}"] for name in ("text to image", "image to text")]
    return {"recall@1": float(np.mean(both)), **found}


def candidates(rows: np.ndarray, meaning: np.ndarray, seed: int) -> np.ndarray:
    """Choose pairs of different meanings among rows, CANDIDATES at most: int64, ascending.

    rows : int64, shape (r,)
    meaning : int64, shape (p,); of all pairs
    """
    order = numpy_generator(seed, "candidates").permutation(rows)
    _, first = np.unique(meaning[order], return_index=True)
    return np.sort(order[np.sort(first)[:CANDIDATES]])
