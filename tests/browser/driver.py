"""The app in a browser: its server, Chromium, and what a person does as methods over a page."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PROJECT = Path(__file__).parents[2]
CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PLAIN = [
    "--disable-gpu-compositing"
]  # without a GPU, WebGL is the slow way to draw what is no WebGL
QUIET = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

MAP = '[data-testid="embedding-map"]'
ROOT = f"document.querySelector('{MAP}')"
PLACE = f"""row => {{
  const at = {ROOT}.embeddingMap.view.locate(row);
  const box = {ROOT}.getBoundingClientRect();
  return at && {{ x: box.left + at.x, y: box.top + at.y }};
}}"""
PLACES = f"""() => {{
  const {{ view, elements }} = {ROOT}.embeddingMap;
  const box = elements.root.getBoundingClientRect();
  return Array.from(view.scene.visible, (_, row) => {{
    const at = view.locate(row);
    return [box.left + at.x, box.top + at.y];
  }});
}}"""
STILL = """place => new Promise((resolve) => {
  let last = "", since = performance.now();
  const look = (now) => {
    const at = JSON.stringify(place());
    if (at !== last) [last, since] = [at, now];
    if (now - since > 500) resolve(); else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""
IN_THE_OPEN = f"""after => {{
  const {{ view, elements }} = {ROOT}.embeddingMap;
  const {{ clientWidth: width, clientHeight: height }} = elements.root;
  const legend = elements.legend.getBoundingClientRect();
  const box = elements.root.getBoundingClientRect();
  const places = Array.from(view.scene.visible, (_, row) => view.locate(row));
  return places.findIndex((at, row) =>
    row > after && at && at.x > 60 && at.y > 60 && at.x < width - 60 && at.y < height - 60 &&
    (at.x + box.left > legend.right + 10 || at.y + box.top > legend.bottom + 10) &&
    places.every((other, i) => i === row || !other ||
      Math.hypot(other.x - at.x, other.y - at.y) > 4));
}}"""


class run_server:
    """The app, or another Streamlit script, on a free port; ended with the block."""

    def __init__(self, cache: Path, script: str = "app.py", *arguments: str) -> None:
        self.cache, self.script, self.arguments = cache, script, arguments

    def __enter__(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", self.script]
        command += ["--server.port", str(port), "--server.headless", "true"]
        command += ["--", *self.arguments]
        self.log = (self.cache / "server.log").open("w")
        self.process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={
                **os.environ,
                "EMBEDDING_CACHE": str(self.cache),
                "EMBEDDING_RUNS": str(self.cache / "runs"),
                "EMBEDDING_ANNOTATIONS": str(self.cache / "annotations"),
                "EMBEDDING_MAX_SECONDS": "600",  # of a reading, also on a busy machine
            },
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:  # Streamlit prints its address once it listens
            if "URL:" in line:
                break
        address = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"{address}/_stcore/health") as answer:
            assert answer.status == 200
        return address

    def __exit__(self, *exception: object) -> None:
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


def launch(driver: Any, *arguments: str) -> Any:
    """Start headless Chromium with WebGL in software; `driver` is what sync_playwright yields."""
    return driver.chromium.launch(executable_path=CHROMIUM, args=[*WEBGL, *QUIET, *arguments])


class AppPage:
    """The app in a browser page, from a visit until it is left."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.is_left = False
        self.errors: list[str] = []
        self.received = 0  # bytes that came over the websocket
        self.page_runs = 0  # runs of the script that were not of a fragment
        self.foreign: list[str] = []  # addresses of other servers that were requested
        self._listeners = {
            "request": lambda request: self._check_server(request.url),
            "pageerror": lambda error: self.errors.append(str(error)),
            "console": self._listen,
            "websocket": lambda socket: socket.on("framereceived", self._count),
        }
        for event, listener in self._listeners.items():
            page.on(event, listener)

    def _check_server(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(url)

    def _listen(self, message: Any) -> None:
        # at the address of a page other than the first, Streamlit looks for itself below that
        # address before above it
        looked = "404" in message.text and "/_stcore/" in message.location["url"]
        if message.type == "error" and not looked:
            self.errors.append(message.text)

    def _count(self, payload: str | bytes) -> None:
        self.received += len(payload)
        if isinstance(payload, bytes):
            message = ForwardMsg.FromString(payload)
            is_run = message.WhichOneof("type") == "new_session"
            self.page_runs += is_run and not message.metadata.run.fragment_ids

    def leave(self) -> None:
        """Leave the app; before its server ends, which would be an error in the console.

        Nothing of the visit remains in the page but the files that browsers keep.
        """
        if self.is_left:
            return
        self.is_left = True
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto("about:blank")
        self.page.mouse.move(0, 0)

    def open(self, query: str = "") -> None:
        """Open the app and wait for the map."""
        self.page.goto(f"{self.address}/{query}")
        self.wait_for_map()

    def wait_for_map(self, points: int | None = None, dims: int | None = None) -> None:
        """Wait until the map shows its points (so many, in so many dimensions)."""
        condition = f"{MAP}[data-points]" if points is None else f'{MAP}[data-points="{points}"]'
        if dims:
            condition += f'[data-dims="{dims}"]'
        self.page.wait_for_selector(condition)

    def wait_for_drawn(self, rows: int) -> None:
        """Wait until so many rows can be seen."""
        self.page.wait_for_function(
            f"""rows => rows ===
              {ROOT}.embeddingMap.view.scene?.visible.reduce((sum, one) => sum + one, 0)""",
            arg=rows,
        )

    def upload(self, *files: Path) -> None:
        """Open files."""
        self.page.locator('input[type="file"]').set_input_files([str(file) for file in files])

    def place(self, row: int) -> dict[str, float]:
        """Return where a row is, in px of the page."""
        place = self.page.evaluate(PLACE, row)
        assert place, f"row {row} is not in view"
        return place

    def places(self) -> list[tuple[float, float]]:
        """Return where all rows are, in px of the page."""
        return [(x, y) for x, y in self.page.evaluate(PLACES)]

    def a_row_in_the_open(self, after: int = -1) -> int:
        """Return the first row, after a given one, that no other covers, away from the edges."""
        row = self.page.evaluate(IN_THE_OPEN, after)
        assert row >= 0, "every point is covered by another"
        return row

    def wait_until_moved(self, row: int, before: dict[str, float]) -> None:
        """Wait until a row is elsewhere than `before`."""
        self.page.wait_for_function(
            f"([row, x, y]) => {{ const at = ({PLACE})(row);"
            " return at && Math.hypot(at.x - x, at.y - y) > 3; }",
            arg=[row, before["x"], before["y"]],
        )

    def zoom_in_at(self, row: int) -> None:
        """Zoom in with the wheel, beside a row; wait until the map is still."""
        before = self.place(row)
        self.page.mouse.move(before["x"] - 60, before["y"] - 60)
        self.page.mouse.wheel(0, -300)
        self.wait_until_moved(row, before)
        self.wait_until_still(row)

    def wait_until_still(self, row: int) -> None:
        """Wait until a row keeps its place for half a second."""
        self.page.evaluate(f"row => ({STILL})(() => ({PLACE})(row))", row)

    def click_point(self, row: int) -> None:
        """Click a row at its pixel on the map."""
        place = self.place(row)
        self.page.mouse.move(place["x"], place["y"])
        self.page.mouse.click(place["x"], place["y"])

    def wait_for_neighbors(self, row: int) -> None:
        """Wait until the map has the row in focus and the inspector lists its neighbors."""
        self.page.wait_for_selector(f'{MAP}[data-row="{row}"]')
        self.page.wait_for_selector(f'.neighbor-list[data-of="{row}"] button')

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a select box."""
        self.page.get_by_role("combobox", name=label).first.click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def unfold(self, title: str) -> None:
        """Open an expander; wait until what is in it stands still, so that a click meets it."""
        self.wait_for_script()
        expander = self.page.locator("details").filter(has=self.page.get_by_text(title, exact=True))
        expander.locator("summary").first.click()
        expander.first.evaluate(f"box => ({STILL})(() => box.getBoundingClientRect())")

    def fill(self, setting: str, value: str) -> None:
        """Type a number into the box of a setting."""
        self.page.get_by_role("spinbutton", name=setting, exact=True).fill(value)

    def wait_for_script(self) -> None:
        """Wait until the script has ended."""
        self.page.locator("[data-test-script-state=notRunning]").wait_for()

    def press(self, name: str) -> None:
        """Press a button once the script has ended: drawing a popover again closes it."""
        self.wait_for_script()
        self.page.get_by_role("button", name=name, exact=True).click()

    def choose_dims(self, dims: int) -> None:
        """Switch between 2D and 3D."""
        self.page.get_by_text(f"{dims}D", exact=True).click()

    def search(self, text: str) -> None:
        """Type into the search box."""
        self.page.locator(".st-key-search input").fill(text)

    def neighbors(self) -> list[tuple[int, str]]:
        """Read row and label of each line of the neighbor list."""
        buttons = self.page.locator(".st-key-neighbors button[data-row]")
        return buttons.evaluate_all(
            "buttons => buttons.map(b => [Number(b.dataset.row), b.textContent])"
        )
