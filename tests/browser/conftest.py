"""The app in a real browser: one server for the run, a fresh page for each test."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.driver import AppPage

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
QUIET = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; skip them where there is no Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tell fixtures whether their test failed."""
    report = yield
    if report.when == "call":
        item.rep_failed = report.failed
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app with an empty cache; return its address."""
    with run_server(tmp_path_factory.mktemp("cache")) as address:
        yield address


class run_server:
    """The app as a subprocess on a free port, ended with the block."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def __enter__(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        command += ["--server.port", str(port), "--server.headless", "true"]
        self.log = (self.cache / "server.log").open("w")
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "EMBEDDING_CACHE": str(self.cache)},
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


@pytest.fixture(scope="session")
def browser() -> Iterator["playwright.Browser"]:
    """Start headless Chromium with WebGL in software."""
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=WEBGL + QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def app(
    browser: "playwright.Browser", server: str, request: pytest.FixtureRequest
) -> Iterator[AppPage]:
    """Open the app in a fresh page; fail the test on any error in the browser's console.

    What a failed test saw last lies in test-results/.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    page = AppPage(context.new_page(), server)
    page.open()
    yield page
    if getattr(request.node, "rep_failed", False):
        folder = ROOT / "test-results"
        folder.mkdir(exist_ok=True)
        page.page.screenshot(path=folder / f"{request.node.name}.png")
    context.close()
    assert page.errors == [], "errors in the browser's console"
