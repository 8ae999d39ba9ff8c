"""The app in a real browser: one server for the run, a fresh page for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.driver import CHROMIUM, PROJECT, AppPage, launch, run_server

playwright = pytest.importorskip("playwright.sync_api")

PATIENCE = 120_000  # ms until what a test waits for counts as absent, also on a busy machine
playwright.expect.set_options(timeout=PATIENCE)


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
    """Start the app with an empty cache; return its address. It ends with this folder's tests.

    Its tests share the cache, since a server takes seconds to start. Their order does not matter:
    a test that has something computed brings a set of its own.
    """
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
def serve() -> Iterator[Callable[..., str]]:
    """Return a function that starts an app of the test's own: run_server, until the test's end."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(run_server(*arguments))


@pytest.fixture
def visit(
    browser: "playwright.Browser", serve: object, request: pytest.FixtureRequest
) -> Iterator[Callable[..., AppPage]]:
    """Return a function that opens a path of a server in a fresh page; it waits for nothing.

    The pages are closed before the servers of `serve` end. Errors in their consoles and requests to
    other servers fail the test. What a failed test saw last is in test-results/.
    """
    pages: list[AppPage] = []

    def opened(address: str, path: str = "") -> AppPage:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE)
        pages.append(AppPage(context.new_page(), address))
        pages[-1].page.goto(f"{address}/{path}")
        return pages[-1]

    yield opened
    for number, page in enumerate(pages):
        if getattr(request.node, "rep_failed", False) and not page.page.is_closed():
            folder = PROJECT / "test-results"
            folder.mkdir(exist_ok=True)
            page.page.screenshot(path=folder / f"{request.node.name}-{number}.png")
        page.close()
    assert [page.errors for page in pages if page.errors] == [], "errors in the browser's console"
    assert [page.foreign for page in pages if page.foreign] == [], "requests to other servers"


@pytest.fixture
def app(visit: Callable[..., AppPage], server: str) -> AppPage:
    """Open the app in a fresh page."""
    page = visit(server)
    page.wait_for_map()
    return page
