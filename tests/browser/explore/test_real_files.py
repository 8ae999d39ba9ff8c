"""What a person does with a set, from opening to exports, on five real sets."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from embeddings import gallery, load, neighbors
from tests.browser.driver import MAP, ROOT, AppPage
from tests.browser.explore.test_export import CIRCLES, export, open_panel
from tests.browser.explore.test_filters import MASKED
from tests.browser.explore.test_groups import drag
from tests.browser.explore.test_table import ROWS


@dataclass(frozen=True)
class Case:
    """A set to work on.

    Attributes
    ----------
    title : of a gallery item, or the name of a file and those that belong to it
    color : column or clusters to color by
    is_ambiguous : whether the file has several matrices, so that a sheet with the choice opens
    """

    title: str
    color: str
    companions: tuple[str, ...] = ()
    is_ambiguous: bool = False


CASES = [
    Case("Handwritten digits", "digit"),
    Case("Python modules", "role"),
    Case("glove/glove_6B_50d_top10k.npy", "(clusters)", ("glove/glove_6B_50d_top10k_labels.tsv",)),
    Case("articles_bge_small.parquet", "summary", is_ambiguous=True),
    Case("10x_pbmc68k_reduced.h5ad", "bulk_labels", is_ambiguous=True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: Path(case.title).stem)
def test_a_set_is_explored(app: AppPage, data: Path, case: Case, tmp_path: Path) -> None:
    page = app.page
    file, companions = data / "emb" / case.title, [data / "emb" / each for each in case.companions]
    if file.exists():
        expected = load(file, companions)
        app.upload(file, *companions)
    else:
        (item,) = (each for each in gallery.ITEMS if each.title == case.title)
        expected = gallery.open_item(item.name)
        app.choose("Embedding", case.title)
    count = len(expected)
    app.wait_for_map(points=count)

    if case.is_ambiguous:
        page.get_by_role("button", name="Close").click()
        expect(page.get_by_role("dialog")).to_have_count(0)

    # a click lists the exact neighbors
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    found = neighbors.query(expected, row, 10)
    assert [each for each, _ in app.neighbors()] == found.rows.ravel().tolist()

    # every point is colored by its similarity, and by a column again
    page.locator(MAP).focus()
    page.keyboard.press("s")
    expect(page.locator(".similarity-ends")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator(".similarity-ends")).to_be_hidden()
    app.wait_for_script()
    app.choose("Color", case.color)
    expect(page.locator(".map-legend")).to_be_visible()

    # a box selects what is in it; the table and the file of rows have the same rows
    app.wait_for_script()
    plot = page.locator(f"{MAP} .nsewdrag").bounding_box()
    corners = [{"x": plot["x"] + f * plot["width"], "y": plot["y"] + f * plot["height"]}
               for f in (0.35, 0.65)]  # fmt: skip
    page.locator('.modebar-btn[data-val="select"]').click()
    app.wait_until_still(row)
    drag(app, *corners)
    page.wait_for_function(f"() => ({MASKED}) !== null")
    mask = page.evaluate(f"Array.from({ROOT}.embeddingMap.data.drawable.mask)")
    inside = np.flatnonzero(mask).tolist()
    assert_selected(np.array(app.places()), inside, corners)
    expect(page.get_by_text(f"{len(inside):,} of {count:,} points,")).to_be_visible()
    expect(page.get_by_text("Closest to the centroid")).to_be_visible()
    app.wait_for_script()
    page.get_by_text("Table", exact=True).click()
    expect(page.locator(ROWS).first).to_have_attribute("data-row", str(inside[0]))
    app.press("Export rows")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    with download.value.path().open(newline="") as text:
        header, *lines = csv.reader(text)
    assert [int(line[header.index("row")]) for line in lines] == inside

    # the exported figure has all points
    page.keyboard.press("Escape")
    open_panel(app)
    figure = export(app, "SVG", tmp_path)
    other = page.context.new_page()
    other.goto(figure.as_uri())
    assert len(other.evaluate(CIRCLES)) == count
    other.close()

    # a reload shows the same, and Back undoes the selection
    page.keyboard.press("Escape")
    app.wait_for_script()
    page.reload()
    app.wait_for_map(points=count)
    page.wait_for_function(f"rows => ({MASKED}) === rows", arg=len(inside))
    expect(page.locator(ROWS).first).to_have_attribute("data-row", str(inside[0]))
    app.wait_for_script()
    page.go_back()  # the table is folded
    app.wait_for_script()
    page.go_back()
    app.wait_for_neighbors(row)
    page.wait_for_function(f"rows => ({MASKED}) !== rows", arg=len(inside))


def assert_selected(
    places: np.ndarray, rows: list[int], corners: list[dict[str, float]], tolerance: float = 4
) -> None:
    """Check that what is in a box is selected, and nothing else, but for points on its edges."""
    low, high = (np.array([corner["x"], corner["y"]]) for corner in corners)
    outside = np.maximum(low - places, places - high).max(axis=1)  # px; negative within
    is_selected = np.isin(np.arange(len(places)), rows)
    assert is_selected[outside < -tolerance].all()
    assert not is_selected[outside > tolerance].any()
