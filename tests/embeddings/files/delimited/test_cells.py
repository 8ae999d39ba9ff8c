"""What the cells of the first rows are: one look at a column, and a look at each cell."""

import pytest

from embeddings.files.delimited import cells as cells_module
from embeddings.files.delimited.cells import (
    NumberStyle,
    column_kinds,
    holds_lists,
    number_style,
)


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "-2.5", "+3e4", "0.1E-5"],
        ["1.200", "3.400"],
        ["1,200", "3"],
        ["1", ""],
        ["1", "$2"],
        ["1\n2", "3"],
        ["1 ", "2"],
        [".5", "2"],
        ["5.", "2"],
        ["nan", "1"],
        ["x", "1"],
        [],
    ],
)
@pytest.mark.parametrize("style", [NumberStyle(), NumberStyle(","), NumberStyle(".", ",")])
def test_one_look_at_a_column_finds_what_a_look_at_each_cell_finds(monkeypatch, cells, style):
    inner = [[] for _ in cells]

    def found():
        return (
            column_kinds([[cell] for cell in cells], style),
            holds_lists("vector", cells, inner, ";"),
            number_style(["a"], [[cell] for cell in cells], ";") if cells else None,
        )

    quick = found()
    monkeypatch.setattr(cells_module, "are_plain_numbers", lambda cells: False)
    assert found() == quick


def test_columns_of_plain_numbers_are_not_looked_at_cell_by_cell(monkeypatch):
    monkeypatch.setattr(cells_module, "is_missing", None)
    monkeypatch.setattr(cells_module, "holds_list", None)
    rows = [["1", "0.5"], ["2", "-1e-3"]]
    assert column_kinds(rows, NumberStyle()) == ["number", "number"]
    assert not holds_lists("vector", ["1", "2"], [[], []], ";")
