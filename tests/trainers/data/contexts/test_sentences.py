"""Sentences keep all their words; rare ones are numbered as one; long lines are cut and counted."""

import gzip

import pytest

from embeddings import EmbeddingError
from trainers.data.contexts.sentences import read_sentences, split_line, vocabulary, vocabulary_note
from trainers.data.tokens import Tokens


def test_lines_are_sentences_and_nothing_is_left_out(tmp_path):
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"The third\n"))
    (tmp_path / "a.txt").write_text("the cat sat .\n\n  once  \n")
    text = read_sentences(tmp_path, longest=50)
    assert text.sentences == (("the", "cat", "sat", "."), ("once",), ("The", "third"))
    assert (len(text), text.words, text.notes, text.senses) == (3, 7, (), {})
    assert (
        read_sentences(tmp_path / "b.txt.gz", 50, Tokens(lowercase=True)).sentences[0][0] == "the"
    )


def test_long_lines_are_cut_where_a_sentence_ends_and_counted(tmp_path):
    assert split_line(tuple("ab.cd.efghij"), 7) == [tuple("ab.cd."), tuple("efghij")]
    assert split_line(tuple("abcdefgh"), 3) == [tuple("abc"), tuple("def"), tuple("gh")]
    assert split_line(tuple("ab."), 3) == [tuple("ab.")] and split_line((), 3) == []
    (tmp_path / "a.txt").write_text("a b . c\nd\n")
    text = read_sentences(tmp_path / "a.txt", longest=3)
    assert text.sentences == (("a", "b", "."), ("c",), ("d",))
    assert text.notes == ("1 lines of more than 3 words are split",)


def test_the_vocabulary_has_special_words_first_then_by_frequency():
    sentences = [("b", "a", "<unk>", "a"), ("c", "b", "d", "c", "c")]
    words = vocabulary(sentences, min_count=2, specials=("<s>", "<unk>"))
    assert words.words == ("<s>", "<unk>", "c", "b", "a") and words.specials == 2
    assert words.counts == (0, 2, 3, 2, 2)  # d is unknown, too
    assert words.numbers(["a", "d", "<unk>", "x"]).tolist() == [4, 1, 1, 1]
    assert vocabulary_note(words) == (
        "vocabulary of 3 words; 22.2% of the text are other words, replaced by <unk>"
    )
    assert vocabulary(sentences, 1, limit=2).words == ("<unk>", "c", "b")
    with pytest.raises(EmbeddingError, match="none of 4 words occurs at least 9 times"):
        vocabulary(sentences, 9)


def test_no_text_is_an_error(tmp_path):
    (tmp_path / "a.txt").write_text(" \n\n")
    with pytest.raises(EmbeddingError, match=r"a\.txt: no words in it"):
        read_sentences(tmp_path / "a.txt", 10)
    with pytest.raises(EmbeddingError, match="no such file"):
        read_sentences(tmp_path / "b.txt", 10)
