"""The softmax over words whose weights are the words' own vectors, whole or in clusters.

In clusters (adaptive), a softmax over the most frequent words has one more class for each cluster
of the rarer ones, and a softmax within its cluster is computed for those targets alone that lie
there: log p(w) = log p(cluster) + log p(w | cluster). The distribution is exact, and the work about
a quarter of that of the whole (Grave et al., "Efficient softmax approximation for GPUs", 2017).
Unlike torch.nn.AdaptiveLogSoftmaxWithLoss, every cluster takes the words' vectors, unshortened
(Press and Wolf, "Using the output embedding to improve language models", 2017).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class TiedSoftmax(nn.Module):
    """Cross-entropy of targets, given states and the vectors of all words.

    Parameters
    ----------
    words : size of the vocabulary, most frequent words first
    dim : length of their vectors
    cutoffs : numbers of the words with which clusters begin, ascending; none: one softmax
    """

    def __init__(self, words: int, dim: int, cutoffs: Sequence[int] = ()) -> None:
        super().__init__()
        self.cuts = [*cutoffs, words]
        self.bias = nn.Parameter(torch.zeros(words))
        self.clusters = nn.Parameter(torch.zeros(len(cutoffs), dim))

    def forward(
        self, states: torch.Tensor, targets: torch.Tensor, words: torch.Tensor
    ) -> torch.Tensor:
        """Return -log p of each target, in nats: float32, (k,).

        states : (k, d); targets : int64, (k,); words : (v, d)
        """
        first = self.cuts[0]
        weight = torch.cat([words[:first], self.clusters])
        bias = F.pad(self.bias[:first], (0, len(self.clusters)))
        cluster = torch.bucketize(targets, torch.tensor(self.cuts, device=targets.device),
                                  right=True)  # fmt: skip
        classes = torch.where(cluster == 0, targets, first + cluster - 1)
        loss = _cross_entropy(F.linear(states, weight, bias), classes)
        for number, (start, stop) in enumerate(zip(self.cuts, self.cuts[1:], strict=False), 1):
            here = torch.nonzero(cluster == number)[:, 0]
            logits = F.linear(states[here], words[start:stop], self.bias[start:stop])
            loss = loss.index_add(0, here, _cross_entropy(logits, targets[here] - start))
        return loss


def frequency_cutoffs(words: int) -> tuple[int, int]:
    """Return where two clusters begin: at a 20th of the vocabulary and at a quarter."""
    return words // 20, words // 4


def _cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits.float(), targets, reduction="none")
