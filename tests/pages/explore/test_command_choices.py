"""Each choice of the command palette leads to the same view as its control."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from streamlit.testing.v1 import AppTest

from components import Choice
from pages.explore import command_choices
from pages.explore.command_choices import MOST_OPTIONS, choices_of
from pages.explore.navigation import Offer
from tests.embeddings.test_usage import select, send_event

ROOT = Path(__file__).parents[3]


def test_the_default_is_written_as_no_parameter_and_the_current_option_is_left_out() -> None:
    offer = Offer(["digit", "pixels", "k"], "digit", "pixels", ("named", "scaled"))
    assert choices_of("color", offer) == [
        Choice("Color: digit", {"color": None, "named": None, "scaled": None}),
        Choice("Color: k", {"color": "k", "named": None, "scaled": None}),
    ]


def test_another_layout_is_shown_from_where_it_fits() -> None:
    (choice,) = choices_of("dims", Offer([2, 3], 2, 2, ()))
    assert choice == Choice("Dimensions: 3D", {"dims": "3", "camera": None})


def test_of_thousands_of_columns_the_first_are_offered() -> None:
    offer = Offer([f"gene {i}" for i in range(5_000)], "gene 0", "gene 9", ())
    assert len(choices_of("color", offer)) == MOST_OPTIONS - 1


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Choice]:
    """The choices that the page drew last, by title."""
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    found: dict[str, Choice] = {}

    def keep(*, key: str, choices: list[Choice], on_event: Any) -> None:
        found.clear()
        found.update({each.title: each for each in choices})
        palette(key=key, choices=choices, on_event=on_event)

    palette = command_choices.components.command_palette
    monkeypatch.setattr(command_choices.components, "command_palette", keep)
    return found


def choose(app: AppTest, choice: Choice) -> None:
    """Do what the browser does with a choice."""
    params = {} if choice.alone else dict(app.query_params)
    changed = {name: value for name, value in choice.params.items() if value is not None}
    kept = {name: params[name] for name in params if name not in choice.params}
    app.query_params.clear()
    for name, value in (kept | changed).items():
        app.query_params[name] = value
    event = {"type": "navigated", "search": f"?{urlencode(kept | changed)}"}
    send_event(app, "commands", json.dumps(event))
    assert not app.exception


def test_choices_show_what_their_controls_show(offered: dict[str, Choice]) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app = send_event(app, "map", '{"type": "click", "row": 42}')
    choose(app, offered["Layout: PCA"])
    assert select(app, "Layout").value == "pca"
    choose(app, offered["Color: (single color)"])
    choose(app, offered["Metric: dot"])
    choose(app, offered["Neighbors: 50"])
    assert [select(app, name).value for name in ("Layout", "Color", "Metric", "Neighbors")] == [
        "pca", "(single color)", "dot", 50,
    ]  # fmt: skip
    assert app.session_state.open_set.history.row == 42
    assert "Neighbors: 50" not in offered and "Neighbors: 10" in offered
    choose(app, offered["Open: Python modules"])
    assert select(app, "Embedding").value == "gallery:python_modules"
    assert dict(app.query_params) == {"set": "gallery:python_modules"}
