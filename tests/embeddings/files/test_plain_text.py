"""Text of every encoding and compression comes as UTF-8, or ends in one clear error."""

import bz2
import gzip
import lzma
from pathlib import Path

import pyarrow as pa
import pytest

from embeddings import EmbeddingError, load
from embeddings.files import plain_text
from embeddings.files.delimited import number_parser
from embeddings.files.plain_text import decode_text, open_text, read_text

TEXT = "größe\n日本 – ok\n" * 3
WESTERN = "größe – ok\n"
PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


def read(path, notes):
    return read_text(path, notes.append).to_pybytes()


def streamed(path, notes):
    with open_text(path, notes.append) as stream:
        return stream.read()


READERS = pytest.mark.parametrize("reader", [read, streamed])


@READERS
@pytest.mark.parametrize("packed", ["", *PACKERS])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_unicode_plain_and_compressed(tmp_path, reader, packed, encoding):
    content, notes = TEXT.encode(encoding), []
    path = tmp_path / f"a.txt.{packed}"
    path.write_bytes(PACKERS[packed](content) if packed else content)
    assert reader(path, notes).decode() == TEXT and notes == []


@READERS
def test_other_text_is_read_as_windows_1252_with_a_note(tmp_path, reader):
    path, notes = tmp_path / "a.txt", []
    path.write_bytes(WESTERN.encode("cp1252"))
    assert reader(path, notes).decode() == WESTERN
    assert len(notes) == 1 and "not UTF-8: read as Windows-1252" in notes[0]
    notes.clear()
    assert decode_text(path.read_bytes(), notes.append) == WESTERN and len(notes) == 1


def test_a_byte_order_mark_of_utf_8_is_no_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode("utf-8-sig"))
    assert read(path, []).decode() == TEXT
    assert decode_text(path.read_bytes(), print) == TEXT


@pytest.mark.parametrize("content", [b"", b"\n\r\n\n", b"\xef\xbb\xbf\n"])
def test_a_text_of_blank_lines_is_refused(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(EmbeddingError, match="empty, or holds blank lines only"):
        read(tmp_path / "a.txt", [])


def test_blank_lines_at_the_end_are_cut(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\r\nb\r\n\r\n\n")
    assert read(tmp_path / "a.txt", []) == b"a\r\nb\r\n"


@READERS
def test_damaged_utf_16_is_an_error(tmp_path, reader):
    (tmp_path / "a.txt").write_bytes("\ufeffab".encode("utf-16-le") + b"\x00")
    with pytest.raises(EmbeddingError, match="damaged UTF-16"):
        reader(tmp_path / "a.txt", [])


@READERS
@pytest.mark.parametrize("packed", PACKERS)
def test_a_compressed_text_that_is_cut_short_is_an_error(tmp_path, reader, packed):
    content = PACKERS[packed](b"".join(b"line %d\n" % i for i in range(9_999)))
    (tmp_path / "a").write_bytes(content[: len(content) // 2])
    with pytest.raises(EmbeddingError, match="damaged or incomplete"):
        reader(tmp_path / "a", [])


def test_a_bug_of_the_code_that_reads_a_stream_is_not_called_damage(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\n"))
    with pytest.raises(ValueError, match="a bug") as raised, open_text(tmp_path / "a.gz", print):
        raise ValueError("a bug")
    assert type(raised.value) is ValueError


def test_bytes_without_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"word " * 1_000))
    with pytest.raises(EmbeddingError, match=r"decompressed, at least 1,001 bytes.*the limit"):
        read(tmp_path / "a.gz", [])
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"w\xf6rd " * 1_000))
    with pytest.raises(EmbeddingError, match=r"at least 1,001 bytes.*the limit"):
        streamed(tmp_path / "a.gz", [])


def test_utf_16_that_may_be_too_large_as_utf_8_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    (tmp_path / "a.txt").write_text("word " * 120, encoding="utf-16")
    with pytest.raises(EmbeddingError, match=r"as UTF-8 it may take 2,404 bytes, more than"):
        read(tmp_path / "a.txt", [])


def test_what_holds_zero_bytes_is_no_text(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"ab\0cd")
    with pytest.raises(EmbeddingError, match="not text: it holds zero bytes"):
        streamed(tmp_path / "a.bin", [])


@READERS
def test_bytes_with_control_characters_are_no_text_of_another_encoding(tmp_path, reader):
    (tmp_path / "a.bin").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(EmbeddingError, match=r"neither UTF-8 nor text of another encoding"):
        reader(tmp_path / "a.bin", [])
    (tmp_path / "a.txt").write_bytes(b"\x1f broken")  # UTF-8 may hold any character
    assert reader(tmp_path / "a.txt", []) == b"\x1f broken"


def test_a_character_may_cross_the_edge_of_the_first_mebibyte(tmp_path):
    content, notes = b"x" * (2**20 - 1) + "ö".encode(), []
    (tmp_path / "a.txt").write_bytes(content)
    assert streamed(tmp_path / "a.txt", notes) == content and notes == []


@pytest.mark.parametrize("shift", range(5))
def test_characters_across_the_parts_of_a_text_are_whole(tmp_path, monkeypatch, shift):
    monkeypatch.setattr("embeddings.files.plain_text._PART", 8)
    text = "x" * shift + "aé€😀" * 9
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    notes: list[str] = []
    assert read_text(tmp_path / "a.txt", notes.append).to_pybytes().decode() == text
    assert not notes


def test_a_damaged_character_in_any_part_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("embeddings.files.plain_text._PART", 8)
    text = ("aé€😀" * 9).encode()
    (tmp_path / "a.txt").write_bytes(text[:-6] + b"\x80\x80\x80\x80\x80" + b"abc")
    notes: list[str] = []
    read_text(tmp_path / "a.txt", notes.append)
    assert "Windows-1252" in notes[0]


@pytest.mark.parametrize(("before", "length"), [(0, 40), (3, 40), (3, 64), (70, 41)])
def test_a_line_longer_than_any_row_is_named(
    monkeypatch: pytest.MonkeyPatch, before: int, length: int
) -> None:
    monkeypatch.setattr(plain_text, "LONGEST_LINE", 39)
    monkeypatch.setattr(plain_text, "_STEP", 8)
    text = b"1,2\n" * before + b"x" * length + b"\n" + b"1,2\n" * 20
    with pytest.raises(EmbeddingError, match=f"^line {before + 1:,} is longer than 39 bytes"):
        plain_text.check_line_lengths(pa.py_buffer(text))
    plain_text.check_line_lengths(pa.py_buffer(text.replace(b"x" * length, b"x" * 38)))


@pytest.mark.parametrize("cell", ["y" * 300, '"' + "y\n" * 150 + '"', ",".join("7" * 150)])
def test_a_table_with_a_row_longer_than_any_is_refused_before_it_is_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    monkeypatch.setattr(plain_text, "LONGEST_LINE", 100)
    monkeypatch.setattr(number_parser, "LONGEST_LINE", 100)
    monkeypatch.setattr(number_parser, "_PIECE", 40)
    path = tmp_path / "x.csv"
    path.write_text(f"name,a,b\nx,1,2\n{cell},3,4\n" + "z,5,6\n" * 50)
    with pytest.raises(EmbeddingError, match=r"(longer|more) than 100 bytes"):
        load(path)
