"""Colors by similarity: to the current item, to the pointer, locked; switched on by a key too."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.embeddings.test_usage import send_event

ROOT = Path(__file__).parents[4]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    return send_event(app, "map", '{"type": "click", "row": 42}')


def message(app: AppTest) -> dict[str, Any] | None:
    """Return what the map was told of similarity."""
    assert not app.exception
    (sent,) = (c.proto for c in app.get("bidi_component") if c.proto.id.endswith("-map"))
    told: dict[str, Any] | None = json.loads(sent.json)["similarity"]
    return told


def switch(app: AppTest, title: str) -> AppTest:
    (control,) = (c for c in app.button_group if c.label == "Color by similarity")
    return control.set_value(title).run()


def test_the_map_is_colored_by_similarity_to_the_current_item(app: AppTest) -> None:
    assert message(app) is None
    app = switch(app, "item")
    told = message(app)
    assert told is not None
    assert (told["row"], told["follows"], told["metric"]) == (42, False, "euclidean")
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    assert message(app) == {**told, "row": 7}
    app = switch(app, "pointer")
    assert message(app) == {**told, "row": 7, "follows": True}
    assert app.query_params["similar"] == "pointer"
    app = switch(app, "off")
    assert message(app) is None


def test_a_lock_holds_the_item_while_others_are_clicked(app: AppTest) -> None:
    app = switch(app, "pointer")
    (lock,) = (toggle for toggle in app.toggle if toggle.label.startswith("Lock to"))
    app = lock.set_value(True).run()
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    told = message(app)
    assert told is not None and (told["row"], told["follows"]) == (42, False)
    assert app.query_params["locked"] == "42"
    (lock,) = (toggle for toggle in app.toggle if toggle.label.startswith("Lock to"))
    told = message(lock.set_value(False).run())
    assert told is not None and (told["row"], told["follows"]) == (7, True)


def test_a_key_switches_the_colors_on_and_off(app: AppTest) -> None:
    app = send_event(app, "map", '{"type": "similarity"}')
    told = message(app)
    assert told is not None and told["row"] == 42
    assert app.query_params["similar"] == "item"
    assert message(send_event(app, "map", '{"type": "similarity"}')) is None
