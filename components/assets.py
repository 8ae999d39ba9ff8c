"""What the browser fetches by address, once: plotly.js, our modules, and points by content.

Everything is served by Streamlit's static route for components. The addresses carry a version or a
content hash, so a browser's cache is never stale, and no message repeats what was sent before.
Streamlit has browsers ask for each file again on every visit; KeptByBrowsers corrects that.
"""

import shutil
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any

import plotly
import streamlit.components.v1 as components_v1
import xxhash

from embeddings.cache import Cache

_COMPONENTS = Path(__file__).parent
_SERVED = (".js", ".css")
"""Files of these kinds are served, out of the folders of the components."""

_KEPT = (b"cache-control", b"public, max-age=31536000, immutable")  # a year

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class KeptByBrowsers:
    """ASGI middleware: browsers keep what is served here, since its content never changes.

    Streamlit's own header names no age, so that a browser would fetch plotly.js, 5 MB, and each of
    our modules at every visit, and compile them again.
    """

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; change the header of a file of ours that was found."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = [each for each in message["headers"] if each[0].lower() != _KEPT[0]]
                message = {**message, "headers": [*headers, _KEPT]}
            await send(message)

        is_ours = scope["type"] == "http" and f"/component/{__name__}." in scope["path"]
        await self._app(scope, receive, sending if is_ours else send)


def serve(name: str, folder: Path) -> str:
    """Serve the files of `folder`; return the address below which they are found."""
    components_v1.declare_component(name, path=folder.resolve())
    return f"component/{__name__}.{name}"


def frontend_address() -> str:
    """Serve JavaScript and style sheets, and nothing else; the address changes with their content.

    They import each other by relative paths, and so are served from one folder: a copy, without the
    Python code beside which they are developed. What the system has cleaned away is copied again.
    """
    folder = Path(_copies().name)
    for file in frontend_files():
        copy = folder / file
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(_COMPONENTS / file, copy)
    return _serve_copies()


@cache
def frontend_files() -> list[Path]:
    """Return the JavaScript modules and style sheets, relative to this package's folder."""
    found = (path for path in _COMPONENTS.rglob("*") if path.suffix in _SERVED)
    return sorted(path.relative_to(_COMPONENTS) for path in found)


@cache
def _copies() -> tempfile.TemporaryDirectory[str]:
    """Make the folder of the copies; it is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="embedding-explorer-")


@cache
def _serve_copies() -> str:
    digest = xxhash.xxh3_64()
    for file in frontend_files():
        digest.update(f"{file.as_posix()}\0".encode())
        digest.update((_COMPONENTS / file).read_bytes())
    return serve(f"frontend-{digest.hexdigest()}", Path(_copies().name))


def plotly_address() -> str:
    """Serve plotly.min.js out of the installed plotly package."""
    folder = Path(plotly.__file__).parent / "package_data"
    return serve(f"plotly-{plotly.__version__}", folder) + "/plotly.min.js"


class Blobs:
    """Files in the cache's folder that a browser fetches by the hash of their content.

    A file is compared with its hash before it is first served, and again whenever it has changed
    since: a damaged one is written again.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._folder = cache.make_folder("blobs")
        self._address = serve("blobs", self._folder)
        self._verified: dict[str, tuple[int, int]] = {}  # name -> size, time of the last change

    def put(self, content: bytes, suffix: str = ".bin") -> str:
        """Store content; return its address. The same content is written once."""
        name = xxhash.xxh3_128_hexdigest(content) + suffix
        if not self._is_intact(name):
            self._cache.store(self._folder / name, lambda file: file.write_bytes(content))
        return f"{self._address}/{name}"

    def has(self, address: str) -> bool:
        """Return whether the content at `address` is there, intact; it then counts as just used."""
        return self._is_intact(address.rsplit("/", 1)[-1])

    def _is_intact(self, name: str) -> bool:
        path = self._folder / name
        try:
            if self._verified.get(name) != _version(path):
                digest = xxhash.xxh3_128_hexdigest(path.read_bytes())
                if digest != name.partition(".")[0]:
                    return False
            self._cache.mark_used(path)
            self._verified[name] = _version(path)
        except OSError:  # removed, or not a file
            return False
        return True

    def drop(self, address: str) -> None:
        """Remove content that no browser will fetch again, such as an old frame of an animation."""
        (self._folder / address.rsplit("/", 1)[-1]).unlink(missing_ok=True)


def _version(path: Path) -> tuple[int, int]:
    """Return what changes with the content of a file: its size and its time, in ns."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
