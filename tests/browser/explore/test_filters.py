"""Filters and selections: chosen in the panel, shown on the map, part of the address."""

from playwright.sync_api import expect

from tests.browser.driver import ROOT, AppPage

MASKED = f"{ROOT}.embeddingMap.data.drawable.mask?.reduce((sum, one) => sum + one, 0) ?? null"
ROWS = 1797  # of the digits
PANEL = ".st-key-filter_column"


def wait_for_mask(app: AppPage, rows: int | None) -> None:
    """Wait until so many rows stand out on the map; None if all do."""
    app.page.wait_for_function(f"rows => ({MASKED}) === rows", arg=rows)


def check_threes(app: AppPage) -> None:
    app.page.get_by_role("button", name="Filter", exact=True).click()
    app.choose("Column", "digit")
    app.page.locator(PANEL).get_by_text("3 183").click()
    wait_for_mask(app, 183)


def test_a_filter_greys_hides_and_is_undone(app: AppPage) -> None:
    page = app.page
    page.evaluate(f"window.map = {ROOT}")
    check_threes(app)
    expect(page.get_by_text("183 of 1,797 points match")).to_be_visible()
    assert page.evaluate(f"window.map === {ROOT}"), "the map was made again"
    expect(page.locator(PANEL)).to_be_visible()  # it stays open
    page.keyboard.press("Escape")
    page.get_by_text("Hide the rest").click()
    app.wait_for_drawn(183)
    page.wait_for_function("location.search.includes('filter=digit~is~3&hide_rest=1')")
    page.go_back()
    app.wait_for_drawn(ROWS)
    wait_for_mask(app, 183)
    page.get_by_role("button", name="digit is 3").click()
    wait_for_mask(app, ROWS - 183)
    page.get_by_role("button", name="Clear filters").click()
    wait_for_mask(app, None)
    expect(page.locator(".st-key-filter_bar")).to_have_count(0)


def test_a_selection_is_explained_and_stays_while_its_members_are_visited(app: AppPage) -> None:
    page = app.page
    check_threes(app)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Select", exact=True).click()
    line = page.locator(".st-key-differences").get_by_role("button", name="digit: 3")
    expect(line).to_contain_text("100% vs 0%")
    page.get_by_role("button", name="Clear filters").click()
    line.click()
    expect(page.locator(".st-key-filter_bar")).to_contain_text("digit is 3")
    central = page.locator(".st-key-neighbors button[data-row]").first
    central.wait_for()  # the inspector is drawn after the bar
    row, _ = app.neighbors()[0]
    central.click()
    app.wait_for_neighbors(row)
    wait_for_mask(app, 183)
    page.get_by_role("button", name="(183)").click()
    expect(line).to_be_visible()
