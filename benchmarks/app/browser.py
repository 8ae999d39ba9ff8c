"""The app and the plain page side by side in one Chromium: opening, point positions, traffic."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks.app import in_page
from benchmarks.library import data
from tests.browser.driver import ROOT, AppPage, launch, run_server

PAGE = (1440, 900)  # px, width and height
TIMEOUT = 600_000  # ms: software GL, a busy machine, and the graph of 100,000 points


class Site(AppPage):
    """A page of one server, with the number of bytes received from it."""

    def __init__(self, page: Any, address: str) -> None:
        super().__init__(page, address)
        self.bytes = 0  # websocket messages, and HTTP responses with their headers
        page.context.set_default_timeout(TIMEOUT)
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.webSocketFrameReceived", self._count_message)
        network.on("Network.loadingFinished", self._count_response)

    def _count_message(self, event: dict[str, Any]) -> None:
        payload, is_text = event["response"]["payloadData"], event["response"]["opcode"] == 1
        self.bytes += len(payload.encode() if is_text else base64.b64decode(payload))

    def _count_response(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def watch(self, event: str, shown: str) -> None:
        """Start a clock at the next `event`, until the JavaScript expression `shown` is true."""
        self.page.evaluate(in_page.SHOWN, [event, shown])

    def watched(self) -> dict[str, Any]:
        """Return the `seconds` from the event to the paint, and the resources `fetched` by then."""
        return self.page.evaluate("window.watched")

    def settle(self) -> None:
        """Wait until no script runs and frames are fast."""
        self.page.evaluate(in_page.SETTLED)

    def clickable(self, positions: np.ndarray) -> np.ndarray:
        """Return at which positions, float (m, 2) in px, a click reaches the plot: bool, (m,)."""
        return np.array(self.page.evaluate(in_page.CLICKABLE, positions.tolist()), dtype=bool)


class Ours(Site):
    """The app."""

    name = "ours"

    def start(self) -> None:
        """Open the app; wait for the quality of a small map: the workers are warm then."""
        self.open()
        with TemporaryDirectory() as folder:
            self.upload(data.embedding_file(500, Path(folder)))
            self.wait_for_quality(500)
        self.open()  # again: files uploaded one after the other would be parts of one set

    def drawn(self, points: int) -> str:
        """Return a JavaScript expression: whether the map has drawn that many points."""
        return f"{ROOT}?.dataset.points === '{points}'"

    def laid_out(self, title: str) -> str:
        """Return a JavaScript expression: whether the map has drawn the layout with this title."""
        return (
            f"/D: {title}(?!.*in progress)/.test({ROOT}.embeddingMap.message.description) && "
            f"{ROOT}.embeddingMap.enqueue(() => true)"  # after what it is drawing now
        )

    def wait_for_quality(self, points: int, dims: int = 2) -> None:
        """Wait for the map and for its quality, the last job in the background."""
        self.wait_for_map(points, dims)
        self.page.get_by_text("of neighbors preserved").first.wait_for()
        self.settle()

    def positions(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the position of each row in px of the page: float, shape (n, 2)."""
        return np.array(self.page.evaluate(in_page.POSITIONS)).reshape(-1, 2)


class Plain(Site):
    """The plain page."""

    name = "plain page"
    query = ""

    def start(self) -> None:
        """Open the page and wait for its first chart."""
        self.page.goto(f"{self.address}/{self.query}")
        self.wait_for_chart()

    def drawn(self, points: int | None = None) -> str:
        """Return a JavaScript expression: whether the chart has drawn (that many points).

        plotly.js adds .nsewdrag, which receives the clicks, after it has drawn the traces.
        """
        drawn = f"Boolean({in_page.PLOT}?.querySelector('.nsewdrag'))"
        count = f"{in_page.PLOT}._fullData.reduce((sum, trace) => sum + trace._length, 0)"
        return drawn if points is None else f"{drawn} && {count} === {points}"

    def wait_for_chart(self, points: int | None = None) -> None:
        """Wait until the chart has drawn (that many points)."""
        self.page.wait_for_function(self.drawn(points))
        self.settle()

    def positions(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the position of each row of `coordinates`, float (n, 2), in px of the page."""
        (left, width, x0, x1), (top, height, y0, y1) = self.page.evaluate(in_page.AXES)
        x, y = coordinates.T.astype(float)
        return np.column_stack(
            [left + (x - x0) / (x1 - x0) * width, top + (y1 - y) / (y1 - y0) * height]
        )


class PanelFirst(Plain):
    """The plain page that sends its panel before the chart."""

    name = "plain page, panel first"
    query = "?panel=first"


@contextmanager
def side_by_side() -> Iterator[tuple[Ours, Plain, Plain]]:
    """Start both servers and Chromium; yield the pages, which show small sets and are idle."""
    with ExitStack() as stack:
        chromium = stack.enter_context(browser())
        caches = [Path(stack.enter_context(TemporaryDirectory())) for _ in range(2)]
        our_server = run_server(caches[0])
        plain_server = run_server(caches[1], "benchmarks/app/plain_page.py")
        ours = Ours(new_page(chromium), stack.enter_context(our_server))
        plain = Plain(new_page(chromium), stack.enter_context(plain_server))
        panel_first = PanelFirst(new_page(chromium), plain.address)
        for site in (ours, plain, panel_first):
            site.start()
        yield ours, plain, panel_first


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium, headless."""
    with sync_playwright() as driver:
        chromium = launch(driver)
        yield chromium
        chromium.close()


def new_page(chromium: Any) -> Any:
    """Return an empty page in a context of its own."""
    width, height = PAGE
    return chromium.new_context(viewport={"width": width, "height": height}).new_page()
