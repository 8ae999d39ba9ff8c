"""word2vec in PyTorch, for GPUs and several processes: the losses of a batch of sentences.

The words that are used stand in a row, cut in groups of GROUP. A group's input vectors are
multiplied with the output vectors of all words that its windows reach, as one product of matrices,
of which the pairs count; a vector is fetched once for a group, not once for a pair. A group shares
SHARED random words, each of which counts `negatives / SHARED` times: the expected loss is that of
`negatives` random words for each word, and it varies less. After Ji et al., "Parallelizing word2vec
in shared and distributed memory" (2016).

In skip-gram the word in the middle has the input vector here, the words around it the output
vectors: over a text, the same pairs as the other way round.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from trainers.core.task import Batch
from trainers.word2vec.alias import AliasTable

GROUP = 16
SHARED = 16


def batch(
    tokens: np.ndarray,
    starts: np.ndarray,
    keep: np.ndarray,
    noise: AliasTable,
    window: int,
    generator: np.random.Generator,
) -> Batch:
    """Return all words of a batch, and which are used, how.

    Parameters
    ----------
    tokens, starts, keep, noise : as in word2vec_fast.py

    Returns
    -------
    tokens (n,); of the words that are used, place (k,) in tokens, word (k,), sentence (k,) and
    width (k,) of the window, where k is window + groups * GROUP + window, filled up with words that
    are in no sentence; negatives (groups, SHARED). All int64.
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
    own: slice,
    window: int,
    negatives: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the losses of all pairs whose middle is an own word, and their number.

    Parameters
    ----------
    inputs, outputs : (v, d)
    batch : see `batch`
    own : of all words of the batch
    negatives : how many random words are counted against a pair
    """
    groups = Groups.of(batch, own, window)
    u = F.embedding(groups.words, inputs)  # (g, GROUP, d)
    v = F.embedding(torch.cat([groups.reached, groups.negatives], dim=1), outputs)
    products = u @ v.transpose(1, 2)  # (g, GROUP, reach + SHARED)
    true, random = products.split([groups.reached.shape[1], SHARED], dim=2)
    is_pair = groups.is_pair.to(inputs.dtype)
    pairs = is_pair.sum(dim=2, keepdim=True)  # (g, GROUP, 1)
    equal = (groups.reached[:, :, None] == groups.negatives[:, None]).to(inputs.dtype)
    times = pairs - is_pair @ equal  # (g, GROUP, SHARED): a random word equal to the true one: 0
    loss = (F.softplus(-true) * is_pair).sum()
    return loss + negatives / SHARED * (F.softplus(random) * times).sum(), pairs.sum()


def cbow(
    inputs: torch.Tensor,
    outputs: torch.Tensor,
    batch: Batch,
    own: slice,
    window: int,
    negatives: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the losses of the own words that have others around, and their number.

    See skip_gram for the parameters.
    """
    groups = Groups.of(batch, own, window)
    is_pair = groups.is_pair.to(inputs.dtype)
    share = is_pair / is_pair.sum(dim=2, keepdim=True).clamp(min=1)
    mean = share @ F.embedding(groups.reached, inputs)  # (g, GROUP, d)
    v = F.embedding(torch.cat([groups.words, groups.negatives], dim=1), outputs)
    true = (mean * v[:, :GROUP]).sum(dim=2)  # (g, GROUP)
    random = mean @ v[:, GROUP:].transpose(1, 2)  # (g, GROUP, SHARED)
    is_used = groups.is_pair.any(dim=2)  # (g, GROUP)
    times = is_used[:, :, None] & (groups.negatives[:, None] != groups.words[:, :, None])
    loss = (F.softplus(-true) * is_used).sum()
    return loss + negatives / SHARED * (F.softplus(random) * times).sum(), is_used.sum()


@dataclass(frozen=True)
class Groups:
    """The groups with own words.

    Attributes
    ----------
    words : int64, (g, GROUP)
    reached : int64, (g, window + GROUP + window), the words of a group and those on either side
    is_pair : bool, (g, GROUP, window + GROUP + window), whether a word is own and the other is in
        its window
    negatives : int64, (g, SHARED)
    """

    words: torch.Tensor
    reached: torch.Tensor
    is_pair: torch.Tensor
    negatives: torch.Tensor

    @classmethod
    def of(cls, batch: Batch, own: slice, window: int) -> "Groups":
        """Cut a batch; see `batch`."""
        place = batch["place"]
        bounds = torch.tensor([own.start, own.stop], device=place.device)
        first, last = (torch.searchsorted(place, bounds) - window).tolist()
        rows = slice(first // GROUP, -(-last // GROUP))
        reach = GROUP + 2 * window
        words, sentence, width, place = (
            batch[name][window:-window].view(-1, GROUP)[rows]
            for name in ("word", "sentence", "width", "place")
        )
        reached, its_sentence = (
            batch[name].unfold(0, reach, GROUP)[rows] for name in ("word", "sentence")
        )
        offset = torch.arange(reach, device=place.device) - window  # (reach,)
        number = torch.arange(GROUP, device=place.device)[:, None]
        offset = (offset - number).abs()  # (GROUP, reach)
        is_own = (place >= own.start) & (place < own.stop)
        width = width * is_own  # of another process's word: 0
        is_pair = (offset > 0) & (offset <= width[:, :, None])
        is_pair &= sentence[:, :, None] == its_sentence[:, None]
        return cls(words, reached, is_pair, batch["negatives"][rows])
