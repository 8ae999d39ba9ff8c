"""What the guard refuses, and the headers of what it passes on."""

import asyncio
from typing import Any

import pytest

from server.web_guard import HEADERS, WebGuard, is_allowed

LOCAL = ["localhost", "127.0.0.1", "::1"]
PROXY = [*LOCAL, "app.example.org", "*.lab.example"]


def scope(kind: str = "http", host: str = "localhost:8501", **more: str) -> dict[str, Any]:
    path = more.pop("path", "/")
    headers = [(b"host", host.encode()), *((n.encode(), v.encode()) for n, v in more.items())]
    return {"type": kind, "path": path, "headers": headers}


def answers(request: dict[str, Any], names: list[str] = LOCAL) -> list[dict[str, Any]]:
    """Return what the guard and an app behind it send, and "passed" where the app was reached."""
    sent: list[Any] = []

    async def app(request: Any, receive: Any, send: Any) -> None:
        sent.append("passed")
        if request["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(WebGuard(app, lambda: names)(request, None, send))  # type: ignore[arg-type]
    return sent


def test_every_answer_has_the_headers() -> None:
    for request in (scope(), scope(path="/_stcore/metrics"), scope(host="evil.example")):
        (start,) = (each for each in answers(request) if "status" in each)
        sent = {name.decode(): value.decode() for name, value in start["headers"]}
        assert sent.items() >= HEADERS.items()
    policy = HEADERS["content-security-policy"]
    assert "default-src 'self'" in policy and "object-src 'none'" in policy
    assert "frame-ancestors 'self' http://localhost:*" in policy and "streamlit" not in policy
    assert HEADERS["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/base/_stcore/metrics/"])
def test_statistics_of_the_server_are_closed(path: str) -> None:
    assert answers(scope(path=path))[0]["status"] == 404


@pytest.mark.parametrize(
    ("host", "passes"),
    [("localhost:8501", True), ("127.0.0.1:8501", True), ("[::1]:8501", True), ("LOCALHOST", True),
     ("evil.example:8501", False), ("localhost.evil.example", False), ("", False), ("[x", False)],
)  # fmt: skip
def test_only_names_of_the_server_are_answered(host: str, passes: bool) -> None:
    for kind in ("http", "websocket"):
        assert ("passed" in answers(scope(kind, host))) is passes
    assert "passed" in answers(scope(host=host or "x"), names=[])


@pytest.mark.parametrize(
    ("origin", "passes"),
    [("http://localhost:8501", True), ("http://localhost:1234", False), ("null", False),
     ("http://127.0.0.1:8501", False), ("http://evil.example:8501", False)],
)  # fmt: skip
def test_a_page_of_another_origin_opens_no_socket(origin: str, passes: bool) -> None:
    sent = answers(scope("websocket", origin=origin))
    assert (sent == ["passed"]) is passes
    assert passes or sent == [{"type": "websocket.close", "code": 1008}]
    assert "passed" in answers(scope(origin=origin))  # other requests have tokens


def test_a_page_of_a_named_proxy_opens_a_socket() -> None:
    def passes(origin: str) -> bool:
        return is_allowed(scope("websocket", "localhost:8501", origin=origin), PROXY)

    assert passes("https://app.example.org") and passes("https://a.lab.example")
    assert not passes("https://lab.example") and not passes("http://localhost:9")


def test_other_messages_pass() -> None:
    assert answers({"type": "lifespan"}) == ["passed"]
