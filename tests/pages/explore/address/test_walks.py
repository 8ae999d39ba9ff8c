"""Random walks over what a person can do: Back undoes exactly one step, Forward redoes it."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from components import Clear, Click, Selection, Sort, Toggle, one_color
from embeddings import EmbeddingSet
from pages.common.choices import key_for
from pages.explore import navigation
from pages.explore.address import decode, encode
from pages.explore.colors.map_colors import Colored
from pages.explore.colors.palette_controls import pick_color, reset_colors
from pages.explore.navigation import OpenSet
from pages.explore.subsets import selection_details
from pages.explore.view import ViewState, address_of, hide

ROWS = 40
SET = EmbeddingSet.of(np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32))
COLORED = Colored(one_color(ROWS, "all"))

CONTROLS: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {
    "method": ("tsne", ("tsne", "umap", "pca"), {"params": (), "seed": None}),
    "dims": (2, (2, 3), {}),
    "color": (
        "kind",
        ("kind", "size", "(clusters)"),
        {"named": (), "scaled": None, "scale": None, "own_colors": ()},
    ),
    "metric": ("cosine", ("cosine", "dot"), {}),
    "k": (10, (5, 10, 20), {}),
    "thumbnails": (True, (True, False), {}),
    "similar": ("off", ("off", "item"), {}),
}
"""Default, options and what else a choice resets, as the page has them."""

rows = st.integers(0, ROWS - 1)
masks = arrays(bool, ROWS)


class Walk(RuleBasedStateMachine):
    """A session, and the browser's history beside it."""

    @initialize()
    def open(self) -> None:
        self.session: dict[str, Any] = {"open_set": OpenSet("gallery:x")}
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(streamlit, "session_state", _Session(self.session))
        self.entries: list[dict[str, str]] = []
        self.at = -1
        self.run_page()

    def teardown(self) -> None:
        self.patch.undo()

    def run_page(self) -> None:
        """Draw the page: it writes its address into the browser's history if it is another."""
        navigation.restore(SET)
        for name, (default, options, resets) in CONTROLS.items():
            key = key_for(name, navigation.control(name, default, options, **resets))
            self.session.setdefault(key, navigation.control(name, default, options, **resets))
        self.address = address_of(self.view)
        written = encode(self.address)
        if not self.entries or written != self.entries[self.at]:
            self.entries[self.at + 1 :] = [written]
            self.at += 1

    @property
    def view(self) -> Any:
        shown = SimpleNamespace(history=navigation.current(), embedding_set=SET, colored=COLORED)
        shown.hidden = ViewState.hidden.fget(shown)  # type: ignore[attr-defined]
        return shown

    @rule(row=rows)
    def click(self, row: int) -> None:
        navigation.receive(Click(row), ROWS)
        self.run_page()

    @rule(row=rows)
    def ctrl_click(self, row: int) -> None:
        navigation.receive(Toggle(row), ROWS)
        self.run_page()

    @rule(mask=masks, mode=st.sampled_from(["replace", "add", "subtract"]))
    def select(self, mask: np.ndarray, mode: Any) -> None:
        navigation.receive(Selection(mask, "lasso", mode), ROWS)
        self.run_page()

    @rule()
    def hold_the_selection(self) -> None:
        selected = navigation.current().selected
        if selected is not None:
            selection_details.hold(selected)
            self.run_page()

    @rule()
    def clear(self) -> None:
        navigation.receive(Clear(), ROWS)
        self.run_page()

    @rule(codes=st.frozensets(st.integers(0, 5), max_size=3))
    def hide_categories(self, codes: frozenset[int]) -> None:
        hide(self.view, codes)
        self.run_page()

    @rule(color=st.sampled_from(["#0a0b0c", "#ffffff", None]))
    def pick_a_color(self, color: str | None) -> None:
        if color:
            pick_color(COLORED.colors, 0, color)
        else:
            reset_colors()
        self.run_page()

    @rule(by=st.sampled_from([-1, 1]))
    def step_through_items(self, by: int) -> None:
        if navigation.current().row is not None:
            navigation.current().step(by)
            self.run_page()

    @rule(only=st.booleans())
    def show_only_these(self, only: bool) -> None:
        navigation.current().only_these = only
        self.run_page()

    @rule(column=st.sampled_from(["label", "kind"]), descending=st.booleans())
    def sort_the_table(self, column: str, descending: bool) -> None:
        navigation.receive(Sort(column, descending), ROWS)
        self.run_page()

    @rule(choice=st.sampled_from([(name, each) for name in CONTROLS for each in CONTROLS[name][1]]))
    def choose(self, choice: tuple[str, Any]) -> None:
        name, value = choice
        number, _ = self.session[f"{name} drawn"]
        self.session[f"{name} {number}"] = value
        self.run_page()

    @precondition(lambda self: self.at > 0)
    @rule(presses=st.integers(1, 5))
    def go_back(self, presses: int) -> None:
        for _ in range(min(presses, self.at)):
            self.go(self.at - 1)

    @precondition(lambda self: self.at + 1 < len(self.entries))
    @rule(presses=st.integers(1, 5))
    def go_forward(self, presses: int) -> None:
        for _ in range(min(presses, len(self.entries) - 1 - self.at)):
            self.go(self.at + 1)

    @precondition(lambda self: len(self.entries) > 2)
    @rule(data=st.data())
    def go_anywhere(self, data: st.DataObject) -> None:
        self.go(data.draw(st.integers(0, len(self.entries) - 1)))

    def go(self, place: int) -> None:
        """Go to an entry: the page shows what it showed there, and writes nothing."""
        before = [dict(each) for each in self.entries]
        self.at = place
        navigation.go_to(decode(self.entries[place]))
        self.run_page()
        assert self.entries == before
        assert encode(self.address) == before[place]
        held = navigation.open_set().held
        assert (held is not None) == ("held" in before[place])

    @invariant()
    def the_address_is_read_as_it_was_written(self) -> None:
        if self.at >= 0:
            assert decode(encode(self.address)) == self.address


class _Session(dict[str, Any]):
    """Streamlit's session state: items are attributes, too."""

    def __init__(self, items: dict[str, Any]) -> None:
        super().__init__()
        self._items = items

    def __getattr__(self, name: str) -> Any:
        return self._items[name]

    def __getitem__(self, name: str) -> Any:
        return self._items[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._items[name] = value

    def get(self, name: str, default: Any = None) -> Any:
        return self._items.get(name, default)


Walk.TestCase.settings = settings(max_examples=200, stateful_step_count=20, deadline=None)
TestWalks = Walk.TestCase
