"""New points on the map: placed without moving it, clicked for their neighbors, removed."""

from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from embeddings import EmbeddingSet, gallery, neighbors, save
from tests.browser.driver import ROOT, AppPage

ADDED = f"""number => {{
  const {{ view, data, overlay, elements }} = {ROOT}.embeddingMap;
  if (!overlay.highlights.added || !view.scene) return null;
  const {{ coordinates, count, dims }} = data.added;
  const axes = Array.from({{ length: dims }}, (_, axis) => coordinates[axis * count + number]);
  view.scene.projection.refresh();
  const at = view.scene.projection.at(...view.displayed(axes));
  const box = elements.root.getBoundingClientRect();
  return at && {{ x: box.left + at.x, y: box.top + at.y }};
}}"""
"""Where a new point is, in px of the page; null for nowhere."""


def place_of(app: AppPage, number: int) -> dict[str, float]:
    found = app.page.wait_for_function(ADDED, arg=number).json_value()
    assert isinstance(found, dict)
    return found


def test_digits_are_placed_into_the_map_of_the_others(app: AppPage, tmp_path: Path) -> None:
    page = app.page
    digits = gallery.open_item("digits")
    held_out, count = np.arange(0, 25, 5), 300
    rest = np.delete(np.arange(count), held_out)
    shown = EmbeddingSet.of(
        digits.vectors[rest], [f"digit {row}" for row in rest], metric=digits.provenance.metric
    )
    save(shown, tmp_path / "rest.embedding.parquet")
    new = EmbeddingSet.of(digits.vectors[held_out], [f"held out {row}" for row in held_out])
    save(new, tmp_path / "new.npz")
    app.upload(tmp_path / "rest.embedding.parquet")
    app.wait_for_map(points=len(rest))
    app.wait_for_script()
    app.wait_until_still(0)
    before = app.places()

    app.press("Add points")
    page.locator(".st-key-new_points input[type=file]").set_input_files(tmp_path / "new.npz")
    bar = page.locator(".st-key-status_bar")
    expect(bar).to_contain_text("+5 new points, placed by the layout's projection")
    app.wait_for_script()
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-new_points")).to_be_hidden()
    app.wait_until_still(0)
    assert app.places() == before

    app.press("Export")
    for kind in ("SVG", "HTML"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        written = download.value.path().read_text()
        assert all(label in written for label in new.labels)
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-export_files")).to_be_hidden()

    at = place_of(app, 3)
    page.mouse.move(at["x"], at["y"])
    expect(page.locator(".map-tooltip")).to_contain_text("held out 15")
    page.mouse.click(at["x"], at["y"])
    expect(page.locator(".st-key-inspector")).to_contain_text("held out 15")
    expect(page.locator(".st-key-neighbors button[data-row]")).to_have_count(10)
    expected = neighbors.query_vectors(shown, new.vectors[3], 10).rows.tolist()
    assert [row for row, _ in app.neighbors()] == expected

    app.choose("Layout", "t-SNE")
    app.press("Run t-SNE")
    expect(bar).to_contain_text("+5 new points, placed by their nearest neighbors")
    app.wait_for_script()
    app.choose_dims(3)
    app.wait_for_map(dims=3)
    place_of(app, 0)
    app.press("Add points")
    app.press("Remove 5 new points")
    expect(bar).not_to_contain_text("new points")
    page.wait_for_function(f"{ROOT}.embeddingMap.overlay.highlights.added === null")
