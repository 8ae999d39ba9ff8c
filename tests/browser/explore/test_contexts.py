"""Words in context: the word is marked in its sentence, and a slider moves between the layers."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from embeddings import EmbeddingSet, neighbors, save
from embeddings.analysis.contexts import layers_of
from tests.browser.driver import AppPage

COUNT = 80


@pytest.fixture
def banks() -> EmbeddingSet:
    """Occurrences of a word of two senses, which only the upper layer tells apart."""
    rng = np.random.default_rng(0)
    sense = np.arange(COUNT) % 2
    lower = rng.normal(size=(COUNT, 6))
    upper = lower @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    upper[:, 0] += 12.0 * (2 * sense - 1)
    places = ["the river", "the money"]
    sentences = [f"line {i} on the bank of {places[kind]} today" for i, kind in enumerate(sense)]
    columns = {
        "word": ["bank"] * 2 * COUNT,
        "sentence": sentences * 2,
        "position": [4] * 2 * COUNT,
        "layer": ["0"] * COUNT + ["1"] * COUNT,
        "sense": [places[kind] for kind in sense] * 2,
    }
    return EmbeddingSet.of(np.vstack([lower, upper]), columns["word"], columns, name="banks")


def test_the_layers_of_words_in_context(app: AppPage, banks: EmbeddingSet, tmp_path: Path) -> None:
    save(banks, tmp_path / "banks.embedding.parquet")
    layers = layers_of(banks)
    assert layers is not None
    app.upload(tmp_path / "banks.embedding.parquet")
    app.wait_for_map(points=COUNT)
    app.wait_for_drawn(COUNT)
    row = app.a_row_in_the_open()
    at = app.place(row)
    app.page.mouse.move(at["x"], at["y"])
    card = app.page.locator(".map-tooltip:not([hidden])")
    assert card.locator("mark").inner_text() == "bank"
    assert layers.of("1").metadata["sentence"][row].as_py() in card.inner_text()

    app.click_point(row)
    app.wait_for_neighbors(row)
    upper = neighbors.query(layers.of("1"), row, 10).rows.tolist()
    assert [other for other, _ in app.neighbors()] == upper
    assert all(other % 2 == row % 2 for other in upper)
    assert "on the bank of" in app.neighbors()[0][1]
    expect(app.page.get_by_text(f"{COUNT} of {COUNT} points of layer 1")).to_be_visible()

    app.page.get_by_role("slider").focus()
    app.page.keyboard.press("ArrowLeft")
    expect(app.page.get_by_text(f"{COUNT} of {COUNT} points of layer 0")).to_be_visible()
    lower = neighbors.query(layers.of("0"), row, 10).rows.tolist()
    app.page.wait_for_function(
        """rows => JSON.stringify(rows) === JSON.stringify(Array.from(
          document.querySelectorAll(".st-key-neighbors button[data-row]"),
          (button) => Number(button.dataset.row)))""",
        arg=lower,
    )
    assert lower != upper
    app.wait_for_neighbors(row)  # the same occurrence is still in focus
    assert "layer=0" in app.page.url

    app.page.reload()
    app.wait_for_neighbors(row)
    expect(app.page.get_by_text(f"{COUNT} of {COUNT} points of layer 0")).to_be_visible()
