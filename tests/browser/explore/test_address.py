"""The address of a view: Back and Forward, a second browser, and what the map itself adds."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.driver import MAP, ROOT, AppPage

ROW = 100
HIDDEN = f"[...{ROOT}.embeddingMap.data.hidden].join()"
IMAGES = "() => [...document.images].every((image) => image.complete)"
"""Streamlit drops the image of an item that is left; a request on its way would find none."""
VIEW = f"{ROOT}.embeddingMap.view.viewText()"


def test_back_and_forward_undo_and_redo_each_step(app: AppPage) -> None:
    page = app.page
    first = app.a_row_in_the_open()
    second = app.a_row_in_the_open(after=first)
    for row in (first, second):
        app.click_point(row)
        app.wait_for_neighbors(row)
        page.wait_for_function(IMAGES)
    app.choose("Color", "(single color)")
    page.wait_for_url("**color=**")
    page.wait_for_function(IMAGES)
    page.go_back()
    expect(page.get_by_role("combobox", name="Color").first).to_have_value("digit")
    expect(page.locator(MAP)).to_have_attribute("data-row", str(second))
    page.wait_for_function(IMAGES)
    page.locator(MAP).focus()  # in a text box the key is for the text
    page.keyboard.press("Control+z")
    app.wait_for_neighbors(first)
    page.wait_for_function(IMAGES)
    page.go_back()
    expect(page.locator(MAP)).to_have_attribute("data-row", "")
    page.go_forward()
    page.go_forward()
    app.wait_for_neighbors(second)
    assert f"row={second}" in page.url


def test_a_second_browser_shows_the_same(app: AppPage, visit: Callable[..., AppPage]) -> None:
    app.page.locator(".legend-swatch").first.click()
    app.page.wait_for_function(f"{HIDDEN} !== ''")
    app.zoom_in_at(ROW)
    app.page.wait_for_url("**camera=**")
    app.page.wait_for_url("**hidden=**")
    hidden, view = app.page.evaluate(HIDDEN), app.page.evaluate(VIEW)
    other = visit(app.address, app.page.url.removeprefix(app.address).lstrip("/"))
    other.wait_for_map()
    other.page.wait_for_function(f"{HIDDEN} === '{hidden}'")
    other.page.wait_for_function(f"text => {VIEW} === text", arg=view)
    app.page.go_back()
    app.page.wait_for_function(f"{HIDDEN} === ''")
