"""The filter panel: what is chosen in it becomes the filter, and the filter what it shows."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet
from embeddings.filters import (
    Condition,
    ContainsWords,
    Filter,
    HasValue,
    InRange,
    IsMissing,
    MatchesPattern,
)

ROWS = 60
SET = EmbeddingSet.of(
    np.random.default_rng(0).normal(size=(ROWS, 3)),
    [f"{'red' if i % 2 else 'white'} wine {i}" for i in range(ROWS)],
    {
        "kind": pa.array([None if i < 6 else "ab"[i % 2] for i in range(ROWS)]),
        "shop": pa.array([f"shop {i % 20}" for i in range(ROWS)]),
        "tags": pa.array(
            [None if i == 0 else ["x", "x"] if i % 3 else ["x", "y"] for i in range(ROWS)]
        ),
        "year": pa.array([None if i == 0 else 1980 + i % 30 for i in range(ROWS)]),
        "price": pa.array(np.linspace(0.013, 9.87, ROWS)),
        "day": pa.array([date(2020, 1, 1) + timedelta(days=i) for i in range(ROWS)]),
    },
)
KINDS = {
    "kind": "category", "shop": "category", "tags": "list", "year": "number", "price": "number",
    "day": "date",
}  # fmt: skip


def draw(embedding_set, kinds, text):  # runs as a script of its own
    import streamlit as st

    from pages.explore.address import Address
    from pages.explore.navigation import OpenSet
    from pages.explore.subsets import active_filter, filter_panel

    if "open_set" not in st.session_state:
        st.session_state.open_set = OpenSet("gallery:x", address=Address(filter=text))
    filter_panel.draw("x", embedding_set, kinds)
    st.session_state.found = active_filter.current()


def panel(column: str = "label", *conditions: Condition) -> AppTest:
    """Draw the panel, opened, at a column."""
    app = AppTest.from_function(draw, args=(SET, KINDS, Filter(conditions).to_text()))
    app.session_state["filter_panel"] = True
    app.run()
    assert not app.exception
    if column != "label":
        app.selectbox[0].select(column).run()
    return app


def conditions(app: AppTest) -> tuple[Condition, ...]:
    assert not app.exception
    found: Filter = app.session_state.found
    return found.conditions


def labels(app: AppTest) -> list[str]:
    return [each.label.replace("\\", "") for each in app.checkbox]


def segmented(app: AppTest) -> Any:
    (control,) = app.get("button_group")
    return control


def test_nothing_is_drawn_until_the_panel_is_opened() -> None:
    app = AppTest.from_function(draw, args=(SET, KINDS, "")).run()
    assert not app.exception and not app.selectbox


def test_values_have_counts_under_the_other_conditions() -> None:
    app = panel("kind", InRange("year", 1980, 1989), HasValue("kind", ("a",)))
    assert labels(app) == ["a :gray[7]", "b :gray[7]", "(missing) :gray[5]"]
    assert [box.value for box in app.checkbox] == [True, False, False]


def test_checked_values_are_a_condition() -> None:
    app = panel("kind")
    app.checkbox[0].check().run()
    assert conditions(app) == (HasValue("kind", ("a",)),)
    app.checkbox[2].check().run()
    assert conditions(app) == (HasValue("kind", ("a", None)),)
    app.checkbox[0].uncheck().run()
    app.checkbox[2].uncheck().run()
    assert conditions(app) == ()


def test_a_click_that_comes_twice_checks_a_value_once() -> None:
    def click(is_checked):  # runs as a script of its own
        import streamlit as st

        from pages.explore.navigation import OpenSet
        from pages.explore.subsets import active_filter, filter_panel

        st.session_state.setdefault("open_set", OpenSet("gallery:x"))
        st.session_state.box = is_checked
        for _ in range(2):
            filter_panel._check("kind", "a", "box")
        st.session_state.found = active_filter.current()

    app = AppTest.from_function(click, args=(True,)).run()
    assert conditions(app) == (HasValue("kind", ("a",)),)
    app = AppTest.from_function(click, args=(False,)).run()
    assert conditions(app) == ()


def test_items_of_lists_are_values() -> None:
    app = panel("tags", HasValue("kind", ("a", "b")))
    assert labels(app) == ["x :gray[54]", "y :gray[18]", "(missing) :gray[0]"]
    app.checkbox[1].check().run()
    assert conditions(app)[1:] == (HasValue("tags", ("y",)),)


def test_an_inverted_condition_stays_inverted() -> None:
    app = panel("kind", HasValue("kind", ("a",), inverted=True))
    app.checkbox[1].check().run()
    assert conditions(app) == (HasValue("kind", ("a", "b"), inverted=True),)


def test_of_many_values_the_first_are_listed_and_others_found() -> None:
    app = panel("shop", HasValue("shop", ("shop 9",)))
    assert len(app.checkbox) == 11 and "shop 9 :gray[3]" in labels(app)
    assert app.caption[0].value == "and 9 more"
    app.text_input[0].set_value("P 19").run()
    assert labels(app) == ["shop 19 :gray[3]", "shop 9 :gray[3]"]
    app.checkbox[0].check().run()
    assert conditions(app) == (HasValue("shop", ("shop 9", "shop 19")),)


def test_words_and_regular_expressions() -> None:
    app = panel()
    app.text_input[0].set_value("red").run()
    assert conditions(app) == (ContainsWords("label", "red"),)
    app.toggle[0].set_value(True).run()
    assert conditions(app) == (MatchesPattern("label", "red"),)
    assert app.text_input[0].value == "red"
    app.text_input[0].set_value("^red").run()
    assert conditions(app) == (MatchesPattern("label", "^red"),)
    app.text_input[0].set_value("").run()
    assert conditions(app) == ()
    assert app.toggle[0].value


def test_a_bad_expression_is_explained_and_changes_nothing() -> None:
    app = panel("label", MatchesPattern("label", "wine"))
    app.text_input[0].set_value("wine (").run()
    assert conditions(app) == (MatchesPattern("label", "wine"),)
    assert "missing )" in app.error[0].value.replace("\\", "")
    assert app.text_input[0].value == "wine ("
    app.text_input[0].set_value("wine 1").run()
    assert conditions(app) == (MatchesPattern("label", "wine 1"),)
    assert not app.error


@pytest.mark.parametrize(
    ("column", "ends", "chosen", "expected"),
    [
        ("year", (1980, 2009), (1990, 2009), (1990, None)),
        ("year", (1980, 2009), (1980, 1990), (None, 1990)),
        ("price", (0.01, 9.87), (1.5, 3.25), (1.5, 3.25)),
        ("day", (date(2020, 1, 1), date(2020, 2, 29)), (date(2020, 1, 5), date(2020, 1, 9)),
         (date(2020, 1, 5), date(2020, 1, 9))),
    ],
)  # fmt: skip
def test_a_range_is_a_condition_and_open_at_the_ends(
    column: str, ends: tuple[Any, Any], chosen: tuple[Any, Any], expected: tuple[Any, Any]
) -> None:
    app = panel(column)
    (slider,) = app.slider
    assert slider.value == ends
    slider.set_value(chosen).run()
    assert conditions(app) == (InRange(column, *expected),)
    (slider,) = app.slider
    assert slider.value == chosen
    slider.set_value(ends).run()
    assert conditions(app) == ()


def test_the_slider_shows_the_range_of_the_filter() -> None:
    (slider,) = panel("year", InRange("year", 1985.5, 3000)).slider
    assert slider.value == (1985, 2009)
    (slider,) = panel("day", InRange("day", date(2019, 1, 1), date(2020, 1, 9))).slider
    assert slider.value == (date(2020, 1, 1), date(2020, 1, 9))


def test_missing_values_are_a_choice_of_their_own() -> None:
    app = panel("year")
    for choice, expected in (
        ("only", (IsMissing("year"),)),
        ("none", (IsMissing("year", inverted=True),)),
        ("any", ()),
    ):
        segmented(app).set_value(choice).run()
        assert conditions(app) == expected
    assert not panel("price").get("button_group")


def test_a_histogram_shows_all_rows_and_those_that_match() -> None:
    (drawn,) = panel("year", HasValue("kind", (None,))).get("html")
    assert drawn.proto.body.count("<i ") == 30
    assert 'aria-label="Histogram of year, 1980 to 2009"' in drawn.proto.body
    assert "1981: 1 of 2" in drawn.proto.body
