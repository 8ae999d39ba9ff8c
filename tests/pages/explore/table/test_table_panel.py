"""The table on the page: folded at first, sorted and paged by events, a click walks; exports."""

import html
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet, gallery, neighbors, save
from embeddings.columns import column_of
from embeddings.rows.sorting import sort_order
from pages.common import services
from pages.explore.table.row_export import cluster_column
from pages.explore.table.table_panel import LONGEST_CELL, MOST_COLUMNS
from tests.embeddings.test_usage import send_event
from tests.pages.explore.address.test_back_and_forward import go
from tests.server.test_exports import body, fetch

ROOT = Path(__file__).parents[4]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def open_table(app: AppTest) -> AppTest:
    (toggle,) = (each for each in app.toggle if each.label == "Table")
    return toggle.set_value(True).run()


def message(app: AppTest) -> dict[str, Any] | None:
    """Return what the table was sent; None if it is folded."""
    assert not app.exception
    sent = [c.proto for c in app.get("bidi_component") if c.proto.id.endswith("-rows")]
    return json.loads(sent[0].json) if sent else None


def shown(app: AppTest) -> list[int]:
    sent = message(app)
    assert sent is not None
    return [row["row"] for row in sent["rows"]]


def texts(app: AppTest) -> list[str]:
    return [each.value.replace("\\", "") for each in app.markdown]


def test_the_table_is_folded_at_first(app: AppTest) -> None:
    assert message(app) is None
    assert "1,797 rows" in texts(app)
    app = open_table(app)
    assert app.query_params["table"] == "1"
    assert "1,797 rows, 1–50" in texts(app)
    assert shown(app) == list(range(50))
    sent = message(app)
    assert sent is not None
    digits = gallery.open_item(gallery.ITEMS[0].name)
    assert [column["name"] for column in sent["columns"]] == ["label", "digit"]
    assert sent["rows"][3]["cells"] == [digits.labels[3], str(digits.metadata["digit"][3])]
    assert sent["images"].startswith("thumbnail/")


def test_it_is_sorted_and_paged_and_a_click_walks_within_the_selection(app: AppTest) -> None:
    app = open_table(app)
    digits = gallery.open_item(gallery.ITEMS[0].name)
    order = sort_order(column_of(digits, "digit"), descending=True).tolist()
    app = send_event(app, "rows", '{"type": "sort", "column": "digit", "descending": true}')
    assert shown(app) == order[:50]
    assert (app.query_params["sort"], app.query_params["descending"]) == ("digit", "1")
    app = app.button(key="table_forward").click().run()
    assert shown(app) == order[50:100]
    assert app.query_params["page"] == "2"
    history = app.session_state.open_set.history
    history.selected, history.selected_name = np.arange(1797) < 400, "box"
    app = app.run()
    within = [row for row in order if row < 400]
    assert shown(app) == within[:50] and "400 of 1,797 rows, 1–50" in texts(app)
    app = app.button(key="table_forward").click().run()
    app = send_event(app, "rows", f'{{"type": "click", "row": {within[60]}}}')
    assert history.row == within[60] and history.selected is not None
    sent = message(app)
    assert sent is not None
    assert shown(app) == within[50:100] and sent["current"] == within[60]
    assert sent["columns"][1]["title"] == "Distance"
    expected = neighbors.compare_with(digits, within[60], np.array(within[50:100]))
    found = [float(row["cells"][1]) for row in sent["rows"]]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    app = send_event(app, "rows", '{"type": "sort", "column": "", "descending": false}')
    assert "sort" not in app.query_params and "page" not in app.query_params


def test_the_address_holds_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for name, value in {"table": "1", "sort": "digit", "page": "3"}.items():
        app.query_params[name] = value
    app.run()
    digits = gallery.open_item(gallery.ITEMS[0].name)
    assert shown(app) == sort_order(column_of(digits, "digit"))[100:150].tolist()


def test_back_and_forward_undo_and_redo_each_step_of_the_table(app: AppTest) -> None:
    def step(act: Callable[[], AppTest]) -> tuple[dict[str, str], list[int] | None]:
        found = act()
        assert not found.exception
        return dict(app.query_params), None if message(found) is None else shown(found)

    sort = '{"type": "sort", "column": "digit", "descending": true}'
    steps = [
        step(app.run),
        step(lambda: open_table(app)),
        step(lambda: send_event(app, "rows", sort)),
        step(lambda: app.button(key="table_forward").click().run()),
        step(lambda: send_event(app, "rows", f'{{"type": "click", "row": {shown(app)[7]}}}')),
        step(lambda: app.button(key="table_forward").click().run()),
    ]
    assert all(before[0] != after[0] for before, after in pairwise(steps))
    for number in (4, 3, 2, 1, 0, 1, 2, 5, 0, 3):
        params, rows = steps[number]
        go(app, params)
        assert (message(app) and shown(app)) == rows, number
        assert dict(app.query_params) == {**params, "camera": "1"}, number


def test_cells_are_cut_and_columns_limited(app: AppTest, tmp_path: Path) -> None:
    columns = {
        "text": [f"{i} {'long ' * 99}" for i in range(9)],
        "n": [None, float("nan"), *range(7)],
        "tags": [["a", "b"]] * 9,
        "raw": [b"x"] * 9,
        **{f"c{i}": [f"{i}{row}" for row in range(9)] for i in range(30)},
    }
    path = tmp_path / "wide.embedding.parquet"
    save(EmbeddingSet.of(np.random.default_rng(0).normal(size=(9, 3)), metadata=columns), path)
    app.file_uploader(key="uploads").upload(path.name, path.read_bytes(), "").run()
    sent = message(open_table(app))
    assert sent is not None
    names = [column["name"] for column in sent["columns"]]
    assert names[:4] == ["label", "text", "n", "tags"] and len(names) == 1 + MOST_COLUMNS
    cells = sent["rows"][0]["cells"]
    assert len(cells[1]) == LONGEST_CELL + 3 and cells[2:4] == [None, "a, b"]
    assert sent["rows"][1]["cells"][2] is None
    assert f"9 rows, 1–9; {MOST_COLUMNS} of 33 columns" in texts(app)


def test_what_the_table_has_is_exported(app: AppTest) -> None:
    history = app.session_state.open_set.history
    history.selected, history.selected_name = np.arange(1797) >= 1790, "lasso"
    app = open_table(app)
    app = send_event(app, "rows", '{"type": "sort", "column": "digit", "descending": false}')
    app.session_state["export_rows"] = True  # the panel is opened
    app = app.run()
    for box in app.checkbox:
        if box.label.startswith("Coordinates"):
            app = box.set_value(True).run()
    assert not app.exception
    (link,) = (e.proto.body for e in app.get("html") if 'class="download"' in e.proto.body)
    address, name = re.findall(r'(?:href|download)="([^"]+)"', html.unescape(link))
    assert name == "digits-lasso.csv"
    lines = body(fetch(services.exports(), address)).decode().splitlines()
    assert lines[0] == '"row","label","digit","x","y"'
    digits = gallery.open_item(gallery.ITEMS[0].name)
    order = [row for row in sort_order(column_of(digits, "digit")) if row >= 1790]
    assert [line.partition(",")[0] for line in lines[1:]] == list(map(str, order))


def test_points_in_no_cluster_have_no_name() -> None:
    found = cluster_column(np.array([1, -1, 0, 1]), ("tea", "wine"))
    assert found.to_pylist() == ["wine", None, "tea", "wine"]
    assert pa.types.is_dictionary(found.type)
