"""Reviews are read from every supported format; errors name what is wrong."""

import gzip
import zipfile

import numpy as np
import pytest

from embeddings import EmbeddingError
from trainers.sentiment.data import read_reviews
from trainers.sentiment.synthetic import synthetic_reviews


def write(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def both(reviews):
    return list(zip(reviews.texts, reviews.target.tolist(), strict=True))


def test_lines_of_text_and_label(tmp_path):
    """Quotes may be unbalanced, and other line separators are part of a text."""
    path = write(tmp_path, "a.txt", 'so "good\t1\n\nbad,\x85 \u2028really\t 0 \na\ttab\t1\n')
    found = read_reviews(path)
    assert both(found) == [('so "good', True), ("bad,\x85 \u2028really", False), ("a\ttab", True)]
    assert found.name == "a" and found.source["name"] == "a.txt" and found.notes == ()


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('id,review,sentiment\n7,"good, ""very""",positive\n8,bad,negative\n', {}),
        ("score\twords\n1.0\tgood, \"very\"\n0.0\tbad\n",
         {"label": "score", "text": "words"}),
        ("label,anything\nfresh,\"good, \"\"very\"\"\"\nrotten,bad\n", {"positive": "Fresh"}),
    ],
)  # fmt: skip
def test_tables(tmp_path, text, options):
    found = read_reviews(write(tmp_path, "a.csv", text), **options)
    assert both(found) == [('good, "very"', True), ("bad", False)]
    unused = "text: review, label: sentiment; columns not used: id"
    assert found.notes == ((unused,) if text.startswith("id") else ())


def test_folders_of_files_and_files_of_lines(tmp_path):
    write(tmp_path, "set/train/pos/2.txt", "good\nindeed")
    write(tmp_path, "set/train/pos/1.txt", "caf\u00e9".encode("latin-1"))
    write(tmp_path, "set/train/neg/1.txt", "bad")
    write(tmp_path, "set/train/neg/2.txt", " ")
    write(tmp_path, "set/rt.pos", "line one\nline two\n")
    write(tmp_path, "set/README", "positive")
    write(tmp_path, "set/.hidden/pos/1.txt", "hidden")
    found = read_reviews(tmp_path / "set")
    assert both(found) == [
        ("line one", True), ("line two", True), ("bad", False), ("caf\u00e9", True),
        ("good\nindeed", True),
    ]  # fmt: skip
    assert found.notes == (
        "train/pos/1.txt: it is not UTF-8: read as Windows-1252 (Western European); save it as "
        "UTF-8",
        "1 file not read, having no label by name: README",
        "left out 1 empty text",
    )
    packed = tmp_path / "set.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted((tmp_path / "set").rglob("*")):
            if ".hidden" not in str(file):
                archive.write(file, file.relative_to(tmp_path / "set"))
    assert both(read_reviews(packed)) == both(found)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "good\t1\nno label\n", "a.txt, line 2: 'no label' is not text, tab, label"),
        ("a.txt", "good\t1\nfine\t1\n", r"a.txt: 1 different label in 2 texts \(1\); expected"),
        ("a.csv", "index,text\n0,good\n1,bad\n2,so\n", r"3 different labels in 3 texts \(0, 1, 2"),
        ("a.txt", "__label__x good\nbad\n", "a.txt, line 2: 'bad' does not begin with __label__"),
        ("a.csv", "text,label\ngood,x\nbad,y\n", "which of the labels 'x' and 'y' is positive"),
        ("a.csv", "a,b,c\ngood,1,2\nbad,0,3\n", "which columns are text and label.* a, b, c"),
        ("a.zip", b"PK\x03\x04 and nothing", "a.zip: damaged or incomplete zip"),
        ("pos/a.txt", "good", "only positive reviews"),
        ("b/a.txt", "good", "no reviews"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(tmp_path, name, text, message):
    path = write(tmp_path / "in", name, text)
    with pytest.raises(EmbeddingError, match=message):
        read_reviews(path if path.parent.name == "in" else tmp_path / "in")


def test_an_archive_of_one_table_is_that_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("reviews.csv", "text,label\ngood,1\nbad,0\n")
    assert both(read_reviews(tmp_path / "a.zip")) == [("good", True), ("bad", False)]
    (tmp_path / "b.tsv.gz").write_bytes(gzip.compress(b"good\t1\nbad\t0\n"))
    assert both(read_reviews(tmp_path / "b.tsv.gz")) == [("good", True), ("bad", False)]


def test_json_lines_and_the_lines_of_fasttext(tmp_path):
    rows = '{"review": "good, very", "id": 7, "label": 1}\n{"review": "bad", "id": 8, "label": 0}\n'
    found = read_reviews(write(tmp_path, "a.jsonl", rows))
    assert both(found) == [("good, very", True), ("bad", False)]
    lines = "__label__pos good, very\n__label__neg __label__x bad\n\n"
    found = read_reviews(write(tmp_path, "a.txt", lines))
    assert both(found) == [("good, very", True), ("bad", False)]
    assert found.notes == ("1 line with several labels: the first is used",)


def test_empty_texts_and_rows_without_a_label_are_left_out_and_counted(tmp_path):
    text = "text,label\ngood,1\n,0\n  ,1\nbad,0\nso,\n"
    found = read_reviews(write(tmp_path, "a.csv", text))
    assert both(found) == [("good", True), ("bad", False)]
    assert found.notes == ("left out 2 empty texts", "left out 1 text without a label")
    found = read_reviews(write(tmp_path, "a.txt", "good\t1\n \t1\nbad\t0\n"))
    assert both(found) == [("good", True), ("bad", False)]


def test_three_classes(tmp_path, data):
    found = read_reviews(data / "faults" / "15_three_classes.csv")
    assert len(found) == 60 and found.classes == ("negative", "neutral", "positive")
    assert np.bincount(found.target).tolist() == [20, 20, 20]
    assert found.texts[:2] == ("good film", "bad film") and found.target[:2].tolist() == [2, 0]
    with pytest.raises(EmbeddingError, match="--positive x: expected two labels; there are 3"):
        read_reviews(data / "faults" / "15_three_classes.csv", positive="x")


def test_folders_name_the_classes(tmp_path):
    for number in range(5):
        for name in ("sport", "space", "art"):
            write(tmp_path, f"news/{name}/{number}", f"{name} {number}")
    write(tmp_path, "news/README", "about")
    found = read_reviews(tmp_path / "news")
    assert found.classes == ("art", "space", "sport") and len(found) == 15
    assert found.texts[0] == "art 0" and found.target[0] == 0
    assert "1 file not read, having no label by name: README" in found.notes
    with pytest.raises(EmbeddingError, match="which of the labels 'a' and 'b' is positive"):
        write(tmp_path, "two/a/1", "x")
        write(tmp_path, "two/b/1", "y")
        read_reviews(tmp_path / "two")
    assert read_reviews(tmp_path / "two", positive="a").target.tolist() == [1, 0]


def test_reviews_that_are_larger_than_the_limit(tmp_path, monkeypatch):
    write(tmp_path, "set/a.pos", "good " * 300)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    with pytest.raises(EmbeddingError, match=r"set: the reviews have 1,500 bytes"):
        read_reviews(tmp_path / "set")


def test_unknown_names_are_refused(tmp_path):
    path = write(tmp_path, "a.csv", "text,label\ngood,1\nbad,0\n")
    with pytest.raises(EmbeddingError, match="no column 'words'; it has text, label"):
        read_reviews(path, text="words")
    with pytest.raises(EmbeddingError, match="--positive 5: no such label; expected '1' or '0'"):
        read_reviews(path, positive="5")
    with pytest.raises(EmbeddingError, match="no such file or folder"):
        read_reviews(tmp_path / "none")


def test_an_archive_that_unpacks_to_too_much(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.pos", b"good " * 100_000)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    with pytest.raises(EmbeddingError, match=r"a\.zip: it unpacks to 500,000 bytes"):
        read_reviews(tmp_path / "a.zip")


def test_real_files(data):
    for name, size in (
        ("imdb_labelled.txt", 1_000), ("amazon_cells_labelled.txt", 1_000),
        ("yelp_labelled.txt", 1_000), ("sentence_polarity.zip", 10_662),
    ):  # fmt: skip
        found = read_reviews(data / "3_sentiment" / name)
        assert len(found) == size and found.target.sum() == size / 2


def test_strengths_are_the_log_odds_of_synthetic_words():
    reviews = synthetic_reviews(reviews=2_000, words=100, length=100)
    side = {True: [], False: []}
    for text, positive in both(reviews):
        side[positive] += text.split()
    assert reviews.truth["good0"] == 2.5 and reviews.truth["bad9"] == -0.5
    for word in ("good0", "good9", "bad0"):
        ratio = side[True].count(word) / side[False].count(word)
        neutral = side[True].count("word3") / side[False].count("word3")
        assert ratio / neutral == pytest.approx(2.718281828 ** reviews.truth[word], rel=0.25)
