"""The app in a real browser: one server and one page for the run, a new session for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.driver import CHROMIUM, PLAIN, PROJECT, AppPage, launch, run_server

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
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the shared server's cache, which is empty at first, and of its runs."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="package")
def server(cache: Path) -> Iterator[str]:
    """Start the app; return its address. It ends with this folder's tests.

    Its tests share the cache, since a server takes seconds to start. Their order does not matter:
    a test that has something computed brings a set or a run of its own.
    """
    with run_server(cache) as address:
        yield address


@pytest.fixture(scope="package")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start another app, without runs; return its address. The first visit is to Evaluate or Train.

    Each of the two pages lists its own runs, and those of Train belong to one test.
    """
    with run_server(tmp_path_factory.mktemp("workshop")) as address:
        yield address


@pytest.fixture(scope="package")
def driver() -> Iterator["playwright.Playwright"]:
    """Start Playwright."""
    with playwright.sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(driver: "playwright.Playwright") -> Iterator["playwright.Browser"]:
    """Start headless Chromium with WebGL in software."""
    chromium = launch(driver, *PLAIN)
    yield chromium
    chromium.close()


@pytest.fixture(scope="package")
def pages() -> list["playwright.Page"]:
    """Return the open pages; they are reused, so Chromium compiles the app only once."""
    return []


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Return a function that starts an app of the test's own: run_server, until the test's end."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(run_server(*arguments))


@pytest.fixture
def visit(
    browser: "playwright.Browser",
    pages: list["playwright.Page"],
    serve: object,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., AppPage]]:
    """Return a function that opens a path of a server in a free page; it waits for nothing.

    Pages that are open at the same time are those of different people. They are left before the
    servers of `serve` end. Errors in their consoles and requests to other servers fail the test.
    What a failed test saw last is in test-results/.
    """
    visits: list[AppPage] = []

    def opened(address: str, path: str = "") -> AppPage:
        free = [page for page in pages if page.url == "about:blank"]
        if not free:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(PATIENCE)
            free = [context.new_page()]
            pages.extend(free)
        visits.append(AppPage(free[0], address))
        visits[-1].page.goto(f"{address}/{path}")
        return visits[-1]

    yield opened
    for number, each in enumerate(visits):
        if not getattr(request.node, "rep_failed", False):
            each.leave()
        elif not each.is_left:
            folder = PROJECT / "test-results"
            folder.mkdir(exist_ok=True)
            each.page.screenshot(path=folder / f"{request.node.name}-{number}.png")
            each.page.context.close()
            pages.remove(each.page)
    assert [each.errors for each in visits if each.errors] == [], "errors in the browser's console"
    assert [each.foreign for each in visits if each.foreign] == [], "requests to other servers"


@pytest.fixture
def app(visit: Callable[..., AppPage], server: str) -> AppPage:
    """Open the app, as a new session."""
    page = visit(server)
    page.wait_for_map()
    return page
