"""Similarities and analogies, on vectors whose answers are known."""

import gzip

import numpy as np
import pytest
from scipy.stats import spearmanr

from embeddings import EmbeddingError
from trainers.word2vec.metrics import evaluate, read_benchmark

WORDS = ["king", "queen", "man", "woman", "apple"]
VECTORS = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1], [-3, 0, 0]], dtype=np.float32)


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


def test_rank_correlation_of_known_pairs(tmp_path):
    text = (
        "# a comment\nKING\tqueen\t5\nking\tman\t9\nking\tapple\t1\nking\tunknown\t4\nman\tman\t10"
    )
    path = write(tmp_path, "pairs.tsv", text)
    found = evaluate(WORDS, VECTORS, path)["pairs"]
    assert found == {"spearman": 1.0, "pairs": 4, "of": 5}
    path = write(tmp_path, "less.tsv", "king\tqueen\t9\nking\tman\t2\nman\tapple\t5\n")
    cosines = [0.5, 0.5**0.5, 0]
    expected = spearmanr(cosines, [9, 2, 5])[0]
    assert evaluate(WORDS, VECTORS, path)["less"]["spearman"] == pytest.approx(expected)


def test_analogies_by_section_leave_out_the_question(tmp_path):
    text = (
        ": family\nman king woman queen\nking man queen woman\nman king woman apple\n"
        ": fruit\nman apple woman pear\n"
    )
    found = evaluate(WORDS, VECTORS, write(tmp_path, "questions.txt", text))["questions"]
    assert found["sections"] == {
        "family": {"accuracy": 2 / 3, "questions": 3, "of": 3},
        "fruit": {"accuracy": None, "questions": 0, "of": 1},
    }
    assert (found["accuracy"], found["questions"], found["of"]) == (2 / 3, 3, 4)


def test_a_folder_is_searched_for_benchmarks(tmp_path):
    write(tmp_path, "a.tsv", "king\tqueen\t9\nking\tman\t2\n")
    write(tmp_path, "b.txt", ": s\nman king woman queen\n")
    write(tmp_path, "text.txt", "only some text\n")
    assert list(evaluate(WORDS, VECTORS, tmp_path)) == ["a", "b"]


def test_unknown_words_have_no_score(tmp_path):
    path = write(tmp_path, "a.tsv", "x\ty\t1\nx\tz\t2\n")
    assert evaluate(WORDS, VECTORS, path)["a"] == {"spearman": None, "pairs": 0, "of": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("king queen 5\n", "a.txt, line 1: 'king queen 5'; expected two words and a number"),
        ("# x\nking\tqueen\tmuch\n", "a.txt, line 2"),
        (": s\nman king woman\n", "a.txt, line 2: 3 words; expected four"),
        ("", "a.txt: empty"),
    ],
)
def test_malformed_lines_are_named(tmp_path, text, message):
    with pytest.raises(EmbeddingError, match=message):
        read_benchmark(write(tmp_path, "a.txt", text))


def test_other_encodings_and_compression(tmp_path):
    text = "Zoë\tqueen\t9\nking\tman\t2\n"
    (tmp_path / "a.tsv").write_bytes(text.encode("utf-16"))
    (tmp_path / "b.tsv").write_bytes(gzip.compress(text.encode("utf-8-sig")))
    (tmp_path / "c.tsv").write_bytes(text.encode("cp1252"))
    notes: list[str] = []
    for name in ("a.tsv", "b.tsv", "c.tsv"):
        assert read_benchmark(tmp_path / name, notes.append).pairs[0] == ("Zoë", "queen")
    assert len(notes) == 1 and "c.tsv: it is not UTF-8" in notes[0]


def test_the_real_files(data):
    folder = data / "2_corpus"
    questions = read_benchmark(folder / "questions-words.txt")
    assert len(questions.sections) == 14
    assert sum(map(len, questions.sections.values())) == 19_544
    assert len(read_benchmark(folder / "wordsim353.tsv").pairs) == 353
    assert len(read_benchmark(folder / "simlex999.txt").pairs) == 999
