"""A forward and a backward LSTM language model over one token layer, after ELMo.

Both read the same token vectors, of words and, if asked for, of their letters, and share the
softmax; each has LSTM layers of its own, whose outputs after the first layer are added to its input
(residual). At a word the forward states know it and what stands before it, the backward states it
and what stands after it (Peters et al., "Deep contextualized word representations", NAACL 2018).

Sentences are padded: <s>, the words, </s>, then anything. B sentences, T places, d dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from trainers.elmo.tied_softmax import TiedSoftmax

LONGEST_WORD = 24
"""Letters of a word that are read, its two ends included; of a longer word the first ones."""

_FILTERS = {1: 16, 2: 32, 3: 48, 4: 64}  # width -> number
_LETTER_DIM = 16
_FIRST_BIAS = 1.0  # of the forget gates: so much that cells keep at first


@dataclass(frozen=True, eq=False)
class Reading:
    """What is read.

    Attributes
    ----------
    numbers : int64, (B, T); of the words, 0 for <s>, 1 for </s> and what comes after it
    lengths : int64, (B,); places of each sentence that are not padding
    letters : int64, (u, LONGEST_WORD), see letters_of; of the different words that are read
    spelled : int64, (B, T); their numbers in `letters`. Both None: letters are not read
    """

    numbers: torch.Tensor
    lengths: torch.Tensor
    letters: torch.Tensor | None = None
    spelled: torch.Tensor | None = None

    def to(self, device: torch.device) -> "Reading":
        """Return it on a device."""
        letters = None if self.letters is None else self.letters.to(device)
        spelled = None if self.spelled is None else self.spelled.to(device)
        return Reading(self.numbers.to(device), self.lengths.to(device), letters, spelled)

    def part(self, own: slice) -> "Reading":
        """Return some of the sentences."""
        spelled = None if self.spelled is None else self.spelled[own]
        return Reading(self.numbers[own], self.lengths[own], self.letters, spelled)


class Letters(nn.Module):
    """Word vectors from letters: convolutions, the highest answer of each, a highway layer.

    (Kim et al., "Character-aware neural language models", AAAI 2016)
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.bytes = nn.Embedding(256, _LETTER_DIM, padding_idx=0)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(_LETTER_DIM, filters, width) for width, filters in _FILTERS.items()
        )
        filters = sum(_FILTERS.values())
        self.highway = nn.Linear(filters, 2 * filters)
        self.out = nn.Linear(filters, dim)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """Return a vector for each word: (u, d)."""
        x = self.bytes(letters).transpose(1, 2)  # (u, letter dim, LONGEST_WORD)
        x = torch.cat([each(x).amax(dim=2) for each in self.convolutions], dim=1).relu()
        change, gate = self.highway(x).chunk(2, dim=1)
        x = torch.lerp(x, change.relu(), gate.sigmoid())
        return self.out(x)


class OneWay(nn.Module):
    """The LSTM layers of one direction; from the second on, the input is added to the output."""

    def __init__(self, dim: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.lstms = nn.ModuleList(nn.LSTM(dim, dim, batch_first=True) for _ in range(layers))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the states of each layer, read from left to right: (B, T, d) each."""
        states: list[torch.Tensor] = []
        for lstm in self.lstms:
            y, _ = lstm(x)
            y = same_dropout(y, self.dropout, self.training)
            x = x + y if states else y
            states.append(x)
        return states


class BiLM(nn.Module):
    """Token layer, forward and backward LSTMs, softmax.

    Parameters
    ----------
    words : size of the vocabulary, most frequent words first, after the special ones
    dim : length of token vectors and of the states of one direction
    letters : read letters, too
    cutoffs : see TiedSoftmax
    """

    def __init__(
        self,
        words: int,
        dim: int,
        layers: int,
        dropout: float,
        generator: torch.Generator,
        letters: bool = False,
        cutoffs: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.words = nn.Embedding(words, dim)
        self.letters = Letters(dim) if letters else None
        self.forwards = OneWay(dim, layers, dropout)
        self.backwards = OneWay(dim, layers, dropout)
        self.softmax = TiedSoftmax(words, dim, cutoffs)
        self._initialize(generator)

    def _initialize(self, generator: torch.Generator) -> None:
        """Draw matrices with deviation 1 / sqrt(inputs); biases 0, of forget gates _FIRST_BIAS."""
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                fan = weight.shape[1:].numel()
                nn.init.normal_(weight, std=fan**-0.5, generator=generator)
            else:
                nn.init.zeros_(weight)
            if "bias_ih" in name:
                size = len(weight) // 4
                nn.init.constant_(weight[size : 2 * size], _FIRST_BIAS)

    def tokens(self, reading: Reading) -> torch.Tensor:
        """Return the token layer, which knows no context: (B, T, d)."""
        x = self.words(reading.numbers)
        if self.letters is not None:
            assert reading.letters is not None and reading.spelled is not None
            x = x + F.embedding(reading.spelled, self.letters(reading.letters))
        return x

    def states(
        self, reading: Reading, x: torch.Tensor
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return the forward and the backward states of each layer: (B, T, d) each."""
        x = same_dropout(x, self.dropout, self.training)
        turned = turned_places(reading.lengths, x.shape[1])
        forwards = self.forwards(x)
        backwards = [taken(y, turned) for y in self.backwards(taken(x, turned))]
        return forwards, backwards

    def layers(self, reading: Reading) -> torch.Tensor:
        """Return token layer and states, forward beside backward: (1 + layers, B, T, 2 d)."""
        x = self.tokens(reading)
        forwards, backwards = self.states(reading, x)
        pairs = zip([x, *forwards], [x, *backwards], strict=True)
        return torch.stack([torch.cat(pair, dim=2) for pair in pairs]).float()

    def losses(self, reading: Reading) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the cross-entropies, in nats, of next words and of previous ones: (k,) each.

        k is the number of words and of sentences: the forward model predicts </s> after the last
        word, the backward model <s> before the first.
        """
        forwards, backwards = self.states(reading, self.tokens(reading))
        places = torch.arange(1, reading.numbers.shape[1], device=reading.lengths.device)
        inside = places < reading.lengths[:, None]  # (B, T - 1)
        next_words, words = reading.numbers[:, 1:][inside], reading.numbers[:, :-1][inside]
        table = self.words.weight
        return (
            self.softmax(forwards[-1][:, :-1][inside], next_words, table),
            self.softmax(backwards[-1][:, 1:][inside], words, table),
        )


def same_dropout(x: torch.Tensor, rate: float, training: bool) -> torch.Tensor:
    """Drop the same components at all places of a sentence; x : (B, T, d).

    (Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent neural
    networks", 2016)
    """
    if not training or rate == 0:
        return x
    keep = torch.empty(x.shape[0], 1, x.shape[2], device=x.device).bernoulli_(1 - rate)
    return x * (keep / (1 - rate)).to(x.dtype)


def turned_places(lengths: torch.Tensor, places: int) -> torch.Tensor:
    """Return the places of a sentence from its last to its first, then the padding: int64, (B, T).

    Taken twice, everything is where it was.
    """
    place = torch.arange(places, device=lengths.device)
    last = lengths[:, None] - 1
    return torch.where(place <= last, last - place, place)


def taken(x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return the vectors of other places; x : (B, T, d); places : int64, (B, T)."""
    return x.gather(1, places[:, :, None].expand(-1, -1, x.shape[2]))


def letters_of(word: str) -> list[int]:
    """Return the UTF-8 bytes of a word between 1 and 2, its ends, then 0 up to LONGEST_WORD."""
    found = [1, *word.encode()[: LONGEST_WORD - 2], 2]
    return found + [0] * (LONGEST_WORD - len(found))
