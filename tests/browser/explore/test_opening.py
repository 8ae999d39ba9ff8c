"""Opening what people have: rows with holes, several columns of vectors, zips, local files."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from playwright.sync_api import expect

from embeddings import EmbeddingSet, save
from tests.browser.driver import AppPage


def vectors(rows: int, dimensions: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)


@pytest.mark.parametrize("path", ["", "train", "evaluate"])
def test_no_page_requests_anything_of_another_server(
    visit: Callable[..., AppPage], server: str, path: str
) -> None:
    page = visit(server, path)
    page.page.locator("[data-testid=stSidebar] .st-key-pages").wait_for()
    icon = page.page.locator("link[rel*=icon]").first
    expect(icon).to_have_attribute("href", re.compile(r"^data:image/png;base64,"))
    page.page.wait_for_load_state("networkidle")
    assert page.foreign == []


def test_rows_that_are_not_finite_are_left_out_on_demand_and_after_a_reload(
    app: AppPage, tmp_path: Path
) -> None:
    holes = vectors(60, 5)
    holes[7, 2], holes[30] = np.nan, np.inf
    np.save(tmp_path / "holes.npy", holes)
    app.upload(tmp_path / "holes.npy")
    button = app.page.get_by_role("button", name="Leave out 2 of 60 rows")
    assert app.page.locator("[data-testid=stAlert]").inner_text().count("7, 30") == 1
    button.click()
    app.wait_for_map(points=58)
    assert "7, 30" in app.page.locator(".st-key-about").inner_text()
    app.page.reload()
    app.wait_for_map(points=58)


def test_the_vector_column_can_be_chosen(app: AppPage, tmp_path: Path) -> None:
    table = {
        "title": [f"t{i}" for i in range(50)],
        "text_vector": list(vectors(50, 6)),
        "image_vector": list(vectors(50, 3, seed=1)),
    }
    pq.write_table(pa.table(table), tmp_path / "two.parquet")
    app.upload(tmp_path / "two.parquet")
    dialog = app.page.get_by_role("dialog")
    expect(dialog.get_by_text("First rows")).to_be_visible()
    assert "50 x 6" in app.page.locator(".st-key-about").inner_text()
    app.choose("Vectors", "image_vector")
    expect(dialog).to_be_hidden()
    expect(app.page.locator(".st-key-about").get_by_text("50 x 3")).to_be_visible()
    app.wait_for_map(points=50)


def test_the_card_lists_problems_and_the_dialog_has_details(app: AppPage, tmp_path: Path) -> None:
    copied = vectors(80, 8)
    copied[10:20] = copied[10]
    copied[3] = 0
    save(EmbeddingSet.of(copied), tmp_path / "sick.npy")
    app.upload(tmp_path / "sick.npy")
    app.wait_for_map(points=80)
    card = app.page.locator(".st-key-about")
    expect(card.get_by_text("exact duplicates")).to_be_visible()
    expect(card.get_by_text("1 row is zero")).to_be_visible()
    card.get_by_role("button", name="About this set").click()
    dialog = app.page.get_by_role("dialog")
    expect(dialog.get_by_text("Health")).to_be_visible()
    app.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    app.wait_for_map(points=80)
    app.click_point(app.a_row_in_the_open())
    assert not dialog.is_visible()


def test_a_zip_of_a_table_and_its_images(app: AppPage, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        lines = ["file,d0,d1,d2,d3"]
        for i, vector in enumerate(vectors(40, 4)):
            image = tmp_path / "one.png"
            Image.new("RGB", (8, 8), (5 * i, 0, 0)).save(image)
            archive.write(image, f"images/{i}.png")
            lines.append(f"images/{i}.png,{','.join(map(str, vector))}")
        archive.writestr("table.csv", "\n".join(lines))
    app.upload(tmp_path / "pictures.zip")
    app.wait_for_map(points=40)
    app.click_point(app.a_row_in_the_open())
    expect(app.page.locator(".st-key-inspector [data-testid=stImageContainer] img")).to_be_visible()


def test_bare_numbers_need_the_number_of_dimensions(app: AppPage, tmp_path: Path) -> None:
    vectors(48, 5).tofile(tmp_path / "bare.f32")
    app.upload(tmp_path / "bare.f32")
    app.choose("Vector dimensions", "5")
    app.wait_for_map(points=48)
    expect(app.page.locator(".st-key-about").get_by_text("48 x 5")).to_be_visible()


def test_only_local_files_below_the_root_open_without_upload(serve, visit, tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    (tmp_path / "cache").mkdir()
    np.save(root / "mine.npy", vectors(70, 4))
    np.save(root / "other.npy", vectors(90, 4))
    np.save(tmp_path / "secret.npy", vectors(30, 4))
    (root / "link.npy").symlink_to(tmp_path / "secret.npy")
    arguments = [str(root / "mine.npy"), "--root", str(root)]
    page = visit(serve(tmp_path / "cache", "app.py", *arguments))
    page.wait_for_map(points=70)
    page.choose("Embedding", "other.npy")
    page.wait_for_map(points=90)
    for name in ("link.npy", "../secret.npy", "%2Fetc%2Fpasswd"):
        page.open(f"?set=file%3A{name}")
        expect(page.page.get_by_text("not a file that this server may open")).to_be_visible()
        page.wait_for_map(points=70)


def test_a_slow_file_shows_its_progress_and_can_be_cancelled(app: AppPage, tmp_path: Path) -> None:
    rows = 25_000
    with h5py.File(tmp_path / "slow.h5", "w") as file:  # each vector by itself: some seconds
        for i, vector in enumerate(vectors(rows, 4)):
            file[f"word{i}"] = vector
    app.upload(tmp_path / "slow.h5")
    progress = app.page.locator(".st-key-reading")
    expect(progress).to_contain_text("Reading slow.h5")
    app.wait_for_map(points=1797)  # what was open stays
    app.page.get_by_role("button", name="Cancel").click()
    alert = app.page.locator("[data-testid=stAlert]")
    expect(alert).to_contain_text("slow.h5: the reading was cancelled")
    expect(progress).to_be_hidden()
    app.page.reload()
    app.wait_for_map(points=1797)
    app.upload(tmp_path / "slow.h5")
    app.wait_for_map(points=rows)
    expect(progress).to_be_hidden()
