"""Training in the app: from an upload to the map, across reloads and restarts; runs compared."""

import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import PROJECT, AppPage, run_server

VISITS = PROJECT / "docs" / "examples" / "visits.csv"
ITEMS = 14  # readers and pages of visits.csv


@pytest.fixture
def open_train(visit):
    """Return a function that opens the Train page of a server."""

    def opened(address: str, query: str = "") -> AppPage:
        page = visit(address, f"train{query}")
        expect(page.page.get_by_role("button", name="Start")).to_be_visible()
        return page

    return opened


def upload(page: AppPage) -> None:
    page.choose("Data", "Upload")
    box = page.page.locator(".st-key-train-two_tower-data input[type=file]")
    box.set_input_files(str(VISITS))


def state(page: AppPage, word: str) -> None:
    """Wait until the run shown is in a state."""
    expect(page.page.locator(".st-key-status_bar").get_by_text(word)).to_be_visible()


def test_training_on_an_upload_opens_in_explore_with_one_click(open_train, workshop: str) -> None:
    page = open_train(workshop)
    page.page.locator(".st-key-card-two_tower img").click(force=True)  # the button is over it
    upload(page)
    page.fill("Epochs", "3")
    page.press("Start")
    state(page, "done")
    expect(page.page.locator(".js-plotly-plot").first).to_be_visible()
    page.press("Open in Explore")
    page.wait_for_map(points=ITEMS)
    assert "set=run%3A" in page.page.url
    page.page.get_by_role("link", name="Train").click()
    state(page, "done")
    expect(page.page.get_by_role("img", name=f"Map by PCA of {ITEMS} items")).to_be_visible()
    page.press("Open this map")
    page.wait_for_map(points=ITEMS)
    page.page.reload()
    page.wait_for_map(points=ITEMS)
    page.choose("Color", "role")  # "count" is the default, which no address holds
    page.page.wait_for_url("**color=role**")
    page.page.get_by_role("link", name="Train").click()
    expect(page.page.locator(".st-key-cards")).to_be_visible()  # the reload has begun a session
    page.page.get_by_role("link", name="Explore").click()
    page.wait_for_map(points=ITEMS)
    page.page.wait_for_url("**color=role**")


def test_a_run_survives_reload_and_restart_and_can_be_stopped_and_resumed(
    open_train, tmp_path: Path
) -> None:
    with run_server(tmp_path) as address:
        page = open_train(address)  # the first visit to this server
        upload(page)
        page.fill("Epochs", "1000000")
        page.unfold("More settings")
        page.fill("Patience (epochs)", "0")
        page.press("Start")
        state(page, "running")
        expect(page.page.get_by_text("of 1,000,000")).to_be_visible()
        chart = page.page.locator(".js-plotly-plot").first
        chart.evaluate("chart => { chart.dataset.seen = 'yes'; }")
        shown = page.page.locator("[data-testid=stProgress]").inner_text()
        page.page.wait_for_function(
            "shown => document.querySelector('[data-testid=stProgress]').innerText !== shown",
            arg=shown,
        )
        assert chart.get_attribute("data-seen") == "yes", "the chart was drawn again from scratch"
        page.page.reload()
        state(page, "running")
        query = page.page.url.partition("?")[2]
        page.leave()
    with run_server(tmp_path) as address:
        page = open_train(address, f"?{query}")
        state(page, "running")
        expect(page.page.get_by_text("of 1,000,000")).to_be_visible()
        page.press("Stop")
        state(page, "stopped")
        page.wait_for_script()
        page.unfold("Log and command")
        page.press("Resume")
        state(page, "running")
        expect(page.page.get_by_text("resuming after")).to_be_visible()
        page.press("Stop")
        state(page, "stopped")
        page.press("Delete")
        page.press("Delete run")
        expect(page.page.get_by_text("Two-tower, visits.csv")).to_be_hidden()
        assert "run=" not in page.page.url
        page.leave()


def fake_run(runs: Path, number: int, dim: int, recall: float) -> None:
    """Write the folder of a run that is done."""
    folder = runs / f"20260101-00000{number}-abcdef"
    (folder / "training").mkdir(parents=True)
    about = {"folder": folder.name, "trainer": "two_tower", "arguments": [f"--dim={dim}"],
             "settings": {"dim": dim, "epochs": 2}, "data": "built-in",
             "created": time.time() - 100 + number}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    process = {"group": 1, "started": about["created"], "before": 0}
    (folder / "process.json").write_text(json.dumps(process))
    (folder / "exit").write_text("0\n")
    (folder / "stderr.txt").write_text("epoch 1/2: <b>loss</b> ![x](http://x.example/y.png)\n")
    (folder / "stdout.txt").write_text(json.dumps({"loss": 0.5, "recall@10": recall}))
    lines = [{"event": "epoch", "step": 10 * epoch, "epoch": epoch, "loss": 1 / epoch,
              "recall@10": recall * epoch / 2} for epoch in (1, 2)]  # fmt: skip
    log = folder / "training" / "metrics.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_runs_are_compared_and_an_error_is_explained(serve, open_train, tmp_path: Path) -> None:
    for number, (dim, recall) in enumerate([(8, 0.25), (16, 0.5)]):
        fake_run(tmp_path / "runs", number, dim, recall)
    page = open_train(serve(tmp_path))
    table = page.page.locator("[data-testid=stDataFrame]").first
    for row, shown in enumerate(("Result", "Different settings")):
        box = table.bounding_box()  # the grid is a canvas: its check boxes are places on it
        page.page.mouse.click(box["x"] + 18, box["y"] + 53 + 35 * row)
        expect(page.page.get_by_text(shown, exact=True)).to_be_visible()
        page.wait_for_script()
        assert table.bounding_box() == box, "the table has moved"
    legends = page.page.locator(".line-key")
    expect(legends.get_by_text("2: Two-tower").first).to_be_visible()
    loss = page.page.get_by_role("img", name="Loss by step")
    loss.focus()
    page.page.keyboard.press("End")
    expect(page.page.get_by_text("Step 20: 1: Two-tower 0.5; 2: Two-tower 0.5")).to_be_attached()
    lines = "chart => chart.data.map(each => each.y)"
    assert loss.evaluate(lines) == [[1, 0.5], [1, 0.5]]
    page.page.get_by_text("Smooth", exact=True).click()
    page.page.wait_for_function("() => document.querySelector('.line-chart').data.length === 4")
    second = (0.8 * 0.2 * 1 + 0.2 * 0.5) / (1 - 0.8**2)  # corrected for the start at 0
    assert loss.evaluate(lines)[1] == pytest.approx([1, second])
    page.press("All trainers")
    expect(page.page.locator(".st-key-cards")).to_be_visible()
    page.fill("Learning rate", "-1")
    page.press("Start")
    alert = page.page.locator("[data-testid=stAlert]")
    expect(alert.get_by_text("Learning rate is -1.0; expected a number above 0")).to_be_visible()
    expect(page.page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    assert "Traceback" not in page.page.locator("[data-testid=stMain]").inner_text()


def test_on_a_phone_the_cards_are_one_column_and_open_the_form(open_train, workshop: str) -> None:
    page = open_train(workshop)
    page.page.set_viewport_size({"width": 390, "height": 844})
    page.page.reload()
    page.page.wait_for_function("""() => {
      const cards = [...document.querySelectorAll("[class*=st-key-card-]")];
      const boxes = cards.map(card => card.getBoundingClientRect());
      return boxes.length && boxes.every(box => box.left === boxes[0].left && box.width > 340);
    }""")
    start = page.page.get_by_role("button", name="Start", exact=True)
    expect(start).not_to_be_in_viewport()
    page.page.locator(".st-key-card-word2vec img").click(force=True)
    expect(start).to_be_in_viewport()
    expect(page.page.get_by_role("spinbutton", name="Window (words)")).to_be_visible()
    page.page.set_viewport_size({"width": 1440, "height": 900})


def test_the_end_of_a_run_moves_neither_the_page_nor_the_focus(open_train, workshop: str) -> None:
    page = open_train(workshop)
    page.page.set_viewport_size({"width": 1440, "height": 600})  # so that the page scrolls
    upload(page)
    page.fill("Epochs", "8")
    page.press("Start")
    state(page, "running")
    expect(page.page.get_by_text("Settings", exact=True)).to_be_visible()
    expect(page.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    page.unfold("Log and command")
    main = page.page.locator("[data-testid=stMain]")
    main.evaluate("main => { main.scrollTop = 150; }")
    page.page.get_by_role("spinbutton", name="Epochs", exact=True).focus()
    places = """() => ["[data-testid=stDataFrame]", ".line-charts", "[data-testid=stExpander]"]
      .map(each => document.querySelector(`[data-testid=stMain] ${each}`))
      .map(each => each.getBoundingClientRect().top)"""
    before = page.page.evaluate(places)
    state(page, "done")
    expect(page.page.locator(".st-key-run_map img")).to_be_visible()
    assert main.evaluate("main => main.scrollTop") == 150
    assert page.page.evaluate(places) == before
    assert page.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Epochs"
    page.page.set_viewport_size({"width": 1440, "height": 900})
