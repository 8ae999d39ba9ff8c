"""The audit: what disagrees with its neighbors is listed, visited and selected."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet, save
from tests.embeddings.test_usage import select, send_event

ROOT = Path(__file__).parents[4]
BLOBS = np.repeat([0, 1, 2], 40)
WRONG, TWINS = (7, 95), (20, 61)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Open three blobs, with two items of a wrong category and a pair of equal rows."""
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    vectors = 30 * np.eye(3)[BLOBS] + random.normal(size=(120, 3))
    vectors[TWINS[1]] = vectors[TWINS[0]]
    kinds = np.array(["a", "b", "c"])[BLOBS]
    kinds[list(WRONG)] = "b", "a"
    kinds[TWINS[1]] = "a"
    path = tmp_path / "blobs.embedding.parquet"
    made = EmbeddingSet.of(vectors, metadata={"kind": pa.array(kinds)}, metric="euclidean")
    save(made, path)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.file_uploader(key="uploads").upload(path.name, path.read_bytes(), "").run()
    app.session_state["audit"] = True
    return app.run()


def test_items_unlike_their_neighbors_are_visited_and_selected(app: AppTest) -> None:
    assert not app.exception
    captions = " ".join(each.value for each in app.caption)
    assert "2 items whose kind is not that of most of the 10 nearest" in captions
    app = send_event(app, "audit_categories", f'{{"type": "click", "row": {WRONG[0]}}}')
    assert app.session_state.open_set.history.row == WRONG[0]
    app.session_state.open_set.history.clear()
    app.run().button(key="select_disagreeing").click().run()
    assert not app.exception
    history = app.session_state.open_set.history
    assert np.flatnonzero(history.selected).tolist() == list(WRONG)
    assert history.selected_name == "kind unlike its neighbors"


def test_near_duplicates_are_selected(app: AppTest) -> None:
    assert any("1 of them equal" in each.value for each in app.caption)
    app.button(key="select_near").click().run()
    selected = np.flatnonzero(app.session_state.open_set.history.selected)
    assert set(TWINS) <= set(selected.tolist())


@pytest.mark.parametrize("color", ["(hubs)", "(local clustering)"])
def test_the_neighbor_graph_colors_points(app: AppTest, color: str) -> None:
    select(app, "Color").select(color).run()
    assert not app.exception
