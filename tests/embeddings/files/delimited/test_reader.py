"""CSV and TSV: how they are written, which column is what, and errors that name the place."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save


def opened(tmp_path, content: str | bytes, name: str = "x.csv", note=None):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(path, note=note or (lambda _: None))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("blank", ["", "\n", "\r\n\r\n"])
def test_delimiters_line_ends_and_byte_order_marks(tmp_path, end, delimiter, mark, blank):
    rows = [["name", "f1", "f2"], ["a", "1", "2.5"], ["b, c; d", "-3e2", ".5"]]
    lines = [delimiter.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows]
    found = opened(tmp_path, mark + end.join(lines) + end + blank)
    assert found.labels == ("a", "b, c; d")
    assert found.vectors.tolist() == [[1, 2.5], [-300, 0.5]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252"])
def test_other_encodings(tmp_path, encoding):
    text = "name,a,b\nzoë,1,2\nÄrger,3,4\n"
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    notes: list[str] = []
    found = opened(tmp_path, mark + text.encode(encoding), note=notes.append)
    assert found.labels == ("zoë", "Ärger")
    assert any("UTF-8" in each for each in notes) == (encoding == "cp1252")


def test_no_header(tmp_path):
    found = opened(tmp_path, "the\t0.1\t0.2\nof\t0.3\t0.4\n", "v.tsv")
    assert found.labels == ("the", "of")
    assert found.metadata.column_names == []
    found = opened(tmp_path, "0.1\t0.2\n0.3\t0.4\n", "vectors.tsv")
    assert found.vectors.shape == (2, 2)
    assert found.labels == ("0", "1")
    found = opened(tmp_path, "0.1 0.2 0.3\n0.3 0.4 0.5\n", "savetxt.txt")
    assert found.vectors.shape == (2, 3)
    assert opened(tmp_path, "1,2,3\n").vectors.tolist() == [[1, 2, 3]]


def test_headers_that_are_numbers(tmp_path):
    values = np.array([[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]], np.float32)
    for frame in (pd.DataFrame(values), pd.DataFrame(values, columns=[2019, 2020, 2021])):
        for index in (True, False):
            found = opened(tmp_path, frame.to_csv(index=index))
            np.testing.assert_array_equal(found.vectors, values)
            assert found.metadata.column_names == []
    whole = opened(tmp_path, "0,1,2\n3,4,5\n6,7,8\n")
    assert len(whole) == 3


def test_what_pandas_writes(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 8)).astype(np.float32)).add_prefix("dim_")
    frame.insert(0, "title", [f'title "{i}", and\nmore' for i in range(300)])
    frame["year"] = rng.integers(1900, 2000, 300)
    for sep in ",;\t":
        found = opened(tmp_path, frame.to_csv(sep=sep))
        np.testing.assert_array_equal(found.vectors, frame.iloc[:, 1:9])
        assert found.labels == tuple(frame["title"])
        assert found.metadata.column_names == ["year"]


def test_decimal_commas(tmp_path):
    found = opened(tmp_path, "name;a;b\nx;0,5;-1,25\ny;3;1e-2\n")
    assert found.vectors.tolist() == [[0.5, -1.25], [3, np.float32(0.01)]]
    found = opened(tmp_path, "0,5\t-1,25\t1,5\n1,0\t2,0\t2,5\n", "x.tsv")
    assert found.vectors.tolist() == [[0.5, -1.25, 1.5], [1, 2, 2.5]]


LISTS = [[0.25, -1.0, 3e-5], [1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    "written",
    [
        [json.dumps(row) for row in LISTS],
        [json.dumps(row, separators=(",", ":")) for row in LISTS],
        [str(tuple(row)) for row in LISTS],
        [str(np.array(row)) for row in LISTS],
        ["[ 2.5e-1\n -1. 3.0e-05]", "[1.\n 2.\n 3.]"],
        ["[0.25,\n -1,\n 3e-5]", "[1, 2, 3]"],
        ["0.25 -1 3e-5", "1 2 3"],
        ["0.25, -1, 3e-5", "1, 2, 3"],
    ],
    ids=range(8),
)
def test_lists_in_a_cell(tmp_path, written):
    frame = pd.DataFrame({"text": ["a", "b"], "n": [1, 2], "embedding": written})
    for index in (True, False):
        found = opened(tmp_path, frame.to_csv(index=index))
        np.testing.assert_array_equal(found.vectors, np.array(LISTS, np.float32))
        assert found.labels == ("a", "b")
        assert found.metadata.column_names == ["n"]


def test_lists_in_a_tab_file_without_quotes(tmp_path):
    found = opened(tmp_path, "title\tv\na, b\t[1, 2, 3]\nc, d\t[4, 5, 6]\n", "x.tsv")
    assert found.vectors.shape == (2, 3)
    found = opened(tmp_path, "a\t[1, 2, 3]\nc\t[4, 5, 6]\n", "x.tsv")
    assert found.vectors.shape == (2, 3)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["[1, 2]", "[1, 2, 3]"], "row 1, column v: 3 numbers where the first row has 2"),
        (["[1, 2]", "[1, x]"], "row 1, column v: 'x' is not a number"),
        (["[1, 2]", "[1, null]"], "row 1, column v: 'null' is not a number"),
        (["[1, 2]", "[1, NaN]"], "row 1, column 1: nan"),
        (["[1, 2]", "[]"], "row 1, column 0: nan is missing"),
        (["[1, 2]", ""], "row 1, column 0: nan is missing"),
        (["[1 2 ... 3]", "[1 2 ... 3]"], r"NumPy shortened the vector .*\.tolist\(\)"),
    ],
)
def test_bad_lists_are_named(tmp_path, cells, message):
    content = pd.DataFrame({"title": ["a", "b"], "v": cells}).to_csv(index=False)
    with pytest.raises(EmbeddingError, match=rf"x\.csv: .*{message}"):
        opened(tmp_path, content)


def test_the_label_is_chosen_by_name_then_by_text(tmp_path):
    assert opened(tmp_path, "group,Title,f1,f2\ng,t,1,2\n").labels == ("t",)
    assert opened(tmp_path, "id,f1,f2\n7,1,2\n").labels == ("7",)
    assert opened(tmp_path, "f1,f2,place\n1,2,here\n").labels == ("here",)
    assert opened(tmp_path, "f1,f2\n1,2\n").labels == ("0",)


def test_words_that_other_readers_take_for_missing(tmp_path):
    words = ["nan", "null", "NA", "None", '"', ",", "", "true", "007", "1e5", "-"]
    frame = pd.DataFrame({"word": words, "f1": 1.5, "f2": 2.5})
    assert opened(tmp_path, frame.to_csv(index=False)).labels == tuple(words)


def test_metadata_is_typed(tmp_path):
    content = (
        "label,dim_0,dim_1,whole,real,flag,day,time,zoned,code,kind,empty,mixed\n"
        "a,1,2,5,0.5,true,2020-01-31,2020-01-31 10:00:00,2020-01-31T10:00:00Z,007,x,,2020-01-31\n"
        "b,1,2,,nan,False,1999-12-01,2020-01-31 10:00:01,2020-01-31T10:00:00Z,010,y,,1\n"
        "c,1,2,-7,1e3,,,,,,x,,x\n"
        "d,1,2,0,-2,TRUE,,,,,x,,1999-13-45\n"
    )
    found = opened(tmp_path, content)
    types = {field.name: field.type for field in found.metadata.schema}
    assert types == {
        "whole": pa.int64(),
        "real": pa.float64(),
        "flag": pa.bool_(),
        "day": pa.date32(),
        "time": pa.timestamp("us"),
        "zoned": pa.timestamp("us", "UTC"),
        "code": pa.string(),
        "kind": pa.dictionary(pa.int32(), pa.string()),
        "empty": pa.string(),
        "mixed": pa.string(),
    }
    assert found.metadata["whole"].to_pylist() == [5, None, -7, 0]
    assert found.metadata["code"].to_pylist() == ["007", "010", None, None]


def test_columns_named_alike_or_not_at_all(tmp_path):
    found = opened(tmp_path, "label,dim_0,dim_1,a,a,\nx,1,2,p,q,r\n")
    assert found.metadata.to_pydict() == {"a": ["p"], "a_2": ["q"], "column_6": ["r"]}


def test_quotes_that_are_not_syntax(tmp_path):
    found = opened(tmp_path, 'word\tf1\tf2\n"\t1\t2\n,\t3\t4\n5" disk\t5\t6\n', "x.tsv")
    assert found.labels == ('"', ",", '5" disk')
    found = opened(tmp_path, 'word\tf1\tf2\n"\t1\t2\n,\t3\t4\n', "x.tsv")
    assert found.labels == ('"', ",")
    found = opened(tmp_path, 'word,f1,f2\n"one",1,2\n\n"two ""2""",3,4\n"two\nlines",5,6\n')
    assert found.labels == ("one", 'two "2"', "two\nlines")


def test_a_row_longer_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr("embeddings.files.delimited.number_parser._BLOCK", 2**10)
    values = np.arange(4000, dtype=np.float32).reshape(2, 2000) / 7
    found = opened(tmp_path, pd.DataFrame(values).to_csv(index=False, header=False))
    np.testing.assert_array_equal(found.vectors, values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,c\n1,2,3\n4,x,6\n", r"line 3 \(row 1\), column b: 'x' is not a number"),
        ("a,b,c\n1,2,3\n4,,6\n", r"row 1, column 1: nan is missing"),
        ("a,b,c\n1,2,3\n4,5\n7,8,9\n", r"line 3 \(row 1\): 2 columns where the first line has 3"),
        ("1,2,3\n4,5,6\n7,8,9,10\n", r"line 3 \(row 2\): 4 columns where the first line has 3"),
        ("t,a,b\nx,1,2\n\n\ny,1,oops\n", r"line 5 \(row 1\), column b: 'oops'"),
        ("t,a,b\nx,1,2\ny,nan,2\n", "row 1, column 0: nan"),
        ("t,a,b\nx,1,2\ny,1,-inf\n", "row 1, column 1: -inf"),
        ("t,a,b\nx,1,1e99\n", "row 0, column 1: inf"),
        ("1\n2\n3\n", r"no vectors among its 1 column \(column_1\).*at least two columns"),
        ("a\nb\nc\n", "no vectors among its 1 column .*open both together"),
        ("title,year\na,1\nb,2\n", r"no vectors among its 2 columns \(title, year\)"),
        ("a,b,c\n", "no vectors"),
        ("title,vector\n", "no vectors"),
    ],
)
def test_bad_tables_name_line_and_column(tmp_path, content, message):
    with pytest.raises(EmbeddingError, match=rf"x\.csv: .*{message}"):
        opened(tmp_path, content)


def test_a_fault_far_down_is_named(tmp_path):
    lines = ["name,f1,f2", *(f'"word, {i}",{i}.5,2' for i in range(60_000))]
    lines[50_001] = '"word, 50000",here,2'
    with pytest.raises(EmbeddingError, match=r"line 50002 \(row 50000\), column f1: 'here'"):
        opened(tmp_path, "\n".join(lines))
    lines[50_001] = '"word, 50000",1'
    with pytest.raises(EmbeddingError, match=r"line 50002 \(row 50000\): 2 columns"):
        opened(tmp_path, "\n".join(lines))


def test_a_guess_is_noted(tmp_path):
    notes: list[str] = []
    opened(tmp_path, "name,height,width,depth\na,1,2,3\n", note=notes.append)
    assert len(notes) == 1 and "(height, width, depth)" in notes[0]
    opened(tmp_path, "name,f_0,f_1,f_2\na,1,2,3\n", note=notes.append)
    opened(tmp_path, "0.1\t0.2\t0.3\n", note=notes.append)
    assert len(notes) == 1


def test_markup_is_not_taken_for_a_table(tmp_path):
    with pytest.raises(EmbeddingError, match="a web page"):
        opened(tmp_path, "<html><p>1, 2</p></html>")


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_what_we_write_comes_back_and_opens_in_pandas(tmp_path, suffix):
    vectors = np.array([[0.1, -0.0, 1e-45], [3.4028235e38, 1 / 3, 2]], np.float32)
    columns = {
        "year": [1, None],
        "weight": [0.1, 1e300],
        "good": [True, None],
        "text": ["", None],
        "kind": pa.array(["x", "y"]).dictionary_encode(),
        "day": pa.array([0, None], pa.date32()),
        "label": ["taken", "taken"],
        "dim_7": [1, 2],
        "tags": [["x"], []],
        "raw": [b"x", None],
    }
    made = EmbeddingSet.of(vectors, ['a "b"\tc,\r\nd', ""], columns)
    path = tmp_path / f"x{suffix}"
    assert save(made, path) == ("column label", "column dim_7", "column tags", "column raw")
    found = load(path)
    assert found.vectors.tobytes() == vectors.tobytes()
    assert found.labels == made.labels
    for name in ("year", "weight", "good", "text", "kind", "day"):
        assert found.metadata[name].to_pylist() == made.metadata[name].to_pylist()
    assert pd.read_csv(path, sep="\t" if suffix == ".tsv" else ",").shape == (2, 10)


def test_real_pixels_without_header(data, tmp_path):
    import gzip

    content = gzip.decompress((data / "6_images/mnist_5k.csv.gz").read_bytes())
    found = opened(tmp_path, content)
    expected = pd.read_csv(tmp_path / "x.csv", header=None, dtype=np.float32).to_numpy()
    np.testing.assert_array_equal(found.vectors, expected)


def test_real_tables_without_vectors_say_so(data):
    for name in (
        "1_books/book_info.tsv",
        "1_books/link_names.tsv",
        "7_graph_umls/train.txt",
        "7_interactions/ml-latest-small/movies.csv",
        "2_corpus/wikitext2_valid.txt",
    ):
        with pytest.raises(EmbeddingError, match="no vectors among its"):
            load(data / name)
