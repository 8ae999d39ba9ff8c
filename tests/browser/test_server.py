"""What the server answers to requests that no page of its own makes."""

import http.client
from urllib.parse import urlsplit

import pytest

from server.web_guard import HEADERS
from tests.browser.driver import AppPage


def status(server: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(server).netloc)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.mark.parametrize("path", ["/", "/train", "/_stcore/health", "/_stcore/host-config"])
def test_answers_have_the_headers(server: str, path: str) -> None:
    code, headers = status(server, path)
    assert code == 200
    assert headers.items() >= HEADERS.items()


def test_a_browser_keeps_what_components_serve(app: AppPage) -> None:
    def fetched() -> list[int]:
        """Return the bytes that came over the network for each file of the components."""
        return app.page.evaluate(
            """() => performance.getEntriesByType("resource")
              .filter(({ name }) => name.includes("/component/"))
              .map(({ transferSize }) => transferSize)"""
        )

    app.page.wait_for_load_state("networkidle")
    app.page.reload()
    app.wait_for_map()
    assert len(fetched()) > 10
    assert not any(fetched())


def test_statistics_of_the_server_are_closed(server: str) -> None:
    assert status(server, "/_stcore/metrics")[0] == 404


@pytest.mark.parametrize(
    ("origin", "code"),
    [(None, 101), ("{server}", 101), ("http://localhost:1", 403), ("http://evil.example", 403)],
)
def test_only_pages_of_the_server_open_a_socket(server: str, origin: str | None, code: int) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    if origin is not None:
        headers["Origin"] = origin.format(server=server)
    assert status(server, "/_stcore/stream", **headers)[0] == code
