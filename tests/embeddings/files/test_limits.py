"""Size limits: what the environment sets, what trusted files may take, and errors by file name."""

from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.files.limits import (
    DEFAULT_MAX_BYTES,
    as_float32,
    check_bytes,
    error_context,
    max_bytes,
    raised_size_limit,
)


@pytest.mark.parametrize("text", ["0", "-1", "4 GiB", "1e9", "²"])
def test_a_limit_that_is_not_a_number_of_bytes_is_refused(monkeypatch, text):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", text)
    with pytest.raises(EmbeddingError, match=r"EMBEDDING_MAX_BYTES is .*; expected a number of"):
        max_bytes()


def test_the_limit_is_4_gib_unless_the_environment_sets_it(monkeypatch):
    monkeypatch.delenv("EMBEDDING_MAX_BYTES", raising=False)
    assert max_bytes() == DEFAULT_MAX_BYTES == 2**32
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    check_bytes(1000, "the file has")
    with pytest.raises(EmbeddingError, match="the file has 1,001 bytes, more than the limit of 1,"):
        check_bytes(1001, "the file has")


@pytest.mark.parametrize(("available", "limit"), [(10_000, 8_000), (10**9, 3_200), (10, 1_000)])
def test_trusted_files_may_take_the_free_memory_but_32_times_their_size_at_most(
    tmp_path, monkeypatch, available, limit
):
    (tmp_path / "a").write_bytes(bytes(60 if available == 10**9 else 10_000))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b").write_bytes(bytes(40))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    memory = SimpleNamespace(available=available)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    with raised_size_limit([tmp_path / "a", tmp_path / "folder", tmp_path / "gone"]):
        assert max_bytes() == limit
    assert max_bytes() == 1000


def test_the_limit_falls_back_after_an_error(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(10_000))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    with pytest.raises(EmbeddingError), raised_size_limit([tmp_path / "a"]):
        raise EmbeddingError("damaged")
    assert max_bytes() == 1000


def test_an_error_begins_with_the_name_of_its_file(tmp_path):
    with (
        pytest.raises(EmbeddingError, match=r"^b\.npy: a\.npy: damaged$"),
        error_context(tmp_path / "b.npy"),
        error_context(tmp_path / "a.npy"),
    ):
        raise EmbeddingError("damaged")


def test_a_set_takes_the_vectors_of_a_reader_without_a_copy():
    array = np.ones((3, 2), np.float32)
    vectors = as_float32(array)
    assert not vectors.flags.writeable
    assert np.shares_memory(EmbeddingSet.of(vectors).vectors, array)
