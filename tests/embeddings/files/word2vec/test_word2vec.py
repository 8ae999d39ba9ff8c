"""word2vec text and binary, GloVe and fastText: odd words, lying headers, damage."""

from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files import read
from embeddings.files.options import ReadContext

WORDS = ["the", "nan", "null", '"', ",", "None", "-", "...", "1", "1e5", "ö", "हु", "'s", "the"]
VECTORS = np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype(np.float32)


def lines(words=WORDS, vectors=VECTORS) -> list[str]:
    return [
        f"{word} {' '.join(map(str, row))}"
        for word, row in zip(words, vectors.tolist(), strict=True)
    ]


def opened(tmp_path, content: str | bytes, name: str = "x.txt", note=None) -> EmbeddingSet:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(path, note=note or (lambda _: None))


@pytest.mark.parametrize("header", ["", "14 5\n", "14 5 \r\n", "14\t5\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_all_words_survive_with_and_without_header(tmp_path, header, end, mark):
    found = opened(tmp_path, mark + header + end.join(lines()) + end + "\n\n")
    assert found.labels == tuple(WORDS)
    np.testing.assert_array_equal(found.vectors, VECTORS)


def test_words_with_spaces_inside(tmp_path):
    words = [". . .", "at name@domain.com", "the", "to 1 2", "of"] * 20
    vectors = np.random.default_rng(1).normal(size=(100, 4)).astype(np.float32)
    for header in ("", "100 4\n"):
        content = header + "\n\n".join(lines(["a", *words[1:]], vectors))  # with blank lines
        found = opened(tmp_path, content)
        assert found.labels == ("a", *words[1:])
        np.testing.assert_array_equal(found.vectors, vectors)


def test_nodes_of_a_graph_whose_words_are_numbers(tmp_path):
    found = opened(tmp_path, "3 2\n17 0.5 1\n4 1.5 2\n99 2.5 3\n")
    assert found.labels == ("17", "4", "99")
    assert found.vectors.tolist() == [[0.5, 1], [1.5, 2], [2.5, 3]]
    # without a header it is a matrix, as numpy.savetxt writes it
    assert opened(tmp_path, "17 0.5 1\n4 1.5 2\n99 2.5 3\n").dimensions == 3
    assert opened(tmp_path, "3 4\n5 6\n7 8\n").vectors.tolist() == [[3, 4], [5, 6], [7, 8]]


def test_a_matrix_whose_first_row_ends_in_one_is_no_header(tmp_path):
    found = opened(tmp_path, "5 1\n6 2\n7 3\n")
    assert found.vectors.tolist() == [[5, 1], [6, 2], [7, 3]]
    found = opened(tmp_path, "2 1\n6 2\n7 3\n")  # as many rows as a header would state
    assert found.labels == ("6", "7") and found.vectors.tolist() == [[2], [3]]


def test_a_table_with_a_header_of_names_is_no_word2vec(tmp_path):
    found = opened(tmp_path, "word x y\na 1 2\nb 3 4\n")
    assert found.labels == ("a", "b")
    assert found.vectors.tolist() == [[1, 2], [3, 4]]


def test_words_that_are_not_utf8(tmp_path):
    notes: list[str] = []
    found = opened(tmp_path, b"ok 1 2\nbr\xc3oken 3 4\nan other 5 6\n", note=notes.append)
    assert found.labels == ("ok", "br\ufffdoken", "an other")
    assert notes and "1 word not in UTF-8" in notes[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("2 3\nthe 1 2 3\nof 1 2\n", r"line 3 \(row 1\): 2 numbers where 3 are expected"),
        ("2 3\nthe 1 2\nof 1 2\n", r"line 2 \(row 0\): 2 numbers where 3 are expected"),
        ("the 1 2 3\nof 1 2\na 1 2 3\n", r"line 2 \(row 1\): 2 numbers where 3 are expected"),
        ("the 1 2 3\nof 1 x 3\na 1 2 3\n", r"line 2 \(row 1\), column 1: 'x' is not a number"),
        ("the 1 2 3\nof 1  3\na 1 2 3\n", r"line 2 \(row 1\), column 1: '' is not a number"),
        ("the 1 2 3\nof 1 nan 3\n", "row 1, column 1: nan"),
        ("the 1 2 3\nof 1 2 1e99\n", "row 1, column 2: inf"),
        ("3 2\nthe 1 2\nof 1 2\n", "the header states 3 rows, but 2 follow; the file is cut short"),
        ("1000000000000 300\nthe 1 2\n", "the header claims 1,000,000,000,000 rows of 300"),
        ("9 1000000000\nthe 1 2\n", "the header claims 9 rows of 1,000,000,000 numbers"),
        ("0 2\nthe 1 2\n", "the header states 0 rows of 2 numbers"),
        ("1 70000\nthe" + " 1" * 70_000, "a row of 70,000 columns; expected at most 65,536"),
    ],
)
def test_bad_texts_name_the_line(tmp_path, content, message):
    with pytest.raises(EmbeddingError, match=rf"x\.txt: .*{message}"):
        opened(tmp_path, content)


def test_more_rows_than_in_the_header_are_read_and_noted(tmp_path):
    notes: list[str] = []
    assert len(opened(tmp_path, "1 2\nthe 1 2\nof 3 4\n", note=notes.append)) == 2
    assert notes[0] == "the header states 1 rows; all 2 rows were read"


def test_many_rows_agree_with_a_slow_reading(tmp_path):
    vectors = np.random.default_rng(2).normal(size=(20_000, 16)).astype(np.float32)
    vectors *= np.float32(10) ** np.random.default_rng(3).integers(-30, 30, vectors.shape)
    words = [f"word{i}" for i in range(20_000)]
    found = opened(tmp_path, "\n".join(lines(words, vectors)))
    np.testing.assert_array_equal(found.vectors, vectors)
    assert found.labels == tuple(words)


def binary(words=WORDS, vectors=VECTORS, between=b"", header=None) -> bytes:
    head = header or f"{len(words)} {vectors.shape[1]}\n"
    records = (
        word.encode() + b" " + row.astype("<f4").tobytes()
        for word, row in zip(words, vectors, strict=True)
    )
    return head.encode() + between.join(records) + between


@pytest.mark.parametrize("between", [b"", b"\n"])
@pytest.mark.parametrize("name", ["x.bin", "x.txt"])
def test_binary_with_and_without_newlines(tmp_path, between, name):
    found = opened(tmp_path, binary(between=between), name)
    assert found.labels == tuple(WORDS)
    assert found.vectors.tobytes() == VECTORS.tobytes()


def test_binary_of_bytes_that_look_like_spaces_and_newlines(tmp_path):
    raw = np.random.default_rng(4).choice(np.frombuffer(b" \n\x00a", np.uint8), (200, 12))
    vectors = raw.copy().view("<f4")
    words = [f"w{i}" for i in range(200)]
    for between in (b"", b"\n"):
        found = opened(tmp_path, binary(words, vectors, between), "x.bin")
        assert found.labels == tuple(words)
        assert found.vectors.tobytes() == vectors.tobytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (binary(header="1000000000000 300\n"), "the header claims 1,000,000,000,000 rows of 300"),
        (binary(header="0 5\n"), "the header states 0 rows"),
        (binary(header="14 0\n"), "the header states 14 rows of 0 numbers"),
        (binary(["a" * 10_000], VECTORS[:1]), "row 0 of 1: no complete word and vector at byte 4"),
        (binary()[:-1], "row 13 of 14: no complete word and vector"),
        (binary()[:200], "the header claims 14 rows of 5 numbers"),
        (binary(vectors=VECTORS * np.float32(np.inf)), "row 0, column 0: -?inf"),
    ],
)
def test_bad_binaries_are_named(tmp_path, content, message):
    with pytest.raises(EmbeddingError, match=rf"x\.bin: .*{message}"):
        opened(tmp_path, content, "x.bin")


def test_bytes_after_the_last_record_are_noted(tmp_path):
    notes: list[str] = []
    header = "13 5\n"
    assert len(opened(tmp_path, binary(header=header), "x.bin", notes.append)) == 13
    assert "ignored 24 bytes after the last of 13 rows" in notes[0]


def test_binary_words_that_are_not_utf8_are_said(tmp_path):
    notes: list[str] = []
    content = b"2 1\nok " + bytes(4) + b"br\xc3oken " + bytes(4)
    assert opened(tmp_path, content, "x.bin", notes.append).labels == ("ok", "br\ufffdoken")
    assert len(notes) == 1 and "some words are not in UTF-8" in notes[0]


def test_a_trusted_binary_may_not_take_more_than_the_memory_that_is_free(tmp_path, monkeypatch):
    (tmp_path / "x.bin").write_bytes(binary())
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "100")
    assert len(read([tmp_path / "x.bin"], ReadContext(trusted=True))) == len(WORDS)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0))
    with pytest.raises(EmbeddingError, match=r"x\.bin: its vectors take 280 bytes, more than"):
        read([tmp_path / "x.bin"], ReadContext(trusted=True))


@pytest.mark.parametrize("suffix", [".vec", ".txt", ".bin"])
def test_what_we_write_comes_back_to_the_last_bit(tmp_path, suffix):
    extremes = np.array([[0.1, -0.0, 1e-45], [3.4028235e38, 1 / 3, 16777216]], np.float32)
    made = EmbeddingSet.of(extremes, ['"', "nan\u00a0\u2028"])
    assert save(made, tmp_path / f"x{suffix}") == ()
    found = load(tmp_path / f"x{suffix}")
    assert found.labels == made.labels
    assert found.vectors.tobytes() == extremes.tobytes()
    first = (tmp_path / f"x{suffix}").read_bytes().split(b"\n")[0]
    assert first == b"2 3"


@pytest.mark.parametrize("suffix", [".vec", ".bin"])
@pytest.mark.parametrize("label", ["two words", "a\tb", "a\nb", "a\r", "a\v", "a\0", ""])
def test_labels_that_would_break_the_lines_are_refused(tmp_path, suffix, label):
    made = EmbeddingSet.of(np.ones((2, 2)), ["fine", label])
    with pytest.raises(EmbeddingError, match=rf"x\{suffix}: row 1: the label .*\.parquet"):
        save(made, tmp_path / f"x{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_byte_order_mark_may_begin_the_first_word(tmp_path):
    found = opened(tmp_path, "2 2\n\ufeffa 1 2\nb 3 4\n")
    assert found.labels == ("\ufeffa", "b")


@pytest.mark.parametrize("number", [500481.0, 12.078431])  # of bytes that are text, or nearly
def test_few_binary_numbers_that_look_like_text(tmp_path, number):
    made = EmbeddingSet.of(np.array([[number]], np.float32), ["a"])
    save(made, tmp_path / "few.bin")
    found = load(tmp_path / "few.bin")
    assert found.labels == ("a",)
    assert found.vectors.tobytes() == made.vectors.tobytes()
