"""Evaluating in the app: a table is uploaded, compared and downloaded; errors are explained."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.driver import AppPage

SHOPS, KINDS = 12, 3


@pytest.fixture
def page(visit, workshop: str) -> AppPage:
    """Open the page."""
    page = visit(workshop, "evaluate")
    expect(page.page.get_by_text("Built-in result")).to_be_visible()
    expect(page.page.get_by_text("First rows of 336,776")).to_be_visible()  # the built-in table
    return page


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


def upload(page: AppPage, table: Path) -> None:
    page.upload(table)
    expect(page.page.get_by_text("First rows of 240")).to_be_visible()
    expect(page.page.get_by_text("Classification", exact=True)).to_have_count(1)  # one form is left


def choose_little(page: AppPage) -> None:
    """Choose settings that take seconds: two folds, two epochs, no boosting."""
    page.fill("Folds", "2")
    page.unfold("More settings")
    page.fill("Epochs", "2")
    page.page.locator("[class*=st-key-models]").get_by_text("boosting", exact=True).click()


def test_a_table_is_compared_and_the_result_downloaded(page: AppPage, shops: Path) -> None:
    upload(page, shops)
    assert page.page.get_by_role("combobox", name="Target").input_value() == "sold"
    expect(page.page.get_by_text("Regression", exact=True)).to_be_visible()
    choose_little(page)
    page.press("Compare")
    expect(page.page.get_by_text("240 rows · sold from shop (12), noise · 2 folds")).to_be_visible()
    expect(page.page.locator(".st-key-findings").get_by_text("k-NN: ")).to_be_visible()
    scores = page.page.locator(".st-key-scores tbody tr")
    scores.nth(3).wait_for()
    lines = scores.evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    features = ["entity embeddings", "one-hot", "label codes", "target encoding"]
    assert [line[0] for line in lines] == features
    assert sum("★" in cell for line in lines for cell in line) == 2  # a best of each model
    assert [line[3] for line in lines] == ["7", "13", "2", "2"]  # columns: 6, 12, 1 and noise
    expect(page.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()

    page.page.reload()
    expect(page.page.locator(".st-key-findings").get_by_text("k-NN: ")).to_be_visible()
    expect(page.page.get_by_role("spinbutton", name="Folds")).to_have_value("2")
    expect(page.page.get_by_role("combobox", name="Target")).to_have_value("sold")
    page.page.get_by_text("MAE", exact=True).click()
    expect(page.page.get_by_text("MAE (lower is better)")).to_be_visible()
    with page.page.expect_download() as download:
        page.press("Zip")
    assert download.value.suggested_filename == "shops-comparison.zip"
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        names = archive.namelist()
        assert b"def build(" in archive.read("rebuild.py")
    assert {"rebuild.py", "table.parquet", "levels.shop.embedding.parquet"} <= set(names)

    page.press("One column")
    page.press("shop")
    page.wait_for_map(points=SHOPS + 1)  # and "(unknown)"
    page.page.get_by_role("link", name="Evaluate").click()
    expect(page.page.locator(".st-key-findings").get_by_text("k-NN: ")).to_be_visible()


def test_a_run_is_cancelled_started_over_and_deleted(page: AppPage, tmp_path: Path) -> None:
    page.upload(write_shops(tmp_path / "many.csv", 50_000))  # which takes minutes
    expect(page.page.get_by_text("First rows of 50,000")).to_be_visible()
    page.fill("Folds", "20")
    page.unfold("More settings")
    page.fill("Epochs", "1000")
    page.press("Compare")
    expect(page.page.get_by_text("Fold 1 of 20: entity embeddings, training")).to_be_visible()
    page.page.reload()
    page.press("Cancel")
    expect(page.page.get_by_text("stopped, ")).to_be_visible()
    page.press("Start over")
    page.press("Cancel")
    page.press("Delete")
    page.press("Delete comparison")
    expect(page.page.get_by_text("First rows of 336,776")).to_be_visible()
    assert "run=" not in page.page.url


def test_errors_are_explained(page: AppPage, shops: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n3\n4,5,6\n")
    page.upload(broken)
    alert = page.page.locator("[data-testid=stAlert]")
    expect(alert.get_by_text("quote the cells that hold the separator")).to_be_visible()
    expect(page.page.get_by_text("First rows of 336,776")).to_be_visible()  # what was chosen stays
    upload(page, shops)
    page.page.get_by_text("Classification", exact=True).click()
    page.press("Compare")
    expect(alert.get_by_text("each class needs at least one row per fold")).to_be_visible()
    page.page.goto(f"{page.address}/evaluate?run=20260101-000000-abcdef")
    expect(alert.get_by_text("no such run")).to_be_visible()
    assert "Traceback" not in page.page.locator("[data-testid=stMain]").inner_text()
