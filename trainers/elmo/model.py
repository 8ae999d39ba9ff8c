"""The model of elmo: a forward and a backward LSTM language model over one token layer.

Both share the token vectors, of words and optionally of their characters, and the softmax; each has
its own LSTM layers, with residual connections from the second layer on. The forward states of a
word depend on it and the words before it, the backward states on it and the words after it (Peters
et al., "Deep contextualized word representations", NAACL 2018).

Sentences are <s>, the words, </s>, and padding. In shapes, B is the number of sentences, T of
positions, d of dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

MAX_WORD_CHARS = 24
"""Maximum bytes of a word, including its two boundaries; longer words are truncated."""

_FILTERS = {1: 16, 2: 32, 3: 48, 4: 64}  # width -> number
_CHAR_DIM = 16
_FORGET_BIAS = 1.0  # initial bias of the forget gates, so that cells keep their content


@dataclass(frozen=True, eq=False)
class BiLMBatch:
    """Sentences as input of the model.

    Attributes
    ----------
    numbers : int64, (B, T), the words; 0 for <s>, 1 for </s> and padding
    lengths : int64, (B,), the length of each sentence without padding
    char_ids : int64, (u, MAX_WORD_CHARS), the characters of the distinct words; see char_ids_of
    word_rows : int64, (B, T), row in `char_ids` of each word; both None without characters
    """

    numbers: torch.Tensor
    lengths: torch.Tensor
    char_ids: torch.Tensor | None = None
    word_rows: torch.Tensor | None = None

    def to(self, device: torch.device) -> "BiLMBatch":
        """Return the batch on a device."""
        char_ids = None if self.char_ids is None else self.char_ids.to(device)
        word_rows = None if self.word_rows is None else self.word_rows.to(device)
        return BiLMBatch(self.numbers.to(device), self.lengths.to(device), char_ids, word_rows)

    def part(self, rows: slice) -> "BiLMBatch":
        """Return some of the sentences."""
        word_rows = None if self.word_rows is None else self.word_rows[rows]
        return BiLMBatch(self.numbers[rows], self.lengths[rows], self.char_ids, word_rows)


class CharacterCnn(nn.Module):
    """Word vectors from characters: convolutions, max pooling, a highway layer.

    (Kim et al., "Character-aware neural language models", AAAI 2016)
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.bytes = nn.Embedding(256, _CHAR_DIM, padding_idx=0)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(_CHAR_DIM, filters, width) for width, filters in _FILTERS.items()
        )
        filters = sum(_FILTERS.values())
        self.highway = nn.Linear(filters, 2 * filters)
        self.out = nn.Linear(filters, dim)

    def forward(self, char_ids: torch.Tensor) -> torch.Tensor:
        """Return the vectors of words: (u, d); char_ids : int64, (u, MAX_WORD_CHARS)."""
        x = self.bytes(char_ids).transpose(1, 2)  # (u, char dim, MAX_WORD_CHARS)
        pooled = [each(x).amax(dim=2) for each in self.convolutions]  # (u, filters) each
        x = torch.cat(pooled, dim=1).relu()  # (u, all filters)
        change, gate = self.highway(x).chunk(2, dim=1)
        x = torch.lerp(x, change.relu(), gate.sigmoid())
        return self.out(x)


class DirectionalLstm(nn.Module):
    """The LSTM layers of one direction, with residual connections from the second layer on."""

    def __init__(self, dim: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.lstms = nn.ModuleList(nn.LSTM(dim, dim, batch_first=True) for _ in range(layers))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the states of each layer, (B, T, d), from left to right; x : (B, T, d)."""
        states: list[torch.Tensor] = []
        for lstm in self.lstms:
            y, _ = lstm(x)
            y = locked_dropout(y, self.dropout, self.training)
            x = x + y if states else y
            states.append(x)
        return states


class TiedSoftmax(nn.Module):
    """The softmax over words whose weights are the words' own vectors, whole or in clusters.

    In clusters (adaptive), the softmax over the most frequent words has one more class for each
    cluster of rarer words, and the softmax within a cluster is computed only for targets in it:
    log p(w) = log p(cluster) + log p(w | cluster). The distribution is exact, at about a quarter of
    the cost of the whole softmax (Grave et al., "Efficient softmax approximation for GPUs", 2017).
    Unlike in torch.nn.AdaptiveLogSoftmaxWithLoss, the clusters use the words' vectors at full
    length (Press and Wolf, "Using the output embedding to improve language models", 2017).

    Parameters
    ----------
    words : size of the vocabulary, most frequent words first
    dim : length of the vectors
    cutoffs : number of the first word of each cluster, ascending; none: one softmax
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

        states : (k, d)
        targets : int64, (k,)
        words : (v, d), the vectors of all words
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


class BiLM(nn.Module):
    """Token layer, forward and backward LSTMs, softmax.

    Parameters
    ----------
    words : size of the vocabulary: special words, then the most frequent words first
    dim : length of token vectors and of the states of one direction
    layers : number of LSTM layers
    dropout : probability of dropout in training
    generator : of the initial weights, on the CPU
    characters : whether token vectors depend on the characters of words, too
    cutoffs : see TiedSoftmax
    """

    def __init__(
        self,
        words: int,
        dim: int,
        layers: int,
        dropout: float,
        generator: torch.Generator,
        characters: bool = False,
        cutoffs: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.words = nn.Embedding(words, dim)
        self.letters = CharacterCnn(dim) if characters else None
        self.forwards = DirectionalLstm(dim, layers, dropout)
        self.backwards = DirectionalLstm(dim, layers, dropout)
        self.softmax = TiedSoftmax(words, dim, cutoffs)
        self._initialize(generator)

    def _initialize(self, generator: torch.Generator) -> None:
        """Draw matrices with deviation 1 / sqrt(inputs); set biases to 0 or _FORGET_BIAS."""
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                fan = weight.shape[1:].numel()
                nn.init.normal_(weight, std=fan**-0.5, generator=generator)
            else:
                nn.init.zeros_(weight)
            if "bias_ih" in name:
                size = len(weight) // 4
                nn.init.constant_(weight[size : 2 * size], _FORGET_BIAS)

    def tokens(self, batch: BiLMBatch) -> torch.Tensor:
        """Return the token layer, which does not depend on the context: (B, T, d)."""
        x = self.words(batch.numbers)
        if self.letters is not None:
            assert batch.char_ids is not None and batch.word_rows is not None
            x = x + F.embedding(batch.word_rows, self.letters(batch.char_ids))
        return x

    def states(
        self, batch: BiLMBatch, x: torch.Tensor
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return the forward and the backward states of each layer: (B, T, d) each."""
        x = locked_dropout(x, self.dropout, self.training)
        positions = reverse_positions(batch.lengths, x.shape[1])  # (B, T)
        forwards = self.forwards(x)
        reversed_states = self.backwards(gather_positions(x, positions))
        backwards = [gather_positions(y, positions) for y in reversed_states]
        return forwards, backwards

    def layers(self, batch: BiLMBatch) -> torch.Tensor:
        """Return all layers, forward and backward joined: float32, (1 + layers, B, T, 2 d)."""
        x = self.tokens(batch)
        forwards, backwards = self.states(batch, x)
        pairs = zip([x, *forwards], [x, *backwards], strict=True)
        return torch.stack([torch.cat(pair, dim=2) for pair in pairs]).float()

    def losses(self, batch: BiLMBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the cross-entropies, in nats, of next words and of previous ones: (k,) each.

        k is the number of words plus the number of sentences: the forward model also predicts </s>
        after the last word, the backward model <s> before the first.
        """
        forwards, backwards = self.states(batch, self.tokens(batch))
        positions = torch.arange(1, batch.numbers.shape[1], device=batch.lengths.device)
        inside = positions < batch.lengths[:, None]  # (B, T - 1)
        next_words, words = batch.numbers[:, 1:][inside], batch.numbers[:, :-1][inside]
        table = self.words.weight
        return (
            self.softmax(forwards[-1][:, :-1][inside], next_words, table),
            self.softmax(backwards[-1][:, 1:][inside], words, table),
        )


def locked_dropout(x: torch.Tensor, rate: float, training: bool) -> torch.Tensor:
    """Drop the same components at all positions of a sentence; x : (B, T, d).

    (Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent neural
    networks", 2016)
    """
    if not training or rate == 0:
        return x
    keep = torch.empty(x.shape[0], 1, x.shape[2], device=x.device).bernoulli_(1 - rate)
    return x * (keep / (1 - rate)).to(x.dtype)


def reverse_positions(lengths: torch.Tensor, size: int) -> torch.Tensor:
    """Return the positions of each sentence in reverse order, then its padding: int64, (B, T).

    Gathering twice by them restores the original order.

    lengths : int64, (B,)
    size : T
    """
    position = torch.arange(size, device=lengths.device)  # (T,)
    last = lengths[:, None] - 1
    return torch.where(position <= last, last - position, position)


def gather_positions(x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Return the vectors at other positions: (B, T, d); positions : int64, (B, T)."""
    return x.gather(1, positions[:, :, None].expand(-1, -1, x.shape[2]))


def char_ids_of(word: str) -> list[int]:
    """Return the UTF-8 bytes of a word between the boundaries 1 and 2, padded with 0."""
    found = [1, *word.encode()[: MAX_WORD_CHARS - 2], 2]
    return found + [0] * (MAX_WORD_CHARS - len(found))


def frequency_cutoffs(words: int) -> tuple[int, int]:
    """Return the cutoffs of two clusters: a 20th and a quarter of the vocabulary."""
    return words // 20, words // 4


def _cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits.float(), targets, reduction="none")
