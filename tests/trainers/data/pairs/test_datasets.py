"""Readers of pairs: exact small answers, real books, and errors that name the place."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError
from trainers.data.pairs.books import normalized
from trainers.data.pairs.datasets import read_pairs
from trainers.data.pairs.pairs import number_pairs, role_count


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def labelled(pairs):
    return {(pairs.left.labels[a], pairs.right.labels[b]) for a, b in pairs.rows}


def test_table_of_pairs_names_its_roles_and_keeps_each_pair_once(tmp_path):
    path = write(tmp_path, "visits.csv", 'user,page\nann,home\nbob,"a, b"\nann,home\nann,"a, b"\n')
    pairs = read_pairs(path)
    assert (pairs.name, pairs.left.role, pairs.right.role) == ("visits", "user", "page")
    assert pairs.left.labels == ("ann", "bob") and pairs.right.labels == ("home", "a, b")
    np.testing.assert_array_equal(pairs.rows, [[0, 0], [0, 1], [1, 1]])
    assert pairs.notes == ("merged repeated pairs: 1 repeat",)
    assert pairs.weight is None and not pairs.has_times and pairs.shape == (2, 2)
    assert pairs.source["name"] == "visits.csv" and len(pairs.source["sha256"]) == 64


def test_tabs_byte_order_mark_windows_lines_and_extra_columns(tmp_path):
    text = "\ufeffuser\titem\trating\r\n1\tx, y\t5\r\n\r\n2\tz\t3\r\n"
    pairs = read_pairs(write(tmp_path, "ratings.tsv", text))
    assert labelled(pairs) == {("1", "x, y"), ("2", "z")}
    assert pairs.notes == ("columns not used: rating",)


def test_weights_are_added_and_the_last_time_counts(tmp_path):
    text = "user,item,timestamp,rating,weight\na,x,30,5,1\nb,x,20,5,0.5\na,y,10,5,2\na,x,15,4,3\n"
    pairs = read_pairs(write(tmp_path, "p.csv", text))
    assert pairs.rows.tolist() == [[0, 0], [0, 1], [1, 0]] and pairs.has_times
    assert pairs.weight.tolist() == [4, 2, 0.5]
    assert pairs.time_rank.tolist() == [2, 0, 1]
    assert pairs.notes == (
        "columns not used: rating",
        "merged repeated pairs, with the sum of their weights: 1 repeat",
    )


def test_times_may_be_dates_and_ties_keep_the_order_of_the_file(tmp_path):
    rows = ["c,x,2024-05-02", "b,x,2024-05-01T00:00:00+00:00", "a,x,1714521600", "d,x,0"]
    path = write(tmp_path, "p.csv", "user,item,timestamp\n" + "\n".join(rows) + "\n")
    pairs = read_pairs(path)
    in_time = np.argsort(pairs.time_rank)
    assert [pairs.left.labels[row] for row in pairs.rows[in_time, 0]] == ["d", "b", "a", "c"]


def test_without_times_the_order_of_the_file_is_that_of_time(tmp_path):
    pairs = read_pairs(write(tmp_path, "p.csv", "user,item\nb,y\na,x\nb,x\na,y\n"))
    in_time = pairs.rows[np.argsort(pairs.time_rank)].tolist()
    assert in_time == [[0, 0], [1, 1], [0, 1], [1, 0]]


def test_a_few_unreadable_times_are_noted_and_many_are_an_error(tmp_path):
    lines = [f"u{i},x,{i}" for i in range(200)]
    lines[7] = "u7,x,84743496 https://example.org"
    path = write(tmp_path, "p.csv", "user,item,timestamp\n" + "\n".join(lines) + "\n")
    pairs = read_pairs(path)
    assert pairs.notes[0].startswith(
        "1 of 200 times are unreadable, the first in line 9: '84743496"
    )
    assert pairs.left.labels[pairs.rows[np.argsort(pairs.time_rank)][0, 0]] == "u7"
    lines[3:9] = [f"u{i},x,noon" for i in range(6)]
    path.write_text("user,item,timestamp\n" + "\n".join(lines) + "\n")
    with pytest.raises(EmbeddingError, match="column timestamp: 6 of 200 times are unreadable"):
        read_pairs(path)


def test_min_count_counts_occurrences_and_notes_what_is_left_out(tmp_path):
    path = write(tmp_path, "p.csv", "user,item\na,x\nb,x\na,y\nc,z\n")
    pairs = read_pairs(path, min_count=2)
    assert labelled(pairs) == {("a", "x"), ("b", "x")}
    assert pairs.notes == (
        "using 1 of 3 items: those that occur 2 times or more",
        "left out 1 of 3 users: those without a remaining item",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty, or holds blank lines only"),
        ("user\nann\n", "line 1: expected a header whose first two columns"),
        ("page,page\na,b\n", "first two columns have different names"),
        ("user,item\n", "pairs.txt: no pairs"),
        ("user,item\nann,x\nbob\n", r"line 3 \(row 2\): 1 column where the first line has 2"),
        ("user,item\nann,x\nbob,y,z\n", r"line 3 \(row 2\): 3 columns where the first line has 2"),
        ("user,item\nann, \n", "line 2, column item: the value is empty"),
        ('user,item\nann,"x\nbob,y\n', "line 2: unexpected end of data"),
        ("user,item,weight\na,x,1\nb,x,-2\n", "line 3, column weight: expected a number above 0"),
        ("user,item,weight\na,x,high\n", "line 2, column weight: expected a number above 0"),
        ('["t"]\n{"title": "x"}\n', "line 1: expected an array"),
        ('{"title": "x"}\n', "expected a header whose first two columns"),
        ('["t", {}, []]\n["u"', "line 2: not JSON"),
        ('["t", {}, ["x", 3]]\n', "line 1, item 3: expected the links"),
        ('["t", [], ["x"]]\n', "line 1, item 2: expected the infobox"),
        ('[7, {}, ["x"]]\n', "line 1, item 1: expected the title"),
    ],
)
def test_errors_name_the_place(tmp_path, text, message):
    with pytest.raises(EmbeddingError, match=message) as raised:
        read_pairs(write(tmp_path, "pairs.txt", text))
    assert "pairs.txt" in str(raised.value) and "\n" not in str(raised.value)


def test_a_quoted_line_break_does_not_shift_line_numbers(tmp_path):
    path = write(tmp_path, "p.csv", 'user,item\na,"x\ny"\nb\n')
    with pytest.raises(EmbeddingError, match=r"line 4 \(row 2\): 1 column where"):
        read_pairs(path)


def test_compressed_tables_other_encodings_and_parquet_are_the_same(tmp_path):
    text = 'user;item;weight\nbjörn;"x; y";1\nann;z;2\n'
    table = pa.table({"user": ["björn", "ann"], "item": ["x; y", "z"], "weight": [1, 2]})
    paths = [
        write(tmp_path, "a.csv", text),
        write(tmp_path, "a.csv.gz", gzip.compress(text.encode())),
        write(tmp_path, "a.txt", text.encode("cp1252")),
        tmp_path / "a.parquet",
    ]
    pq.write_table(table, paths[3])
    for path in paths:
        pairs = read_pairs(path)
        assert labelled(pairs) == {("björn", "x; y"), ("ann", "z")}
        assert pairs.weight.tolist() == [1, 2]
        assert len(pairs.notes) == (path.suffix == ".txt")
    assert "a.txt: it is not UTF-8: read as Windows-1252" in read_pairs(paths[2]).notes[0]
    hashes = {read_pairs(path).source["sha256"] for path in paths[:2]}
    assert len(hashes) == 1


def test_a_mistake_in_parquet_names_the_row(tmp_path):
    table = pa.table({"1": ["a", "b"], "2": ["x", None]})
    pq.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(EmbeddingError, match=r"^p\.parquet, row 2, column 2: the value is emp"):
        read_pairs(tmp_path / "p.parquet")


def test_absent_file(tmp_path):
    with pytest.raises(EmbeddingError, match="no such file"):
        read_pairs(tmp_path / "absent.csv")


def test_books_form(tmp_path):
    records = [
        ["A", {"genre": "Science  Fiction < br > Novel"}, ["Ship", "ship", "Hardcover"], [], "", 1],
        ["B", {}, ["SHIP", "Star"], [], "", 1],
        ["C", {}, ["Moon"], [], "", 1],
        ["Wikipedia:Archive", {}, ["Star", "Star"], [], "", 1],
    ]
    text = "\n".join(json.dumps(record) for record in records)
    pairs = read_pairs(write(tmp_path, "books.ndjson", text), min_count=2)
    assert labelled(pairs) == {("A", "ship"), ("B", "ship")}
    assert (pairs.left.role, pairs.right.role) == ("book", "link")
    assert pairs.left.columns["genre"].to_pylist() == ["science fiction, novel", None]
    assert pairs.notes[1] == "left out 1 of 3 books: those without a remaining link"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Fantasy < !-- Wikipedia:WikiProject Novels -- >", "Fantasy"),
        ("Simon  &  Schuster", "Simon & Schuster"),
        ("Novel <br/> Essay", "Novel, Essay"),
        ("< !--200px-- >", None),
        (None, None),
    ],
)
def test_infobox_values_are_normalized(value, kept):
    assert normalized(value, "publisher") == kept


def test_real_books(data):
    pairs = read_pairs(data / "1_books" / "p15_books.ndjson", min_count=4)
    # 1,400 / 1,637 / 12,036 before the two titles with "Wikipedia:" are dropped
    assert (len(pairs.left), len(pairs.right), len(pairs)) == (1399, 1635, 12034)
    assert "War and Peace" not in pairs.left.labels
    row = pairs.left.labels.index("The Solution (novel)")
    assert pairs.left.columns["author"][row].as_py() == "K. A. Applegate"
    assert not set(pairs.right.labels) & {"hardcover", "paperback"}


def test_nothing_is_dropped_by_default(data):
    pairs = read_pairs(data / "1_books" / "p15_books.ndjson")
    assert (len(pairs.left), len(pairs.right), len(pairs)) == (1411, 20042, 33360)
    assert not any("left out" in note or "kept" in note for note in pairs.notes)


def test_no_item_seen_often_enough(tmp_path):
    path = write(tmp_path, "p.csv", "user,query\na,x\nb,y\n")
    with pytest.raises(EmbeddingError, match="none of 2 queries occurs 3 times or more"):
        read_pairs(path, min_count=3)


def test_counts_are_written_in_english():
    texts = [
        role_count(*count) for count in ((1, "book"), (1399, "book"), (2, "query"), (2, "key"))
    ]
    assert texts == ["1 book", "1,399 books", "2 queries", "2 keys"]


def test_pairs_are_numbered_in_order_of_appearance():
    labels = [("b", "y"), ("a", "x"), ("b", "x")]
    columns = {"kind": {"a": "vowel", "b": None}}
    pairs = number_pairs(labels, "n", ("l", "r"), {"name": "n"}, min_count=1, left_columns=columns)
    assert pairs.left.labels == ("b", "a") and pairs.right.labels == ("y", "x")
    np.testing.assert_array_equal(pairs.rows, [[0, 0], [0, 1], [1, 1]])
    assert pairs.left.columns["kind"].to_pylist() == [None, "vowel"]
