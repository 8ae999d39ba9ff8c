"""The vectors of words and sentences come from their own tokens."""

import numpy as np
import pytest
import torch

from trainers.bert.context_encoder import ContextEncoder
from trainers.bert.data import UNKNOWN, issue_notes, word_piece

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b", "##c"]
UNK = VOCABULARY.index(UNKNOWN)


@pytest.fixture
def tokenizer():
    return word_piece(VOCABULARY, lowercase=True)


@pytest.mark.parametrize("vector", ["first", "mean"])
def test_each_vector_comes_from_its_own_tokens(tokenizer, vector):
    """The layers return token and position, so each vector shows where it comes from."""

    def layers(tokens, real):
        place = torch.arange(tokens.shape[1]).expand_as(tokens)
        junk = torch.where(real, 0, 1_000)
        return [torch.stack([tokens + junk, place + junk], dim=2).float()] * 2

    encoder = ContextEncoder(
        tokenizer, layers, longest=6, pad=0, unknown=UNK, device=torch.device("cpu")
    )
    sentences = [("ab", "aba", "b"), ("c",), ("a", "b"), ("bb", "bb", "bb")]
    split = encoder.tokenize(sentences)
    words, of_sentences = encoder.encode(split, vector)
    assert len(words) == 2
    assert issue_notes(split.issues) == ("2 sentences are too long for one sequence and are split",)
    row = np.searchsorted(split.starts, split.word_starts, side="right") - 1
    for number, (start, size) in enumerate(zip(split.word_starts, split.word_sizes, strict=True)):
        taken = np.arange(start, start + (size if vector == "mean" else 1))
        wanted = [split.tokens[taken].mean(), (taken - split.starts[row[number]]).mean()]
        np.testing.assert_allclose(words[1][number], wanted, rtol=1e-6)
    for number in range(len(sentences)):
        rows = np.flatnonzero(split.sentence == number)
        tokens = np.concatenate([split.tokens[split.starts[r] : split.starts[r + 1]] for r in rows])
        assert of_sentences[number, 0] == pytest.approx(tokens.mean())
