"""The model of word2vec, and its losses in PyTorch, for GPUs and several processes.

The words of a batch that are not skipped form one sequence, cut into groups of GROUP. The input
vectors of a group are multiplied with the output vectors of all words within reach of its windows,
as one matrix product, of which only pairs within a window count: a vector is fetched once per
group, not once per pair. A group shares SHARED negatives, each with the weight negatives / SHARED:
the expected loss is that of `negatives` negatives per word, with less variance. After Ji et al.,
"Parallelizing word2vec in shared and distributed memory" (2016).

In skip-gram the center word has the input vector here, and the context words the output vectors:
over a text, these are the same pairs as the other way round.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from trainers.core.task import Batch
from trainers.word2vec.alias import AliasTable

GROUP = 16
"""Number of consecutive words per group."""

SHARED = 16
"""Number of negatives per group."""


class WordVectors(nn.Module):
    """An input and an output vector for each word: inputs small and random, outputs 0."""

    def __init__(self, words: int, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        initial = (torch.rand(words, dim, generator=generator) - 0.5) / dim
        self.inputs = nn.Parameter(initial)  # (words, dim)
        self.outputs = nn.Parameter(torch.zeros(words, dim))


def batch(
    tokens: np.ndarray,
    starts: np.ndarray,
    keep: np.ndarray,
    noise: AliasTable,
    window: int,
    generator: np.random.Generator,
) -> Batch:
    """Return the words of a batch, with subsampling, windows and negatives.

    Parameters
    ----------
    tokens, starts : see corpus.Corpus
    keep, noise, window : see fast.Model

    Returns
    -------
    A dictionary, all int64: tokens (n,); for the words that are not skipped, place (k,), their
    index in tokens, word (k,), sentence (k,) and width (k,) of the window, where k is window +
    groups * GROUP + window, padded with words in no sentence; negatives (groups, SHARED).
    """
    place = np.flatnonzero(generator.random(len(tokens), np.float32) < keep[tokens])
    groups = max(1, -(-len(place) // GROUP))
    ends = (window, groups * GROUP - len(place) + window)
    words = {
        "word": (tokens[place].astype(np.int64), 0),
        "sentence": (np.searchsorted(starts, place, side="right"), -1),
        "width": (generator.integers(1, window + 1, len(place)), 0),
    }
    parts = {
        "tokens": tokens.astype(np.int64),
        "place": np.pad(place, ends, constant_values=(-1, len(tokens))),
        **{name: np.pad(part, ends, constant_values=fill) for name, (part, fill) in words.items()},
        "negatives": noise.draw(groups * SHARED, generator).reshape(groups, SHARED),
    }
    return {name: torch.from_numpy(part) for name, part in parts.items()}


def skip_gram(
    inputs: torch.Tensor,
    outputs: torch.Tensor,
    batch: Batch,
    local_rows: slice,
    window: int,
    negatives: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the summed loss of all pairs whose center is a local word, and their number.

    Parameters
    ----------
    inputs, outputs : (v, d)
    batch : see `batch`
    local_rows : in the tokens of the batch
    window : the largest window, in words to either side
    negatives : number of negatives per pair
    """
    groups = Groups.of(batch, local_rows, window)
    u = F.embedding(groups.words, inputs)  # (g, GROUP, d)
    v = F.embedding(torch.cat([groups.reached, groups.negatives], dim=1), outputs)
    products = u @ v.transpose(1, 2)  # (g, GROUP, reach + SHARED)
    positive, negative = products.split([groups.reached.shape[1], SHARED], dim=2)
    is_pair = groups.is_pair.to(inputs.dtype)
    pairs = is_pair.sum(dim=2, keepdim=True)  # (g, GROUP, 1)
    equal = (groups.reached[:, :, None] == groups.negatives[:, None]).to(inputs.dtype)
    times = (
        pairs - is_pair @ equal
    )  # (g, GROUP, SHARED); without negatives equal to the context word
    loss = (F.softplus(-positive) * is_pair).sum()
    return loss + negatives / SHARED * (F.softplus(negative) * times).sum(), pairs.sum()


def cbow(
    inputs: torch.Tensor,
    outputs: torch.Tensor,
    batch: Batch,
    local_rows: slice,
    window: int,
    negatives: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the summed loss of the local words that have a context, and their number.

    See skip_gram for the parameters.
    """
    groups = Groups.of(batch, local_rows, window)
    is_pair = groups.is_pair.to(inputs.dtype)
    weight = is_pair / is_pair.sum(dim=2, keepdim=True).clamp(min=1)
    mean = weight @ F.embedding(groups.reached, inputs)  # (g, GROUP, d)
    v = F.embedding(torch.cat([groups.words, groups.negatives], dim=1), outputs)
    positive = (mean * v[:, :GROUP]).sum(dim=2)  # (g, GROUP)
    negative = mean @ v[:, GROUP:].transpose(1, 2)  # (g, GROUP, SHARED)
    is_used = groups.is_pair.any(dim=2)  # (g, GROUP)
    times = is_used[:, :, None] & (groups.negatives[:, None] != groups.words[:, :, None])
    loss = (F.softplus(-positive) * is_used).sum()
    return loss + negatives / SHARED * (F.softplus(negative) * times).sum(), is_used.sum()


@dataclass(frozen=True)
class Groups:
    """The groups with local words.

    Attributes
    ----------
    words : int64, (g, GROUP)
    reached : int64, (g, window + GROUP + window), the words of a group and those to either side
    is_pair : bool, (g, GROUP, window + GROUP + window), whether a word is local and the other one
        is in its window
    negatives : int64, (g, SHARED)
    """

    words: torch.Tensor
    reached: torch.Tensor
    is_pair: torch.Tensor
    negatives: torch.Tensor

    @classmethod
    def of(cls, batch: Batch, local_rows: slice, window: int) -> "Groups":
        """Return the groups of a batch; see `batch`."""
        place = batch["place"]
        bounds = torch.tensor([local_rows.start, local_rows.stop], device=place.device)
        first, last = (torch.searchsorted(place, bounds) - window).tolist()
        rows = slice(first // GROUP, -(-last // GROUP))
        reach = GROUP + 2 * window
        words, sentence, width, place = (
            batch[name][window:-window].view(-1, GROUP)[rows]
            for name in ("word", "sentence", "width", "place")
        )
        reached, reached_sentence = (
            batch[name].unfold(0, reach, GROUP)[rows] for name in ("word", "sentence")
        )
        offset = torch.arange(reach, device=place.device) - window  # (reach,)
        number = torch.arange(GROUP, device=place.device)[:, None]
        offset = (offset - number).abs()  # (GROUP, reach)
        is_local = (place >= local_rows.start) & (place < local_rows.stop)
        width = width * is_local  # 0 for words of other processes
        is_pair = (offset > 0) & (offset <= width[:, :, None])
        is_pair &= sentence[:, :, None] == reached_sentence[:, None]
        return cls(words, reached, is_pair, batch["negatives"][rows])
