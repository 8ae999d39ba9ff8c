"""Fixtures for all tests: the folder of real data."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real files: $EMBEDDING_DATA, or ../shared/data beside the project."""
    folder = Path(os.environ.get("EMBEDDING_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set EMBEDDING_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Restore `__main__` after each test.

    Streamlit's AppTest puts the script it runs in its place for good, and a process started by
    `spawn` runs the file of `__main__` again.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
