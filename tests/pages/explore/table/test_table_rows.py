"""Which rows the table has: of the selection and the filter, sorted, and which page of them."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet, neighbors
from embeddings.filters import Filter, InRange
from pages.common import services
from pages.explore.address import Address
from pages.explore.navigation import OpenSet
from pages.explore.table.table_rows import NEAREST, PAGE_ROWS, TableRows

COUNT = 120
RANDOM = np.random.default_rng(0)
YEARS = RANDOM.integers(0, 30, COUNT)
SET = EmbeddingSet.of(
    RANDOM.normal(size=(COUNT, 4)),
    [f"w{i % 7}" for i in range(COUNT)],
    {"year": YEARS, "raw": [b"x"] * COUNT},
)


def draw(embedding_set):  # runs as a script of its own
    import streamlit as st

    from pages.explore import navigation
    from pages.explore.colors.color_controls import column_kinds
    from pages.explore.subsets import active_filter
    from pages.explore.table.table_rows import table_rows

    opened = navigation.open_set()
    kinds = column_kinds("table", embedding_set)
    matching = active_filter.matching("table", embedding_set)
    st.session_state.found = table_rows(
        "table", embedding_set, kinds, opened.history, matching, None
    )


@pytest.fixture
def session() -> AppTest:
    """A session in which the table is open."""
    services.open_sets().clear()
    app = AppTest.from_function(draw, args=(SET,))
    app.session_state.open_set = OpenSet("gallery:x", address=Address(table=True), restored=1)
    return app


def found(app: AppTest, **address: Any) -> TableRows:
    """Return the rows after a change of the address."""
    from dataclasses import replace

    opened = app.session_state.open_set
    opened.address = replace(opened.address, **address)
    assert not app.run().exception
    rows: TableRows = app.session_state.found
    return rows


def test_without_a_selection_all_rows_are_there_in_their_order(session: AppTest) -> None:
    table = found(session)
    assert (table.count, table.pages, table.ordered) == (COUNT, 3, None)
    assert table.shown.tolist() == list(range(PAGE_ROWS))
    assert found(session, page=3).shown.tolist() == list(range(100, 120))


def test_a_folded_table_knows_its_count_only(session: AppTest) -> None:
    table = found(session, table=None, sort="year")
    assert (table.is_open, table.count, table.ordered) == (False, COUNT, None)


def test_the_rows_are_sorted_by_a_column(session: AppTest) -> None:
    table = found(session, sort="year")
    assert table.ordered is not None
    assert table.ordered.tolist() == np.argsort(YEARS, kind="stable").tolist()
    table = found(session, descending=True)
    assert table.ordered is not None
    assert table.ordered.tolist() == np.argsort(-YEARS, kind="stable").tolist()
    table = found(session, sort="label", descending=False)
    assert [SET.labels[row] for row in table.shown[:3]] == ["w0", "w0", "w0"]


@pytest.mark.parametrize("sort", ["nothing", "raw", NEAREST])
def test_what_it_cannot_be_sorted_by_is_left_out(session: AppTest, sort: str) -> None:
    assert found(session, sort=sort).sort == ""


def test_the_selection_within_the_filter(session: AppTest) -> None:
    selected = np.arange(COUNT) % 2 == 0
    session.session_state.open_set.history.selected = selected
    assert found(session).shown.tolist() == list(range(0, 100, 2))
    table = found(session, filter=Filter((InRange("year", 10, 20),)).to_text(), sort="year")
    expected = np.flatnonzero(selected & (YEARS >= 10) & (YEARS <= 20))
    assert table.ordered is not None and table.count == len(expected)
    assert table.ordered.tolist() == sorted(expected.tolist(), key=lambda row: YEARS[row])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_rows_are_sorted_by_similarity_to_the_item(session: AppTest, metric: Any) -> None:
    given = SET.with_provenance(metric=metric)
    app = AppTest.from_function(draw, args=(given,))
    app.session_state.open_set = OpenSet("gallery:x", address=Address(table=True), restored=1)
    app.session_state.open_set.history.visit(42)
    is_similarity = metric == "cosine"
    table = found(app, sort=NEAREST, descending=is_similarity)
    nearest = neighbors.query(given, 42, COUNT)
    assert table.ordered is not None and table.nearness is not None
    assert table.ordered.tolist() == [42, *nearest.rows.tolist()]
    np.testing.assert_allclose(table.nearness[1:], nearest.values[: PAGE_ROWS - 1], rtol=1e-12)
    table = found(app, descending=not is_similarity)
    assert table.ordered is not None and table.ordered.tolist()[-1] == 42
    assert table.shown.tolist() == table.ordered[:PAGE_ROWS].tolist()


@pytest.mark.parametrize("descending", [True, False])
def test_a_page_of_the_ranking_is_found_without_ranking_all_rows(
    session: AppTest, monkeypatch: pytest.MonkeyPatch, descending: bool
) -> None:
    opened = session.session_state.open_set
    opened.history.selected = RANDOM.random(COUNT) < 0.9
    opened.history.visit(int(np.flatnonzero(opened.history.selected)[3]))
    expected = found(session, sort=NEAREST, descending=descending, page=2).ordered
    assert expected is not None
    monkeypatch.setattr(neighbors, "rank_all", None)
    for page in (1, 2, 3):
        opened.last_ranking = (None, None)
        table = found(session, page=page)
        assert table.shown.tolist() == expected[table.start : table.stop].tolist()
    monkeypatch.undo()
    monkeypatch.setattr("pages.explore.table.table_rows.RANKED_ROWS", 60)
    assert found(session, page=2).shown.tolist() == expected[50:100].tolist()


@pytest.mark.parametrize("sort", ["", "year", NEAREST])
def test_a_filter_that_nothing_passes_leaves_no_rows(session: AppTest, sort: str) -> None:
    session.session_state.open_set.history.visit(42)
    table = found(session, filter=Filter((InRange("year", 99, 99),)).to_text(), sort=sort)
    assert (table.count, table.pages, table.shown.tolist()) == (0, 1, [])
    assert table.nearness is not None and not len(table.nearness)


def test_a_page_beyond_the_last_one_is_the_last_one(session: AppTest) -> None:
    for page, shown in ((99, 3), (0, 1)):
        assert found(session, page=page).page == shown
        assert session.session_state.open_set.address.page == shown


def test_other_rows_begin_with_the_first_page(session: AppTest) -> None:
    opened = session.session_state.open_set
    assert found(session, page=2).page == 2
    assert found(session).page == 2  # drawn again
    opened.history.selected = np.arange(COUNT) < 90
    assert found(session).page == 1
    assert found(session, page=2).page == 2
    assert found(session, filter=Filter((InRange("year", 0, 29),)).to_text()).page == 1
    opened.history.visit(3)
    assert found(session, page=2).page == 2  # a click changes neither rows nor order,
    assert found(session, page=2, sort=NEAREST).page == 1
    assert found(session, page=2).page == 2
    opened.history.visit(4)
    assert found(session).page == 1  # but for an order that depends on it


def test_a_restored_address_says_which_page_it_is(session: AppTest) -> None:
    opened = session.session_state.open_set
    found(session)
    opened.history.selected, opened.restored = np.arange(COUNT) < 90, 2
    assert found(session, page=2).page == 2


def test_a_column_is_sorted_once(session: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.explore.table import table_rows

    sorted_: list[bool] = []

    def counted(column: Any, descending: bool) -> np.ndarray:
        sorted_.append(descending)
        return np.arange(COUNT, dtype=np.int32)

    monkeypatch.setattr(table_rows, "sort_order", counted)
    for page in (1, 2, 3, 1):
        found(session, sort="year", page=page)
    assert sorted_ == [False]
    found(session, descending=True)
    assert sorted_ == [False, True]
