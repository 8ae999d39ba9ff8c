"""word2vec in PyTorch, for GPUs and several processes: the losses of a batch of sentences.

As in word2vec_fast.py, the negatives of a word serve all pairs of its window. In skip-gram the word
in the middle has the input vector here, the words around it the output vectors: over a text, the
same pairs. Each loss has one product of the input vectors with those of all their targets.
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
    tokens (n,); of the k words that are used: place (k,) in tokens, sentence (k,), width (k,)
    of the window, negatives (k, negatives). All int64.
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
    pairs = is_pair.sum(dim=1)  # (k,)
    times = pairs[:, None] * (negatives != middle[:, None])  # (k, n)
    loss = _cross_entropy(u, outputs, around, is_pair, negatives, times)
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
    share = is_pair.to(inputs.dtype)
    share = share / share.sum(dim=1, keepdim=True).clamp(min=1)  # (k, 2 window)
    mean = F.embedding_bag(around, inputs, per_sample_weights=share, mode="sum")  # (k, d)
    is_used = is_pair.any(dim=1, keepdim=True)  # (k, 1)
    times = is_used & (negatives != middle[:, None])  # (k, n)
    loss = _cross_entropy(mean, outputs, middle[:, None], is_used, negatives, times)
    return loss, is_used.sum()


def _cross_entropy(
    u: torch.Tensor,
    outputs: torch.Tensor,
    true: torch.Tensor,
    true_times: torch.Tensor,
    random: torch.Tensor,
    random_times: torch.Tensor,
) -> torch.Tensor:
    """Return the sum of -log s(u v) of true targets and of -log s(-u v) of random ones.

    Parameters
    ----------
    u : (k, d), input vectors
    true, random : int64, (k, t) and (k, n), words whose output vectors are the targets
    true_times, random_times : how often each counts
    """
    v = F.embedding(torch.cat([true, random], dim=1), outputs)  # (k, t + n, d)
    products = (v * u[:, None]).sum(dim=2)  # (k, t + n); on a CPU a third faster than bmm
    positive, negative = products.split([true.shape[1], random.shape[1]], dim=1)
    return (F.softplus(-positive) * true_times).sum() + (F.softplus(negative) * random_times).sum()


def _windows(
    batch: Batch, own: slice, window: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return own words, what is around them, and their negatives.

    Returns
    -------
    middle : int64, (k,), own words that are used
    around : int64, (k, 2 window), the used words before and after; beyond the batch any
    is_pair : bool, (k, 2 window), whether the two form a pair
    negatives : int64, (k, n)
    """
    place, device = batch["place"], batch["place"].device
    bounds = torch.tensor([own.start, own.stop], device=device)
    first, last = torch.searchsorted(place, bounds).tolist()
    offset = torch.tensor([o for o in range(-window, window + 1) if o], device=device)
    here = torch.arange(first, last, device=device)[:, None]  # (k, 1)
    there = here + offset  # (k, 2 window)
    is_inside = (there >= 0) & (there < len(place))
    there = there.clamp(0, max(len(place) - 1, 0))
    sentence, width = batch["sentence"], batch["width"]
    is_pair = is_inside & (sentence[there] == sentence[here]) & (offset.abs() <= width[here])
    words = batch["tokens"][place]
    return words[first:last], words[there], is_pair, batch["negatives"][first:last]
