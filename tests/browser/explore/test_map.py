"""The map keeps its place and its view, and nothing covers it."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from embeddings import EmbeddingSet, gallery, save
from tests.browser.driver import MAP, ROOT, AppPage

RANGES = f"""() => {{
  const {{ xaxis, yaxis }} = {ROOT}.embeddingMap.view.graph._fullLayout;
  return [...xaxis.range, ...yaxis.range];
}}"""
COUNT_CHANGES = """() => {
  window.removed = [];
  const isOurs = (node) => node.matches?.('[data-testid="embedding-map"], .st-key-inspector')
    || node.querySelector?.('[data-testid="embedding-map"], .st-key-inspector');
  new MutationObserver((records) => {
    for (const { removedNodes } of records)
      for (const node of removedNodes) if (isOurs(node)) window.removed.push(node.className);
  }).observe(document.body, { childList: true, subtree: true });
}"""


def ranges(app: AppPage) -> list[float]:
    return app.page.evaluate(RANGES)


def zoom_in(app: AppPage) -> None:
    app.zoom_in_at(app.a_row_in_the_open())


def test_the_panels_stay_while_work_begins_and_ends(app: AppPage, tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    save(EmbeddingSet.of(random.normal(size=(500, 12)).astype(np.float32)), tmp_path / "work.npy")
    app.upload(tmp_path / "work.npy")
    app.wait_for_map(points=500)
    expect(app.page.get_by_text("of neighbors preserved")).to_be_visible()
    app.choose("Layout", "UMAP")
    expect(app.page.get_by_text("Showing PCA; UMAP")).to_be_visible()
    app.wait_for_script()
    zoom_in(app)
    zoomed = ranges(app)
    app.page.evaluate(COUNT_CHANGES)
    runs = app.page_runs
    app.page.get_by_role("button", name="Run UMAP").click()
    expect(app.page.get_by_text("UMAP, n neighbors 15")).to_contain_text("of neighbors preserved")
    app.wait_for_script()
    assert app.page.evaluate("window.removed") == []
    assert app.page_runs == runs  # a run of the page may remove what it has not drawn yet
    assert ranges(app) != pytest.approx(zoomed)  # another layout begins with a view of its own


def test_reset_and_double_click_fit_the_layout_that_is_shown(app: AppPage) -> None:
    """plotly.js goes back to the first view since the chart was made, that of another set."""
    app.choose("Embedding", "Python modules")
    app.wait_for_map(points=len(gallery.open_item("python_modules")))
    app.wait_until_still(app.a_row_in_the_open())
    fitted = ranges(app)
    zoom_in(app)
    assert ranges(app) != pytest.approx(fitted, abs=1e-3)
    app.page.locator('.modebar-btn[data-title="Reset axes"]').click()
    app.wait_until_still(app.a_row_in_the_open())
    assert ranges(app) == pytest.approx(fitted, abs=1e-6)
    zoom_in(app)
    box = app.page.locator(MAP).bounding_box()
    app.page.mouse.dblclick(box["x"] + box["width"] - 30, box["y"] + box["height"] - 30)
    app.wait_until_still(app.a_row_in_the_open())
    assert ranges(app) == pytest.approx(fitted, abs=1e-6)


def test_size_and_opacity_of_points_are_drawn_without_fetching_points_again(app: AppPage) -> None:
    style = f"""() => {{
      const {{ message: {{ points }}, view }} = {ROOT}.embeddingMap;
      const {{ size, opacity }} = view.graph.data.at(-1).marker;
      return {{ size, opacity, ...points }};
    }}"""
    expect(app.page.locator(".map-legend")).to_be_visible()  # similarity would hide it
    before = app.page.evaluate(style)
    requests: list[str] = []
    app.page.on("request", lambda request: requests.append(request.url))
    app.unfold("Points")
    for name, presses in (("Size", 10), ("Opacity", 5)):
        slider = app.page.get_by_role("slider", name=name)
        slider.focus()
        for _ in range(presses):
            slider.press("ArrowRight")
        app.wait_for_script()
    app.page.wait_for_function(f"Math.abs({ROOT}.embeddingMap.message.style.opacity - 1.5) < 1e-6")
    app.wait_for_script()
    after = app.page.evaluate(style)
    assert after["size"] == pytest.approx(2 * before["size"])
    assert after["opacity"] == pytest.approx((before["opacity"] + 1) / 2)
    assert not [url for url in requests if before["url"] in url]
    app.page.reload()
    app.wait_for_map(points=before["count"])
    assert app.page.evaluate(style) == after


def test_another_layout_begins_with_the_view_that_fits_it(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    zoom_in(app)
    zoomed = app.place(row)
    app.choose("Layout", "PCA")
    expect(app.page.get_by_text("PCA · ")).to_be_visible()
    app.wait_until_moved(row, zoomed)  # the map draws later than the line above it says so
    app.wait_until_still(row)
    found = ranges(app)
    app.page.locator(MAP).focus()
    app.page.keyboard.press("0")
    app.wait_until_still(row)
    assert ranges(app) == pytest.approx(found, abs=1e-6)


def test_legend_and_color_bar_cover_no_points(app: AppPage, tmp_path: Path) -> None:
    places = np.array(app.places())
    legend = app.page.locator(".map-legend").bounding_box()
    assert places[:, 0].min() > legend["x"] + legend["width"]
    count = 300
    random = np.random.default_rng(5)
    columns = {"score": random.normal(size=count)}
    made = EmbeddingSet.of(random.uniform(size=(count, 2)), metadata=columns, metric="euclidean")
    save(made, tmp_path / "numbers.embedding.parquet")
    app.upload(tmp_path / "numbers.embedding.parquet")
    app.wait_for_map(points=count)
    app.choose("Color", "score")
    bar = app.page.locator(".infolayer .colorbar")
    bar.wait_for()
    places = np.array(app.places())
    assert places[:, 0].max() < bar.bounding_box()["x"]


def test_a_column_sizes_the_points_and_colors_them_on_a_scale(app: AppPage, tmp_path: Path) -> None:
    count = 300
    random = np.random.default_rng(5)
    columns = {"price": np.geomspace(1, 1000, count), "kind": ["a", "b", "c"] * (count // 3)}
    made = EmbeddingSet.of(random.normal(size=(count, 4)).astype(np.float32), metadata=columns)
    save(made, tmp_path / "prices.embedding.parquet")
    app.upload(tmp_path / "prices.embedding.parquet")
    app.wait_for_map(points=count)
    swatch = app.page.locator(".legend-swatch").first
    usual = swatch.get_attribute("style")
    app.unfold("Palette")
    app.choose("Palette", "Tol")
    expect(swatch).not_to_have_attribute("style", usual)

    app.choose("Color", "price")
    app.page.locator(".colorbar").wait_for()
    app.wait_for_script()
    app.choose("Scale", "Logarithm")
    ticks = app.page.locator(".colorbar .cbaxis text")
    expect(ticks).to_have_text(["1", "10", "100", "1k"])

    app.page.wait_for_function("location.search.includes('scale=log')")
    app.page.goto(f"{app.page.url}&size_by=price&labels=few&density=contours")
    app.wait_for_map(points=count)
    expect(app.page.locator(".st-key-status_bar")).to_contain_text("size by price")
    sizes = f"""() => {ROOT}.embeddingMap.view.graph.data.at(-1).marker.size"""
    app.page.wait_for_function(f"({sizes})().length === {count}")
    drawn = np.array(list(app.page.evaluate(f"() => Array.from(({sizes})())")))
    price = np.clip(columns["price"], *np.percentile(columns["price"], [2, 98]))
    assert np.corrcoef(drawn**2, price)[0, 1] > 0.999  # the area shows the number
    shown = f"""(name) => {{
      const {{ elements }} = {ROOT}.embeddingMap;
      const {{ width, height }} = elements[name];
      const pixels = elements[name].getContext("2d").getImageData(0, 0, width, height).data;
      return pixels.some((value) => value > 0);
    }}"""
    for canvas in ("under", "canvas"):  # the contours, and the labels
        app.page.wait_for_function(shown, arg=canvas)
    app.wait_for_script()
    app.page.reload()
    app.wait_for_map(points=count)
    expect(ticks).to_have_text(["1", "10", "100", "1k"])
    assert app.page.evaluate(f"() => Array.from(({sizes})())") == drawn.tolist()


def test_the_status_bar_counts_what_is_visible(app: AppPage) -> None:
    app.page.get_by_label("Hide 3").click()
    status = app.page.locator(".st-key-status_bar")
    expect(status).to_contain_text("1,614 of 1,797 points; 1 category hidden")
    app.page.get_by_title("Show only 3").click()
    expect(status).to_contain_text("183 of 1,797 points; 9 categories hidden")
    app.choose("Color", "(single color)")
    expect(status).to_contain_text("1,797 of 1,797 points ·")


def test_the_panels_of_another_set_are_hidden(app: AppPage) -> None:
    hidden = """() => [".map-graph", ".st-key-inspector", ".st-key-status_bar"].map((name) => {
      const { visibility, opacity } = getComputedStyle(document.querySelector(name));
      return visibility === "hidden" || opacity === "0";
    })"""
    assert app.page.evaluate(hidden) == [False] * 3
    app.page.evaluate(f"{ROOT}.dataset.set = 'of another set'")
    assert app.page.evaluate(hidden) == [True] * 3
    app.choose("Embedding", "Python modules")
    app.wait_for_map(points=len(gallery.open_item("python_modules")))
    assert app.page.evaluate(hidden) == [False] * 3


def test_text_of_a_file_is_shown_as_it_is(app: AppPage, tmp_path: Path) -> None:
    text = "a -> b :material/home: :smile: http://x.test www.x.test <b>me@x.test</b>"
    columns = {"http://c.test": [text] * 4, "kind": [text] * 4}
    save(EmbeddingSet.of(np.eye(4), [text] * 4, columns), tmp_path / "text.embedding.parquet")
    app.upload(tmp_path / "text.embedding.parquet")
    app.wait_for_map(points=4)
    app.click_point(0)
    app.wait_for_neighbors(0)
    inspector = app.page.locator(".st-key-inspector")
    expect(app.page.locator(".st-key-title")).to_have_text(text)
    expect(inspector.get_by_text(f"http://c.test: {text}")).to_be_visible()
    assert inspector.locator("a").count() == 0
    assert inspector.get_by_test_id("stIconMaterial").all_inner_texts() == ["download"]


def test_the_map_is_colored_by_similarity_to_the_pointer(app: AppPage) -> None:
    row = app.a_row_in_the_open()
    app.click_point(row)
    app.wait_for_neighbors(row)
    app.page.get_by_text("To the pointer", exact=True).click()
    app.page.wait_for_selector(f'{MAP}[data-similar="{row}"]')
    other = app.a_row_in_the_open(after=row)
    place = app.place(other)
    app.page.mouse.move(place["x"], place["y"])
    app.page.wait_for_selector(f'{MAP}[data-similar="{other}"]')
    expect(app.page.locator(".map-similarity").get_by_text("euclidean distance to")).to_be_visible()


def test_a_click_near_the_edge_does_not_move_the_map(app: AppPage) -> None:
    """An item chosen elsewhere is brought into view; one that is clicked stays where it is."""
    row = app.a_row_in_the_open()
    middle = app.place(row)
    room = app.page.locator(MAP).bounding_box()
    assert room is not None
    app.page.mouse.move(middle["x"] - 30, middle["y"] - 30)
    app.page.mouse.down()
    app.page.mouse.move(room["x"] + room["width"] - 42, middle["y"] - 30, steps=4)
    app.page.mouse.up()
    app.wait_until_still(row)
    before = app.place(row)
    assert before["x"] > room["x"] + room["width"] - 20
    app.click_point(row)
    app.wait_for_neighbors(row)
    app.wait_until_still(row)
    after = app.place(row)
    assert abs(after["x"] - before["x"]) < 1 and abs(after["y"] - before["y"]) < 1
