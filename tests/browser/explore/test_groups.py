"""Selecting with the keys, naming what is selected, and laying it out by itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import ROOT, AppPage
from tests.browser.explore.test_filters import MASKED, wait_for_mask
from tests.browser.explore.test_map import ranges

ROWS, THREES, FIVES = 1797, 183, 182  # of the digits


@pytest.fixture(autouse=True)
def no_groups_remain(cache: Path) -> Iterator[None]:
    """Remove the groups that the test names in the digits, which other tests use too."""
    yield
    shutil.rmtree(cache / "annotations", ignore_errors=True)


def click(app: AppPage, legend: str, *keys: str) -> None:
    """Click on the arrow of a category of the legend while keys are held."""
    arrow = app.page.get_by_role("button", name=f"Select the members of {legend}", exact=True)
    arrow.click(modifiers=list(keys))


def drag(app: AppPage, start: dict[str, float], end: dict[str, float], *keys: str) -> None:
    """Draw a box while keys are held."""
    mouse, keyboard = app.page.mouse, app.page.keyboard
    mouse.move(start["x"], start["y"])
    for key in keys:
        keyboard.down(key)
    mouse.down()
    mouse.move(end["x"], end["y"], steps=6)
    mouse.up()
    for key in keys:
        keyboard.up(key)


def test_selections_are_put_together_with_shift_alt_and_ctrl(app: AppPage) -> None:
    page = app.page
    click(app, "3")
    wait_for_mask(app, THREES)
    click(app, "5", "Shift")
    wait_for_mask(app, THREES + FIVES)
    click(app, "3", "Alt")
    wait_for_mask(app, FIVES)
    rows = page.evaluate(f"Array.from({ROOT}.embeddingMap.data.drawable.mask)")
    other = app.a_row_in_the_open()
    while rows[other]:
        other = app.a_row_in_the_open(after=other)
    place = app.place(other)
    page.keyboard.down("Control")
    page.mouse.click(place["x"], place["y"])
    page.keyboard.up("Control")
    wait_for_mask(app, FIVES + 1)
    page.locator('.modebar-btn[data-val="select"]').click()
    box = page.locator('[data-testid="embedding-map"] .nsewdrag').bounding_box()
    corners = [{"x": box["x"] + f * box["width"], "y": box["y"] + f * box["height"]}
               for f in (0.3, 0.55)]  # fmt: skip
    drag(app, *corners, "Shift")
    page.wait_for_function(f"rows => ({MASKED}) > rows", arg=FIVES + 1)
    joined = page.evaluate(MASKED)
    app.wait_for_script()
    drag(app, *corners, "Alt")
    page.wait_for_function(f"rows => ({MASKED}) <= rows", arg=FIVES + 1)
    for rows in (joined, FIVES + 1, FIVES, THREES + FIVES):
        app.wait_for_script()
        page.go_back()
        wait_for_mask(app, rows)


def test_a_box_is_not_lost_when_the_map_changes_meanwhile(app: AppPage) -> None:
    page = app.page
    app.wait_for_script()
    page.locator('.modebar-btn[data-val="select"]').click()
    app.wait_until_still(0)
    plot = page.locator('[data-testid="embedding-map"] .nsewdrag').bounding_box()
    x, y = plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 60, steps=4)
    page.evaluate(f"() => {{ {ROOT}.embeddingMap.setHidden(new Set([0])); }}")
    expect(page.locator(".st-key-status_bar")).to_contain_text("1 category hidden")
    page.mouse.move(x + 200, y + 200, steps=4)
    page.mouse.up()
    expect(page.get_by_text("Closest to the centroid")).to_be_visible()
    page.wait_for_function(f"() => ({MASKED}) > 50")


def test_a_group_is_named_laid_out_by_itself_and_left_again(app: AppPage) -> None:
    page = app.page
    click(app, "3")
    wait_for_mask(app, THREES)
    app.press("Name")
    page.get_by_label("Name of the group").fill("threes")
    page.get_by_role("button", name="Name this group").click()
    line = page.locator(".st-key-contents_lines").get_by_role("button", name="threes 183")
    expect(line).to_be_visible()
    expect(page.get_by_label("Name of the group")).to_be_hidden()  # the form has closed
    app.press("Lay out only these")
    app.wait_for_map(points=THREES)
    crumbs = page.locator(".st-key-breadcrumb")
    expect(crumbs).to_contain_text("183 selected")
    expect(page.get_by_text("of neighbors preserved")).to_be_visible()  # it is finished
    app.choose("Color", "group")
    app.wait_for_script()
    row = app.a_row_in_the_open()
    app.wait_until_still(row)  # the layout that was computed, and the room of its legend
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    assert all(other < THREES for other, _ in app.neighbors())
    page.reload()
    app.wait_for_map(points=THREES)
    app.wait_for_neighbors(row)
    crumbs.get_by_role("button", name="digits").click()
    app.wait_for_map(points=ROWS)
    wait_for_mask(app, THREES)
    page.go_back()
    app.wait_for_map(points=THREES)


def test_a_line_of_the_contents_zooms_to_its_cluster_and_returns(app: AppPage) -> None:
    page = app.page
    app.choose("Color", "(clusters)")
    lines = page.locator(".st-key-contents_lines").get_by_role("button")
    expect(lines.first).to_be_visible()
    expect(page.locator(".map-legend")).to_contain_text("no cluster")  # the map has been drawn
    app.wait_for_script()
    row = app.a_row_in_the_open()
    app.wait_until_still(row)
    whole = ranges(app)
    lines.nth(1).click()
    page.wait_for_function(f"({MASKED}) !== null")
    member = page.evaluate(f"{ROOT}.embeddingMap.data.drawable.mask.indexOf(1)")
    app.wait_until_still(member)
    x0, x1, y0, y1 = ranges(app)
    assert (x1 - x0) < 0.6 * (whole[1] - whole[0]) and (y1 - y0) < 0.6 * (whole[3] - whole[2])
    app.wait_for_script()
    lines.nth(1).click()
    wait_for_mask(app, None)
    app.wait_until_still(row)
    assert ranges(app) == pytest.approx(whole, abs=1e-3)
