"""Two servers with one cache: what one computes, the other waits for."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts
from embeddings.cache import Cache
from embeddings.layouts import LayoutSpec

VECTORS = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)

SERVER = """
import os, sys
import numpy as np
from pathlib import Path
from embeddings import EmbeddingSet, layouts
from embeddings.cache import Cache
from embeddings.layouts import LayoutSpec, computation

folder = Path(sys.argv[1])
run = computation._run

def held(embedding_set, graph, spec, progress):
    print("computing", flush=True)
    sys.stdin.readline()
    return run(embedding_set, graph, spec, progress)

class Said:
    def __call__(self, phase, fraction=None, note=""):
        if phase.startswith("another"):
            print(phase, flush=True)
    def frame(self, coordinates):
        pass

computation._run = held
found = layouts.compute(
    EmbeddingSet.of(np.load(folder / "v.npy")), LayoutSpec("pca"), cache=Cache(folder / "cache"),
    progress=Said(),
)
print("done", found.coordinates.tobytes().hex(), flush=True)
"""
"""Computes a layout; says so, and waits for a line before it begins."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "v.npy", VECTORS)
    return tmp_path


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: "subprocess.Popen[str]") -> str:
    return pipe(process.stdout).readline().rstrip("\n")


def pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def test_the_second_waits_and_takes_the_result_of_the_first(folder: Path) -> None:
    with start(folder) as first, start(folder) as second:
        lines = {each: line(each) for each in (first, second)}
        assert sorted(lines.values()) == ["another server is computing it", "computing"]
        computing = first if lines[first] == "computing" else second
        pipe(computing.stdin).write("go on\n")
        pipe(computing.stdin).flush()
        results = [line(each) for each in (first, second)]  # the other says nothing in between
        assert results[0] == results[1] and results[0].startswith("done ")
    spec, embedding_set = LayoutSpec("pca"), EmbeddingSet.of(VECTORS)
    layout = layouts.load_cached(embedding_set, spec, cache=Cache(folder / "cache"))
    assert layout is not None and layout.coordinates.tobytes().hex() == results[0][5:]


def test_the_lock_of_a_server_that_was_killed_is_free(folder: Path) -> None:
    with start(folder) as first:
        assert line(first) == "computing"
        with start(folder) as second:
            assert line(second) == "another server is computing it"
            os.kill(first.pid, signal.SIGKILL)
            assert line(second) == "computing"
            pipe(second.stdin).write("go on\n")
            pipe(second.stdin).flush()
            assert line(second).startswith("done ")
