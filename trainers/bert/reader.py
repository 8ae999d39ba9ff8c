"""What a model makes of sentences: vectors of their words at every layer, and of themselves.

A word's vector is that of its first token, or the mean of its tokens. A sentence's is the mean of
all its tokens at the last layer, special ones included, as sentence-transformers takes it (Reimers
and Gurevych, "Sentence-BERT", 2019).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from trainers.bert.config import WordVector
from trainers.bert.data import Pieces, pieces
from trainers.data.contexts.sentences import Sentence

Layers = Callable[[torch.Tensor, torch.Tensor], Sequence[torch.Tensor]]
"""Tokens, int64, (b, t), and which of them are real, bool, (b, t) -> each layer's (b, t, dim)."""


@dataclass(frozen=True, eq=False)
class Reader:
    """A model, and the tokenizer that goes with it.

    Attributes
    ----------
    tokenizer : splits words into tokens
    layers : the model, in eval mode
    longest : tokens of a sequence, special ones included
    pad, unknown : tokens that fill up a batch, and that stand for what cannot be read
    device : of the model
    """

    tokenizer: Tokenizer
    layers: Layers
    longest: int
    pad: int
    unknown: int
    device: torch.device

    def pieces(self, sentences: Sequence[Sentence]) -> Pieces:
        """Split sentences into tokens."""
        return pieces(self.tokenizer, sentences, self.longest, self.unknown)

    @torch.no_grad()
    def read(self, split: Pieces, vector: WordVector) -> tuple[list[np.ndarray], np.ndarray]:
        """Run the model, sequences of like length together.

        Returns
        -------
        words : for each layer float32, shape (words, dim), in the order of the text
        sentences : float32, shape (sentences, dim)
        """
        word_rows = np.searchsorted(split.starts, split.word_starts, side="right") - 1  # (words,)
        offsets = split.word_starts - split.starts[word_rows]  # (words,)
        words: list[np.ndarray] = []
        sums = np.empty(0)
        for rows in split.batches():
            tokens, real = (part.to(self.device) for part in split.padded(rows, self.pad))
            layers = [layer.float().cpu() for layer in self.layers(tokens, real)]
            if not words:
                dim = layers[0].shape[2]
                words = [np.empty((len(word_rows), dim), np.float32) for _ in layers]
                sums = np.zeros((split.sentence[-1] + 1, dim))
            place_of = np.full(len(split), -1)
            place_of[rows] = np.arange(len(rows))
            here = np.flatnonzero(place_of[word_rows] >= 0)
            at = torch.from_numpy(place_of[word_rows[here]]), torch.from_numpy(offsets[here])
            sizes = torch.from_numpy(split.word_sizes[here])
            for found, layer in zip(words, layers, strict=True):
                found[here] = (
                    layer[at] if vector == "first" else _means(layer, *at, sizes)
                ).numpy()
            of_rows = (layers[-1] * real.cpu()[:, :, None]).sum(dim=1).numpy()  # (rows, dim)
            np.add.at(sums, split.sentence[rows], of_rows)
        tokens_of = np.bincount(split.sentence, weights=split.sizes)
        return words, (sums / tokens_of[:, None]).astype(np.float32)


def _means(
    layer: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor, sizes: torch.Tensor
) -> torch.Tensor:
    """Return the mean of each word's tokens: shape (words, dim).

    layer : shape (b, t, dim)
    rows, offsets, sizes : int64, shape (words,); of each word, its row, first token, and length
    """
    owner = torch.arange(len(rows)).repeat_interleave(sizes)  # (tokens,)
    within = torch.arange(len(owner)) - (sizes.cumsum(0) - sizes)[owner]
    vectors = layer[rows[owner], offsets[owner] + within]  # (tokens, dim)
    return layer.new_zeros(len(rows), layer.shape[2]).index_add(0, owner, vectors) / sizes[:, None]
