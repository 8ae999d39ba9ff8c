"""The guard before the web server: what other sites may do with the app is refused, or forbidden
to the browser by headers."""

from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CLOSED = "/_stcore/metrics"
"""Statistics of the server, which anybody could read."""

_SCRIPT_OF_STREAMLIT = "'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='"
"""The hash of the one script within Streamlit's page; a browser test fails if it changes."""

_POLICY = {
    "default-src": "'self'",
    # Streamlit loads components from blobs; plotly.js compiles functions
    "script-src": f"'self' 'unsafe-eval' blob: {_SCRIPT_OF_STREAMLIT}",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    # notebooks of this machine show the app in a frame
    "frame-ancestors": "'self' http://localhost:* http://127.0.0.1:* vscode-webview:",
}

HEADERS = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",  # for browsers that do not know frame-ancestors
    "referrer-policy": "same-origin",
}


class WebGuard:
    """ASGI middleware that stands before all routes.

    A request under a name that is not the server's is refused, and so is a web socket that a page
    of another origin opens: its page could drive the app, as after DNS rebinding. Streamlit would
    ask the internet for the address of this machine before it answers to a foreign origin.
    """

    def __init__(self, app: Application, names: Callable[[], Collection[str]]) -> None:
        """Stand before `app`; `names` returns the names of the server, or none for any name."""
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not is_allowed(scope, self._names()):
            await _refuse(scope["type"], 403, send)
        elif scope["path"].rstrip("/").endswith(CLOSED):
            await _refuse(scope["type"], 404, send)
        else:
            await self._app(scope, receive, _with_headers(send))


def is_allowed(scope: Scope, names: Collection[str]) -> bool:
    """Return True for a request under a name of the server, and from a page of its own.

    Parameters
    ----------
    names : of the server; "*" and "*.DOMAIN" are patterns, and none means any name. A page under
        one of them may also be of another port, as behind a proxy; not so under a local name.
    """
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host, origin = headers.get(b"host", ""), headers.get(b"origin")
    if names and not _matches(_hostname(f"//{host}"), names):
        return False
    if scope["type"] != "websocket" or origin is None or origin.partition("://")[2] == host:
        return True
    return _matches(_hostname(origin), [name for name in names if not _is_local(name)])


def _is_local(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _hostname(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _matches(hostname: str, names: Iterable[str]) -> bool:
    patterns = [name.strip().lower().rstrip(".") for name in names]
    return bool(hostname) and any(
        pattern in ("*", hostname) or (pattern.startswith("*.") and hostname.endswith(pattern[1:]))
        for pattern in patterns
    )


async def _refuse(kind: str, status: int, send: Send) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain")]
    await _with_headers(send)({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"refused" if status == 403 else b"not here"})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", ())}
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items()
                     if name.encode() not in known]  # fmt: skip
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sending
