"""Training in the app: from an upload to the map, across reloads and restarts; comparing runs."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.driver import PROJECT, AppPage, run_server

VISITS = PROJECT / "docs" / "examples" / "visits.csv"
ITEMS = 14  # readers and pages of visits.csv


@contextmanager
def visit(browser, cache: Path, query: str = "") -> Iterator[AppPage]:
    """Start the app and open the Train page in it; no errors in the browser's console."""
    with run_server(cache) as address:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(120_000)
        page = AppPage(context.new_page(), address)
        page.page.goto(f"{address}/train{query}")
        page.page.get_by_role("button", name="Start").wait_for()
        try:
            yield page
        except BaseException:
            folder = PROJECT / "test-results"
            folder.mkdir(exist_ok=True)
            page.page.screenshot(path=folder / "train.png")
            raise
        finally:
            context.close()
        assert page.errors == [], "errors in the browser's console"


def upload(page: AppPage) -> None:
    page.choose("Data", "Upload")
    box = page.page.locator(".st-key-train-two_tower-data input[type=file]")
    box.set_input_files(str(VISITS))


def fill(page: AppPage, setting: str, value: str) -> None:
    box = page.page.get_by_role("spinbutton", name=setting, exact=True)
    box.fill(value)


def press(page: AppPage, name: str) -> None:
    page.page.locator("[data-test-script-state=notRunning]").wait_for()
    page.page.get_by_role("button", name=name, exact=True).click()


def state(page: AppPage, word: str) -> None:
    """Wait until the run shown is in a state."""
    page.page.locator(".st-key-status_bar").get_by_text(word).wait_for()


def test_an_upload_is_learned_from_and_the_result_opens_with_one_click(
    browser, tmp_path: Path
) -> None:
    with visit(browser, tmp_path) as page:  # the first visit to this server
        upload(page)
        fill(page, "Epochs", "3")
        press(page, "Start")
        state(page, "done")
        page.page.locator(".js-plotly-plot").first.wait_for()
        press(page, "Open in Explore")
        page.wait_for_map(points=ITEMS)
        assert "set=run%3A" in page.page.url
        page.page.reload()
        page.wait_for_map(points=ITEMS)
        page.choose("Color", "count")
        page.page.wait_for_url("**color=count**")
        page.page.get_by_role("link", name="Train").click()
        state(page, "done")
        page.page.get_by_role("link", name="Explore").click()
        page.wait_for_map(points=ITEMS)
        page.page.wait_for_url("**color=count**")


def test_a_run_lives_on_through_reload_and_restart_and_stops_and_continues(
    browser, tmp_path: Path
) -> None:
    with visit(browser, tmp_path) as page:
        upload(page)
        fill(page, "Epochs", "1000000")
        page.page.get_by_text("More settings").click()
        fill(page, "Patience", "0")
        press(page, "Start")
        state(page, "running")
        page.page.get_by_text("of 1,000,000").wait_for()
        chart = page.page.locator(".js-plotly-plot").first
        chart.evaluate("chart => { chart.dataset.seen = 'yes'; }")
        told = page.page.locator("[data-testid=stProgress]").inner_text()
        page.page.wait_for_function(
            "told => document.querySelector('[data-testid=stProgress]').innerText !== told",
            arg=told,
        )
        assert chart.get_attribute("data-seen") == "yes", "the chart was made anew"
        page.page.reload()
        state(page, "running")
        query = page.page.url.partition("?")[2]
    with visit(browser, tmp_path, f"?{query}") as page:
        state(page, "running")
        page.page.get_by_text("of 1,000,000").wait_for()
        press(page, "Stop")
        state(page, "stopped")
        page.page.locator("[data-test-script-state=notRunning]").wait_for()
        page.page.get_by_text("Log and command").click()
        press(page, "Resume")
        state(page, "running")
        page.page.get_by_text("resuming after").wait_for()
        press(page, "Stop")
        state(page, "stopped")
        press(page, "Delete")
        press(page, "Delete run")
        page.page.get_by_text("two_tower, visits.csv").wait_for(state="hidden")
        assert "run=" not in page.page.url


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


def test_runs_are_compared_and_an_error_is_plain(browser, tmp_path: Path) -> None:
    for number, (dim, recall) in enumerate([(8, 0.25), (16, 0.5)]):
        fake_run(tmp_path / "runs", number, dim, recall)
    with visit(browser, tmp_path) as page:
        table = page.page.locator("[data-testid=stDataFrame]").last
        for row, shown in enumerate(("Result", "Different settings")):
            table.scroll_into_view_if_needed()
            box = table.bounding_box()  # the grid is a canvas: its check boxes are places on it
            page.page.mouse.click(box["x"] + 18, box["y"] + 53 + 35 * row)
            page.page.get_by_text(shown, exact=True).wait_for()  # above the table, which moves
            page.page.locator("[data-test-script-state=notRunning]").wait_for()
        legends = page.page.locator(".line-key")
        legends.get_by_text("2: two_tower").first.wait_for()
        fill(page, "Learning rate", "-1")
        press(page, "Start")
        alert = page.page.locator("[data-testid=stAlert]")
        alert.get_by_text("Learning rate is -1.0; expected a number above 0").wait_for()
        expect(page.page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        assert "Traceback" not in page.page.locator("[data-testid=stMain]").inner_text()
