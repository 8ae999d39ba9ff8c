"""Losses of two towers, each a sum over pairs; what is divided by is the sum of the weights.

In all, `positive` holds the closeness of known pairs, float32 of shape (b,); `negative` that of
random pairs, K for each, of shape (b, K); `weight` how much each known pair counts, of shape (b,).
"""

import torch
import torch.nn.functional as F


def cross_entropy(
    positive: torch.Tensor, negative: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """Return the binary cross-entropy of log-odds: known pairs are 1, random ones 0.

    -log sigmoid(p) - sum_k log(1 - sigmoid(n_k)), shape () after the weighted sum
    """
    each = F.softplus(-positive) + F.softplus(negative).sum(dim=1)  # (b,)
    return (weight * each).sum()


def squared_error(
    positive: torch.Tensor, negative: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """Return the squared distance of cosines to 1 for known pairs, to -1 for random ones.

    As Will Koehrsen, "Building a recommendation system using neural network embeddings" (2018).
    """
    each = (positive - 1).square() + (negative + 1).square().sum(dim=1)  # (b,)
    return (weight * each).sum()


def bpr(positive: torch.Tensor, negative: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return -log sigmoid(p - n_k), over the negatives: a known item is to come before the others.

    (Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009.)
    """
    each = F.softplus(negative - positive[:, None]).sum(dim=1)  # (b,)
    return (weight * each).sum()


def in_batch_softmax(
    closeness: torch.Tensor,
    own: torch.Tensor,
    items: torch.Tensor,
    log_q: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """Return the cross-entropy of each left item's right item among those of the whole batch.

    A batch holds frequent items more often than a uniform sample would, so that each item's
    closeness is lowered by log Q, the logarithm of its share of all pairs (Yi et al.,
    "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019).
    Another pair with the same right item is no negative.

    Parameters
    ----------
    closeness : float32, shape (b, B), of own left items to the batch's right items
    own : int64, shape (b,), the place in the batch of each own pair
    items : int64, shape (B,), the batch's right items
    log_q : float32, shape (B,)
    weight : float32, shape (b,)
    """
    logits = closeness.float() - log_q  # (b, B)
    same = items == items[own, None]  # (b, B)
    same[torch.arange(len(own), device=own.device), own] = False
    logits = logits.masked_fill(same, -torch.inf)
    each = F.cross_entropy(logits, own, reduction="none")  # (b,)
    return (weight * each).sum()


def contrastive(
    images: torch.Tensor,
    texts: torch.Tensor,
    scale: torch.Tensor,
    alike: torch.Tensor,
    own: slice,
) -> torch.Tensor:
    """Return the symmetric cross-entropy of own images and texts among those of the whole batch.

    The mean of two: of each image's text among all texts, and of each text's image among all images
    (Radford et al., "Learning transferable visual models from natural language supervision", ICML
    2021). Pairs that are alike are no negatives of each other.

    Parameters
    ----------
    images, texts : float32, shape (B, dim), of length 1; row i of both is pair i
    scale : 1 / temperature, shape ()
    alike : bool, shape (B, B); symmetric, true on the diagonal
    own : rows whose losses are summed
    """
    rows = torch.arange(len(images), device=images.device)[own]  # (b,)
    passed_over = alike[own].clone()  # (b, B)
    passed_over[torch.arange(len(rows), device=rows.device), rows] = False
    total = images.new_zeros(())
    with torch.autocast(images.device.type, enabled=False):
        for one, other in ((images, texts), (texts, images)):
            logits = (scale * one[own] @ other.T).masked_fill(passed_over, -torch.inf)  # (b, B)
            total = total + F.cross_entropy(logits, rows, reduction="sum")
    return total / 2
