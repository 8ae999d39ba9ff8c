"""The table of contents: groups and clusters with sizes; names of clusters changed in place."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import gallery
from embeddings.analysis.clusters import GRANULARITY
from pages.common import services
from server import annotations
from tests.embeddings.test_usage import select

ROOT = Path(__file__).parents[4]
DIGITS = gallery.open_item("digits")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_ANNOTATIONS", str(tmp_path / "annotations"))


@pytest.fixture
def app() -> AppTest:
    """Show the digits colored by clusters."""
    services.open_sets().clear()  # opened again, they have their layout in this test's cache
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    select(app, "Color").select("(clusters)").run()
    return finish(app)


def finish(app: AppTest) -> AppTest:
    """Wait for the clusters and show them."""
    services.pool().wait(app.session_state.cluster_job)
    app.run()
    assert not app.exception
    return app


def lines(app: AppTest) -> list[tuple[str, str]]:
    """Return key and label of each line."""
    return [(b.key, b.label) for b in app.button if (b.key or "").startswith("contents ")]


def test_a_line_selects_its_cluster_and_zooms_there_and_returns(app: AppTest) -> None:
    found = lines(app)
    assert 8 <= len(found) <= 12  # ten digits
    assert all(":gray[" in label for _, label in found)
    (slider,) = (each for each in app.slider if each.label == "Coarse to fine")
    assert slider.value == GRANULARITY
    app.button(key=found[1][0]).click().run()
    opened = app.session_state.open_set
    size = int(opened.history.selected.sum())
    assert f":gray[{size:,}]" in found[1][1] and opened.zoom == 1
    assert lines(app)[1][1].startswith("**")
    app.button(key=found[0][0]).click().run()
    assert opened.zoom == 2
    app.button(key=found[0][0]).click().run()
    assert opened.history.selected is None and opened.zoom == -3
    assert lines(app) == found


def test_a_cluster_is_renamed_and_has_its_computed_name_again(app: AppTest) -> None:
    key, before = lines(app)[2]
    app.button(key=key).click().run()
    members = app.session_state.open_set.history.selected
    app.session_state[f"group_form {app.session_state.open_set.forms}"] = True
    app.run()
    (box,) = (each for each in app.text_input if each.label == "Name of the cluster")
    box.set_value("sixes").run()
    app.button(key="rename_cluster").click().run()
    assert not app.exception
    assert lines(app)[2][1].startswith("**sixes** :gray[")
    assert app.session_state.open_set.history.selected_name == "sixes"
    stored = annotations.load(DIGITS.fingerprint, len(DIGITS))
    assert stored.clusters == {annotations.rows_digest(members): "sixes"}
    assert stored.groups == ()  # it is no group
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    select(other, "Color").select("(clusters)").run()
    assert any("sixes" in label for _, label in lines(other))
    app.session_state[f"group_form {app.session_state.open_set.forms}"] = True
    app.run().button(key="reset_cluster").click().run()
    assert not app.exception
    assert lines(app)[2][1].replace("*", "") == before.replace("*", "")


def test_groups_come_first_with_their_sizes(app: AppTest) -> None:
    rows = np.arange(len(DIGITS)) < 40
    annotations.change(DIGITS.fingerprint, len(DIGITS), lambda known: known.added("mine", rows))
    app.run()
    assert lines(app)[0] == ("contents group 0", "mine :gray[40]")
    select(app, "Color").select("(single color)").run()
    assert lines(app) == [("contents group 0", "mine :gray[40]")]
    app.button(key="contents group 0").click().run()
    assert np.array_equal(app.session_state.open_set.history.selected, rows)
