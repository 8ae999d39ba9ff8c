"""`explore`: what becomes a set, and the app that shows it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import psutil
import pytest

from embedding_explorer import View, explore, stop
from embedding_explorer.notebook import Server, find_or_start, to_set
from embeddings import EmbeddingError, EmbeddingSet, load, save

VECTORS = np.eye(5, 3, dtype=np.float32) + 1


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path))
    yield tmp_path
    stop()


def test_an_array_with_labels_and_metadata() -> None:
    made = to_set(VECTORS, labels=list("abcde"), metadata={"size": range(5)}, metric="euclidean")
    assert made.labels == tuple("abcde")
    assert made.metadata["size"].to_pylist() == list(range(5))
    assert made.provenance.metric == "euclidean"
    np.testing.assert_array_equal(made.vectors, VECTORS)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_a_data_frame_with_a_column_of_vectors(library: type) -> None:
    frame = library({"label": list("abcde"), "kind": list("xxyyz"), "vector": VECTORS.tolist()})
    made = to_set(frame)
    assert made.labels == tuple("abcde")
    assert made.metadata["kind"].to_pylist() == list("xxyyz")
    np.testing.assert_array_equal(made.vectors, VECTORS)


def test_a_frame_of_metadata_beside_an_array() -> None:
    made = to_set(VECTORS, metadata=pd.DataFrame({"kind": list("xxyyz")}))
    assert made.metadata["kind"].to_pylist() == list("xxyyz")


def test_a_path_and_a_set_are_shown_as_they_are(tmp_path: Path) -> None:
    original = EmbeddingSet.of(VECTORS, list("abcde"), name="letters", metric="dot")
    save(original, tmp_path / "letters.embedding.parquet")
    assert to_set(tmp_path / "letters.embedding.parquet").provenance.metric == "dot"
    assert to_set(original) is original


def test_metadata_of_another_length_are_refused() -> None:
    with pytest.raises(EmbeddingError, match="4 rows of metadata for 5 vectors"):
        to_set(VECTORS, metadata={"size": range(4)})


def test_a_notebook_shows_a_frame() -> None:
    assert 'src="http://localhost:1/?set=x"' in View("http://localhost:1/?set=x")._repr_html_()


def test_a_dead_process_and_a_reused_number_are_no_server() -> None:
    own = psutil.Process()
    assert not Server(own.pid, own.create_time() - 100, 1).is_running()
    assert not Server(2**22, 0.0, 1).is_running()


def test_the_app_is_started_once_and_found_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    view = explore(VECTORS, labels=list("abcde"), name="five letters")
    (file,) = (cache / "notebook").glob("five-letters-*.embedding.parquet")
    assert load(file).labels == tuple("abcde")
    assert view.address.endswith(f"/?set=file%3A{file.name}")
    assert opened == [view.address]
    server = find_or_start(cache / "notebook")
    assert view.address.startswith(server.address)
    assert server.is_running()
    assert explore(VECTORS * 2).address.startswith(server.address)
    assert stop()
    assert not server.is_running()
    assert not stop()
