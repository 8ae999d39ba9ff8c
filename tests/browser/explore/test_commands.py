"""What the keyboard reaches: all commands, help, the map on the full screen, lists."""

import re

from playwright.sync_api import expect

from tests.browser.driver import AppPage


def test_the_palette_finds_a_color_and_a_control(app: AppPage) -> None:
    keyboard, page = app.page.keyboard, app.page
    keyboard.press("Control+k")
    keyboard.type("color single")
    expect(page.get_by_role("option", name="Color: (single color)")).to_be_visible()
    keyboard.press("Enter")
    expect(page.locator(".map-legend")).to_be_hidden()
    keyboard.press("Control+k")
    keyboard.type("filt")
    keyboard.press("Enter")
    expect(page.locator(".st-key-filter_column")).to_be_visible()


def test_help_and_a_theme_by_keys_and_hints_that_do_not_come_again(
    app: AppPage,
) -> None:
    hints = app.page.locator(".hints li:visible")
    app.page.evaluate("localStorage.clear()")
    app.page.reload()
    app.wait_for_map()
    expect(hints).to_have_count(3)
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    app.page.keyboard.press("?")
    expect(app.page.get_by_role("dialog", name="Keys")).to_be_visible()
    app.page.keyboard.press("Escape")
    expect(app.page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(app.page.locator('[data-testid="embedding-map"]')).to_have_attribute(
        "data-row", str(row)
    )
    app.wait_for_script()
    app.page.locator('[data-testid="embedding-map"]').focus()
    app.page.keyboard.press("Escape")
    expect(hints).to_have_count(1)
    expect(hints).to_contain_text("Draw a box or a lasso")
    app.page.get_by_role("button", name="Got it").click()
    expect(hints).to_have_count(0)
    app.page.keyboard.press("Control+k")
    app.page.keyboard.type("theme dark")
    with app.page.expect_navigation():  # Streamlit takes the theme from the address of a new page
        app.page.keyboard.press("Enter")
    app.wait_for_map()
    expect(app.page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(18, 22, 28)")
    expect(app.page).to_have_url(re.compile("embed_options=dark_theme"))
    expect(app.page.locator(".hints")).to_be_attached()
    expect(hints).to_have_count(0)


def test_the_keyboard_stays_in_the_list_of_neighbors(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    page, lines = app.page, app.page.locator(".neighbor-label")
    second = lines.nth(1)
    reached = int(second.get_attribute("data-row") or -1)
    lines.first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    app.wait_for_neighbors(reached)
    expect(lines.first).to_be_focused()


def test_the_map_fills_the_screen_and_returns(app: AppPage) -> None:
    box = app.page.locator('[data-testid="embedding-map"]')
    before = box.bounding_box()
    box.focus()
    app.page.keyboard.press("f")
    app.page.wait_for_function("document.fullscreenElement?.matches('.embedding-map')")
    app.page.keyboard.press("f")
    app.page.wait_for_function("!document.fullscreenElement")
    assert box.bounding_box() == before
