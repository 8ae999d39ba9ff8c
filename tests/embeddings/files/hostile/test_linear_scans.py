"""Texts that would make a regular expression backtrack: the work is linear in their length.

Each is written at two lengths, one eight times the other, and the processor's time for both is
compared. Linear work takes about eight times as long for the longer one, quadratic 64 times.
"""

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError
from embeddings.files.delimited.cells import without_unit
from embeddings.files.delimited.dialect import sniff
from embeddings.files.json.rows import maps_labels_to_vectors
from embeddings.files.options import ReadContext
from embeddings.files.projector.pbtxt import is_pbtxt
from embeddings.files.tabular.roles import Column, choose_roles
from embeddings.files.tabular.separators import _RULE_BEFORE, _without_rules
from embeddings.files.tabular.text_types import (
    CALLS,
    _without_calls,
    holds_list,
    holds_number,
    may_hold_list,
)
from embeddings.files.tabular.vectors import parse_lists
from embeddings.files.unsupported import is_junk, refuse
from embeddings.files.word2vec import sparse_text
from trainers.data.pairs.books import normalized

SHORT, LONG = 2_000, 16_000
"""Repetitions: long enough for the time to be that of the scan."""

MOST = 24
"""How many times as long the longer text may take: between 8 and 64, nearer to the first."""


def growth(scan: Callable[[str], object], text: Callable[[int], str]) -> float:
    """Return how many times as long a scan takes for the longer text: the best of five tries."""

    def seconds(length: int) -> float:
        written = text(length)
        best = float("inf")
        for _ in range(5):
            start = time.process_time()
            scan(written)
            best = min(best, time.process_time() - start)
        return best

    return seconds(LONG) / max(seconds(SHORT), 2e-5)


def find_columns(name: str) -> None:
    columns = [Column(name, "number"), Column("a", "number"), Column("b", "number")]
    choose_roles(columns, ReadContext(lambda _: None))


def is_drawn(text: str) -> None:
    content = pa.py_buffer(text.encode())
    if _RULE_BEFORE.match(bytes(content)):
        _without_rules(content)


def is_sparse(text: str) -> bool:
    return sparse_text.matches(text.encode(), Path("a"))


def parse_called(text: str) -> None:
    with pytest.raises(EmbeddingError):
        parse_lists(pa.chunked_array([["tensor([1, 2])", text]]), "vector")


SCANS: dict[str, tuple[Callable[[str], object], Callable[[int], str]]] = {
    "digits before a letter": (holds_number, lambda n: "1" * n + "x"),
    "digits behind a point": (holds_number, lambda n: "1." + "1" * n + "x"),
    "digits of an exponent": (holds_number, lambda n: "1e" + "1" * n + "x"),
    "spaces before a letter": (holds_number, lambda n: " " * n + "x"),
    "spaces behind a number": (holds_number, lambda n: "1" + " " * n + "x"),
    "spaces in a list": (holds_list, lambda n: "1" + " " * n + "x"),
    "spaces and commas in a list": (holds_list, lambda n: "[1" + " ,1" * n + " ,x"),
    "a list that ends in a letter": (holds_list, lambda n: "[" + "1, " * n + "x"),
    "digits in a list": (holds_list, lambda n: "[1, " + "1" * n + "x"),
    "points in a list": (holds_list, lambda n: "1 " + "." * n + "x"),
    "spaces before a call": (may_hold_list, lambda n: "[" + " " * n + "x"),
    "spaces alone": (may_hold_list, lambda n: " " * n),
    "settings of a call": (holds_list, lambda n: "[tensor(" + ",a=" * n + "["),
    "settings of a parsed call": (parse_called, lambda n: "[tensor(" + ",a=)" * n + "["),
    "the digits of a column's name": (find_columns, lambda n: "1" * n + "x"),
    "the spaces of a column's name": (find_columns, lambda n: "x" + " 1" * n + "x"),
    "a config's spaces": (lambda text: is_pbtxt(text.encode()), lambda n: "embeddings" + " " * n),
    "a config's comments": (lambda text: is_pbtxt(text.encode()), lambda n: "#a\n" * n),
    "blanks behind a percent": (without_unit, lambda n: "%" + " " * n + "x"),
    "blanks before a currency": (without_unit, lambda n: " " * n + "x$" + " " * n + "x"),
    "a drawn line": (is_drawn, lambda n: "a|b\n--+--\n" + "-" * n + "x\n"),
    "bars above a line": (is_drawn, lambda n: "|" * n + "\n" + "-" * n + "x\n"),
    "places of a sparse vector": (holds_list, lambda n: "{" + "1:1," * n + "x"),
    "blanks in a sparse vector": (holds_list, lambda n: "{1:" + " " * n + "x"),
    "pairs of sparse text": (is_sparse, lambda n: "w" + " 1:1" * n + " x\nw 1:1\n"),
    "blanks of sparse text": (is_sparse, lambda n: "w" + " " * n + "x\nw 1:1\n"),
    "the numbers of a pair": (is_sparse, lambda n: "w" + " 1:" + "1" * n + "x\nw 1:1\n"),
    "an error page": (lambda text: refuse(text.encode(), Path("a")), lambda n: " " * n + "<?xml"),
    "folders of junk": (is_junk, lambda n: "__MACOSX/" * n + "\n"),
    "a JSON name": (
        lambda name: maps_labels_to_vectors({name: [1.0], "b": [2.0]}),
        lambda n: "1" * n + "x",
    ),
    "comments without an end": (lambda text: normalized(text, "genre"), lambda n: "<!--" * n),
    "a line break without an end": (
        lambda text: normalized(text, "genre"),
        lambda n: "<br" + " " * n + "x",
    ),
}


@pytest.mark.parametrize("name", SCANS)
def test_the_work_grows_as_the_text(name: str) -> None:
    scan, text = SCANS[name]
    assert growth(scan, text) < MOST


ONE_NUMBER = re.compile(
    r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)\s*", re.IGNORECASE | re.ASCII
)
ONE_LIST = re.compile(
    r"\s*[\[({]{0,2}\s*[+-]?[\d.][\d.e+-]*(?:\s*[,;\s]\s*(?:[+-]?[\d.][\d.e+-]*|nan|inf|\.\.\.))+"
    r"[\s,]*[\])}]{0,2}\s*",
    re.IGNORECASE,
)
AROUND_NUMBERS = re.compile(
    r"(?:np\.)?(?:tensor|array|float\d+)\(|,\s*[a-z_]+=[^\[\]]*$|\)"
)  # fmt: skip


def random_texts(pieces: list[str], count: int, most: int) -> list[str]:
    chance = random.Random(12)
    return ["".join(chance.choices(pieces, k=chance.randint(0, most))) for _ in range(count)]


def test_numbers_and_lists_are_those_of_the_plain_expressions() -> None:
    pieces = [" ", "1", ".", "e", "-", "+", ",", ";", "[", "]", "(", "}", "nan", "inf", "\n", "٣"]
    found = {True: 0, False: 0}
    for text in random_texts(pieces, 50_000, 9):
        is_number, is_list = bool(ONE_NUMBER.fullmatch(text)), bool(ONE_LIST.fullmatch(text))
        assert (holds_number(text), holds_list(text)) == (is_number, is_list), text
        found[is_list] += 1
    assert min(found.values()) > 500


def test_what_is_around_numbers_is_that_of_the_plain_expression() -> None:
    pieces = ["np.", "tensor(", "array(", "float32(", "[", "]", ")", ",", " ", "a=", "1", "\n"]
    texts = random_texts(pieces, 20_000, 12)
    expected = [AROUND_NUMBERS.sub("", text) for text in texts]
    assert [_without_calls(text) for text in texts] == expected
    column = pa.array(texts)
    for pattern in CALLS:
        column = pa.compute.replace_substring_regex(column, pattern, "")
    assert column.to_pylist() == expected


def test_a_header_of_five_thousand_digits_is_a_name() -> None:
    rows = [",".join(["1" * 5_000, "2" * 5_000]), "0.1,0.2", "0.3,0.4"]
    dialect = sniff(pa.py_buffer("\n".join(rows).encode()), Path("a.csv"), False)
    assert len(dialect.columns) == 2


def test_columns_are_numbered_as_before() -> None:
    def vector(*names: str) -> list[str]:
        columns = [Column(name, "number") for name in names]
        chosen = choose_roles(columns, ReadContext(lambda _: None)).vector
        return [names[i] for i in chosen]

    assert vector("dim_1", "dim_0", "other") == ["dim_0", "dim_1"]
    assert vector("v[2]", "v[1]", "pc 3") == ["v[1]", "v[2]"]
    assert vector("17", "18", "year") == ["17", "18"]
    assert vector("1" * 5_000, "a", "b") == ["1" * 5_000, "a", "b"]
    assert np.array_equal(vector("x1", "x3", "y"), ["x1", "x3", "y"])
