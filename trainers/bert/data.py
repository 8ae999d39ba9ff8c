"""Sentences as sequences of tokens, in which every word is found again.

A sequence has the special tokens that the model expects around it, [CLS] and [SEP]. A sentence of
more tokens than fit is read in parts, cut between words: so every word has a vector.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from trainers.data.contexts.sentences import Sentence

_TOKENS_AT_ONCE = 8_192


@dataclass(frozen=True, eq=False)
class Pieces:
    """Sequences of tokens.

    Attributes
    ----------
    tokens : int64, shape (n,); of all sequences, one after the other, special ones included
    starts : int64, shape (rows + 1,); sequence i is tokens[starts[i] : starts[i + 1]]
    sentence : int64, shape (rows,); the sentence that a sequence is (a part) of, in order
    word_starts : int64, shape (words,); where in `tokens` each word of all sentences begins
    word_sizes : int64, shape (words,); of how many tokens each is, at least one
    odd : what did not fit or could not be read, in words -> how often
    """

    tokens: np.ndarray
    starts: np.ndarray
    sentence: np.ndarray
    word_starts: np.ndarray
    word_sizes: np.ndarray
    odd: Counter[str]

    def __len__(self) -> int:
        return len(self.sentence)

    @property
    def sizes(self) -> np.ndarray:
        """Tokens of each sequence: int64, shape (rows,)."""
        return np.diff(self.starts)

    def batches(self) -> list[np.ndarray]:
        """Return numbers of sequences, int64, by length, in groups of about _TOKENS_AT_ONCE."""
        order = np.argsort(self.sizes, kind="stable")
        group = self.sizes[order].cumsum() // _TOKENS_AT_ONCE
        return [rows for rows in np.split(order, np.flatnonzero(np.diff(group)) + 1) if len(rows)]

    def padded(self, rows: np.ndarray, pad: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return some sequences side by side.

        Returns
        -------
        tokens : int64, shape (rows, longest)
        real : bool, shape (rows, longest); False where there is padding
        """
        sizes = self.sizes[rows]
        real = np.arange(sizes.max()) < sizes[:, None]  # (rows, longest)
        place = self.starts[rows][:, None] + np.arange(sizes.max())
        tokens = np.where(real, self.tokens[np.where(real, place, 0)], pad)
        return torch.from_numpy(tokens), torch.from_numpy(real)


def told(odd: Counter[str]) -> tuple[str, ...]:
    """Say what did not fit and what could not be read, with numbers."""
    return tuple(f"{count:,} {what}" for what, count in odd.items() if count)


def pieces(
    tokenizer: Tokenizer, sentences: Sequence[Sentence], longest: int, unknown: int
) -> Pieces:
    """Split sentences into tokens.

    Parameters
    ----------
    longest : tokens of a sequence, special ones included
    unknown : token of a word of which the tokenizer makes nothing
    """
    before, after = special_tokens(tokenizer)
    room = longest - len(before) - len(after)
    split = tokenizer.encode_batch(
        [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=False
    )
    rows, sentence = [], []
    odd: Counter[str] = Counter()
    for number, (words, found) in enumerate(zip(sentences, split, strict=True)):
        of_word: list[list[int]] = [[] for _ in words]
        for token, place in zip(found.ids, found.word_ids, strict=True):
            assert place is not None  # as with special tokens, which are added later
            of_word[place].append(token)
        parts = _parts([word[:room] or [unknown] for word in of_word], room)
        odd["sentences are too long for a sequence and are read in parts"] += len(parts) > 1
        odd["words are too long for a sequence and end where it ends"] += sum(
            len(word) > room for word in of_word
        )
        odd["words have no token and are read as unknown"] += sum(not word for word in of_word)
        rows += parts
        sentence += [number] * len(parts)

    tokens: list[int] = []
    starts, word_starts = [0], []
    for row in rows:
        tokens += before
        for word in row:
            word_starts.append(len(tokens))
            tokens += word
        tokens += after
        starts.append(len(tokens))
    word_sizes = [len(word) for row in rows for word in row]
    return Pieces(
        tokens=np.array(tokens, dtype=np.int64),
        starts=np.array(starts, dtype=np.int64),
        sentence=np.array(sentence, dtype=np.int64),
        word_starts=np.array(word_starts, dtype=np.int64),
        word_sizes=np.array(word_sizes, dtype=np.int64),
        odd=odd,
    )


def _parts(words: list[list[int]], room: int) -> list[list[list[int]]]:
    """Cut a sentence, its words as tokens, into parts of at most `room` tokens."""
    parts: list[list[list[int]]] = []
    left = 0
    for word in words:
        if len(word) > left:
            parts.append([])
            left = room
        parts[-1].append(word)
        left -= len(word)
    return parts


def special_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the tokens that stand before and after a sequence."""
    found = tokenizer.encode(["a"], is_pretokenized=True)
    special = np.array(found.special_tokens_mask, dtype=bool)
    first, last = np.flatnonzero(~special)[[0, -1]]
    return found.ids[:first], found.ids[last + 1 :]
