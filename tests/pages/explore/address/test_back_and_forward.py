"""The page at an address shows the same again; Back and Forward lead through the steps."""

import base64
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.explore.address import bar, encode_mask
from tests.embeddings.test_usage import select, send_event

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))


def at(**params: str) -> AppTest:
    """Open the app at an address."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def go(app: AppTest, params: dict[str, str]) -> None:
    """Go to an entry of the browser's history: Streamlit runs the page, and says why."""
    app.query_params.clear()
    for name, value in {**params, "camera": "1"}.items():
        app.query_params[name] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bar, "is_after_navigation", lambda: True)
        app.run()
    assert not app.exception


def test_the_first_address_stays_as_it_is() -> None:
    assert at().query_params == {}
    params = {"set": "gallery:digits", "method": "nonsense", "row": "7"}
    assert at(**params).query_params == params


def test_back_and_forward_undo_and_redo_each_step() -> None:
    app = at()
    bits = base64.b64encode(np.packbits(np.arange(1797) < 40).tobytes()).decode()
    selection = json.dumps({"type": "selection", "bits": bits, "name": "box"})
    steps = [
        lambda: send_event(app, "map", '{"type": "click", "row": 42}'),
        lambda: select(app, "Neighbors").select(20).run(),
        lambda: select(app, "Metric").select("dot").run(),
        lambda: send_event(app, "map", '{"type": "click", "row": 7}'),
        lambda: send_event(app, "map", '{"type": "pick_color", "code": 2, "color": "#0a0b0c"}'),
        lambda: select(app, "Color").select("(single color)").run(),
        lambda: send_event(app, "map", selection),
        lambda: send_event(app, "map", '{"type": "hidden", "codes": [0]}'),
    ]
    visited = [dict(app.query_params)]
    for step in steps:
        app = step() or app
        assert not app.exception
        visited.append(dict(app.query_params))
    assert all(before != after for before, after in pairwise(visited)), visited

    def shown() -> tuple[object, ...]:
        state = app.session_state.open_set
        history = state.history
        metric = select(app, "Metric").value if history.row is not None else None
        k = select(app, "Neighbors").value if history.row is not None else None
        selected = None if history.selected is None else int(history.selected.sum())
        color, own = select(app, "Color").value, dict(state.address.own_colors)
        return history.row, metric, k, color, selected, state.hidden[1], list(own.values())

    expected = [
        (None, None, None, "digit", None, frozenset(), []),
        (42, "euclidean", 10, "digit", None, frozenset(), []),
        (42, "euclidean", 20, "digit", None, frozenset(), []),
        (42, "dot", 20, "digit", None, frozenset(), []),
        (7, "dot", 20, "digit", None, frozenset(), []),
        (7, "dot", 20, "digit", None, frozenset(), ["#0a0b0c"]),
        (7, "dot", 20, "(single color)", None, frozenset(), []),
        (None, None, None, "(single color)", 40, frozenset(), []),
        (None, None, None, "(single color)", 40, frozenset({0}), []),
    ]
    order = [*range(len(visited) - 2, -1, -1), *range(1, len(visited)), 2, 7, 0]
    for number in order:
        go(app, visited[number])
        assert shown() == expected[number], number
        assert dict(app.query_params) == {**visited[number], "camera": "1"}


def test_an_address_shows_the_same_in_a_second_browser() -> None:
    mask = np.arange(1797) % 7 == 3
    params = {
        "set": "gallery:digits", "dims": "3", "color": "(single color)",
        "selection": encode_mask(mask), "selected": "lasso", "only": "1",
    }  # fmt: skip
    app = at(**params)
    history = app.session_state.open_set.history
    assert np.array_equal(history.selected, mask)
    assert (history.selected_name, history.only_these) == ("lasso", True)
    assert select(app, "Color").value == "(single color)"
    app = send_event(app, "map", '{"type": "click", "row": 3}')
    assert (app.query_params["dims"], app.query_params["row"]) == ("3", "3")
