"""Subwords: frequent words are one token, every word of the alphabet has tokens, runs agree."""

import subprocess
import sys
from pathlib import Path

import pytest

from embeddings import EmbeddingError
from trainers.bert.data import SPECIALS, learn_subwords

TEXT = ["the lowest of the low towers", "a newer and wider tower", "the new low"] * 20


def test_words_are_split_from_left_to_right_into_the_longest():
    tokenizer = learn_subwords(TEXT, 200, lowercase=True)
    assert tokenizer.encode("The tower", add_special_tokens=False).tokens == ["the", "tower"]
    tokens = tokenizer.encode("lowel", add_special_tokens=False).tokens
    assert tokens == ["low", "##e", "##l"]


def test_special_tokens_come_first_and_stand_around():
    tokenizer = learn_subwords(TEXT, 200, lowercase=True)
    assert [tokenizer.token_to_id(token) for token in SPECIALS] == [0, 1, 2, 3, 4]
    assert tokenizer.encode("low").tokens == ["[CLS]", "low", "[SEP]"]


def test_no_letter_of_the_text_is_unknown_wherever_it_stands():
    tokenizer = learn_subwords([*TEXT, "x1"], 200, lowercase=True)
    assert tokenizer.encode("1x", add_special_tokens=False).tokens == ["1", "##x"]
    assert tokenizer.encode("qué", add_special_tokens=False).tokens == ["[UNK]"]


def test_lower_case_is_a_choice():
    kept = learn_subwords(["Élan élan"] * 5, 100, lowercase=False)
    made = learn_subwords(["Élan élan"] * 5, 100, lowercase=True)
    assert kept.encode("Élan", add_special_tokens=False).tokens == ["Élan"]
    assert made.encode("ÉLAN", add_special_tokens=False).tokens == ["elan"]


def test_a_vocabulary_of_the_size_asked_for_or_an_error():
    assert learn_subwords(TEXT, 50, True).get_vocab_size() == 50
    with pytest.raises(EmbeddingError, match="--vocabulary 20: expected at least"):
        learn_subwords(TEXT, 20, True)


def test_another_process_learns_the_same(tmp_path):
    """Left to itself, WordPieceTrainer of `tokenizers` does not."""
    program = (
        "from trainers.bert.data import learn_subwords\n"
        "lines = [f'w{i * 7919 % 1013} x{i * 104729 % 997}y' for i in range(3000)]\n"
        "print(learn_subwords(lines, 500, True).to_str())"
    )
    root = Path(__file__).parents[3]
    made = [subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True,
                           text=True, check=True).stdout for _ in range(2)]  # fmt: skip
    assert made[0] == made[1] and len(made[0]) > 1_000
