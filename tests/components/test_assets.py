"""What is served for the browser: JavaScript and style sheets by their content, and no Python."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import assets
from embeddings.cache import Cache

COMPONENTS = Path(assets.__file__).parent
IMPORT = re.compile(r'^import .*?from "(.+?)";', re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Path]]:
    """Return what is declared to Streamlit, by name, for freshly loaded assets."""
    folders: dict[str, Path] = {}
    monkeypatch.setattr(
        assets.components_v1, "declare_component", lambda name, path: folders.update({name: path})
    )
    forget()
    yield folders
    forget()


def forget() -> None:
    for function in (assets.frontend_files, assets._copies, assets._serve_copies):
        function.cache_clear()


def test_only_javascript_and_style_sheets_are_served(served: dict[str, Path]) -> None:
    assets.frontend_address()
    (folder,) = served.values()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".js", ".css"}
    for path in files:
        assert path.read_bytes() == (COMPONENTS / path.relative_to(folder)).read_bytes()
    assert {path.relative_to(folder) for path in files} == set(assets.frontend_files())


def test_what_the_modules_import_is_served_too(served: dict[str, Path]) -> None:
    assets.frontend_address()
    (folder,) = served.values()
    imports = [
        (module.parent / name).resolve()
        for module in folder.rglob("*.js")
        for name in IMPORT.findall(module.read_text())
    ]
    assert len(imports) > 30
    assert all(path.is_file() for path in imports)


def test_the_address_changes_with_the_content(
    served: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    addresses = set()
    for files in ({"a.js": "1"}, {"a.js": "2"}, {"b.js": "2"}, {"b.js": "2", "c.py": "3"}):
        folder = tmp_path / str(len(addresses)) / str(files)
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        monkeypatch.setattr(assets, "_COMPONENTS", folder)
        forget()
        addresses.add(assets.frontend_address())
    assert len(addresses) == 3


def test_a_copy_that_was_cleaned_away_comes_back(served: dict[str, Path]) -> None:
    address = assets.frontend_address()
    (folder,) = served.values()
    (folder / "map" / "map.js").unlink()
    assert assets.frontend_address() == address
    assert (folder / "map" / "map.js").is_file()


@pytest.mark.parametrize("damaged", [b"", b"other", b"conten"])
def test_a_damaged_file_is_noticed_and_written_again(
    served: dict[str, Path], tmp_path: Path, damaged: bytes
) -> None:
    first = assets.Blobs(Cache(tmp_path))
    address = first.put(b"content")
    (file,) = (tmp_path / "blobs").iterdir()
    for blobs in (first, assets.Blobs(Cache(tmp_path))):  # while it is served, and after a restart
        file.write_bytes(damaged)
        os.utime(file, ns=(1, 1))
        assert not blobs.has(address)
        assert blobs.put(b"content") == address
        assert file.read_bytes() == b"content" and blobs.has(address)
        file.unlink()
        assert not blobs.has(address)
        blobs.put(b"content")


def test_a_served_file_is_read_once(
    served: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = assets.Blobs(Cache(tmp_path))
    address = blobs.put(b"content")
    assert blobs.has(address)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read again"))
    assert blobs.has(address) and blobs.put(b"content") == address


@pytest.mark.parametrize(
    ("path", "status", "is_kept"),
    [("/component/components.assets.plotly-7/plotly.min.js", 200, True),
     ("/base/component/components.assets.blobs/0.bin", 200, True),
     ("/component/components.assets.blobs/0.bin", 404, False),
     ("/component/other.plotly/plotly.min.js", 200, False), ("/", 200, False)],
)  # fmt: skip
def test_browsers_keep_what_is_served_here(path: str, status: int, is_kept: bool) -> None:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"Cache-Control", b"public"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"content"})

    async def send(message: Any) -> None:
        sent.append(message)

    guard = assets.KeptByBrowsers(app)
    asyncio.run(guard({"type": "http", "path": path}, None, send))  # type: ignore[arg-type]
    start, body = sent
    found = [value for name, value in start["headers"] if name.lower() == b"cache-control"]
    assert found == [b"public, max-age=31536000, immutable" if is_kept else b"public"]
    assert (b"content-type", b"text/plain") in start["headers"] and body["body"] == b"content"
