"""Encodes sentences by a model: the vectors of their words at every layer, and of the sentences.

The vector of a word is that of its first token, or the mean of its tokens. The vector of a sentence
is the mean of all its tokens at the last layer, including special ones, as in sentence-transformers
(Reimers and Gurevych, "Sentence-BERT", 2019).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from trainers.bert.config import WordVector
from trainers.bert.data import TokenizedText, tokenize
from trainers.data.contexts.sentences import Sentence

Layers = Callable[[torch.Tensor, torch.Tensor], Sequence[torch.Tensor]]
"""Tokens, int64, (b, t), and a mask, bool, (b, t), False at padding -> each layer, (b, t, dim)."""


@dataclass(frozen=True, eq=False)
class ContextEncoder:
    """A model and its tokenizer.

    Attributes
    ----------
    tokenizer : splits words into tokens
    layers : the model, in evaluation mode
    longest : maximum tokens of a sequence, including special ones
    pad, unknown : the tokens of padding and of unknown words
    device : of the model
    """

    tokenizer: Tokenizer
    layers: Layers
    longest: int
    pad: int
    unknown: int
    device: torch.device

    def tokenize(self, sentences: Sequence[Sentence]) -> TokenizedText:
        """Split sentences into tokens."""
        return tokenize(self.tokenizer, sentences, self.longest, self.unknown)

    @torch.no_grad()
    def encode(
        self, text: TokenizedText, vector: WordVector
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Run the model, in batches of sequences of similar length.

        Parameters
        ----------
        text : at least one sequence
        vector : "first" for the first token of each word, "mean" for the mean of its tokens

        Returns
        -------
        words : for each layer float32, shape (words, dim), in the order of the text
        sentences : float32, shape (sentences, dim)
        """
        word_rows = np.searchsorted(text.starts, text.word_starts, side="right") - 1  # (words,)
        offsets = text.word_starts - text.starts[word_rows]  # (words,)
        words: list[np.ndarray] = []
        sums = np.empty(0)
        for rows in text.batches():
            tokens, is_token = (part.to(self.device) for part in text.padded(rows, self.pad))
            layers = [layer.float().cpu() for layer in self.layers(tokens, is_token)]  # (b, t, dim)
            if not words:
                dim = layers[0].shape[2]
                words = [np.empty((len(word_rows), dim), np.float32) for _ in layers]
                sums = np.zeros((text.sentence[-1] + 1, dim))
            batch_row = np.full(len(text), -1)
            batch_row[rows] = np.arange(len(rows))
            here = np.flatnonzero(batch_row[word_rows] >= 0)  # words of this batch
            at = torch.from_numpy(batch_row[word_rows[here]]), torch.from_numpy(offsets[here])
            sizes = torch.from_numpy(text.word_sizes[here])
            for found, layer in zip(words, layers, strict=True):
                found[here] = (
                    layer[at] if vector == "first" else _means(layer, *at, sizes)
                ).numpy()
            row_sums = (layers[-1] * is_token.cpu()[:, :, None]).sum(dim=1).numpy()  # (b, dim)
            np.add.at(sums, text.sentence[rows], row_sums)
        token_counts = np.bincount(text.sentence, weights=text.sizes)  # (sentences,)
        return words, (sums / token_counts[:, None]).astype(np.float32)


def _means(
    layer: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor, sizes: torch.Tensor
) -> torch.Tensor:
    """Return the mean vector of each word's tokens: shape (words, dim).

    layer : shape (b, t, dim)
    rows, offsets, sizes : int64, shape (words,): row, first token and number of tokens of each word
    """
    owner = torch.arange(len(rows)).repeat_interleave(sizes)  # (tokens,)
    within = torch.arange(len(owner)) - (sizes.cumsum(0) - sizes)[owner]
    vectors = layer[rows[owner], offsets[owner] + within]  # (tokens, dim)
    return layer.new_zeros(len(rows), layer.shape[2]).index_add(0, owner, vectors) / sizes[:, None]
