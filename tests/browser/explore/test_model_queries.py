"""Queries that the model of a run encodes: texts, images, positions on the map."""

import base64
import json
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from embeddings import EmbeddingSet, load, neighbors, save
from tests.browser.driver import MAP, PROJECT, ROOT, AppPage
from trainers import __main__ as trainers


def command_line(*arguments: str) -> str:
    """Return what `trainers` prints; torch is imported once for all of these tests."""
    with redirect_stdout(StringIO()) as printed:
        assert trainers.main(list(arguments)) == 0
    return printed.getvalue()


def trained(folder: Path, trainer: str, *arguments: str) -> Path:
    """Train for a few steps into a run folder as the Train page does; return the file."""
    folder.mkdir(parents=True)
    out = folder / "made.embedding.parquet"
    options = [*arguments, "--out", str(out), "--run-dir", str(folder / "training")]
    printed = command_line(trainer, *options, "--threads", "1", "--quiet")
    about = {"folder": folder.name, "trainer": trainer, "arguments": list(arguments),
             "settings": {}, "data": "built-in", "created": time.time()}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    (folder / "process.json").write_text(
        json.dumps({"group": 1, "started": about["created"], "before": 0})
    )
    (folder / "exit").write_text("0\n")
    (folder / "stdout.txt").write_text(printed)
    (folder / "stderr.txt").write_text("")
    return out


def answers(command: str, run: Path, *query: str) -> dict:
    """Return what the command line prints for a query."""
    return json.loads(command_line(command, str(run), *query, "--json"))


def wait_for_listed(page: AppPage, rows: list[int]) -> None:
    """Wait until the inspector lists these rows."""
    page.page.wait_for_function(
        """rows => JSON.stringify(rows) === JSON.stringify(Array.from(
          document.querySelectorAll(".st-key-neighbors button[data-row]"),
          (button) => Number(button.dataset.row)))""",
        arg=rows,
    )


def found_by_text(page: AppPage, file: Path, box: str, text: str, among: np.ndarray) -> list[int]:
    """Type a text; wait until the inspector lists what the command line's vector finds, by row."""
    field = page.page.get_by_placeholder(box)
    field.fill(text)
    field.press("Enter")
    vector = answers("encode", file.parent, "--text", text)["vector"]
    near = neighbors.query_vectors(load(file), np.array(vector), 10, candidates=among).rows.tolist()
    wait_for_listed(page, near)
    assert field.input_value() == text
    return near


@pytest.fixture(scope="module")
def codes(cache: Path) -> Path:
    """Train an autoencoder of 2 dimensions."""
    folder = cache / "runs" / "20260101-000000-aaaaaa"
    return trained(folder, "autoencoder", "--dim", "2", "--max-steps", "30")


@pytest.fixture(scope="module")
def shapes(cache: Path) -> Path:
    """Train images and captions in one space."""
    folder = cache / "runs" / "20260101-000000-bbbbbb"
    return trained(folder, "image_text", "--max-steps", "30")


@pytest.fixture(scope="module")
def answered(cache: Path) -> Path:
    """Train on queries and the pages that answer them."""
    examples = PROJECT / "docs" / "examples"
    tables = ["--left-metadata", str(examples / "queries.csv"),
              "--right-metadata", str(examples / "pages.csv")]  # fmt: skip
    return trained(
        cache / "runs" / "20260101-000000-cccccc", "two_tower",
        "--data", str(examples / "answers.csv"), "--preset", "search", *tables,
        "--right-features", "text", "--max-steps", "30",
    )  # fmt: skip


@pytest.fixture
def open_run(visit, server: str):
    """Return a function that opens the file of a run."""

    def opened(file: Path) -> AppPage:
        page = visit(server, f"?set=run%3A{file.parent.name}")
        page.wait_for_map()
        return page

    return opened


def test_a_position_on_the_map_is_decoded(open_run, codes: Path) -> None:
    made = load(codes)
    page = open_run(codes)
    page.wait_for_drawn(len(made))
    page.choose("Layout", "Precomputed")
    page.page.wait_for_function(f"() => {ROOT}.embeddingMap.interaction.backgroundClicks")
    box = page.page.locator(MAP).bounding_box()
    assert box is not None
    corner = {"x": box["x"] + box["width"] - 30, "y": box["y"] + box["height"] - 30}
    place = page.page.evaluate(
        f"""({{ x, y }}) => {{
          const box = {ROOT}.getBoundingClientRect();
          return {ROOT}.embeddingMap.view.coordinatesAt(x - box.left, y - box.top);
        }}""",
        corner,
    )
    page.page.mouse.click(corner["x"], corner["y"])
    near = neighbors.query_vectors(made, np.array(place), 10).rows.tolist()
    wait_for_listed(page, near)
    assert page.page.locator(".st-key-title").inner_text().startswith("Decoded from")
    assert (
        page.page.locator(".st-key-inspector [data-testid=stImageContainer] img").count() > 1
    )  # decoded, and the nearest
    drawn = answers("decode", codes.parent, "--vector", *map(str, place))
    assert base64.b64decode(drawn["png"]).startswith(b"\x89PNG")

    page.page.get_by_role("button", name="Clear").click()
    expect(page.page.locator(".st-key-title")).to_be_hidden()


def test_an_image_finds_similar_images(open_run, codes: Path, tmp_path: Path) -> None:
    made = load(codes)
    image = tmp_path / "seven.png"
    image.write_bytes(made.metadata["image"][7]["bytes"].as_py())
    page = open_run(codes)
    page.page.get_by_role("button", name="Search by image").click()
    page.page.locator("[class*=st-key-query_image] input[type=file]").set_input_files(str(image))
    vector = answers("encode", codes.parent, "--image", str(image))["vector"]
    near = neighbors.query_vectors(made, np.array(vector), 10).rows.tolist()
    wait_for_listed(page, near)
    assert 7 in near[:3]


def test_a_text_finds_images_and_only_images(open_run, shapes: Path) -> None:
    both = load(shapes)
    page = open_run(shapes)
    images = np.asarray(both.metadata["image"].combine_chunks().is_valid())
    near = found_by_text(page, shapes, "Search images by text", "a small red circle", images)
    assert set(both.metadata["role"].take(near).to_pylist()) == {"image"}
    assert page.page.locator(".st-key-title").inner_text() == "“a small red circle”"


def test_a_text_finds_pages_but_no_queries(open_run, answered: Path) -> None:
    both = load(answered)
    page = open_run(answered)
    pages = np.asarray(both.metadata["known"].is_null())
    near = found_by_text(page, answered, "Search by text", "my card is lost", pages)
    assert set(both.metadata["role"].take(near).to_pylist()) == {"page"}
    assert page.page.get_by_role("button", name="Search by image").count() == 0


def test_a_file_without_its_run_says_so(app: AppPage, tmp_path: Path) -> None:
    made = EmbeddingSet.of(
        np.random.default_rng(0).normal(size=(40, 3)),
        trainer="cnn",
        config={"checkpoint_sha256": "ab" * 32},
    )
    save(made, tmp_path / "elsewhere.embedding.parquet")
    app.upload(tmp_path / "elsewhere.embedding.parquet")
    app.wait_for_map(points=40)
    expect(
        app.page.get_by_text("no run on this server has checkpoint abababababab")
    ).to_be_visible()
