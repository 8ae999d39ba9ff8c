"""One reader of tables: the same columns from text of every kind, Parquet and Arrow."""

import bz2
import gzip
import zipfile

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from embeddings.files.tabular.reader import place_of, read_table

PEOPLE = {"name": ["ann", "bob", None], "age": [31, None, 7], "height": [1.5, 1.25, None]}


def write(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_detected_and_cells_have_types(tmp_path, separator):
    rows = (["name", "age", "height"], ["ann", "31", "1.5"], ["bob", "?", "1.25"], ["NA", "7", ""])
    path = write(tmp_path, "\n".join(separator.join(row) for row in rows), "t.txt")
    assert read_table(path).to_pydict() == PEOPLE


def test_text_without_numbers_is_a_table_too(tmp_path):
    path = write(tmp_path, 'user,item\nann,"x, y"\nbob,z\n', "t.txt")
    assert read_table(path).to_pydict() == {"user": ["ann", "bob"], "item": ["x, y", "z"]}


@pytest.mark.parametrize("text", ["ann bob\nbob cid\n", "ann bob 2\nbob cid 1\n"])
def test_a_space_separates_two_or_three_words(tmp_path, text):
    table = read_table(
        write(tmp_path, text, "g.txt"), options=TextOptions(header="no"), as_text=True
    )
    assert table.column(1).to_pylist() == ["bob", "cid"]


def test_a_given_separator_is_taken(tmp_path):
    path = write(tmp_path, "a,b;c\n1,2;3\n")
    assert read_table(path, options=TextOptions(separator=";")).column_names == ["a,b", "c"]
    (tmp_path / "wide.csv").write_text("x;" * 70_000 + "\n1\n")
    with pytest.raises(EmbeddingError, match=r"^wide\.csv: a row of 70,001 columns; expected at m"):
        read_table(tmp_path / "wide.csv", options=TextOptions(separator=";"))


MUSHROOMS = ["p,x,s,n", "e,x,y,w", "e,b,w,w", "p,x,y,n"]


@pytest.mark.parametrize("name", ["agaricus.data", "m.csv"])
def test_a_table_of_words_without_a_header(tmp_path, name):
    """UCI's mushrooms: it was one column, or its first row the header."""
    notes = []
    table = read_table(write(tmp_path, "\n".join(MUSHROOMS), name), note=notes.append)
    assert (table.num_rows, table.num_columns) == (4, 4)
    assert table.column("column_1").to_pylist() == ["p", "e", "e", "p"]
    assert notes == ["no header: 'p' occurs again in its column, so the first line is data"]
    header = "class,cap,surface,color\n"
    assert read_table(write(tmp_path, header + "\n".join(MUSHROOMS), name)).num_rows == 4


def test_words_and_numbers_between_blanks(tmp_path):
    """UCI's german.data: 21 columns between single blanks, of which 8 hold numbers."""
    rows = [f"A1{i % 4} {6 + i} A34 A43 {1169 + i} A65 A75 4 A93 A101 {i % 3}" for i in range(12)]
    table = read_table(write(tmp_path, "\n".join(rows), "german.data"))
    assert (table.num_rows, table.num_columns) == (12, 11)
    assert table.column("column_5").to_pylist()[:2] == [1169, 1170]
    names = [f"c{i}" for i in range(11)]
    assert read_table(tmp_path / "german.data", names).column_names == names


def test_aligned_columns_between_runs_of_blanks(tmp_path):
    rows = ["name   age height", "ann     31   1.5 ", "bob      8  1.25"]
    table = read_table(write(tmp_path, "\n".join(rows), "t.txt"))
    assert table.to_pydict() == {"name": ["ann", "bob"], "age": [31, 8], "height": [1.5, 1.25]}


def test_sentences_are_no_columns(tmp_path):
    text = "one two three\nfour five six seven\n"
    options = TextOptions(header="no")
    assert read_table(write(tmp_path, text, "t.txt"), options=options).num_columns == 1


@pytest.mark.parametrize("separator", ["::", "<>", "space", "tab", "\\t"])
def test_separators_of_several_characters_and_by_name(tmp_path, separator):
    between = {"space": "  ", "tab": "\t", "\\t": "\t"}.get(separator, separator)
    rows = [["name", "age"], ["ann", "31"], ["bob", "8"]]
    path = write(tmp_path, "\n".join(map(between.join, rows)), "t.txt")
    assert read_table(path, options=TextOptions(separator=separator)).to_pydict() == {
        "name": ["ann", "bob"],
        "age": [31, 8],
    }


def test_double_colons_are_no_separator_between_commas(tmp_path):
    table = read_table(write(tmp_path, "std::vector,1\nstd::map,2\n", "t.txt"), ["name", "n"])
    assert table.column("name").to_pylist() == ["std::vector", "std::map"]


def test_decimal_commas(tmp_path):
    table = read_table(write(tmp_path, "a;b\nx,y;1,5\nz;2,25\n"))
    assert table.to_pydict() == {"a": ["x,y", "z"], "b": [1.5, 2.25]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding(tmp_path, encoding):
    notes = []
    path = write(tmp_path, "größe,n\nüber,1\nunter,2\n".encode(encoding))
    assert read_table(path, note=notes.append).to_pydict() == {
        "größe": ["über", "unter"], "n": [1, 2],
    }  # fmt: skip
    assert len(notes) == (encoding == "cp1252")


@pytest.mark.parametrize("packed", ["gz", "bz2", "zip", "parquet", "feather"])
def test_compressed_text_parquet_and_arrow(tmp_path, packed):
    table = pa.table({"a": ["x", "y"], "n": [1, 2]})
    path, text = tmp_path / f"t.csv.{packed}", b"a,n\nx,1\ny,2\n"
    if packed == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside.csv", text)
    elif packed == "parquet":
        pq.write_table(table, path)
    elif packed == "feather":
        pyarrow.feather.write_feather(table, path)
    else:
        path.write_bytes({"gz": gzip, "bz2": bz2}[packed].compress(text))
    assert read_table(path).to_pydict() == table.to_pydict()
    as_text = read_table(path, as_text=True)
    assert as_text.to_pydict() == {"a": ["x", "y"], "n": ["1", "2"]}


def test_cells_as_text_are_exactly_what_is_written(tmp_path):
    table = read_table(write(tmp_path, "a,n\n x,007\nNA,\n"), as_text=True)
    assert table.to_pydict() == {"a": [" x", "NA"], "n": ["007", ""]}


def test_names_for_a_text_without_header(tmp_path):
    path = write(tmp_path, "x,1\ny,2\n")
    assert read_table(path, ["a", "b"]).to_pydict() == {"a": ["x", "y"], "b": [1, 2]}
    path = write(tmp_path, "name,n\ny,2\n")
    assert read_table(path, options=TextOptions(header="no")).to_pydict() == {
        "column_1": ["name", "y"], "column_2": ["n", "2"],
    }  # fmt: skip


def test_comments_before_the_table_are_skipped_with_a_note(tmp_path):
    notes = []
    path = write(tmp_path, "# made by hand\n% in 2024\na,b\nx,1\n")
    assert read_table(path, note=notes.append).column_names == ["a", "b"]
    assert notes == ["skipped 2 lines before the table: comments, or the separator for Excel"]


def test_the_place_of_a_row_counts_comments_headers_and_lines_within_cells(tmp_path):
    path = write(tmp_path, '# comment\na,b\n"x\ny",1\n\nz,2\n')
    assert [place_of(path, row) for row in (0, 1)] == ["line 3", "line 6"]
    assert place_of(path, 0, options=TextOptions(header="no")) == "line 2"
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "t.parquet")
    assert place_of(tmp_path / "t.parquet", 1) == "row 2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nx,1\ny\n", r"^t\.csv: line 3 \(row 1\): 1 column where the first line has 2; quo"),
        ("# c\n\na,b\nx,1\ny\n", r"^t\.csv: line 5 \(row 1\): 1 column where"),
        ('a,b\nx,"1\ny,2\n', r"^t\.csv: line 2: unexpected end of data; check the quotes on that"),
        ("a,a\nx,1\n", r"^t\.csv: two columns are called 'a'; rename one"),
        ("", r"^t\.csv: the file is empty"),
    ],
)
def test_errors_name_file_and_line(tmp_path, text, message):
    with pytest.raises(EmbeddingError, match=message):
        read_table(write(tmp_path, text))


def test_a_closed_quote_over_several_lines_at_the_end_is_fine(tmp_path):
    path = write(tmp_path, 'a,b\n5" disk,"x\ny"\n')
    assert read_table(path).column("b").to_pylist() == ["x\ny"]


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    table = read_table(write(tmp_path, '"a","b"\n'), ["x", "y"])
    assert table.to_pydict() == {"x": ["a"], "y": ["b"]}
    assert read_table(write(tmp_path, '"a","b"\n')).num_rows <= 1


def test_other_mistakes(tmp_path):
    with pytest.raises(EmbeddingError, match=r"absent\.csv: no such file; give a table"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(EmbeddingError, match=r"^t\.csv: 1 name for 2 columns; name all"):
        read_table(write(tmp_path, "a,b\nx,1\n"), ["a"])
    pq.write_table(pa.table({"a": [[1], [2]]}), tmp_path / "t.parquet")
    with pytest.raises(EmbeddingError, match=r"names of columns are for text without a header"):
        read_table(tmp_path / "t.parquet", ["a"])
    with pytest.raises(EmbeddingError, match=r"^t\.parquet: column a holds values of type list"):
        read_table(tmp_path / "t.parquet", as_text=True)


def test_more_bytes_than_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "100")
    with pytest.raises(EmbeddingError, match=r"^t\.csv: the file has 125 bytes, more than"):
        read_table(write(tmp_path, "a,b\n" + "x,1\n" * 30 + "\n"))
