"""The conditions above the map: inverted, removed, cleared, hidden, selected."""

import numpy as np
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet
from embeddings.filters import Condition, ContainsWords, Filter, HasValue, IsMissing, MatchesPattern
from pages.explore.history import History
from pages.explore.navigation import OpenSet
from pages.explore.subsets import active_filter

SET = EmbeddingSet.of(np.eye(4), ["red wine", "white wine", "tea", "red paint"])
WINE, RED = ContainsWords("label", "wine"), ContainsWords("label", "red")


def draw(embedding_set, text):  # runs as a script of its own
    import streamlit as st

    from pages.explore.address import Address
    from pages.explore.navigation import OpenSet
    from pages.explore.subsets import active_filter, filter_bar

    if "open_set" not in st.session_state:
        st.session_state.open_set = OpenSet("gallery:x", address=Address(filter=text))
    opened = st.session_state.open_set
    filter_bar.draw(active_filter.matching("x", embedding_set), opened.history)


def bar(*conditions: Condition) -> AppTest:
    app = AppTest.from_function(draw, args=(SET, Filter(conditions).to_text())).run()
    assert not app.exception
    return app


def opened(app: AppTest) -> OpenSet:
    assert not app.exception
    found: OpenSet = app.session_state.open_set
    return found


def conditions(app: AppTest) -> tuple[Condition, ...]:
    return Filter.from_text(opened(app).address.filter).conditions


def press(app: AppTest, label: str, place: int = 0) -> AppTest:
    return [button for button in app.button if button.label == label][place].click().run()


def test_without_conditions_nothing_is_drawn() -> None:
    assert not bar().button


def test_conditions_are_inverted_removed_and_cleared() -> None:
    app = bar(WINE, RED)
    press(app, "label contains wine")
    inverse = ContainsWords("label", "wine", inverted=True)
    assert conditions(app) == (inverse, RED)
    press(app, "✕", 1)
    assert conditions(app) == (inverse,)
    press(app, "Clear filters")
    assert conditions(app) == () and not app.button


def test_a_condition_whose_inverse_is_there_takes_its_place_only_once() -> None:
    inverse = ContainsWords("label", "wine", inverted=True)
    app = bar(WINE, inverse)
    press(app, "label contains wine")
    assert conditions(app) == (inverse,)


def test_the_rest_is_hidden_by_choice() -> None:
    app = bar(WINE)
    app.toggle[0].set_value(True).run()
    assert opened(app).address.hide_rest
    app.toggle[0].set_value(False).run()
    assert not opened(app).address.hide_rest


def test_what_matches_is_selected_and_the_filter_stays() -> None:
    app = bar(WINE, RED)
    press(app, "Select")
    history: History = opened(app).history
    assert history.selected is not None and history.selected.tolist() == [True, False, False, False]
    assert history.selected_name == "label contains wine, label contains red"
    assert conditions(app) == (WINE, RED)


def matching_of(*conditions: Condition) -> active_filter.Matching:
    def script(embedding_set, text):  # type: ignore[no-untyped-def]
        import streamlit as st

        from embeddings.filters import Filter
        from pages.explore.navigation import OpenSet
        from pages.explore.subsets import active_filter

        st.session_state.open_set = OpenSet("gallery:x")
        found = active_filter.matching("y", embedding_set, Filter.from_text(text))
        st.session_state.found = found

    app = AppTest.from_function(script, args=(SET, Filter(conditions).to_text())).run()
    assert not app.exception
    return app.session_state.found


def test_rows_that_match_all_conditions() -> None:
    found = matching_of(WINE, RED)
    assert found.mask is not None and found.mask.tolist() == [True, False, False, False]
    assert (found.count, found.error) == (1, "")
    assert matching_of().mask is None


def test_a_condition_that_does_not_fit_the_set_is_left_out_and_explained() -> None:
    found = matching_of(WINE, IsMissing("year"))
    assert found.count == 2
    assert "no column 'year'" in found.error


def put(text: str, *steps: tuple[type[Condition], Condition | None]) -> tuple[Condition, ...]:
    def script(text, steps):  # type: ignore[no-untyped-def]
        import streamlit as st

        from pages.explore.address import Address
        from pages.explore.navigation import OpenSet
        from pages.explore.subsets import active_filter

        st.session_state.open_set = OpenSet("gallery:x", address=Address(filter=text))
        for kind, condition in steps:
            active_filter.put("label", kind, condition)

    return conditions(AppTest.from_function(script, args=(text, steps)).run())


def test_a_condition_of_the_panel_takes_the_place_of_the_one_of_its_kind() -> None:
    whole = ContainsWords("label", "red", whole=True)
    text = Filter((whole, WINE, HasValue("kind", ("a",)))).to_text()
    tea = ContainsWords("label", "tea")
    assert put(text, (ContainsWords, tea)) == (whole, tea, HasValue("kind", ("a",)))
    assert put(text, (ContainsWords, None)) == (whole, HasValue("kind", ("a",)))
    pattern = MatchesPattern("label", "x")
    assert put(text, (MatchesPattern, pattern))[-1] == pattern
    assert put("no filter", (ContainsWords, tea)) == (tea,)
    full = Filter(tuple(IsMissing(str(i)) for i in range(50)))
    assert put(full.to_text(), (ContainsWords, tea)) == full.conditions
