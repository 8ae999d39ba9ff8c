"""The table under the map: sorted, paged, walked by keyboard, exported; the map stays."""

from playwright.sync_api import expect

from embeddings import gallery
from embeddings.columns import column_of
from embeddings.rows.sorting import sort_order
from tests.browser.driver import MAP, ROOT, AppPage

ROWS = ".embedding-table tbody tr"
FOCUSED = "document.activeElement.closest('tr')?.dataset.row"
FETCHED = """performance.getEntriesByType("resource")
  .filter((entry) => entry.name.includes(".blobs/")).length"""


def shown(app: AppPage) -> list[int]:
    rows: list[int] = app.page.locator(ROWS).evaluate_all(
        "lines => lines.map((line) => Number(line.dataset.row))"
    )
    return rows


def wait_for_rows(app: AppPage, rows: list[int]) -> None:
    """Wait until the table has these rows."""
    app.page.wait_for_function(
        f"""rows => rows ===
          [...document.querySelectorAll('{ROWS}')].map((line) => line.dataset.row).join()""",
        arg=",".join(map(str, rows)),
    )


def test_the_table_is_sorted_paged_walked_and_exported(app: AppPage) -> None:
    page = app.page
    digits = gallery.open_item(gallery.ITEMS[0].name)
    order = sort_order(column_of(digits, "digit"), descending=True).tolist()
    page.evaluate(f"window.graph = {ROOT}.querySelector('.js-plotly-plot')")
    fetched = page.evaluate(FETCHED)
    page.get_by_text("Table", exact=True).click()
    wait_for_rows(app, list(range(50)))
    expect(page.get_by_text("1,797 rows, 1–50")).to_be_visible()

    header = page.get_by_role("columnheader", name="digit")
    for direction in ("ascending", "descending"):
        header.get_by_role("button").click()
        expect(header).to_have_attribute("aria-sort", direction)
    assert header.get_by_role("button").evaluate("button => button === document.activeElement")
    wait_for_rows(app, order[:50])
    page.get_by_role("button", name="›", exact=True).click()
    wait_for_rows(app, order[50:100])

    page.locator(f"{ROWS} button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED) == str(order[52])
    page.keyboard.press("Enter")
    app.wait_for_neighbors(order[52])
    expect(page.locator(f"{ROWS}[aria-current=true]")).to_have_attribute("data-row", str(order[52]))
    expect(page.get_by_role("columnheader", name="Distance")).to_be_visible()
    assert page.evaluate(FOCUSED) == str(order[52])
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUSED) == str(order[51])
    assert shown(app) == order[50:100]
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    page.go_back()
    expect(page.locator(MAP)).to_have_attribute("data-row", "")
    wait_for_rows(app, order[50:100])

    app.press("Export rows")
    link = page.get_by_role("link", name="Download")
    before = link.get_attribute("href") or ""
    page.get_by_text("Coordinates").click()
    expect(link).not_to_have_attribute("href", before)
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "digits.csv"
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == '"row","label","digit","x","y"'
    assert [int(line.partition(",")[0]) for line in lines[1:]] == order
    assert page.evaluate(f"window.graph === {ROOT}.querySelector('.js-plotly-plot')")
    assert page.evaluate(FETCHED) == fetched  # neither points nor labels are sent again
