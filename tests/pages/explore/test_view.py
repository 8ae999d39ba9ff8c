"""The view is computed once: no panel searches, and a rerun for the same item does not either."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from embeddings import neighbors
from tests.embeddings.test_usage import tell

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
    app = tell(app, 0, '{"type": "click", "row": 42}')
    assert not app.exception
    assert searches == [42]
    app = app.run().run()
    assert searches == [42]
    app.selectbox(key="k").select(20).run()
    assert searches == [42, 42]
    app = tell(app, 0, '{"type": "click", "row": 7}')
    assert searches == [42, 42, 7]
