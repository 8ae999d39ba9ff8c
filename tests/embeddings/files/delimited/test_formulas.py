"""Text that a spreadsheet would run, in every CSV that is written; numbers stay as they are."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from embeddings import EmbeddingSet, load, save
from embeddings.files.delimited.formulas import harmless

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]


@pytest.mark.parametrize("start", STARTS)
def test_a_text_that_a_spreadsheet_would_run_is_quoted(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n", "\r\n"])
def test_so_is_one_behind_the_separator_of_another_country(separator: str) -> None:
    assert harmless(f"a{separator}=1+1{separator}@b") == f"a{separator}'=1+1{separator}'@b"


@pytest.mark.parametrize(
    "cell",
    ["king", "", "a=b", "a;b", "-1", "+3.5", "-1,5", "-1.200,5", "-.5e-3", "1;-2;+3", "-5%",
     -1.5, 3, None, True],
)  # fmt: skip
def test_other_cells_stay_as_they_are(cell: object) -> None:
    assert harmless(cell) is cell


@pytest.mark.parametrize("cell", ["-1+1", "-1|x", "+1 555", "-1.e", "-", "-1\n=2", "-٣"])
def test_what_only_begins_like_a_number_is_none(cell: str) -> None:
    assert str(harmless(cell)).count("'") == 1


def test_a_saved_csv_has_no_formula(tmp_path: Path) -> None:
    labels = ["=1+1", "a;=cmd|calc", "-1", "fine"]
    columns = pa.table({"=cmd|calc": ["@x", "b", None, "-2"], "size": [-1, 2, 3, 4]})
    found = EmbeddingSet.of([[1.0, -2.0]] * 4, labels=labels, metadata=columns)
    save(found, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["label", "'=1+1", "a;'=cmd|calc", "-1", "fine"]
    assert rows[0][3:] == ["'=cmd|calc", "size"]
    assert [row[3] for row in rows[1:]] == ["'@x", "b", "", "-2"]
    assert rows[1][1:3] == ["1", "-2"] and rows[1][4] == "-1"
    save(found, tmp_path / "a.tsv")  # for programs
    assert load(tmp_path / "a.tsv").labels == tuple(labels)
