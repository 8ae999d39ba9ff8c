"""From a file to its neighbors, as a person explores it."""

import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from embeddings import EmbeddingSet, gallery, neighbors, save
from embeddings.analysis.contexts import layers_of
from tests.browser.driver import CHROMIUM, MAP, QUIET, ROOT, AppPage

ROW = 100


@pytest.fixture(scope="module")
def digits() -> EmbeddingSet:
    return gallery.open_item("digits")


def nearest(embedding_set: EmbeddingSet, row: int, k: int = 10, metric=None) -> list[int]:
    return neighbors.query(embedding_set, row, k, metric).rows.tolist()


def test_upload_then_click_in_2d(app: AppPage, tmp_path: Path) -> None:
    """A file with a name of its own, not normalized, with text that looks like markup."""
    random = np.random.default_rng(3)
    vectors = random.normal(size=(500, 12)).astype(np.float32)
    labels = [f"<b>item</b> {i} ![x](http://x.test/a.png)" for i in range(500)]
    uploaded = EmbeddingSet.of(vectors, labels, metric="dot", name="mine")
    save(uploaded, tmp_path / "mine.embedding.parquet")
    app.upload(tmp_path / "mine.embedding.parquet")
    app.wait_for_map(points=500)
    app.click_point(ROW)
    app.wait_for_neighbors(ROW)
    listed = app.neighbors()
    assert [row for row, _ in listed] == nearest(uploaded, ROW)
    assert [label for _, label in listed] == [labels[row] for row, _ in listed]
    assert app.page.locator(".st-key-title").inner_text() == labels[ROW]
    expect(app.page.get_by_text("Nearest in the original space (dot)")).to_be_visible()
    assert app.page.locator(".st-key-inspector img").count() == 0


@pytest.mark.parametrize("dims", [2, 3])
def test_click_lists_the_true_neighbors(app: AppPage, digits: EmbeddingSet, dims: int) -> None:
    app.choose_dims(dims)
    app.wait_for_map(points=len(digits), dims=dims)
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    assert [other for other, _ in app.neighbors()] == nearest(digits, row)
    expect(app.page.locator(MAP)).to_have_attribute("data-webgl", "true")


@pytest.mark.parametrize("dims", [2, 3])
def test_a_drag_that_starts_on_a_point_is_not_a_click(
    app: AppPage, digits: EmbeddingSet, dims: int
) -> None:
    app.choose_dims(dims)
    app.wait_for_map(points=len(digits), dims=dims)
    row = app.a_row_in_the_open()
    before = app.place(row)
    app.page.mouse.move(before["x"], before["y"])
    app.page.mouse.down()
    app.page.mouse.move(before["x"] + 40, before["y"] + 25, steps=5)
    app.page.mouse.up()
    app.wait_until_moved(row, before)
    app.wait_until_still(row)
    other = app.a_row_in_the_open(after=row)
    app.click_point(other)  # events arrive in order: had the drag clicked, its row came first
    app.wait_for_neighbors(other)
    assert app.page.get_by_role("button", name="←").is_disabled()


def test_view_survives_a_click(app: AppPage, digits: EmbeddingSet) -> None:
    row = app.a_row_in_the_open()
    app.zoom_in_at(row)
    zoomed = app.place(row)
    app.click_point(row)
    app.wait_for_neighbors(row)
    app.wait_until_still(row)
    assert app.place(row) == pytest.approx(zoomed, abs=0.5)
    app.choose("Color", "(single color)")
    app.page.wait_for_selector(".map-legend", state="hidden")
    app.wait_until_still(row)
    assert app.place(row) == pytest.approx(zoomed, abs=0.5)


def test_the_keyboard_moves_the_map(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    before = app.place(row)
    app.page.locator('[data-testid="embedding-map"]').focus()
    app.page.keyboard.press("ArrowRight")
    app.wait_until_moved(row, before)
    assert app.place(row)["x"] < before["x"]
    app.page.keyboard.press("0")
    app.wait_until_still(row)
    assert app.place(row) == pytest.approx(before, abs=1)


def test_another_set_opens_without_the_last_row(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    app.choose("Embedding", "Python modules")
    app.wait_for_map(points=len(gallery.open_item("python_modules")))
    expect(app.page.locator(".st-key-title")).to_have_count(0)
    assert app.page.locator('[data-testid="embedding-map"]').get_attribute("data-row") == ""


def test_a_closed_sidebar_opens_again(app: AppPage) -> None:
    app.page.get_by_test_id("stSidebar").hover()
    app.page.get_by_test_id("stSidebarCollapseButton").locator("button").click()
    app.page.get_by_test_id("stExpandSidebarButton").click()
    expect(app.page.get_by_text("Open a file")).to_be_visible()


def test_search_then_neighbors_then_back_and_forward(app: AppPage, digits: EmbeddingSet) -> None:
    app.search("7 #12")
    expect(app.page.get_by_role("option").first).to_be_visible()
    app.page.keyboard.press("Enter")
    first = next(i for i, label in enumerate(digits.labels) if label.startswith("7 #12"))
    app.wait_for_neighbors(first)
    app.wait_until_still(first)
    box = app.page.locator('[data-testid="embedding-map"]').bounding_box()
    room = app.page.evaluate(f"{ROOT}.embeddingMap.view.handlers.room()")  # beside the legend
    center = {
        "x": box["x"] + room["left"] + room["width"] / 2,
        "y": box["y"] + box["height"] / 2,
    }
    assert app.place(first) == pytest.approx(center, abs=3)
    next_row = nearest(digits, first)[2]
    app.page.locator(f'.st-key-neighbors button[data-row="{next_row}"]').click()
    app.wait_for_neighbors(next_row)
    assert [row for row, _ in app.neighbors()] == nearest(digits, next_row)
    app.page.get_by_role("button", name="←").click()
    app.wait_for_neighbors(first)
    app.page.get_by_role("button", name="→").click()
    app.wait_for_neighbors(next_row)


def test_a_search_without_matches_says_so(app: AppPage) -> None:
    app.search("zzzqqq")
    expect(app.page.get_by_text("No match", exact=True)).to_be_visible()


def test_metric_and_number_of_neighbors(app: AppPage, digits: EmbeddingSet) -> None:
    app.click_point(app.a_row_in_the_open())
    row = app.a_row_in_the_open()
    app.wait_for_neighbors(row)
    app.choose("Metric", "cosine")
    expect(app.page.get_by_text("Nearest in the original space (cosine)")).to_be_visible()
    app.choose("Neighbors", "20")
    app.page.wait_for_function(
        "document.querySelectorAll('.st-key-neighbors button[data-row]').length === 20"
    )
    assert [r for r, _ in app.neighbors()] == nearest(digits, row, 20, "cosine")


def test_colors_and_legend(app: AppPage, digits: EmbeddingSet) -> None:
    entries = app.page.locator(".map-legend li")
    assert entries.count() == 10
    assert entries.first.inner_text().split()[:2] == ["3", "183"]
    app.page.get_by_title("Show only 3").click()
    app.wait_for_drawn(183)
    app.page.get_by_role("button", name="Show all").click()
    app.wait_for_drawn(len(digits))
    app.page.get_by_label("Hide 3").click()
    app.wait_for_drawn(len(digits) - 183)
    app.choose("Color", "(single color)")
    app.page.wait_for_selector(".map-legend", state="hidden")
    app.wait_for_drawn(len(digits))


def test_a_selected_category_is_summarized(app: AppPage) -> None:
    app.page.locator(".map-legend li").first.hover()
    app.page.get_by_label("Select the members of 3").click()
    expect(app.page.get_by_text("183 of 1,797 points, 10.2%")).to_be_visible()
    expect(app.page.get_by_text("3: 183 (100%)")).to_be_visible()
    app.page.wait_for_selector('.neighbor-list[data-of="selection"] button')
    middle = app.neighbors()
    assert len(middle) == 10
    assert all(label.startswith("3 ") for _, label in middle)


def test_a_box_selects_the_points_in_it(app: AppPage, digits: EmbeddingSet) -> None:
    app.page.locator('.modebar-btn[data-val="select"]').click()
    box = app.page.locator('[data-testid="embedding-map"]').bounding_box()
    corner = (box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.4)
    end = (corner[0] + 200, corner[1] + 150)
    places = np.array(app.places())
    depth = np.minimum(places - corner, end - places).min(axis=1)  # px inside the box
    app.page.mouse.move(*corner)
    app.page.mouse.down()
    app.page.mouse.move(*end, steps=5)
    app.page.mouse.up()
    app.page.wait_for_selector(".st-key-title >> text=box")
    app.page.wait_for_function(f"{ROOT}.embeddingMap.data.drawable.mask")
    selected = np.array(
        app.page.evaluate(f"Array.from({ROOT}.embeddingMap.data.drawable.mask)"), dtype=bool
    )
    assert selected[depth > 2].all()
    assert not selected[depth < -2].any()
    assert selected.any()
    expect(app.page.get_by_text(f"{selected.sum():,} of 1,797 points,")).to_be_visible()


def test_a_box_selects_after_3d_and_back(app: AppPage) -> None:
    app.choose_dims(3)
    app.wait_for_map(points=1797, dims=3)
    app.choose_dims(2)
    app.wait_for_map(points=1797, dims=2)
    app.page.locator('.modebar-btn[data-val="select"]').click()
    box = app.page.locator('[data-testid="embedding-map"]').bounding_box()
    app.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3)
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7, steps=5)
    app.page.mouse.up()
    expect(app.page.locator(".st-key-title").get_by_text("box", exact=True)).to_be_visible()


def test_only_these_shows_the_item_and_its_neighbors_alone(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    app.page.get_by_text("Only these").click()
    app.wait_for_drawn(11)
    app.page.get_by_role("button", name="Clear").click()
    app.wait_for_drawn(1797)
    expect(app.page.locator(".st-key-title")).to_have_count(0)


def test_umap_runs_with_progress_and_is_cached(app: AppPage, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    save(EmbeddingSet.of(random.normal(size=(900, 20)).astype(np.float32)), tmp_path / "umap.npy")
    app.upload(tmp_path / "umap.npy")
    app.wait_for_map(points=900)
    app.choose("Layout", "UMAP")
    expect(app.page.get_by_text("Showing PCA; UMAP")).to_be_visible()
    app.page.get_by_role("button", name="Run UMAP").click()
    expect(app.page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(app.page.get_by_text("UMAP, n neighbors 15")).to_be_visible()
    expect(app.page.get_by_text("of neighbors preserved")).to_be_visible()
    app.page.reload()
    app.wait_for_map(points=900)
    expect(app.page.get_by_text("of neighbors preserved")).to_be_visible()
    assert app.page.get_by_role("button", name="Run UMAP").count() == 0


def test_cancel_stops_a_layout(app: AppPage) -> None:
    app.open("?method=tsne&dims=3&params=iterations:10000")  # it does not end by itself before
    app.press("Run t-SNE")
    expect(app.page.get_by_role("button", name="Cancel")).to_be_visible()
    app.press("Cancel")  # in its place: the buttons beside it move while it is drawn
    expect(app.page.get_by_role("button", name="Run t-SNE")).to_be_visible()
    app.click_point(ROW)
    app.wait_for_neighbors(ROW)


def test_clusters_are_found_named_and_selected(app: AppPage) -> None:
    app.choose("Color", "(clusters)")
    expect(app.page.get_by_text("clusters of at least")).to_be_visible()
    entries = app.page.locator(".map-legend li")
    count = int(entries.first.locator(".legend-count").inner_text().replace(",", ""))
    entries.first.locator(".legend-name").click()
    expect(app.page.get_by_text(f"{count:,} of 1,797 points,")).to_be_visible()


def test_a_reload_keeps_file_view_and_item(app: AppPage, tmp_path: Path) -> None:
    save(EmbeddingSet.of(np.eye(40, dtype=np.float32)), tmp_path / "eye.npy")
    app.upload(tmp_path / "eye.npy")
    app.wait_for_map(points=40)
    app.choose_dims(3)
    app.wait_for_map(points=40, dims=3)
    app.search("17")
    app.page.keyboard.press("Enter")
    app.wait_for_neighbors(17)
    app.page.reload()
    app.wait_for_map(points=40, dims=3)
    app.wait_for_neighbors(17)
    expect(app.page.locator(".st-key-title")).to_have_text("17")


def test_a_damaged_file_is_named_and_the_session_continues(
    app: AppPage, tmp_path: Path, digits: EmbeddingSet
) -> None:
    whole = gallery.item("digits").path.read_bytes()
    (tmp_path / "broken.parquet").write_bytes(whole[: len(whole) // 2])
    app.upload(tmp_path / "broken.parquet")
    expect(app.page.get_by_text("broken.parquet").first).to_be_visible()
    expect(app.page.get_by_text("damaged or incomplete").first).to_be_visible()
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    assert [other for other, _ in app.neighbors()] == nearest(digits, row)


def test_one_row_opens_with_the_reason_why_it_has_no_map(app: AppPage, tmp_path: Path) -> None:
    save(EmbeddingSet.of(np.ones((1, 4), dtype=np.float32)), tmp_path / "one.npy")
    app.upload(tmp_path / "one.npy")
    expect(app.page.get_by_text("a layout needs at least 3 rows").first).to_be_visible()


def test_a_click_costs_few_bytes_and_the_page_does_not_scroll(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    app.received = 0
    app.click_point(row)
    app.wait_for_neighbors(row)
    assert 0 < app.received <= 20_000
    height = app.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    assert height <= 900


def test_every_gallery_item_opens(app: AppPage) -> None:
    for item in gallery.ITEMS:
        app.choose("Embedding", item.title)
        whole = gallery.open_item(item.name)
        layers = layers_of(whole)
        seen = whole if layers is None else layers.of("mix")
        app.wait_for_map(points=len(seen))
        expect(app.page.get_by_role("combobox", name="Embedding")).to_have_value(item.title)


def test_the_format_is_detected_by_content_not_by_name(app: AppPage, tmp_path: Path) -> None:
    shutil.copy(gallery.item("digits").path, tmp_path / "renamed.bin")
    app.upload(tmp_path / "renamed.bin")
    app.page.wait_for_url("**set=upload*")
    app.wait_for_map(points=1797)
    expect(app.page.get_by_role("combobox", name="Embedding")).to_have_value("renamed.bin")


def test_without_webgl_a_simplified_plot_is_shown(server: str, driver) -> None:
    chromium = driver.chromium.launch(
        executable_path=CHROMIUM, args=[*QUIET, "--disable-3d-apis", "--disable-gpu"]
    )
    app = AppPage(chromium.new_page(viewport={"width": 1440, "height": 900}), server)
    app.open()
    note = app.page.locator('[data-testid="embedding-map"]').get_attribute("data-note")
    assert note == "WebGL is not available in this browser: showing a simplified plot."
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    chromium.close()
    assert app.errors == []


def test_small_images_are_shown_in_lists_and_on_cards(app: AppPage, digits: EmbeddingSet) -> None:
    width = Image.open(BytesIO(digits.metadata["image"][0]["bytes"].as_py())).width
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    images = app.page.locator(".neighbor-list .thumbnail")
    expect(images).to_have_count(10)
    app.page.wait_for_function(
        """width => [...document.querySelectorAll(".thumbnail")].every(
          (image) => image.naturalWidth === width)""",
        arg=width,
    )
    place = app.place(app.a_row_in_the_open(after=row))
    app.page.mouse.move(place["x"], place["y"])
    expect(app.page.locator(".map-tooltip .thumbnail")).to_be_visible()
