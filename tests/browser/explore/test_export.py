"""What is exported is what is seen: Chromium opens the files, which are compared with the map."""

import io
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from playwright.sync_api import expect

from embeddings import EmbeddingSet, save
from tests.browser.driver import MAP, ROOT, AppPage

COLORS = f"""() => {{
  const {{ view: {{ scene }}, data }} = {ROOT}.embeddingMap;
  const {{ colors }} = scene.drawable;
  return Array.from(scene.visible.keys()).filter((row) => scene.visible[row])
    .map((row) => colors.palette[colors.codes[row]].toLowerCase());
}}"""
LEVEL_COLORS = f"""() => {{
  const {{ rowsByLevel, colors }} = {ROOT}.embeddingMap.overlay.highlights.levels;
  const hex = (rgb) => "#" + rgb.map((value) => value.toString(16).padStart(2, "0")).join("");
  return rowsByLevel.flatMap((rows, level) => Array.from(rows, () => hex(colors[level])));
}}"""
PLACES = f"""() => {{
  const {{ view }} = {ROOT}.embeddingMap;
  const {{ l, t }} = view.graph._fullLayout._size;
  return Array.from(view.scene.visible.keys()).filter((row) => view.scene.visible[row])
    .map((row) => {{ const at = view.locate(row); return [at.x - l, at.y - t]; }});
}}"""
CIRCLES = """() => Array.from(document.querySelectorAll(".points circle"), (node) =>
  [(node.getAttribute("fill") ?? node.parentNode.getAttribute("fill")),
   Number(node.getAttribute("cx")), Number(node.getAttribute("cy"))])"""
TEXTS = """() => Array.from(document.querySelectorAll("svg text"), (node) => node.textContent)"""
BOX = """() => ["x", "y"].map((name) =>
  Number(document.querySelector("#plot rect").getAttribute(name)))"""
VIEWER = "document.querySelector('.embedding-map').viewer"
FOUND = f"""() => Array.from({VIEWER}.visible.keys()).filter((row) => {VIEWER}.visible[row])
  .map((row) => {VIEWER}.page.palette[{VIEWER}.codes[row]].toLowerCase())"""

SEEN = f"""() => {{
  const {{ view, codes }} = {VIEWER};
  const {{ left, width, height }} = {VIEWER}.room();
  const places = Array.from(codes, (_, row) => view.project(row)).map(({{ x, y }}) => [x, y]);
  return [(left + width) / 2, height / 2, height, ...places];
}}"""


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Return a file of three groups of points, with names in several scripts."""
    random = np.random.default_rng(7)
    kinds = np.repeat(["cats & <dogs>", "птицы", "魚"], [60, 30, 10])
    centers = np.eye(3, 8, dtype=np.float32)[np.unique(kinds, return_inverse=True)[1]] * 6
    vectors = centers + random.normal(size=(100, 8)).astype(np.float32)
    labels = [f"{kind} {i}" for i, kind in enumerate(kinds)]
    file = tmp_path / "animals.embedding.parquet"
    save(EmbeddingSet.of(vectors, labels, {"kind": kinds.tolist()}, name="animals"), file)
    return file


def open_panel(app: AppPage) -> None:
    app.press("Export")
    expect(app.page.get_by_role("group", name="Export figure")).to_be_visible()


def export(app: AppPage, name: str, folder: Path) -> Path:
    """Press a button of the panel; return the file."""
    with app.page.expect_download() as download:
        app.page.get_by_role("group", name="Export figure").get_by_role(
            "button", name=name, exact=True
        ).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.fixture
def reader(browser: Any) -> Any:
    """Return a page of a browser without network, in which files are opened."""
    context = browser.new_context(offline=True, viewport={"width": 1300, "height": 900})
    page = context.new_page()
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda line: page.faults.append(line.text) if line.type == "error" else None)
    yield page
    context.close()


def hide_a_category(app: AppPage) -> None:
    app.page.get_by_role("button", name="Hide птицы").click()
    app.wait_for_drawn(70)
    app.wait_for_script()


def test_figures_show_what_the_map_shows(
    app: AppPage, animals: Path, tmp_path: Path, reader: Any
) -> None:
    app.upload(animals)
    app.wait_for_map(points=100)
    app.page.get_by_label("Color of 魚").fill("#0a0b0c")
    app.page.wait_for_function(f"() => ({COLORS})().includes('#0a0b0c')")
    hide_a_category(app)
    colors, places = app.page.evaluate(COLORS), app.page.evaluate(PLACES)
    open_panel(app)

    reader.goto(export(app, "SVG", tmp_path).as_uri())
    circles = reader.evaluate(CIRCLES)
    assert Counter(fill for fill, _, _ in circles) == Counter(colors)
    left, top = reader.evaluate(BOX)
    drawn = sorted((round(x - left, 1), round(y - top, 1)) for _, x, y in circles)
    assert np.allclose(drawn, sorted((round(x, 1), round(y, 1)) for x, y in places), atol=0.11)
    texts = reader.evaluate(TEXTS)
    assert {"animals", "kind", "cats & <dogs>", "60", "魚", "10", "1 category hidden"} <= {*texts}
    assert any("70 of 100 points" in text for text in texts)

    svg = reader.evaluate(
        "() => ['width', 'height'].map((a) => document.documentElement.getAttribute(a))"
    )
    app.page.get_by_role("combobox", name="Size").select_option("3")
    with Image.open(export(app, "PNG", tmp_path)) as png:
        assert list(png.size) == [3 * int(side) for side in svg]
        pixels = np.asarray(png.convert("RGB")).astype(int)
    for color in set(colors):  # the swatch of the legend is opaque
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        assert (np.abs(pixels - wanted).max(axis=2) <= 2).sum() > 100
    gone = app.page.evaluate(f"() => {ROOT}.embeddingMap.data.drawable.colors.palette[1]")
    wanted = [int(gone[i : i + 2], 16) for i in (1, 3, 5)]
    assert not (np.abs(pixels - wanted).max(axis=2) <= 2).any()

    pdf = export(app, "PDF", tmp_path).read_bytes()
    assert pdf.startswith(b"%PDF-1.7") and pdf.rstrip().endswith(b"%%EOF")
    expect(app.page.get_by_text("texts with other than Latin letters")).to_be_visible()

    page = export(app, "HTML", tmp_path)
    assert not re.search(r"https?://", page.read_text())
    reader.goto(page.as_uri())
    reader.wait_for_selector('.embedding-map[data-points="70"]')
    assert Counter(reader.evaluate(FOUND)) == Counter(colors)
    assert reader.locator(".map-legend .legend-text").all_inner_texts() == [
        "cats & <dogs>", "птицы", "魚",
    ]  # fmt: skip
    assert all(url.startswith(("file:", "data:")) for url in reader.requests), reader.requests
    assert reader.faults == []


def test_a_clicked_item_and_colors_by_similarity_are_exported(
    app: AppPage, animals: Path, tmp_path: Path, reader: Any
) -> None:
    app.upload(animals)
    app.wait_for_map(points=100)
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    label = app.page.evaluate(f"(row) => {ROOT}.embeddingMap.data.texts.labels[row]", row)
    app.wait_for_script()
    open_panel(app)
    reader.goto(export(app, "SVG", tmp_path).as_uri())
    assert label in reader.evaluate(TEXTS)
    assert reader.locator(".points").get_attribute("opacity") == "0.38"
    for fill, _, _ in reader.evaluate(CIRCLES):
        assert fill[1:3] == fill[3:5] == fill[5:7], "the map is grey below the item"
    assert reader.locator(".marks circle").count() >= 3  # the item, its ring, a neighbor

    app.page.keyboard.press("Escape")
    expect(app.page.get_by_role("group", name="Export figure")).to_be_hidden()
    app.wait_for_script()
    app.click_point(row)
    app.page.get_by_text("To this item", exact=True).click()
    app.page.wait_for_selector(f'{MAP}[data-similar="{row}"]')
    app.wait_for_script()
    open_panel(app)
    wanted = app.page.evaluate(LEVEL_COLORS)
    svg = export(app, "SVG", tmp_path)
    reader.goto(svg.as_uri())
    assert Counter(fill for fill, _, _ in reader.evaluate(CIRCLES)) == Counter(wanted)
    scale = app.page.locator(".map-similarity strong").inner_text()
    assert scale in " ".join(reader.evaluate(TEXTS))
    reader.goto(export(app, "HTML", tmp_path).as_uri())
    reader.wait_for_selector('.embedding-map[data-points="100"]')
    expect(reader.locator(".map-similarity strong")).to_have_text(scale)
    assert reader.faults == []


def test_the_exported_page_answers(
    app: AppPage, animals: Path, tmp_path: Path, reader: Any
) -> None:
    app.upload(animals)
    app.wait_for_map(points=100)
    open_panel(app)
    reader.goto(export(app, "HTML", tmp_path).as_uri())
    root = reader.locator(".embedding-map")
    expect(root).to_have_attribute("data-points", "100")
    reader.get_by_role("button", name="Hide птицы").click()
    expect(root).to_have_attribute("data-points", "70")
    reader.get_by_role("searchbox", name="Search").fill("魚")
    expect(reader.get_by_role("status")).to_have_text("10 found")
    reader.get_by_role("searchbox", name="Search").press("Enter")
    row = reader.evaluate(f"() => {VIEWER}.matches[0]")
    box = root.bounding_box()
    at = reader.evaluate(f"(row) => {VIEWER}.view.project(row)", row)
    reader.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
    expect(reader.locator(".map-tooltip")).to_contain_text(f"魚 {row}")
    first = reader.evaluate(f"() => {VIEWER}.view.project(0).x")
    reader.mouse.wheel(0, -200)
    reader.wait_for_function(f"(x) => {VIEWER}.view.project(0).x !== x", arg=first)
    assert reader.faults == []


def test_a_figure_in_3d_has_the_camera_of_the_map(
    app: AppPage, animals: Path, tmp_path: Path, reader: Any
) -> None:
    app.upload(animals)
    app.wait_for_map(points=100)
    app.choose_dims(3)
    app.wait_for_map(points=100, dims=3)
    app.wait_until_still(0)
    app.page.locator(MAP).focus()
    before = app.place(0)
    app.page.keyboard.press("ArrowRight")
    app.wait_until_moved(0, before)
    app.wait_until_still(0)
    places = sorted(app.page.evaluate(PLACES))
    open_panel(app)
    reader.goto(export(app, "SVG", tmp_path).as_uri())
    left, top = reader.evaluate(BOX)
    drawn = sorted([x - left, y - top] for _, x, y in reader.evaluate(CIRCLES))
    size = app.page.evaluate(f"() => {ROOT}.embeddingMap.view.graph._fullLayout._size")
    radius = float(reader.locator(".points circle").first.get_attribute("r"))
    in_view = [
        [x, y]
        for x, y in places
        if -radius < x < size["w"] + radius and -radius < y < size["h"] + radius
    ]
    assert len(in_view) > 80
    assert np.allclose(drawn, in_view, atol=0.02)
    assert reader.locator(".points line").count() > 10  # the grid
    reader.goto(export(app, "HTML", tmp_path).as_uri())
    reader.wait_for_selector('.embedding-map[data-points="100"]')
    seen = reader.evaluate(SEEN)
    x, y, height, *found = seen
    scale = size["h"] / height
    middle = np.array([size["w"] / 2, size["h"] / 2])
    same = sorted(((np.array(found) - [x, y]) * scale + middle).tolist())
    assert np.allclose(same, places, atol=0.5)


def test_files_for_other_viewers(app: AppPage, animals: Path) -> None:
    app.upload(animals)
    app.wait_for_map(points=100)
    open_panel(app)
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="TensorFlow Projector (zip)").click()
    assert download.value.suggested_filename == "animals-projector.zip"
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert {"tensors.tsv", "metadata.tsv"} <= {*archive.namelist()}
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="Embedding Atlas (Parquet)").click()
    table = pq.read_table(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert {"label", "kind", "projection_x", "projection_y"} <= {*table.column_names}
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="Coordinates (CSV)").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_figure_is_copied_to_the_clipboard(app: AppPage, animals: Path) -> None:
    app.upload(animals)
    app.wait_for_map(points=100)
    open_panel(app)
    panel = app.page.get_by_role("group", name="Export figure")
    app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.get_by_role("button", name="Copy").click()
    expect(panel.get_by_role("status")).to_have_text("Copied.")
    size = app.page.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          const image = await createImageBitmap(await item.getType("image/png"));
          return [image.width, image.height];
        }"""
    )
    assert min(size) > 600
    app.page.evaluate(
        "() => { navigator.clipboard.write = () => Promise.reject(new DOMException('no')); }"
    )
    panel.get_by_role("button", name="Copy").click()
    expect(panel.get_by_role("status")).to_contain_text("The browser refused")
