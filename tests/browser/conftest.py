"""The app in a real browser: one server for the run, a fresh page for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.driver import CHROMIUM, PROJECT, AppPage, launch, run_server

playwright = pytest.importorskip("playwright.sync_api")


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


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app with an empty cache; return its address. It ends with this folder's tests."""
    with run_server(tmp_path_factory.mktemp("cache")) as address:
        yield address


@pytest.fixture(scope="package")
def driver() -> Iterator["playwright.Playwright"]:
    """Start Playwright."""
    with playwright.sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(driver: "playwright.Playwright") -> Iterator["playwright.Browser"]:
    """Start headless Chromium with WebGL in software."""
    chromium = launch(driver)
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
    context.set_default_timeout(120_000)
    page = AppPage(context.new_page(), server)
    page.open()
    yield page
    if getattr(request.node, "rep_failed", False):
        folder = PROJECT / "test-results"
        folder.mkdir(exist_ok=True)
        page.page.screenshot(path=folder / f"{request.node.name}.png")
    context.close()
    assert page.errors == [], "errors in the browser's console"
