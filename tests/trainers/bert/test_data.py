"""Subwords, sentences as tokens, and masking."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import binom

from embeddings import EmbeddingError
from trainers.bert.data import (
    NOT_CHOSEN,
    SPECIALS,
    UNKNOWN,
    issue_notes,
    learn_subwords,
    mask_tokens,
    special_tokens,
    tokenize,
    word_piece,
)

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b", "##c"]
UNK = VOCABULARY.index(UNKNOWN)

TEXT = ["the lowest of the low towers", "a newer and wider tower", "the new low"] * 20

SPECIAL_COUNT, MASK, WORDS = 5, 4, 5_000
"""For masking: the number of special tokens, the id of [MASK], the size of the vocabulary."""


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


def test_a_long_sentence_is_split_between_words(tokenizer):
    split = tokenize(tokenizer, [("ab", "ab", "aba", "a"), ("b",)], longest=6, unknown=UNK)
    rows, words = spelled(split)
    assert [len(row) for row in rows] == [6, 6, 3] and split.sentence.tolist() == [0, 0, 1]
    assert words == [["a", "##b"], ["a", "##b"], ["a", "##b", "##a"], ["a"], ["b"]]
    assert issue_notes(split.issues) == ("1 sentences are too long for one sequence and are split",)


def test_words_that_are_too_long_or_have_no_token_are_noted(tokenizer):
    split = tokenize(tokenizer, [("abababab", "\x00", "a")], longest=6, unknown=UNK)
    _, words = spelled(split)
    assert words == [["a", "##b", "##a", "##b"], ["[UNK]"], ["a"]]
    assert len(issue_notes(split.issues)) == 3
    assert "1 words have no token and are treated as unknown" in issue_notes(split.issues)


def test_special_tokens_come_from_the_tokenizer(tokenizer):
    assert special_tokens(tokenizer) == ([2], [3])


def test_padding_fills_the_rest_of_a_batch(tokenizer):
    split = tokenize(tokenizer, [("a", "b"), ("a",), ("b", "a", "a")], longest=8, unknown=UNK)
    tokens, real = split.padded(np.array([2, 1]), pad=0)
    assert tokens.tolist() == [[2, 6, 5, 5, 3], [2, 5, 3, 0, 0]]
    assert real.sum(dim=1).tolist() == [5, 3] and (tokens[~real] == 0).all()
    assert sorted(np.concatenate(split.batches()).tolist()) == [0, 1, 2]


def test_words_are_split_from_left_to_right_into_the_longest_subwords():
    tokenizer = learn_subwords(TEXT, 200, lowercase=True)
    assert tokenizer.encode("The tower", add_special_tokens=False).tokens == ["the", "tower"]
    tokens = tokenizer.encode("lowel", add_special_tokens=False).tokens
    assert tokens == ["low", "##e", "##l"]


def test_special_tokens_come_first_and_enclose_a_text():
    tokenizer = learn_subwords(TEXT, 200, lowercase=True)
    assert [tokenizer.token_to_id(token) for token in SPECIALS] == [0, 1, 2, 3, 4]
    assert tokenizer.encode("low").tokens == ["[CLS]", "low", "[SEP]"]


def test_no_letter_of_the_text_is_unknown_in_any_position():
    tokenizer = learn_subwords([*TEXT, "x1"], 200, lowercase=True)
    assert tokenizer.encode("1x", add_special_tokens=False).tokens == ["1", "##x"]
    assert tokenizer.encode("qué", add_special_tokens=False).tokens == ["[UNK]"]


def test_lower_case_is_optional():
    cased = learn_subwords(["Élan élan"] * 5, 100, lowercase=False)
    lowercased = learn_subwords(["Élan élan"] * 5, 100, lowercase=True)
    assert cased.encode("Élan", add_special_tokens=False).tokens == ["Élan"]
    assert lowercased.encode("ÉLAN", add_special_tokens=False).tokens == ["elan"]


def test_the_vocabulary_has_the_requested_size_or_is_refused():
    assert learn_subwords(TEXT, 50, True).get_vocab_size() == 50
    with pytest.raises(EmbeddingError, match="--vocabulary 20: expected at least"):
        learn_subwords(TEXT, 20, True)


def test_another_process_learns_the_same(tmp_path):
    """Left to itself, WordPieceTrainer of `tokenizers` does not."""
    lines = [f"w{i * 7919 % 1013} x{i * 104729 % 997}y" for i in range(3000)]
    program = (
        "import json, sys; from trainers.bert.data import learn_subwords\n"
        "print(learn_subwords(json.load(sys.stdin), 500, True).to_str())"
    )
    root = Path(__file__).parents[3]
    printed = subprocess.run([sys.executable, "-c", program], cwd=root, input=json.dumps(lines),
                             capture_output=True, text=True, check=True).stdout  # fmt: skip
    own = learn_subwords(lines, 500, True).to_str()
    assert printed.rstrip("\n") == own and len(own) > 1_000


@pytest.fixture(scope="module")
def masked():
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, WORDS, (400, 500), generator=generator)
    tokens[:, 0], tokens[:, -1], tokens[::3, 400:] = 2, 3, 0
    return tokens, *mask_tokens(tokens, SPECIAL_COUNT, MASK, WORDS, generator)


def within_bounds(count: int, of: int, probability: float) -> bool:
    """Return True if 99.99 % of counts by chance are as close to the expected one."""
    low, high = binom.interval(0.9999, of, probability)
    return bool(low <= count <= high)


def test_fractions_equal_the_papers(masked):
    tokens, inputs, targets = (part.numpy() for part in masked)
    ordinary = tokens >= SPECIAL_COUNT
    chosen = targets != NOT_CHOSEN
    count = int(chosen.sum())
    assert within_bounds(count, int(ordinary.sum()), 0.15)
    became_mask = chosen & (inputs == MASK)
    stayed = chosen & (inputs == tokens)
    other = chosen & ~became_mask & ~stayed
    # a random token is sometimes the true one
    coincidence = 1 / (WORDS - SPECIAL_COUNT)
    assert within_bounds(int(became_mask.sum()), count, 0.8)
    assert within_bounds(int(other.sum()), count, 0.1 * (1 - coincidence))
    assert within_bounds(int(stayed.sum()), count, 0.1 + 0.1 * coincidence)


def test_the_bounds_exclude_another_fraction(masked):
    tokens, _, targets = masked
    chosen, ordinary = int((targets != NOT_CHOSEN).sum()), int((tokens >= SPECIAL_COUNT).sum())
    assert not within_bounds(chosen, ordinary, 0.16)


def test_special_tokens_are_neither_masked_nor_inserted(masked):
    tokens, inputs, targets = (part.numpy() for part in masked)
    special = tokens < SPECIAL_COUNT
    assert (targets[special] == NOT_CHOSEN).all() and (inputs[special] == tokens[special]).all()
    replacements = inputs[(inputs != tokens) & (inputs != MASK)]
    assert replacements.min() >= SPECIAL_COUNT and replacements.max() < WORDS
    assert len(np.unique(replacements)) > 1_000  # from the whole vocabulary


def test_targets_are_the_true_tokens(masked):
    tokens, inputs, targets = masked
    chosen = targets != NOT_CHOSEN
    assert torch.equal(targets[chosen], tokens[chosen])
    assert torch.equal(inputs[~chosen], tokens[~chosen])


def test_the_seed_determines_the_mask():
    tokens = torch.full((20, 20), 100)
    made = [
        mask_tokens(tokens, 5, 4, 200, torch.Generator().manual_seed(seed))[1] for seed in (1, 1, 2)
    ]
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])


def test_all_chosen_tokens_may_become_mask():
    tokens = torch.full((100, 100), 100)
    inputs, targets = mask_tokens(tokens, 5, 4, 200, torch.Generator().manual_seed(0), (1.0, 0.0))
    assert (inputs[targets != NOT_CHOSEN] == MASK).all()


def test_at_least_one_token_is_masked():
    for seed in range(30):
        generator = torch.Generator().manual_seed(seed)
        _, targets = mask_tokens(torch.tensor([[2, 100, 101, 3]]), 5, 4, 200, generator)
        chosen = (targets != NOT_CHOSEN)[0]
        assert chosen[1:3].any() and not chosen[[0, 3]].any()
