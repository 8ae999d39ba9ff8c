"""Fixtures for all tests: the folder of real data."""

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.installed import Installation, install

ROOT = Path(__file__).resolve().parents[1]

# As the commands do, before torch is imported: threads that wait for each other would otherwise
# keep a processor busy that another process needs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real files: $EMBEDDING_DATA, or ../shared/data beside the project."""
    folder = Path(os.environ.get("EMBEDDING_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set EMBEDDING_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return the installed wheel: one for all processes of pytest-xdist, on first use."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "wheel"
    with FileLock(f"{folder}.lock"):
        if (folder / "done").exists():
            return Installation(folder / "environment")
        folder.mkdir()
        installation = install(folder)
        (folder / "done").touch()
        return installation


@pytest.fixture(autouse=True, scope="session")
def no_power_cut() -> Iterator[None]:
    """Let no test wait for the disk; those of durable writes record the calls instead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_annotations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test see what a person has named in the sets of the gallery."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMBEDDING_ANNOTATIONS", str(tmp_path_factory.mktemp("annotations")))
        yield


@pytest.fixture(autouse=True, scope="session")
def components_of_libraries() -> Iterator[None]:
    """Let Streamlit look through the installed packages for components once.

    It does so for each AppTest, which takes longer than the run of a page.
    """
    if "streamlit.testing.v1" not in sys.modules:  # no test that was collected uses it
        yield
        return
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Restore `__main__` after each test.

    Streamlit's AppTest puts the script it runs in its place for good, and a process started by
    `spawn` runs the file of `__main__` again.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
