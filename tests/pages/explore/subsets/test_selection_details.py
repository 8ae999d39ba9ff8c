"""What sets a selection apart: each line in words, and as a condition that filters."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet
from embeddings.analysis.cohesion import Cohesion
from embeddings.analysis.column_index import index_columns
from embeddings.analysis.enrichment import contrast
from embeddings.filters import Condition, ContainsWords, Filter, HasValue, InRange
from pages.common import services
from pages.explore.subsets import selection_details
from pages.explore.subsets.selection_details import (
    condition_of,
    describe,
    lines_of,
    similarity_text,
)

ROWS = 200
SELECTED = np.arange(ROWS) < 100
DAY = np.datetime64("2000-01-01", "s")
SET = EmbeddingSet.of(
    np.random.default_rng(0).normal(size=(ROWS, 3)),
    [f"{'red' if i < 100 else 'white'} wine {i}" for i in range(ROWS)],
    {
        "kind": pa.array([None if i >= 180 else "a*" if i < 90 else "b" for i in range(ROWS)]),
        "year": pa.array(np.arange(ROWS)),
        "made": pa.array(DAY + np.arange(ROWS) * np.timedelta64(1, "D")),
    },
)
KINDS = {"kind": "category", "year": "number", "made": "date"}
FOUND = contrast(index_columns(SET, KINDS), SELECTED, most=1000).differences
BY_TITLE = {describe(each)[0]: each for each in FOUND}


@pytest.mark.parametrize(
    ("title", "figures", "condition"),
    [
        ("kind: a*", "90% vs 0%", HasValue("kind", ("a*",))),
        ("kind: (missing)", "0% vs 20%", HasValue("kind", (None,))),
        ("label: “red”", "100% vs 0%", ContainsWords("label", "red", whole=True)),
        ("year lower", "49.5 vs 149.5", InRange("year", 4, 94)),
        ("made lower", "2000-02-19 vs 2000-05-29",
         InRange("made", date(2000, 1, 5), date(2000, 4, 4))),
    ],
)  # fmt: skip
def test_a_line_says_what_differs_and_filters_by_it(
    title: str, figures: str, condition: Condition
) -> None:
    difference = BY_TITLE[title]
    assert describe(difference)[1] == figures
    assert condition_of(difference, SET, SELECTED) == condition
    found = condition.mask(SET)
    if not isinstance(condition, InRange):
        assert int((found & SELECTED).sum()) == difference.inside  # type: ignore[union-attr]
        assert int((found & ~SELECTED).sum()) == difference.outside  # type: ignore[union-attr]


def test_the_test_and_its_figures_are_under_the_pointer() -> None:
    text = describe(BY_TITLE["kind: a*"])[2]
    assert text.startswith("90 points here (90.0%), 0 in the rest (0.0%); lift 2.00, Fisher's")
    assert "false-discovery rate" in text
    assert "Hedges' g -3.4" in describe(BY_TITLE["year lower"])[2]


def test_a_word_that_several_columns_have_is_listed_once() -> None:
    labels = [f"{'red' if i < 100 else 'white'} {i}" for i in range(ROWS)]
    made = EmbeddingSet.of(np.ones((ROWS, 2)), labels, {"address": [f"/x/{x}" for x in labels]})
    found = contrast(index_columns(made), SELECTED)
    assert len([e for e in found.differences if getattr(e, "term", "") == "red"]) == 2
    assert [describe(each)[0] for each in lines_of(found)] == ["address: “red”", "address: “white”"]


def test_the_similarity_names_the_random_sets() -> None:
    text = similarity_text(Cohesion(0.83, 0.5, 0.004, 42, 0, 7), 1_234)
    assert text == (
        "Mean cosine of all pairs 0.830; of 42 random sets of 1,234 points 0.500 ± 0.004 (seed 7)"
    )


def draw(embedding_set, selected, held):  # runs as a script of its own
    import streamlit as st

    from pages.explore.layers import ActiveSet
    from pages.explore.navigation import OpenSet
    from pages.explore.subsets import selection_details

    if "open_set" not in st.session_state:
        st.session_state.open_set = OpenSet("gallery:x", held=held)
    selection_details.show_differences(ActiveSet("x", embedding_set), selected)
    selection_details.show_similarity("x", embedding_set, selected)


def details(selected: np.ndarray, held: tuple[np.ndarray, str] | None = None) -> AppTest:
    services.open_sets().clear()
    selection_details._contrast.clear()
    app = AppTest.from_function(draw, args=(SET, selected, held)).run()
    assert not app.exception
    return app


def test_a_click_on_a_line_filters() -> None:
    app = details(SELECTED)
    (line,) = (b for b in app.button if b.label.startswith(r"label\: “red”"))
    line.click().run()
    expected = Filter((ContainsWords("label", "red", whole=True),))
    assert app.session_state.open_set.address.filter == expected.to_text()


def test_differences_by_chance_are_not_listed() -> None:
    app = details(np.random.default_rng(1).random(ROWS) < 0.5)
    assert [button.key for button in app.button] == ["hold_selection"]
    assert app.caption[0].value.startswith(r"Nothing does significantly\: ")


@pytest.mark.parametrize("selected", [np.zeros(ROWS, bool), np.ones(ROWS, bool)])
def test_without_a_rest_there_is_nothing_to_compare(selected: np.ndarray) -> None:
    app = details(selected)
    assert app.caption[0].value == "Nothing of the rest to compare with."


def test_a_selection_is_compared_with_one_that_is_held() -> None:
    app = details(SELECTED)
    app.session_state.open_set.history.selected_name = "box"
    next(b for b in app.button if b.key == "hold_selection").click().run()
    assert not app.get("button_group")  # it is the selection itself
    held, name = app.session_state.open_set.held
    assert name == "box" and held.tolist() == SELECTED.tolist()

    app = details(np.arange(ROWS) >= 150, held=(SELECTED, "box"))
    assert app.get("button_group")[0].value == "box (100)"
    (red,) = (b for b in app.button if "“red”" in b.label)
    assert "0% vs 100%" in red.label.replace("\\", "")
    assert "100 in box (100) (100.0%)" in red.help.replace("\\", "")
    assert "Selection vs box (100)" in app.caption[0].value.replace("\\", "")
    app.get("button_group")[0].set_value("the rest").run()
    (red,) = (b for b in app.button if "“red”" in b.label)
    assert "0% vs 67%" in red.label.replace("\\", "")


def test_a_large_set_is_compared_once_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection_details, "UNFOLDED_ROWS", ROWS - 1)
    app = details(SELECTED)
    assert not app.button
    app.session_state["differences"] = True
    app.run()
    assert app.button
