"""A corpus: words numbered by frequency, sentences stay separate, dropped words are noted."""

import gzip
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from embeddings import EmbeddingError
from trainers.data.corpus import number_words, read_corpus, take
from trainers.data.tokens import Tokens

TEXT = "the cat saw the dog\n\nthe dog ran\nA cat sat\n"


def test_words_are_numbered_by_frequency_then_appearance(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    corpus = read_corpus(tmp_path / "a.txt", min_count=1)
    assert corpus.words == ("the", "cat", "dog", "saw", "ran", "A", "sat")
    assert corpus.counts.tolist() == [3, 2, 2, 1, 1, 1, 1]
    assert corpus.tokens.dtype == np.int32
    assert corpus.tokens.tolist() == [0, 1, 3, 0, 2, 0, 2, 4, 5, 1, 6]
    assert corpus.notes == () and len(corpus) == 11
    assert list(corpus.text()) == ["the cat saw the dog", "the dog ran", "A cat sat"]


def test_rare_words_are_left_out_and_counted(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    corpus = read_corpus(tmp_path / "a.txt", min_count=2)
    assert corpus.words == ("the", "cat", "dog")
    assert list(corpus.text()) == ["the cat the dog", "the dog", "cat"]
    assert corpus.notes == (
        "4 of 7 words occur fewer than 2 times and are left out: 36.4% of the text",
    )


def test_lower_case_is_optional(tmp_path):
    (tmp_path / "a.txt").write_text("Straße STRASSE straße")
    assert read_corpus(tmp_path / "a.txt", 1).words == ("Straße", "STRASSE", "straße")
    assert read_corpus(tmp_path / "a.txt", 1, Tokens(lowercase=True)).words == ("straße", "strasse")


def test_gzip_and_folders_in_order_of_name(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").write_text("secret secret")
    (tmp_path / "b" / "z.txt").write_text("three four")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one two\n"))
    (tmp_path / "c.txt").write_text("five")
    corpus = read_corpus(tmp_path, min_count=1)
    assert corpus.words == ("one", "two", "three", "four", "five")
    assert corpus.source["name"] == corpus.name == tmp_path.name


def test_the_hash_is_of_the_content(tmp_path):
    (tmp_path / "a.txt").write_text("one two")
    first = read_corpus(tmp_path / "a.txt", 1).source["sha256"]
    assert read_corpus(tmp_path / "a.txt", 1).source["sha256"] == first
    (tmp_path / "a.txt").write_text("one too")
    assert read_corpus(tmp_path / "a.txt", 1).source["sha256"] != first


def test_long_lines_are_cut_between_words(tmp_path, monkeypatch):
    monkeypatch.setattr("trainers.data.text_lines._LONGEST_PIECE", 64)
    monkeypatch.setattr("trainers.data.corpus.MAX_SENTENCE_WORDS", 7)
    words = [f"wört{i}" for i in range(200)]
    (tmp_path / "a.txt").write_text(" ".join(words))
    corpus = read_corpus(tmp_path / "a.txt", min_count=1)
    assert corpus.words == tuple(words)
    assert np.diff(corpus.starts).max() <= 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.txt: no words in it"),
        (b" \n \n", "a.txt: no words in it"),
        (b"once only", "a.txt: 0 of 2 words occur at least 5 times"),
        (gzip.compress(b"one two three" * 99, mtime=0)[:-9], "a.txt: damaged or incomplete gzip"),
        (b"\x1f\x8b broken", "a.txt: neither UTF-8 nor text of another encoding"),
        (b"x" * 3_000_000, "a.txt: line 1: a word of 1,048,576 bytes"),
    ],
)
def test_unreadable_text_is_refused(tmp_path, content, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(EmbeddingError, match=message):
        read_corpus(tmp_path / "a.txt")


def test_absent_files_and_empty_folders(tmp_path):
    with pytest.raises(EmbeddingError, match="no such file or folder; give text with --data"):
        read_corpus(tmp_path / "none.txt")
    with pytest.raises(EmbeddingError, match="no file in this folder"):
        read_corpus(tmp_path)


def test_a_byte_order_mark_is_removed(tmp_path):
    (tmp_path / "a.txt").write_bytes("one two".encode("utf-8-sig"))
    assert read_corpus(tmp_path / "a.txt", 1).words == ("one", "two")


def test_other_encodings_are_read_with_a_note(tmp_path):
    (tmp_path / "a.txt").write_bytes("zwei für\n".encode("cp1252"))
    corpus = read_corpus(tmp_path / "a.txt", 1)
    assert corpus.words == ("zwei", "für")
    assert corpus.notes[0].startswith("a.txt: it is not UTF-8: read as Windows-1252")
    (tmp_path / "a.txt").write_text("zwei für\n", encoding="utf-16")
    assert read_corpus(tmp_path / "a.txt", 1).words == ("zwei", "für")


def test_bytes_that_are_not_utf_8_far_into_a_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one two\n" * 200_000 + b"f\xfcr\n" * 5)
    corpus = read_corpus(tmp_path / "a.txt")
    assert corpus.words == ("one", "two", "für")
    assert corpus.notes == (
        "a.txt: from line 200,001 on, 5 lines not in UTF-8: read as Windows-1252 (Western "
        "European)",
    )
    (tmp_path / "a.txt").write_bytes(b"one two\n" * 200_000 + b"\xfc\x01\n")
    with pytest.raises(EmbeddingError, match=r"^a\.txt: line 200001: neither UTF-8 nor text of"):
        read_corpus(tmp_path / "a.txt")


def test_gzip_bombs_are_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "100000")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"word " * 1_000_000))
    with pytest.raises(EmbeddingError, match="more than the limit"):
        read_corpus(tmp_path / "a.gz")


def test_phrases_are_joined():
    sentences = [["in", "new", "york", "x"], ["new", "york", "y"], ["a", "new", "b"]] * 40
    rest = [[f"w{i % 97}", f"v{i % 89}"] for i in range(12_000)]
    corpus = number_words([*sentences, *rest], "text", {}, min_count=5, phrases=1)
    counts = dict(zip(corpus.words, corpus.counts.tolist(), strict=True))
    # (80 - 5) / (120 * 80) * 24,400 = 190; (40 - 5) / (40 * 120) * n = 178: "in new", "a new"
    # and "new b", and "york x", "york y" too; from left to right, in new york x -> in_new york_x.
    assert counts["in_new"] == 40 and counts["york_x"] == 40
    assert counts["new_york"] == 40 and counts["y"] == 40
    assert "york_y" not in counts and counts["a_new"] == 40
    assert "phrases, pass 1" in corpus.notes[0]


def test_phrases_do_not_span_sentences_and_a_second_pass_joins_more():
    pairs = [["big", "red", "bus"]] * 30 + [["end"], ["start"]] * 30
    rest = [[f"w{i}"] for i in range(20_000)]
    one = number_words([*pairs, *rest], "text", {}, min_count=5, phrases=1)
    assert "big_red" in one.words and "bus" in one.words and "end_start" not in one.words
    two = number_words([*pairs, *rest], "text", {}, min_count=5, phrases=2)
    assert "big_red_bus" in two.words


def test_phrase_scores_match_an_obvious_count():
    generator = np.random.default_rng(0)
    follows = generator.permutation(2_000)  # half of the time, a word's own other word comes next
    sentences = []
    for _ in range(4_000):
        sentence = [0]
        for _ in range(generator.integers(1, 9)):
            other, any_word = follows[sentence[-1]], generator.integers(2_000)
            sentence.append(int(other if generator.random() < 0.5 else any_word))
        sentences.append([f"w{token}" for token in sentence[1:]])
    counts = Counter(word for sentence in sentences for word in sentence)
    counts.update(pair for sentence in sentences for pair in pairwise(sentence))
    total = sum(len(sentence) for sentence in sentences)

    got = number_words(sentences, "text", {}, min_count=3, phrases=1)
    slowly = [_joined_slowly(sentence, counts, total, 3) for sentence in sentences]
    expected = number_words(slowly, "text", {}, min_count=3)
    assert set(zip(got.words, got.counts, strict=True)) == set(
        zip(expected.words, expected.counts, strict=True)
    )
    assert sum("_" in word for word in got.words) > 100


def _joined_slowly(sentence, counts, total, discount):
    joined, i = [], 0
    while i < len(sentence):
        pair = tuple(sentence[i : i + 2])
        if len(pair) == 2:
            a, b = (counts[word] for word in pair)
            score = (counts[pair] - discount) / (a * b) * total
            if score > 100 and min(a, b) >= discount:
                joined.append("_".join(pair))
                i += 2
                continue
        joined.append(sentence[i])
        i += 1
    return joined


def test_some_sentences_are_taken():
    corpus = number_words([["a", "b"], ["b"], [], ["a", "b", "b"]], "text", {}, min_count=1)
    tokens, starts = take(corpus, np.array([True, False, True, True]))
    assert [corpus.words[token] for token in tokens] == ["a", "b", "a", "b", "b"]
    assert starts.tolist() == [0, 2, 2, 5]
