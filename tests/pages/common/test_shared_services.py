"""What all sessions share outlives the messages that any one of them may send."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.runtime import caching

from pages.common import services


class FakePool:
    def __init__(self, **settings: object) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    services.close()
    monkeypatch.setattr(services, "JobPool", FakePool)
    monkeypatch.setattr(services, "EncoderPool", FakePool)
    monkeypatch.setattr(services, "FileReader", FakePool)
    yield
    services.close()


def test_the_message_that_clears_the_caches_ends_nobodys_work() -> None:
    getters = (services.pool, services.reader, services.encoders, services.checkpoints,
               services.threads, services.blobs, services.frames)  # fmt: skip
    held = [get() for get in getters]
    caching.cache_data.clear()  # what AppSession does with the message clear_cache
    caching.cache_resource.clear()
    assert all(get() is each for get, each in zip(getters, held, strict=True))
    assert not services.pool().is_closed and not services.encoders().is_closed


def test_the_end_of_the_server_closes_the_pools() -> None:
    pools = services.pool(), services.reader(), services.encoders()
    services.close()
    assert all(each.is_closed for each in pools)


def test_blobs_are_those_of_the_cache_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = services.blobs()
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "other"))
    assert services.blobs() is not first


def test_outside_of_a_server_every_session_is_active() -> None:
    assert services.is_active("anybody")
