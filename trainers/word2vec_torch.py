"""word2vec in PyTorch, for GPUs and several processes: the losses of a batch of sentences.

Words whose places in the text differ by the same offset form pairs all at once: the products of
all pairs of a window of w are 2 w products of one matrix with itself, shifted. As in
word2vec_fast.py, the negatives of a word serve all pairs of its window, so that theirs are one
product. In skip-gram the word in the middle has the input vector here, the words around it the
output vectors: over a text, the same pairs.
"""

import numpy as np
import torch
import torch.nn.functional as F

from trainers.alias import AliasTable
from trainers.training import Batch


def batch(
    tokens: np.ndarray,
    starts: np.ndarray,
    keep: np.ndarray,
    noise: AliasTable,
    window: int,
    negatives: int,
    generator: np.random.Generator,
) -> Batch:
    """Return all words of a batch, and which are used, how.

    Parameters
    ----------
    tokens, starts, keep, noise : as in word2vec_fast.py

    Returns
    -------
    tokens (n,); of the k words that are used: place (k,) in tokens, sentence (k,) from 1, width
    (k,) of the window, negatives (k, negatives). All int64.
    """
    place = np.flatnonzero(generator.random(len(tokens), np.float32) < keep[tokens])
    parts = {
        "tokens": tokens.astype(np.int64),
        "place": place,
        "sentence": np.searchsorted(starts, place, side="right"),
        "width": generator.integers(1, window + 1, len(place)),
        "negatives": noise.draw(len(place) * negatives, generator).reshape(-1, negatives),
    }
    return {name: torch.from_numpy(part) for name, part in parts.items()}


def skip_gram(
    inputs: torch.Tensor,
    outputs: torch.Tensor,
    batch: Batch,
    own: slice,
    window: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the losses of all pairs whose middle is an own word, and their number.

    Parameters
    ----------
    inputs, outputs : (v, d)
    batch : see `batch`
    own : of the words
    """
    middle, around, is_pair, negatives = _windows(batch, own, window)
    u = F.embedding(middle, inputs)  # (k, d)
    v = F.embedding(around, outputs)  # (k + 2 window, d)
    positive = torch.stack([(u * shifted).sum(dim=1) for shifted in _shifted(v, window)])
    pairs = is_pair.sum(dim=0)  # (k,)
    loss = (F.softplus(-positive) * is_pair).sum()  # of (2 window, k)
    loss = loss + (_against(u, negatives, middle, outputs) * pairs).sum()
    return loss, pairs.sum()


def cbow(
    inputs: torch.Tensor,
    outputs: torch.Tensor,
    batch: Batch,
    own: slice,
    window: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the losses of the own words that have others around, and their number.

    See skip_gram for the parameters.
    """
    middle, around, is_pair, negatives = _windows(batch, own, window)
    u = F.embedding(around, inputs)  # (k + 2 window, d)
    weight = is_pair / is_pair.sum(dim=0).clamp(min=1)  # (2 window, k)
    mean = torch.zeros(len(middle), u.shape[1], device=u.device)  # (k, d)
    for shifted, shares in zip(_shifted(u, window), weight, strict=True):
        mean = mean + shifted * shares[:, None]
    positive = (mean * F.embedding(middle, outputs)).sum(dim=1)  # (k,)
    is_used = is_pair.any(dim=0)  # (k,)
    losses = F.softplus(-positive) + _against(mean, negatives, middle, outputs)  # (k,)
    return (losses * is_used).sum(), is_used.sum()


def _against(
    u: torch.Tensor, negatives: torch.Tensor, middle: torch.Tensor, outputs: torch.Tensor
) -> torch.Tensor:
    """Return the loss of each input vector against its negatives: (k,).

    u, negatives, middle : (k, d), (k, n) and (k,); a negative that equals the middle does not count
    """
    v = F.embedding(negatives, outputs)  # (k, n, d)
    products = torch.einsum("kd,knd->kn", u, v)
    return (F.softplus(products) * (negatives != middle[:, None])).sum(dim=1)


def _windows(
    batch: Batch, own: slice, window: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return own words, the same with `window` words before and after, their pairs and negatives.

    Returns
    -------
    middle : int64, (k,)
    around : int64, (k + 2 window,); beyond the batch 0
    is_pair : bool, (2 window, k), by offset (see _shifted) and middle
    negatives : int64, (k, n)
    """
    place = batch["place"]
    first, last = torch.searchsorted(
        place, torch.tensor([own.start, own.stop], device=place.device)
    )
    tokens = F.pad(batch["tokens"][place], (window, window))
    sentence = F.pad(batch["sentence"], (window, window))  # numbered from 1
    around = slice(first, last + 2 * window)
    here, width = batch["sentence"][first:last], batch["width"][first:last]
    is_pair = torch.stack([
        (shifted == here) & (abs(offset) <= width)
        for offset, shifted in zip(
            _offsets(window), _shifted(sentence[around], window), strict=True
        )
    ])  # fmt: skip
    middle = batch["tokens"][place[first:last]]
    return middle, tokens[around], is_pair, batch["negatives"][first:last]


def _offsets(window: int) -> list[int]:
    return [offset for offset in range(-window, window + 1) if offset]


def _shifted(padded: torch.Tensor, window: int) -> list[torch.Tensor]:
    """Return views of k rows, one an offset: row i is that of the word `offset` after the ith.

    padded : (k + 2 window, ...)
    """
    count = len(padded) - 2 * window
    return [padded[window + offset : window + offset + count] for offset in _offsets(window)]
