"""Text is read from files, archives, folders and columns of tables; never from rows as written."""

import gzip
import json
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError
from trainers.data.contexts.sentences import read_sentences
from trainers.data.corpus import read_corpus
from trainers.data.text_source import TextSource, is_text_table
from trainers.data.tokens import Tokens


def lines(path, column=None):
    source = TextSource(path, column)
    return [line.text.rstrip("\n") for line in source.lines()], source


def packed(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_and_a_tar_are_read_like_their_folder(tmp_path):
    members = {
        "brown/a": b"The/at jury/nn\n",
        "brown/b": "für alle\n".encode("cp1252"),
        "brown/README": b"About this collection\n",
        "brown/CONTENTS": b"a b\n",
        "brown/x.png": b"\x89PNG\0\0",
    }
    found, source = lines(packed(tmp_path / "brown.zip", members))
    assert found == ["The/at jury/nn", "für alle"]
    assert source.notes[0] == (
        "left out 3 files that are not text to learn from: brown/CONTENTS, brown/README, "
        "brown/x.png"
    )
    assert "brown/b: it is not UTF-8: read as Windows-1252" in source.notes[1]
    for name, content in members.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(content)
    assert lines(tmp_path / "set")[0] == found
    with tarfile.open(tmp_path / "set.tgz", "w:gz") as archive:
        archive.add(tmp_path / "set" / "brown", "brown")
    assert lines(tmp_path / "set.tgz")[0] == found


def test_a_compressed_text_is_read_as_before(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one two\nthree\n"))
    (tmp_path / "a.txt").write_bytes(b"one two\nthree\n")
    assert lines(tmp_path / "a.txt.gz")[0] == lines(tmp_path / "a.txt")[0] == ["one two", "three"]


ROWS = [
    {"class": "sport", "title": "A win", "text": "They won, again and again"},
    {"class": "world", "title": "News", "text": "Nothing\nhappened there"},
    {"class": "world", "title": "Void", "text": ""},
]
TEXTS = ["They won, again and again", "Nothing happened there", ""]


def write_rows(path):
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode()))
    else:
        separator = "\t" if path.suffix == ".tsv" else ","
        cells = [list(ROWS[0]), *(list(row.values()) for row in ROWS)]
        path.write_text("".join(separator.join(f'"{c}"' for c in row) + "\n" for row in cells))
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.csv", "a.tsv", "a.jsonl.gz"])
def test_the_lines_of_a_table_are_its_texts(tmp_path, name):
    found, source = lines(write_rows(tmp_path / name))
    assert found == TEXTS
    assert source.columns.column_names == ["class", "title"]
    assert any("its text is the column 'text'" in note for note in source.notes)
    assert any("left out 1 empty text" in note for note in source.notes)
    assert lines(tmp_path / name, "title")[0] == ["A win", "News", "Void"]
    assert is_text_table(tmp_path / name)


def test_the_column_is_found_by_content_or_asked_for(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,kind,body\n1,x,one of many words\n2,y,another row of words\n")
    assert lines(path)[0] == ["one of many words", "another row of words"]
    path.write_text("kind,title,body\nx,all in one,some of many\ny,one more text,a row of words\n")
    with pytest.raises(EmbeddingError, match=r"a\.csv: which column is the text\? It has kind, "
                       r"title, body; name it with --text, or end the file's name"):  # fmt: skip
        lines(path)
    with pytest.raises(EmbeddingError, match=r"a\.csv: no column 'none'; it has kind, title"):
        lines(path, "none")


def test_plain_text_that_looks_like_rows_is_text(tmp_path):
    (tmp_path / "a.txt").write_text("one, two\n[three] four\n{five}\n")
    assert lines(tmp_path / "a.txt")[0] == ["one, two", "[three] four", "{five}"]
    assert not is_text_table(tmp_path / "a.txt")


def test_a_web_page_is_refused(tmp_path):
    (tmp_path / "a.html").write_text("\n<!DOCTYPE html><html><body>words</body></html>")
    with pytest.raises(EmbeddingError, match=r"a\.html: a web page; save its text"):
        lines(tmp_path / "a.html")


def test_lines_of_json_and_text_without_spaces(data):
    faults = data / "faults"
    corpus = read_corpus(faults / "14_lines_of_json.jsonl", min_count=1)
    assert {"the", "cat", "sat", "on", "mat"} <= set(corpus.words)
    assert all(word.isalpha() for word in corpus.words)
    with pytest.raises(EmbeddingError, match=r"no spaces between the words .*--ideographs split"):
        read_corpus(faults / "14_text_without_spaces.txt")
    tokens = Tokens(ideographs="split")
    assert "天" in read_corpus(faults / "14_text_without_spaces.txt", tokens=tokens).words


def test_sentences_of_a_table_have_its_other_columns(tmp_path):
    text = read_sentences(write_rows(tmp_path / "a.jsonl"), longest=3)
    assert [" ".join(words) for words in text.sentences] == [
        "They won, again", "and again", "Nothing happened there",
    ]  # fmt: skip
    assert text.columns["row"].to_pylist() == [0, 0, 1]
    assert text.columns["class"].to_pylist() == ["sport", "sport", "world"]
