"""Our parser of plain text finds what pyarrow finds, to the last bit, or leaves it to pyarrow."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings import EmbeddingError, load
from embeddings.files.delimited import number_parser as parse_module
from embeddings.files.delimited.plain_rows import parse_plain

TYPES = [pa.string(), pa.float32(), pa.float32()]


def parsed(text: str | bytes, quoted: bool = True, types=TYPES, delimiter: str = ","):
    raw = text.encode() if isinstance(text, str) else text
    room = np.empty((raw.count(b"\n") + 1, types.count(pa.float32())), dtype=np.float32)
    return parse_plain(pa.py_buffer(raw), delimiter, quoted, types, room)


def number(text: str) -> np.float32 | None:
    """Parse one number by our code; None where it is not certain."""
    found = parsed(f"a,{text},1\n")
    return None if found is None else found[1][0, 0]


def expected(text: str) -> np.float32:
    return pc.cast(pa.array([text]), pa.float32()).to_numpy()[0]


def assert_exact(text: str) -> None:
    found = number(text)
    assert found is None or found.tobytes() == expected(text).tobytes(), text


@settings(deadline=None)  # the first example compiles
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float32_is_read_as_it_was_written(value):
    assert_exact(str(np.float32(value)))
    assert_exact(repr(value))
    assert_exact(f"{value:.18e}")
    assert_exact(f"{value:.6f}")


@settings(deadline=None)
@given(st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_any_notation_is_read_to_the_last_bit_or_left(text):
    assert_exact(text)


@settings(deadline=None)
@given(st.integers(2**23, 2**24 - 1), st.integers(-40, 40), st.integers(-3, 3))
def test_numbers_close_to_the_middle_between_two_are_left_or_exact(mantissa, power, offset):
    middle = (mantissa + 0.5) * 2.0**power
    assert_exact(repr(float(middle) * (1 + offset * 2.0**-52)))


def test_most_numbers_are_certain():
    values = np.random.default_rng(0).normal(size=2_000).astype(np.float32)
    certain = [number(str(value)) is not None for value in values]
    assert sum(certain) == 2_000


@pytest.mark.parametrize(
    "cell", ["", "nan", "inf", "1e99", "1e-44", "x", "-", ".", "1e", "+1", " 1", "1 ", "1_0",
             "0x1", "1,2", '"1"', "12345678901234567890.5", "1.5f"]
)  # fmt: skip
def test_what_is_not_certain_is_left(cell):
    assert number(cell) is None


@pytest.mark.parametrize("cell", ["0", "-0", "0.0", "00.50", "1.", ".5", "5E+2", "0e500", "-1e-5"])
def test_unusual_numbers_are_read(cell):
    found = number(cell)
    assert found is not None
    assert found.tobytes() == expected(cell).tobytes()


def test_texts_stay_in_their_columns():
    types = [pa.string(), pa.float32(), pa.string(), pa.float32(), pa.null()]
    texts, numbers = parsed("a b,1,ü,2,\r\n\n,3,,4,\n", types=types)
    assert [column.to_pylist() for column in texts] == [["a b", ""], ["ü", ""]]
    assert numbers.tolist() == [[1, 2], [3, 4]]


def test_quotes_are_taken_off_where_they_are_syntax():
    text = '"a,b",1,2\n"say ""x""",3,4\n"""",5,6'
    assert parsed(text)[0][0].to_pylist() == ["a,b", 'say "x"', '"']
    assert parsed('"a,1,2\n', quoted=False)[0][0].to_pylist() == ['"a']


@pytest.mark.parametrize(
    "text",
    ["a,1\n", "a,1,2,3\n", '"a\nb",1,2\n', '"",1,2\n', '"a"b,1,2\n', '"a,1,2\n', "a\rb,1,2\n",
     "a,1,2\rb,3,4\n", "a\n", ",", '"'],
)  # fmt: skip
def test_other_rows_are_left(text):
    assert parsed(text) is None


TABLES = {
    "plain.csv": "label,group,dim_0,dim_1\na,x,1,2\nb,,3.25,-4e-3\n\n\"c,\",\"\",5,6\n",
    "quotes.csv": 'label,dim_0,dim_1\n"""",1,2\n"a\nb",3,4\nc,5,6\n',
    "holes.csv": "label,dim_0,dim_1\na,1,2\nb,3.0000000000000000000001,4\nc,1e-42,6\n",
    "only.csv": "dim_0,dim_1\n1,2\n3,4\n",
    "crlf.tsv": "label\tdim_0\tdim_1\r\na\t1\t2\r\nb\t3\t4\r\n",
    "words.vec": "3 2\nnan 1 2 \n\" 3 4 \n, 5 6 \n",
    "spaces.txt": "a 1 2 3\nb c 4 5 6\nd 7 8 9\n",
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_files_are_the_same_by_either_parser(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_bytes(TABLES[name].encode())
    by_pyarrow = load(path)
    monkeypatch.setattr(parse_module, "_LARGE", 0)
    ours = load(path)
    assert ours.labels == by_pyarrow.labels
    assert ours.fingerprint == by_pyarrow.fingerprint
    assert ours.metadata.equals(by_pyarrow.metadata)


def test_pieces_by_both_parsers_make_one_table(tmp_path, monkeypatch):
    rows = [f"w{i} {i} {'1e-44' if i == 700 else i + 0.5}" for i in range(1_000)]
    (tmp_path / "w.txt").write_text("\n".join(rows) + "\n")
    monkeypatch.setattr(parse_module, "_LARGE", 0)
    monkeypatch.setattr(parse_module, "_PIECE", 1_000)
    found = load(tmp_path / "w.txt")
    assert found.labels == tuple(f"w{i}" for i in range(1_000))
    assert found.vectors[:, 0].tolist() == list(range(1_000))
    assert found.vectors[700, 1] == np.float32(1e-44)


def test_a_wrong_number_is_named_as_ever(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("label,dim_0,dim_1\na,1,2\nb,x3,4\n")
    monkeypatch.setattr(parse_module, "_LARGE", 0)
    with pytest.raises(EmbeddingError, match=r"line 3 \(row 1\), column dim_0: 'x3'"):
        load(tmp_path / "t.csv")
