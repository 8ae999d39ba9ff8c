"""Compiled code is cached on disk, separately for each variant of a function."""

import importlib

import numba
import numpy as np
import pytest

from embeddings.layouts.compiled import cache_compiled, cache_compiled_umap

SOURCE = """
import numba
import numpy as np

def threads(count):
    seen = np.zeros(count, dtype=np.int64)
    for i in numba.prange(count):
        seen[i] = numba.get_thread_id()
    return seen
"""


@pytest.fixture
def threads(tmp_path, monkeypatch):
    (tmp_path / "cached_source.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("cached_source").threads


def jitted(function):
    single, parallel = numba.njit(function), numba.njit(function, parallel=True)
    cache_compiled(single, parallel)
    return single, parallel


def hits(dispatcher):
    return sum(dispatcher.stats.cache_hits.values())


def test_each_variant_finds_its_own_code(threads):
    single, parallel = jitted(threads)
    np.testing.assert_array_equal(single(100), np.zeros(100))
    parallel(100)
    assert hits(single) == hits(parallel) == 0
    single, parallel = jitted(threads)
    np.testing.assert_array_equal(single(100), np.zeros(100))
    several = len(set(parallel(100).tolist())) > 1
    assert hits(single) == hits(parallel) == 1
    assert several or numba.get_num_threads() == 1
    assert threads.__qualname__ == "threads"


def test_a_folder_that_cannot_be_written_is_no_error(caplog):
    namespace = {}
    exec("def unfound():\n    return 1", namespace)  # numba finds no file to cache beside
    function = numba.njit(namespace["unfound"])
    cache_compiled(function)
    assert function() == 1
    assert "is not cached" in caplog.text


def test_the_functions_of_umap_are_there():
    cache_compiled_umap()
