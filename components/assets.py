"""What the browser fetches by address, once: plotly.js, our modules, and points by content.

Everything is served by Streamlit's static route for components. The addresses carry a version or a
content hash, so a browser's cache is never stale, and no message repeats what was sent before.
"""

import os
from pathlib import Path

import plotly
import streamlit.components.v1 as components_v1
import xxhash

from embeddings.cache import Cache

_FRONTEND = Path(__file__).parent / "frontend"


def serve(name: str, folder: Path) -> str:
    """Serve the files of `folder`; return the address below which they are found."""
    components_v1.declare_component(name, path=folder.resolve())
    return f"component/{__name__}.{name}"


def frontend_address() -> str:
    """Serve our JavaScript modules; the address changes with their content."""
    digest = xxhash.xxh3_64()
    for file in sorted(_FRONTEND.iterdir()):
        digest.update(file.read_bytes())
    return serve(f"frontend-{digest.hexdigest()}", _FRONTEND)


def plotly_address() -> str:
    """Serve plotly.min.js out of the installed plotly package."""
    folder = Path(plotly.__file__).parent / "package_data"
    return serve(f"plotly-{plotly.__version__}", folder) + "/plotly.min.js"


class Blobs:
    """Files that a browser fetches by the hash of their content, kept in the cache's folder."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._folder = cache.folder / "blobs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._address = serve("blobs", self._folder)

    def put(self, content: bytes, suffix: str = ".bin") -> str:
        """Store content; return its address. The same content is written once."""
        name = xxhash.xxh3_128_hexdigest(content) + suffix
        path = self._folder / name
        if not path.exists():
            self._cache.store(path, lambda file: file.write_bytes(content))
        return f"{self._address}/{name}"

    def has(self, address: str) -> bool:
        """Whether the content at `address` is still there; if so, it counts as used just now."""
        path = self._folder / address.rsplit("/", 1)[-1]
        if path.exists():
            os.utime(path)
        return path.exists()

    def drop(self, address: str) -> None:
        """Remove content that nobody will fetch again, such as a passed frame of an animation."""
        (self._folder / address.rsplit("/", 1)[-1]).unlink(missing_ok=True)
