"""The model of sentiment: a vector for each word, pooled into a review, and a linear layer."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from trainers.data.bags import Bags, sums
from trainers.sentiment.config import Pooling

INITIAL_STD = 0.1
"""Standard deviation of the initial components. Longer initial vectors keep words, by cosine, near
their random start; much shorter ones make all words end up on one line."""

SMALLEST = 1e-12
"""Smallest squared length of the weights of a bag, if all its words have the weight 0."""


class Sentiment(nn.Module):
    """Predicts the class of a review from the vectors of its words.

    Of two classes, the log-odds that the review is positive; of more, a logit for each.

    Parameters
    ----------
    words : number of words, UNKNOWN included
    dim : length of each vector
    pooling : how the vectors of a review's words are combined
    generator : source of the initial weights, on the CPU
    classes : two, or more
    """

    def __init__(
        self, words: int, dim: int, pooling: Pooling, generator: torch.Generator, classes: int = 2
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, dim)
        self.query = nn.Parameter(torch.zeros(dim)) if pooling == "attention" else None
        self.head = nn.Linear(dim, 1 if classes == 2 else classes)
        nn.init.normal_(self.words.weight, std=INITIAL_STD, generator=generator)
        nn.init.normal_(self.head.weight, std=dim**-0.5, generator=generator)
        nn.init.zeros_(self.head.bias)
        self._start_without_polarity()

    @torch.no_grad()
    def _start_without_polarity(self) -> None:
        """Make the word vectors orthogonal to the layer's, so that no word tells a class at random.

        What words that are too rare to be learned would tell by their random start is noise.
        """
        if len(self.head.weight) < self.head.weight.shape[1]:
            basis = torch.linalg.qr(self.head.weight.T).Q  # (dim, 1 or classes), orthonormal
            self.words.weight -= self.words.weight @ basis @ basis.T

    def forward(self, reviews: Bags) -> torch.Tensor:
        """Return log-odds, float32, shape (b,); of more than two classes logits, (b, classes).

        reviews : b bags with weights
        """
        if self.query is not None:
            reviews = attended(self.words.weight, self.query, reviews)
        vectors = sums(self.words.weight, with_unit_weights(reviews))  # (b, dim)
        outputs = self.head(vectors).float()  # (b, 1 or classes)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    @torch.no_grad()
    def polarity(self) -> np.ndarray:
        """Return the log-odds of a review of one word, without the bias: float32, (words,)."""
        return (self.words.weight @ self.head.weight[0]).cpu().numpy()

    @torch.no_grad()
    def class_scores(self) -> np.ndarray:
        """Return the logits of a text of one word, without the bias, less their mean.

        float32, shape (words, classes), for more than two classes.
        """
        scores = self.words.weight @ self.head.weight.T
        return (scores - scores.mean(dim=1, keepdim=True)).cpu().numpy()


def with_unit_weights(bags: Bags) -> Bags:
    """Return bags with their weights scaled, so that each bag's have Euclidean length 1."""
    owner, weights = bags.owners, bags.weights_or_ones  # (n,), (n,)
    squares = weights.new_zeros(len(bags)).index_add(0, owner, weights.square())  # (b,)
    return replace(bags, weights=weights * squares.clamp_min(SMALLEST).rsqrt()[owner])


def attended(table: torch.Tensor, query: torch.Tensor, bags: Bags) -> Bags:
    """Return bags with their weights multiplied by exp(vector . query / sqrt(dim)).

    The factors of a bag are divided by the largest. This is the attention of Yang et al.,
    "Hierarchical attention networks for document classification" (NAACL 2016), without the layer
    before the product, and scaled as in Vaswani et al., "Attention is all you need" (2017).
    Unscaled, the weights learn so much faster than the vectors that all vectors turn towards the
    query.

    Parameters
    ----------
    table : float32, shape (items, dim)
    query : float32, shape (dim,)
    bags : b bags with weights
    """
    score = (table @ query * table.shape[1] ** -0.5)[bags.items]  # (n,)
    owner = bags.owners  # (n,)
    highest = score.new_zeros(len(bags)).scatter_reduce(
        0, owner, score.detach(), "amax", include_self=False
    )
    return replace(bags, weights=bags.weights_or_ones * (score - highest[owner]).exp())
