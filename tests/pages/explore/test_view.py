"""The view is computed once: no panel searches, and a rerun for the same item does not either."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet, neighbors, save
from pages.common import services, sources
from pages.common.local_files import Local
from tests.embeddings.test_usage import select, send_event

ROOT = Path(__file__).parents[3]


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows whose neighbors were searched for."""
    rows: list[int] = []
    search = neighbors.query

    def counted(embedding_set, row, *options):  # type: ignore[no-untyped-def]
        rows.append(row)
        return search(embedding_set, row, *options)

    monkeypatch.setattr(neighbors, "query", counted)
    return rows


def test_a_click_searches_once_however_often_the_page_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, searches: list[int]
) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app = send_event(app, "map", '{"type": "click", "row": 42}')
    assert not app.exception
    assert searches == [42]
    app = app.run().run()
    assert searches == [42]
    select(app, "Neighbors").select(20).run()
    assert searches == [42, 42]
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    assert searches == [42, 42, 7]


@pytest.fixture
def explore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def test_a_file_that_changes_while_it_is_open_is_shown_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "local", lambda: Local(root=tmp_path.resolve()))
    vectors = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    save(EmbeddingSet.of(vectors), tmp_path / "x.parquet")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["set"] = "file:x.parquet"
    app.run()
    assert not app.exception and "kind" not in select(app, "Color").options
    kinds = {"kind": ["a", "b"] * 20}
    save(EmbeddingSet.of(vectors, metadata=kinds), tmp_path / "x.parquet")  # equal vectors
    app.run()
    assert not app.exception and "kind" in select(app, "Color").options
    vectors[3] = 0
    save(EmbeddingSet.of(vectors, metadata=kinds), tmp_path / "x.parquet")
    app.run()
    assert any("zero" in caption.value for caption in app.caption)


def test_points_labels_and_colors_are_served_again_once_the_cache_was_emptied(
    explore: AppTest,
) -> None:
    folder = services.cache().folder / "blobs"

    def served_again() -> set[str]:
        for path in folder.iterdir():
            path.unlink()
        assert not explore.run().exception
        return {path.name for path in folder.iterdir()}

    first = served_again()
    assert len(first) == 4  # points, labels, colors and the column that points show
    assert served_again() == first
