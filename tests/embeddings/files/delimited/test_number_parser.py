"""Texts parsed in pieces give what they give in one piece."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from embeddings import EmbeddingError
from embeddings.files.delimited import number_parser as module
from embeddings.files.delimited.number_parser import parse


def options(names, quoted):
    return (
        pa.csv.ParseOptions(quote_char='"' if quoted else False),
        pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


@pytest.mark.parametrize("piece", [1, 7, 64, 1000, 2**23])
@pytest.mark.parametrize("block", [32, 50, 2**20])
@pytest.mark.parametrize("quoted", [True, False])
def test_pieces_and_blocks_are_cut_between_rows(monkeypatch, piece, block, quoted):
    monkeypatch.setattr(module, "_PIECE", piece)
    monkeypatch.setattr(module, "_BLOCK", block)
    monkeypatch.setattr(module, "_LOOK", 5)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.choice(["x", "", "long word", "1.5"], (200, 3)), columns=[*"abc"])
    if quoted:
        frame["c"] = rng.choice(['"', "a\nb,c,d\ne", '""\n', "\r\n,", "z"], 200)
    text = frame.to_csv(index=False)
    table = parse(pa.py_buffer(text.encode()), [*"abc"], *options("abc", quoted), header=True)
    expected = pd.read_csv(io.StringIO(text, newline=""), keep_default_na=False)
    assert table.num_rows == 200
    for name in "abc":
        assert table[name].to_pylist() == expected[name].tolist()


def test_errors_of_any_piece_come_through(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 10)
    text = pa.py_buffer(b"a,b\n" * 50 + b"a\n" + b"a,b\n" * 50)
    with pytest.raises(pa.ArrowInvalid, match="Expected 2 columns, got 1"):
        parse(text, ["a", "b"], *options("ab", False))


def test_a_row_that_no_block_can_hold_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_BLOCK", 100)
    text = pa.py_buffer(b"a," + b"b" * 200 + b"\n")
    with pytest.raises(EmbeddingError, match="a row of more than 100 bytes"):
        parse(text, ["a", "b"], *options("ab", False))
