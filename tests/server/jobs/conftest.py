"""A pool that tests share, and a named pipe that holds a job up."""

import os
from collections.abc import Iterator

import pytest

from server.jobs.pool import JobPool


@pytest.fixture(scope="module")
def shared() -> Iterator[JobPool]:
    with JobPool() as pool:
        yield pool


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path
