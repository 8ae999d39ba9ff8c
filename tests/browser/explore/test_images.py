"""Images of the items: on the map, in place of points."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.driver import MAP, ROOT, AppPage

ON_SCREEN = f"[...{ROOT}.embeddingMap.overlay.images.onScreen().keys()]"
HIGHLIGHTS = f"{ROOT}.embeddingMap.overlay.highlights"
IMAGES = f"""[...{ROOT}.embeddingMap.overlay.images.onScreen().values()]
  .map(({{ row, x, y, opacity }}) => ({{ row, x, y, opacity }}))"""
ALL_LOADED = f"{ON_SCREEN}.length === {ROOT}.embeddingMap.overlay.images.placed.size"


def zoom_until_images(app: AppPage) -> None:
    """Zoom in with the wheel at a row, a tenth at each turn."""
    row = app.a_row_in_the_open()
    place = app.place(row)
    app.page.mouse.move(place["x"] - 60, place["y"] - 60)
    for _ in range(16):
        app.page.mouse.wheel(0, -300)
    app.wait_until_still(row)
    app.page.wait_for_function(f"{ON_SCREEN}.length > 5")


def images_in(figure: Path) -> list[tuple[float, float, float]]:
    """Return the middle and the opacity of each image of an SVG file, which holds their pixels."""
    found = []
    for image in ElementTree.parse(figure).iter("{http://www.w3.org/2000/svg}image"):
        assert image.attrib["href"].startswith("data:image/png;base64,iVBOR")
        x, y, width, height = (float(image.attrib[name]) for name in ("x", "y", "width", "height"))
        found.append((x + width / 2, y + height / 2, float(image.get("opacity", 1))))
    return sorted(found)


def test_images_take_the_place_of_points_and_lead_to_their_items(app: AppPage) -> None:
    page = app.page
    assert page.evaluate(ON_SCREEN) == []
    zoom_until_images(app)
    box = page.locator(MAP).bounding_box()
    assert box is not None
    legend = page.locator(".map-legend").bounding_box()
    assert legend is not None
    images = page.evaluate(IMAGES)
    assert len(images) <= 150
    chosen = next(
        each
        for each in images
        if legend["x"] + legend["width"] - box["x"] + 60 < each["x"] < box["width"] - 60
        and 60 < each["y"] < box["height"] - 60
    )
    place = app.place(chosen["row"])
    assert (box["x"] + chosen["x"], box["y"] + chosen["y"]) == pytest.approx(
        (place["x"], place["y"]), abs=1
    )
    page.mouse.click(place["x"] + 15, place["y"] - 15)  # beyond the radius of a point
    app.wait_for_neighbors(chosen["row"])
    opacities = {each["row"]: each["opacity"] for each in page.evaluate(IMAGES)}
    near = {chosen["row"], *(row for row, _ in app.neighbors())}
    assert opacities[chosen["row"]] == 1
    assert all((opacity == 1) == (row in near) for row, opacity in opacities.items())

    page.wait_for_function(ALL_LOADED)
    app.press("Export")
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG", exact=True).click()
    figure = images_in(Path(download.value.path()))
    screen = sorted((each["x"], each["y"], each["opacity"]) for each in page.evaluate(IMAGES))
    moved = np.array(figure) - np.array(screen)  # by the legend and the title
    assert np.allclose(moved[:, 2], 0) and np.allclose(moved, moved[0], atol=0.02)
    app.press("Export")

    page.get_by_text("Images on the map", exact=True).click()
    page.wait_for_function(f"{ON_SCREEN}.length === 0")
    page.wait_for_function("location.search.includes('thumbnails=0')")


def test_images_of_neighbors_are_beside_their_points_at_any_zoom(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    app.page.wait_for_function(f"{ON_SCREEN}.length > 1")
    shown = app.page.evaluate(ON_SCREEN)
    assert set(shown) <= {row, *(other for other, _ in app.neighbors())}
    app.page.keyboard.press("Escape")
    app.page.wait_for_function(f"{ON_SCREEN}.length === 0")


def test_a_contact_sheet_shows_the_selection_and_leads_to_items(app: AppPage) -> None:
    page = app.page
    page.locator(".map-legend li").first.hover()
    page.get_by_label("Select the members of 3").click()
    cells = page.locator(".contact-sheet button")
    expect(cells).to_have_count(120)
    expect(page.get_by_text("1–120 of 183 images")).to_be_visible()
    row = int(cells.nth(1).get_attribute("data-row") or "")
    cells.nth(1).hover()
    page.wait_for_function(
        f"row => {ROOT}.embeddingMap.overlay.highlights.hovered === row", arg=row
    )
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.row") == str(row)
    page.keyboard.press("Enter")
    app.wait_for_neighbors(row)
    page.get_by_role("button", name="← 3 (183)").click()
    page.get_by_role("button", name="›", exact=True).click()
    expect(cells).to_have_count(63)
