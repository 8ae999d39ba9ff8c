"""What all tests share: the folder of real data."""

import os
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
