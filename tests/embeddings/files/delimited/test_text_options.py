"""The format of a text can be stated where the guess is wrong, and the guess is reported."""

import gzip
import pickle

import numpy as np
import pytest

from embeddings import EmbeddingError, load
from embeddings.files import read
from embeddings.files.delimited.reading_summary import reading_summary
from embeddings.files.delimited.text_options import DETECTED, TextOptions, check_encoding
from embeddings.files.options import TEXT_CHOICES, ReadContext


def opened(tmp_path, content: str | bytes, name: str = "x.csv", **choices: str):
    """Return the set, and the line that says how it was read."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    context = ReadContext(lambda _: None, choices)
    found = read([path], context)
    return found, reading_summary(context.choices.values())


def test_the_guess_is_one_line(tmp_path):
    rows = "".join(f"n{i};{i},5;{2 * i},25;{i % 2}\n" for i in range(20))
    _, line = opened(tmp_path, "# made by hand\nname;d0;d1;class\n" + rows)
    assert line == (
        "semicolon-separated, header in line 2, UTF-8, decimal comma; label `name`; "
        "vectors `d0, d1`"
    )
    _, line = opened(tmp_path, "1 2 3\n4 5 6.5\n".encode("utf-16"), "v.txt")
    assert line == "space-separated, no header, UTF-16; vectors `column_1, column_2, column_3`"
    _, line = opened(tmp_path, "the 1 2\nof 3 4\n", "glove.txt")
    assert line == "space-separated, no header, UTF-8"
    _, line = opened(tmp_path, "a::1::2.5\nb::2::3.5\n", "m.dat")
    assert line.startswith("separated by `::`, no header, UTF-8; label")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "~", "::", "space", "tab", " and "])
def test_a_stated_separator_divides_the_columns(tmp_path, separator):
    between = {"space": "  ", "tab": "\t"}.get(separator, separator)
    rows = [["name", "a", "b"], ["x-y", "1", "2.5"], ["z", "3", "4.5"]]
    found, _ = opened(tmp_path, "\n".join(map(between.join, rows)), "x.txt", separator=separator)
    assert found.labels == ("x-y", "z") and found.vectors.tolist() == [[1, 2.5], [3, 4.5]]
    with pytest.raises(EmbeddingError, match=r"separator '.r.n'; expected characters"):
        opened(tmp_path, "a,b\n1,2\n", separator="\r\n")


def test_a_stated_header_or_none(tmp_path):
    text = "2019,2021\n1,2.5\n3,4.5\n"
    assert len(opened(tmp_path, text)[0]) == 3
    found, line = opened(tmp_path, text, header="yes")
    assert len(found) == 2 and "header in line 1" in line and "vectors `2019, 2021`" in line
    named = "name,a,b\nx,1,2\ny,3,4\n"
    with pytest.raises(EmbeddingError, match=r"line 1 \(row 0\), column column_2: 'a' is not"):
        opened(tmp_path, named, header="no")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "名前,a,b\n東京,1,2\n大阪,3,4\n"),
        ("gb18030", "名字,a,b\n北京,1,2\n上海,3,4\n"),
        ("windows-1251", "имя,a,b\nМосква,1,2\nКазань,3,4\n"),
        ("iso-8859-2", "jméno,a,b\nPlzeň,1,2\nŘím,3,4\n"),
        ("utf-16-le", "name,a,b\nzoë,1,2\nÄrger,3,4\n"),
        ("utf-32", "name,a,b\nzoë,1,2\nÄrger,3,4\n"),
        ("mac-roman", "name,a,b\nzoë,1,2\nÄrger,3,4\n"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_stated_encoding(tmp_path, encoding, text, packed):
    content = text.encode(encoding)
    name = "x.csv.gz" if packed else "x.csv"
    found, line = opened(tmp_path, gzip.compress(content) if packed else content, name,
                         encoding=encoding)  # fmt: skip
    assert found.labels == tuple(row.split(",")[0] for row in text.splitlines()[1:])
    assert found.vectors.tolist() == [[1, 2], [3, 4]]
    assert encoding.upper() in line or "UTF" in line


def test_a_stated_encoding_holds_for_word2vec_and_for_every_file_of_a_set(tmp_path):
    found, line = opened(
        tmp_path, "東京 1 2\n大阪 3 4\n".encode("euc-jp"), "w.vec", encoding="euc-jp"
    )
    assert found.labels == ("東京", "大阪") and "EUC-JP" in line
    (tmp_path / "v.tsv").write_text("1\t2\n3\t4\n")
    (tmp_path / "m.tsv").write_bytes("東京\n大阪\n".encode("euc-jp"))
    assert load(tmp_path / "v.tsv", [tmp_path / "m.tsv"], encoding="euc-jp").labels == found.labels


def test_what_is_stated_holds_for_every_text_of_a_set(tmp_path):
    (tmp_path / "v.tsv").write_text("1~2\n3~4\n")
    (tmp_path / "m.tsv").write_text("ann~x\nbob~y\n")
    found = load(tmp_path / "v.tsv", [tmp_path / "m.tsv"], separator="~", header="no")
    assert found.vectors.shape == (2, 2) and found.labels == ("ann", "bob")
    assert found.metadata.column_names == ["column_2"]


@pytest.mark.parametrize("text", ["name,kind\nann,x\nbob,y\n", "name~kind\nann~x\nbob~y\n"])
def test_a_text_of_a_set_that_is_written_otherwise_is_read_as_detected(tmp_path, text):
    """By another separator, or because it has a header, unlike the vectors."""
    (tmp_path / "v.tsv").write_text("1~2\n3~4\n")
    (tmp_path / "m.csv").write_text(text)
    notes = []
    found = load(
        tmp_path / "v.tsv", [tmp_path / "m.csv"], separator="~", header="no", note=notes.append
    )
    assert found.labels == ("ann", "bob") and found.metadata.column_names == ["kind"]
    assert "m.csv: not written as stated for the set; read as detected" in notes


def test_labels_of_one_column_fit_any_separator(tmp_path):
    (tmp_path / "v.tsv").write_text("1~2\n3~4\n")
    (tmp_path / "m.tsv").write_text("ann\nbob\n")
    notes = []
    found = load(tmp_path / "v.tsv", [tmp_path / "m.tsv"], separator="~", note=notes.append)
    assert found.labels == ("ann", "bob") and not any("m.tsv" in note for note in notes)


def test_wrong_encodings_are_named(tmp_path):
    with pytest.raises(EmbeddingError, match="encoding 'klingon': no such text encoding; expected"):
        opened(tmp_path, "a,b\n1,2\n", encoding="klingon")
    with pytest.raises(EmbeddingError, match=r"x\.csv: not utf-8 .*; choose another encoding"):
        opened(tmp_path, "name,a,b\nzoë,1,2\n".encode("latin-1"), encoding="utf-8")
    for each in ("base64", "rot13", "zip", "undefined", "a\0b"):
        with pytest.raises(EmbeddingError, match="no such text encoding"):
            check_encoding(each)


def test_a_stated_decimal_sign(tmp_path):
    """1,200 is a thousand, or one and two tenths: no program can tell."""
    text = "name;a;b\nx;1,200;2\ny;3,500;4\n"
    comma, line = opened(tmp_path, text, decimal=",")
    assert comma.vectors[:, 0].tolist() == pytest.approx([1.2, 3.5]) and "decimal comma" in line
    assert opened(tmp_path, text, decimal=".")[0].vectors[:, 0].tolist() == [1200, 3500]
    dots = "name;a;b\nx;1.200;2\ny;3.500;4\n"
    assert opened(tmp_path, dots, decimal=",")[0].vectors[:, 0].tolist() == [1200, 3500]


def test_stated_quotes(tmp_path):
    single = "'name';'a';'b'\n'x;y';'1';'2'\n'it''s';'3';'4'\n"
    found, line = opened(tmp_path, single)  # detected, too
    assert found.labels == ("x;y", "it's") and "single quotes" in line
    assert opened(tmp_path, single, quotes="single")[0].labels == ("x;y", "it's")
    inches = 'name\ta\tb\n"5\t1\t2\n6"\t3\t4\n'
    assert opened(tmp_path, inches, "x.tsv", quotes="none")[0].labels == ('"5', '6"')


def test_columns_can_be_left_out_or_read_as_another_kind(tmp_path):
    rows = "".join(f"n{i},{i},{i / 7},{i % 3},00{i},{i}.5 kg,$1{i}00.00\n" for i in range(9))
    text = "name,id_code,size,grade,zip,weight,price\n" + rows
    plain, _ = opened(tmp_path, text)
    assert plain.dimensions == 5  # id_code, size, grade, zip, price
    found, line = opened(tmp_path, text.replace("size", "x").replace("id_code", "y"),
                         ignore="zip", category="grade", number="price")  # fmt: skip
    assert found.dimensions == 2
    assert line.endswith("vectors `x, y`; categories `grade`; numbers `price`; ignored `zip`")
    assert found.metadata.column_names == ["grade", "weight", "price"]
    assert found.metadata["grade"].to_pylist()[:4] == ["0", "1", "2", "0"]
    assert found.metadata["price"].to_pylist()[:2] == [1000, 1100]
    with pytest.raises(EmbeddingError, match="ignore 'nothing': no such column; the file has name"):
        opened(tmp_path, text, ignore="nothing")


def test_what_is_stated_but_has_no_place_is_an_error(tmp_path):
    np.save(tmp_path / "v.npy", np.eye(3))
    with pytest.raises(EmbeddingError, match="separator ';': there is no separator to choose"):
        load(tmp_path / "v.npy", separator=";")
    with pytest.raises(EmbeddingError, match="header 'maybe': expected one of yes, no"):
        opened(tmp_path, "a,b\n1,2\n", header="maybe")
    with pytest.raises(TypeError, match="no argument 'delimiter'"):
        load(tmp_path / "v.npy", delimiter=";")


def test_an_error_tells_how_the_text_was_read(tmp_path):
    """The pages offer to read it otherwise; the error may come from another process."""
    with pytest.raises(EmbeddingError, match="no vectors among its 1 column") as caught:
        opened(tmp_path, "name~a~b\nx~1~2\ny~3~4\n")
    choices = pickle.loads(pickle.dumps(caught.value)).choices
    assert {choice.name for choice in choices} >= set(TEXT_CHOICES)
    found, _ = opened(tmp_path, "name~a~b\nx~1~2\ny~3~4\n", separator="~")
    assert found.vectors.shape == (2, 2)


def test_a_table_beside_vectors_is_read_as_stated(tmp_path):
    np.save(tmp_path / "v.npy", np.eye(2))
    (tmp_path / "m.csv").write_text("ann~x\nbob~y\n")
    paths = [tmp_path / "v.npy", tmp_path / "m.csv"]
    context = ReadContext(lambda _: None, {"separator": "~", "header": "no"})
    found = read(paths, context)
    assert found.labels == ("ann", "bob") and found.metadata.column_names == ["column_2"]
    assert context.choices["separator"].selected == "~"


def test_options_of_a_dataclass_with_more_settings():
    options = TextOptions(separator=";", header="no")
    assert options.stated == {"separator": ";", "header": "no"}
    assert options.text_options == options and DETECTED.stated == {}
