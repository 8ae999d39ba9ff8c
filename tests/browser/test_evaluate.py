"""Evaluating in the app: a table is uploaded, compared, read, taken along; mistakes are plain."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.driver import PROJECT, AppPage, run_server

SHOPS, KINDS = 12, 3


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app with no runs; return its address. The first visit is to this page."""
    with run_server(tmp_path_factory.mktemp("cache")) as address:
        yield address


@pytest.fixture
def page(browser, address: str, request: pytest.FixtureRequest) -> Iterator[AppPage]:
    """Open the page; fail on errors in the console."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(120_000)
    page = AppPage(context.new_page(), address)
    page.page.goto(f"{address}/evaluate")
    page.page.get_by_text("First rows of 336,776").wait_for()  # the built-in table
    yield page
    if getattr(request.node, "rep_failed", False):
        folder = PROJECT / "test-results"
        folder.mkdir(exist_ok=True)
        page.page.screenshot(path=folder / f"{request.node.name}.png")
    context.close()
    assert page.errors == [], "errors in the browser's console"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a table of shops; what they sell depends on their kind alone, s1, s4, ... being one."""
    return write_shops(tmp_path_factory.mktemp("shops") / "shops.csv", 240)


def write_shops(path: Path, rows: int) -> Path:
    chance = np.random.default_rng(0)
    shop = chance.integers(SHOPS, size=rows)
    lines = [f"s{i},{chance.normal():.3f},{i % KINDS * 10 + chance.normal():.3f}" for i in shop]
    path.write_text("\n".join(["shop,noise,sold", *lines]))
    return path


def press(page: AppPage, name: str) -> None:
    """Press a button once the script has ended: drawing a popover again closes it."""
    page.page.locator("[data-test-script-state=notRunning]").wait_for()
    page.page.get_by_role("button", name=name, exact=True).click()


def fill(page: AppPage, setting: str, value: str) -> None:
    box = page.page.get_by_role("spinbutton", name=setting, exact=True)
    box.fill(value)


def give(page: AppPage, table: Path) -> None:
    page.upload(table)
    page.page.get_by_text("First rows of 240").wait_for()
    expect(page.page.get_by_text("Classification", exact=True)).to_have_count(1)  # one form is left


def quick(page: AppPage) -> None:
    """Ask for little: two folds, two epochs, without boosting."""
    fill(page, "Folds", "2")
    page.page.get_by_text("More settings").click()
    fill(page, "Epochs", "2")
    page.page.locator("[class*=st-key-models]").get_by_text("boosting", exact=True).click()


def test_a_table_is_compared_and_the_zip_and_its_files_are_taken_along(
    page: AppPage, shops: Path
) -> None:
    give(page, shops)
    assert page.page.get_by_role("combobox", name="Target").input_value() == "sold"
    assert page.page.get_by_text("Regression", exact=True).is_visible()
    quick(page)
    press(page, "Compare")
    page.page.get_by_text("240 rows · sold from shop (12), noise · 2 folds").wait_for()
    page.page.locator(".st-key-findings").get_by_text("k-NN: ").wait_for()
    scores = page.page.locator(".st-key-scores tbody tr")
    scores.nth(3).wait_for()
    lines = scores.evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    features = ["entity embeddings", "one-hot", "label codes", "target encoding"]
    assert [line[0] for line in lines] == features
    assert sum("★" in cell for line in lines for cell in line) == 2  # a best of each model
    assert [line[3] for line in lines] == ["7", "13", "2", "2"]  # columns: 6, 12, 1 and noise
    page.page.locator(".js-plotly-plot .main-svg").first.wait_for()

    page.page.reload()
    page.page.locator(".st-key-findings").get_by_text("k-NN: ").wait_for()
    expect(page.page.get_by_role("spinbutton", name="Folds")).to_have_value("2")
    expect(page.page.get_by_role("combobox", name="Target")).to_have_value("sold")
    page.page.get_by_text("MAE", exact=True).click()
    page.page.get_by_text("MAE (lower is better)").wait_for()
    with page.page.expect_download() as download:
        press(page, "Zip")
    assert download.value.suggested_filename == "shops-comparison.zip"
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        names = archive.namelist()
        assert b"def build(" in archive.read("rebuild.py")
    assert {"rebuild.py", "table.parquet", "levels.shop.embedding.parquet"} <= set(names)

    press(page, "One column")
    press(page, "shop")
    page.wait_for_map(points=SHOPS + 1)  # and "(unknown)"
    page.page.get_by_role("link", name="Evaluate").click()
    page.page.locator(".st-key-findings").get_by_text("k-NN: ").wait_for()


def test_a_run_is_cancelled_begun_anew_and_deleted(page: AppPage, tmp_path: Path) -> None:
    page.upload(write_shops(tmp_path / "many.csv", 50_000))  # which takes minutes
    page.page.get_by_text("First rows of 50,000").wait_for()
    fill(page, "Folds", "20")
    page.page.get_by_text("More settings").click()
    fill(page, "Epochs", "1000")
    press(page, "Compare")
    page.page.get_by_text("Fold 1 of 20: entity embeddings, training").wait_for()
    page.page.reload()
    press(page, "Cancel")
    page.page.get_by_text("stopped").wait_for()
    press(page, "Start over")
    press(page, "Cancel")
    press(page, "Delete")
    press(page, "Delete comparison")
    page.page.get_by_text("First rows of 336,776").wait_for()
    assert "run=" not in page.page.url


def test_mistakes_are_plain(page: AppPage, shops: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n3\n4,5,6\n")
    page.upload(broken)
    alert = page.page.locator("[data-testid=stAlert]")
    alert.get_by_text("quote the cells that hold the separator").wait_for()
    page.page.get_by_text("First rows of 336,776").wait_for()  # what was chosen stays
    give(page, shops)
    page.page.get_by_text("Classification", exact=True).click()
    press(page, "Compare")
    alert.get_by_text("each class needs at least one row per fold").wait_for()
    page.page.goto(f"{page.address}/evaluate?run=20260101-000000-abcdef")
    alert.get_by_text("no such run").wait_for()
    assert "Traceback" not in page.page.locator("[data-testid=stMain]").inner_text()
