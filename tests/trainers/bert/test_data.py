"""Every word is found again among the tokens, in sentences of any length."""

import numpy as np
import pytest

from trainers.bert.data import UNKNOWN, issue_notes, special_tokens, tokenize, word_piece

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
    split = tokenize(tokenizer, [("a", "Bac"), ("b",)], longest=8, unknown=UNK)
    rows, words = spelled(split)
    assert rows == [["[CLS]", "a", "b", "##a", "##c", "[SEP]"], ["[CLS]", "b", "[SEP]"]]
    assert words == [["a"], ["b", "##a", "##c"], ["b"]]
    assert split.sentence.tolist() == [0, 1] and not issue_notes(split.issues)


def test_a_long_sentence_is_read_in_parts_cut_between_words(tokenizer):
    split = tokenize(tokenizer, [("ab", "ab", "aba", "a"), ("b",)], longest=6, unknown=UNK)
    rows, words = spelled(split)
    assert [len(row) for row in rows] == [6, 6, 3] and split.sentence.tolist() == [0, 0, 1]
    assert words == [["a", "##b"], ["a", "##b"], ["a", "##b", "##a"], ["a"], ["b"]]
    assert issue_notes(split.issues) == ("1 sentences are too long for one sequence and are split",)


def test_words_too_long_and_words_of_nothing_are_told(tokenizer):
    split = tokenize(tokenizer, [("abababab", "\x00", "a")], longest=6, unknown=UNK)
    _, words = spelled(split)
    assert words == [["a", "##b", "##a", "##b"], ["[UNK]"], ["a"]]
    assert len(issue_notes(split.issues)) == 3
    assert "1 words have no token and are treated as unknown" in issue_notes(split.issues)


def test_special_tokens_are_those_of_the_tokenizer(tokenizer):
    assert special_tokens(tokenizer) == ([2], [3])


def test_padding_stands_where_nothing_is_real(tokenizer):
    split = tokenize(tokenizer, [("a", "b"), ("a",), ("b", "a", "a")], longest=8, unknown=UNK)
    tokens, real = split.padded(np.array([2, 1]), pad=0)
    assert tokens.tolist() == [[2, 6, 5, 5, 3], [2, 5, 3, 0, 0]]
    assert real.sum(dim=1).tolist() == [5, 3] and (tokens[~real] == 0).all()
    assert sorted(np.concatenate(split.batches()).tolist()) == [0, 1, 2]
