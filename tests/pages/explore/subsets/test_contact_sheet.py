"""The contact sheet: which rows are on it, and its pages."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from embeddings.media import MEDIA
from pages.explore.subsets import contact_sheet
from pages.explore.subsets.contact_sheet import PAGE_IMAGES, describe, rows_with_images
from tests.embeddings.test_usage import send_event

ROOT = Path(__file__).parents[4]


def test_selected_rows_with_an_image_are_on_the_sheet() -> None:
    cells = [{"bytes": b"x", "path": ""}, None, {"bytes": None, "path": "a.png"}]
    column = pa.chunked_array([pa.array(cells, MEDIA), pa.array(cells, MEDIA)])
    selected = np.array([True, True, True, False, True, True])
    assert rows_with_images(column, selected).tolist() == [0]
    assert rows_with_images(column, ~selected).tolist() == [3]


@pytest.mark.parametrize(
    ("page", "text"),
    [((0, 1, 1), "1 image"), ((0, 7, 7), "7 images"), ((120, 63, 1183), "121–183 of 1,183 images")],
)
def test_the_sheet_says_how_many_of_how_many(page: tuple[int, int, int], text: str) -> None:
    assert describe(*page) == text


def select(app: AppTest, rows: range) -> AppTest:
    mask = np.zeros(1797, dtype=bool)
    mask[rows] = True
    bits = base64.b64encode(np.packbits(mask).tobytes()).decode()
    event = {"type": "selection", "bits": bits, "name": "lasso", "mode": "replace"}
    return send_event(app, "map", json.dumps(event))


def test_the_sheet_is_paged_and_leads_to_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    drawn: list[list[int]] = []
    mount = contact_sheet.contact_sheet

    def keep(*, items: Any, **options: Any) -> None:
        drawn.append([item.row for item in items])
        mount(items=items, **options)

    monkeypatch.setattr(contact_sheet, "contact_sheet", keep)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not drawn
    app = select(app, range(100, 300))
    assert not app.exception
    assert drawn[-1] == list(range(100, 100 + PAGE_IMAGES))
    app.button(key="sheet_forward").click().run()
    assert drawn[-1] == list(range(100 + PAGE_IMAGES, 300))
    assert app.button(key="sheet_forward").disabled
    assert "121–200 of 200 images" in [each.value for each in app.caption]
    app = select(app, range(5, 50))
    assert drawn[-1] == list(range(5, 50))
    app = send_event(app, "sheet", '{"type": "click", "row": 7}')
    assert app.session_state.open_set.history.row == 7
