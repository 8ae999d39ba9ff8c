"""Exploring 100,000 points: server time and bytes of each action, in the browser

Each action is what the browser sends for it: a click, a lasso around 20,000 points, another color,
a filter by a slider, a hidden category, another page of the table, a sorted column, Back. The time
is that of the server and the connection, from the browser's message to the end of the last run of
the script that answers it. Bytes are everything that the server sends meanwhile; coordinates are
sent again if a file of points is fetched.
"""

import base64
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import report
from benchmarks.app.browser import Ours, browser, new_page
from benchmarks.library import data
from tests.browser.driver import ROOT, run_server

LASSO_ROWS = 20_000
MAX_MS = 300
MAX_BYTES = 60_000

Act = Callable[[int], None]
"""Does an action for the nth time."""


class Wire:
    """What goes over the connection of a page: when the browser asked, and what came."""

    def __init__(self, page: Any) -> None:
        self.points = page.evaluate(f"{ROOT}.embeddingMap.message.points.url")
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.webSocketFrameSent", self._sent)
        network.on("Network.webSocketFrameReceived", self._received)
        network.on("Network.requestWillBeSent", self._requested)
        self.forget()

    def forget(self) -> None:
        """Reset what was counted."""
        self.asked: float | None = None  # seconds, of the browser's clock
        self.answered = 0.0
        self.points_fetched = 0

    def _sent(self, event: dict[str, Any]) -> None:
        if self.asked is None:
            self.asked = event["timestamp"]

    def _received(self, event: dict[str, Any]) -> None:
        message = ForwardMsg.FromString(base64.b64decode(event["response"]["payloadData"]))
        if message.WhichOneof("type") == "script_finished":
            self.answered = event["timestamp"]

    def _requested(self, event: dict[str, Any]) -> None:
        self.points_fetched += event["request"]["url"].endswith(self.points)

    @property
    def is_answered(self) -> bool:
        """Whether a run of the script has ended since the browser asked."""
        return self.asked is not None and self.answered > self.asked

    @property
    def ms(self) -> float:
        """Milliseconds from the browser's message to the end of the run."""
        assert self.asked is not None
        return 1000 * (self.answered - self.asked)


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((100_000,), repeat=9))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        for name, values in measure(size, options.repeat).items():
            milliseconds, sent, fetched = np.array(values).T
            results.append(
                {
                    "action": name, "rows": size, "times": len(values),
                    **report.spread("server ms", milliseconds, 1),
                    "bytes": int(np.median(sent)), "max bytes": int(sent.max()),
                    "points fetched": int(fetched.sum()),
                }
            )  # fmt: skip
            where = f"{name}, {size:,} points"
            median = float(np.median(milliseconds))
            targets.append(report.target(f"server ms, {where}", median, at_most=MAX_MS))
            targets.append(report.target(f"max bytes, {where}", float(sent.max()), MAX_BYTES))
    libraries = ("streamlit", "plotly", "playwright")
    report.show(__doc__, started, data.describe(*options.sizes), results, targets, libraries)


def measure(size: int, repeat: int) -> dict[str, list[tuple[float, int, int]]]:
    """Return milliseconds, bytes, and files of points fetched, for each time of each action."""
    with ExitStack() as stack:
        chromium = stack.enter_context(browser())
        folder = Path(stack.enter_context(TemporaryDirectory()))
        ours = Ours(new_page(chromium), stack.enter_context(run_server(folder)))
        ours.start()
        report.print_progress(f"opening {size:,} points")
        ours.upload(data.embedding_file(size, folder))
        ours.wait_for_quality(size)
        wire = Wire(ours.page)
        found: dict[str, list[tuple[float, int, int]]] = {}
        for name, act in actions(ours, size):
            report.print_progress(name)
            times = []
            for number in range(repeat + 1):
                ours.settle()
                wire.forget()
                ours.bytes = 0
                act(number)
                while not wire.is_answered:
                    ours.settle()
                times.append((wire.ms, ours.bytes, wire.points_fetched))
            found[name] = times[1:]  # the first warms up
        return found


def actions(ours: Ours, size: int) -> list[tuple[str, Act]]:
    """Return the actions in their order; each is possible after those before it."""
    page = ours.page
    random = np.random.default_rng(0)
    colors = cycle(["rank", "initial"])

    def emit(event: str) -> None:
        page.evaluate(f"{ROOT}.embeddingMap.interaction.emit({event})")

    def lasso(number: int) -> None:
        count = min(LASSO_ROWS, size // 2)
        rows = random.choice(size, count, replace=False).tolist()
        page.evaluate(f"rows => {ROOT}.embeddingMap.interaction.select(rows, 'lasso')", rows)

    def drag_slider(number: int) -> None:
        if number == 0:
            ours.press("Filter")
            ours.choose("Column", "rank")
            ours.settle()
            page.locator(".st-key-filter_column").get_by_role("slider").first.focus()
        page.keyboard.press("ArrowRight")

    def open_table(number: int) -> None:
        if number == 0:
            page.keyboard.press("Escape")
        page.get_by_text("Table", exact=True).click()  # opened and folded in turn

    def turn_page(number: int) -> None:
        if not page.locator(".embedding-table").is_visible():
            page.get_by_text("Table", exact=True).click()
        page.get_by_role("button", name="›", exact=True).click()

    return [
        ("click", lambda number: emit(f"{{type: 'click', row: {number * 97}}}")),
        ("lasso of 20,000", lasso),
        ("another color", lambda _: ours.choose("Color", next(colors))),
        (
            "hide a category",
            lambda number: page.evaluate(f"{ROOT}.embeddingMap.setHidden(new Set([{number % 8}]))"),
        ),
        ("filter by a slider", drag_slider),
        ("open or fold the table", open_table),
        ("next page of the table", turn_page),
        (
            "sort by a column",
            lambda _: page.get_by_role("columnheader", name="rank").get_by_role("button").click(),
        ),
        ("Back", lambda _: page.go_back()),
    ]


if __name__ == "__main__":
    main()
