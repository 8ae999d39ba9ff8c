"""Lists and exported neighbors: lengths of bars, long labels, text that a spreadsheet would run."""

import csv
import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet
from embeddings.neighbors import Neighbors
from pages.explore import inspector
from pages.explore.history import History

LABELS = ["=1+1", "@x", "x" * 300]
COLUMNS = {"-kind": ["a", "+b", None], "n": [-1.5, 2.0, 3.0], "raw": [b"x"] * 3}
KINDS = {"-kind": "category", "n": "number", "raw": "other"}
SET = EmbeddingSet.of(np.eye(3, dtype=np.float32), LABELS, COLUMNS)


def neighbors(*values: float) -> Neighbors:
    return Neighbors(np.arange(1, 1 + len(values)), np.float32(values), "euclidean")


def test_the_csv_of_neighbors_runs_nothing_in_a_spreadsheet() -> None:
    text = inspector.neighbors_csv(SET, KINDS, 0, neighbors(-0.5, 2))
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["item", "rank", "row", "label", "distance", "metric", "'-kind", "n"]
    assert rows == [
        ["'=1+1", "1", "1", "'@x", "-0.5", "euclidean", "'+b", "2.0"],
        ["'=1+1", "2", "2", LABELS[2], "2.0", "euclidean", "", "3.0"],
    ]


def test_a_long_label_is_cut_in_a_list() -> None:
    assert inspector.list_label(SET, 2) == "x" * 200


@pytest.mark.parametrize(
    ("values", "bars"),
    [((2, 4), [0.5, 1]), ((0, 0), [1, 1]), ((-1, 2), [0, 1]), ((-1, -2), [0, 0]), ((), [])],
)
def test_bars_are_from_0_to_1(
    monkeypatch: pytest.MonkeyPatch, values: tuple[float, ...], bars: list[float]
) -> None:
    drawn: list[float] = []
    monkeypatch.setattr(
        inspector, "neighbor_list", lambda items, **_: drawn.extend(item.bar for item in items)
    )
    monkeypatch.setattr(inspector, "image_address", lambda view: None)
    view: Any = SimpleNamespace(embedding_set=SET)
    inspector._list("list", view, 0, neighbors(*values), lambda event: None)
    assert drawn == bars


def test_the_values_of_a_column_are_counted_and_shown_as_they_are() -> None:
    def script() -> None:
        from pages.explore.inspector import _counts

        counted = [("*b*", 3, 0.5), (None, 2, 1 / 3), *[(i, 1, 1 / 6) for i in range(6)]]
        _counts("[kind]", counted)

    app = AppTest.from_function(script).run()
    assert app.markdown[0].value == r"**\[kind\]**"
    (drawn,) = app.get("html")
    lines = drawn.proto.body.removeprefix("<p>").removesuffix("</p>").split("<br>")
    assert lines[0] == "*b*: 3 (50%)" and len(lines) == 7
    assert lines[1] == "(missing): 2 (33%)"
    assert lines[-1] == "and 2 other values"


@pytest.mark.parametrize(
    ("visited", "back", "disabled"),
    [(1, 0, [True, True]), (2, 0, [False, True]), (2, 1, [True, False]), (3, 1, [False, False])],
)
def test_the_way_back_and_forward_ends_with_the_history(
    visited: int, back: int, disabled: list[bool]
) -> None:
    history = History()
    for row in range(visited):
        history.visit(row)
    history.step(-back)

    def script(history) -> None:
        from pages.explore.inspector import _back_and_forward

        _back_and_forward(history)

    app = AppTest.from_function(script, args=(history,)).run()
    assert [button.disabled for button in app.button] == disabled
