"""The losses of two_tower: each is a weighted sum over pairs, to be divided by the total weight.

In the sampled losses, `positive` has the scores of known pairs, float32 of shape (b,); `negative`
the scores of K random pairs for each, of shape (b, K); `weight` the weight of each known pair, of
shape (b,).
"""

import torch
import torch.nn.functional as F


def cross_entropy(
    positive: torch.Tensor, negative: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """Return the binary cross-entropy of log-odds, where known pairs are 1 and random ones 0.

    -log sigmoid(p) - sum_k log(1 - sigmoid(n_k)), shape () after the weighted sum
    """
    each = F.softplus(-positive) + F.softplus(negative).sum(dim=1)  # (b,)
    return (weight * each).sum()


def squared_error(
    positive: torch.Tensor, negative: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """Return the squared distance of cosines from 1 for known pairs, from -1 for random ones.

    After Will Koehrsen, "Building a recommendation system using neural network embeddings" (2018).
    """
    each = (positive - 1).square() + (negative + 1).square().sum(dim=1)  # (b,)
    return (weight * each).sum()


def bpr(positive: torch.Tensor, negative: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return -sum_k log sigmoid(p - n_k): a known item should rank above random ones.

    (Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009.)
    """
    each = F.softplus(negative - positive[:, None]).sum(dim=1)  # (b,)
    return (weight * each).sum()


def in_batch_softmax(
    scores: torch.Tensor,
    positions: torch.Tensor,
    items: torch.Tensor,
    log_q: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """Return the cross-entropy of each left item's right item among those of the whole batch.

    A batch contains frequent items more often than a uniform sample would, so log Q, the logarithm
    of an item's fraction of all pairs, is subtracted from its scores (Yi et al.,
    "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019).
    Other pairs with the same right item do not count as negatives.

    Parameters
    ----------
    scores : float32, shape (b, B), of own left items with the batch's right items
    positions : int64, shape (b,), the position in the batch of each own pair
    items : int64, shape (B,), the batch's right items
    log_q : float32, shape (B,)
    weight : float32, shape (b,)
    """
    logits = scores.float() - log_q  # (b, B)
    same = items == items[positions, None]  # (b, B)
    same[torch.arange(len(positions), device=positions.device), positions] = False
    logits = logits.masked_fill(same, -torch.inf)
    each = F.cross_entropy(logits, positions, reduction="none")  # (b,)
    return (weight * each).sum()
