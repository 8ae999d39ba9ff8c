"""Every word is found again among the tokens, in sentences of any length."""

import numpy as np
import pytest
import torch

from trainers.bert.data import pieces, special_tokens, told
from trainers.bert.reader import Reader
from trainers.bert.subwords import UNKNOWN, word_piece

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b", "##c"]
UNK = VOCABULARY.index(UNKNOWN)


@pytest.fixture
def tokenizer():
    return word_piece(VOCABULARY, lowercase=True)


def spelled(split):
    """Return the sequences as tokens, and each word as its tokens."""
    rows = [[VOCABULARY[token] for token in row]
            for row in np.split(split.tokens, split.starts[1:-1])]  # fmt: skip
    words = [[VOCABULARY[token] for token in split.tokens[start : start + size]]
             for start, size in zip(split.word_starts, split.word_sizes, strict=True)]  # fmt: skip
    return rows, words


def test_words_and_sequences(tokenizer):
    split = pieces(tokenizer, [("a", "Bac"), ("b",)], longest=8, unknown=UNK)
    rows, words = spelled(split)
    assert rows == [["[CLS]", "a", "b", "##a", "##c", "[SEP]"], ["[CLS]", "b", "[SEP]"]]
    assert words == [["a"], ["b", "##a", "##c"], ["b"]]
    assert split.sentence.tolist() == [0, 1] and not told(split.odd)


def test_a_long_sentence_is_read_in_parts_cut_between_words(tokenizer):
    split = pieces(tokenizer, [("ab", "ab", "aba", "a"), ("b",)], longest=6, unknown=UNK)
    rows, words = spelled(split)
    assert [len(row) for row in rows] == [6, 6, 3] and split.sentence.tolist() == [0, 0, 1]
    assert words == [["a", "##b"], ["a", "##b"], ["a", "##b", "##a"], ["a"], ["b"]]
    assert told(split.odd) == ("1 sentences are too long for a sequence and are read in parts",)


def test_words_too_long_and_words_of_nothing_are_told(tokenizer):
    split = pieces(tokenizer, [("abababab", "\x00", "a")], longest=6, unknown=UNK)
    _, words = spelled(split)
    assert words == [["a", "##b", "##a", "##b"], ["[UNK]"], ["a"]]
    assert len(told(split.odd)) == 3
    assert "1 words have no token and are read as unknown" in told(split.odd)


def test_special_tokens_are_those_of_the_tokenizer(tokenizer):
    assert special_tokens(tokenizer) == ([2], [3])


def test_padding_stands_where_nothing_is_real(tokenizer):
    split = pieces(tokenizer, [("a", "b"), ("a",), ("b", "a", "a")], longest=8, unknown=UNK)
    tokens, real = split.padded(np.array([2, 1]), pad=0)
    assert tokens.tolist() == [[2, 6, 5, 5, 3], [2, 5, 3, 0, 0]]
    assert real.sum(dim=1).tolist() == [5, 3] and (tokens[~real] == 0).all()
    assert sorted(np.concatenate(split.batches()).tolist()) == [0, 1, 2]


@pytest.mark.parametrize("vector", ["first", "mean"])
def test_vectors_are_of_the_words_asked_for(tokenizer, vector):
    """A layer that tells token and place: each vector must come from where its word stands."""

    def layers(tokens, real):
        place = torch.arange(tokens.shape[1]).expand_as(tokens)
        junk = torch.where(real, 0, 1_000)
        return [torch.stack([tokens + junk, place + junk], dim=2).float()] * 2

    reader = Reader(tokenizer, layers, longest=6, pad=0, unknown=UNK, device=torch.device("cpu"))
    sentences = [("ab", "aba", "b"), ("c",), ("a", "b"), ("bb", "bb", "bb")]
    split = reader.pieces(sentences)
    words, of_sentences = reader.read(split, vector)
    assert len(words) == 2
    assert told(split.odd) == ("2 sentences are too long for a sequence and are read in parts",)
    row = np.searchsorted(split.starts, split.word_starts, side="right") - 1
    for number, (start, size) in enumerate(zip(split.word_starts, split.word_sizes, strict=True)):
        taken = np.arange(start, start + (size if vector == "mean" else 1))
        wanted = [split.tokens[taken].mean(), (taken - split.starts[row[number]]).mean()]
        np.testing.assert_allclose(words[1][number], wanted, rtol=1e-6)
    for number in range(len(sentences)):
        rows = np.flatnonzero(split.sentence == number)
        tokens = np.concatenate([split.tokens[split.starts[r] : split.starts[r + 1]] for r in rows])
        assert of_sentences[number, 0] == pytest.approx(tokens.mean())
