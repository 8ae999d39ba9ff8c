"""Metadata joined by key, and features made of columns."""

import pyarrow as pa
import pytest

from embeddings import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from trainers.data.pairs.pairs import Side
from trainers.data.pairs.side_tables import feature_bags, join


def movies(tmp_path, text):
    path = tmp_path / "movies.csv"
    path.write_text(text)
    return path


SIDE = Side("movieId", ("10", "2", "7"), {"seen": pa.array([1, 2, 3])})


def test_columns_come_by_key(tmp_path):
    path = movies(tmp_path, "title,movieId,year\nHeat,2,1995\nToy,10,1996\nNew,99,2000\n")
    side, notes = join(SIDE, path, add_new=False)
    assert side.labels == SIDE.labels
    assert side.columns["title"].to_pylist() == ["Toy", "Heat", None]
    assert side.columns["year"].to_pylist() == [1996, 1995, None]
    assert side.columns["seen"].to_pylist() == [1, 2, 3]
    assert notes == (
        "movies.csv: read as comma-separated, header in line 1, UTF-8",
        "1 of 3 movieIds not found in movies.csv",
    )


def test_how_a_table_is_written_can_be_stated(tmp_path):
    path = tmp_path / "u.item"
    path.write_bytes("10|Amélie\n2|Toy; Story\n7|Heat, Miami\n".encode("cp1252"))
    options = TextOptions(separator="|", header="no", encoding="cp1252")
    side, notes = join(SIDE, path, add_new=False, options=options)
    assert side.columns["column_2"].to_pylist() == ["Amélie", "Toy; Story", "Heat, Miami"]
    assert notes == ("u.item: read as bar-separated, no header, WINDOWS-1252",)


def test_items_without_pairs_are_added_on_request(tmp_path):
    path = movies(tmp_path, "id,title\n2,Heat\n10,Toy\n99,New\n7,Old\n")  # the first is the key
    side, notes = join(SIDE, path, add_new=True)
    assert side.labels == ("10", "2", "7", "99")
    assert side.columns["title"].to_pylist() == ["Toy", "Heat", "Old", "New"]
    assert side.columns["seen"].to_pylist() == [1, 2, 3, None]
    assert notes[1].startswith("1 movieId of movies.csv without a pair")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("movieId,t\n2,a\n3,b\n2,c\n", "row 3, column movieId: '2' again, first in row 1"),
        ("movieId,t\n2,a\n,b\n", "row 2, column movieId: no value"),
    ],
)
def test_keys_must_occur_once(tmp_path, text, message):
    with pytest.raises(EmbeddingError, match=message):
        join(SIDE, movies(tmp_path, text), add_new=False)


def test_every_kind_of_feature():
    side = Side("item", ("a", "b", "c"), {
        "genres": pa.array(["Drama|War", "War", None]),
        "country": pa.array(["fr", None, "de"]),
        "text": pa.array(["The old man and the Sea", "a sea of many words", "x y z u v"]),
        "tags": pa.array([["p", "q", "p"], [], ["q"]]),
        "year": pa.array([1990.0, 2000.0, None]),
    })  # fmt: skip
    made, notes = feature_bags(side, ["genres", "country", "text", "tags", "year"])
    tokens = [
        {made.vocabulary[t] for t in made.tokens[made.offsets[i] : made.offsets[i + 1]]}
        for i in range(3)
    ]
    assert {"genres=Drama", "genres=War", "country=fr", "text=the", "tags=p"} <= tokens[0]
    assert "year=1990 to 1991" in tokens[0] and "year=1999 to 2000" in tokens[1]
    assert {"tags=q", "country=de", "text=u"} <= tokens[2]
    assert not any(token.startswith(("genres", "year")) for token in tokens[2])
    columns = {name.split("=")[0] for name in made.vocabulary}
    of_first = slice(made.offsets[0], made.offsets[1])
    assert made.weights[of_first].sum() == pytest.approx(len(columns))
    assert [note.split(": ")[1].split(",")[0] for note in notes] == [
        "sets of values", "categories", "words", "sets of values", "numbers",
    ]  # fmt: skip


def test_an_absent_column_lists_those_that_are_there():
    with pytest.raises(EmbeddingError, match=r"no column 'genre' on the movieId side.*: seen"):
        feature_bags(SIDE, ["genre"])
