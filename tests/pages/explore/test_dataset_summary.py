"""The summary of a set: what is listed is cut, and what is no text is not shown as text."""

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet
from embeddings.analysis.health import examine
from embeddings.files.options import Choice
from embeddings.media import MEDIA
from pages.common.sources import Opened
from pages.explore import dataset_summary
from pages.explore.dataset_summary import first_rows, is_open_choice, statistics
from pages.explore.navigation import OpenSet


def test_the_first_rows_are_short_text() -> None:
    columns = {
        "label": ["own", None, "x"] * 2,
        "long": ["y" * 100] * 6,
        "image": pa.array([{"bytes": b"\x89PNG\r\n\x1a\n", "path": None}] * 6, MEDIA),
    }
    found = first_rows(EmbeddingSet.of(np.eye(6), list("abcdef"), columns))
    assert found.columns.tolist() == ["label", "vector", "label (column)", "long", "image"]
    assert found["label"].tolist() == list("abcde")
    assert found["vector"][0] == "1, 0, 0, 0, …"
    assert found["label (column)"].tolist() == ["own", "(missing)", "x", "own", "(missing)"]
    assert found["long"][0] == "y" * 80 + "..."
    assert found["image"].tolist() == ["(image)"] * 5
    assert first_rows(EmbeddingSet.of(np.eye(2)))["vector"][1] == "0, 1"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "none"),
        (2, "2: 0, 1"),
        (10, "10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        (1_200, "1,200: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"),
    ],
)
def test_the_first_of_the_rows_left_out_are_listed(count: int, text: str) -> None:
    health = examine(EmbeddingSet.of(np.eye(5)))
    found = statistics(health, None, range(count))
    assert found["value"][found["statistic"] == "Rows left out (NaN or inf)"].item() == text


def test_one_row_has_no_mean_cosine() -> None:
    found = statistics(examine(EmbeddingSet.of(np.ones((1, 3)))), None, [])
    assert found["value"][found["statistic"] == "Mean cosine over all pairs"].item() == "none"


def test_a_set_beyond_the_limit_is_not_examined_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    embedding_set = EmbeddingSet.of(np.eye(5, dtype=np.float32))
    monkeypatch.setattr(dataset_summary, "_LARGE", embedding_set.vectors.nbytes - 1)
    monkeypatch.setattr(dataset_summary.services, "pool", pytest.fail)
    assert dataset_summary._neighbor_job(embedding_set) is None
    assert dataset_summary._result(None) is None


@pytest.mark.parametrize(
    ("questions", "is_open"),
    [
        ((), False),
        ((Choice("vector", ("a",), "a"),), False),
        ((Choice("label", ("a", "b"), "a"),), False),
        ((Choice("vector", ("a", "b"), "a"),), True),
    ],
)
def test_the_details_open_by_themselves_only_for_a_choice_of_vectors(
    questions: tuple[Choice, ...], is_open: bool
) -> None:
    assert is_open_choice(Opened(EmbeddingSet.of(np.eye(2)), (), questions)) == is_open


def draw(current, found):  # runs as a script of its own
    from pages.explore.dataset_summary import _summary

    _summary(current, found)


def drawn(found: Opened) -> list[str]:
    app = AppTest.from_function(draw, args=(OpenSet("key"), found)).run()
    assert not app.exception
    return [*(each.value.replace("\\", "") for each in app.caption), app.button[0].label]


def test_the_summary_has_warnings_and_how_the_file_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dataset_summary, "_neighbor_job", lambda _: None)
    monkeypatch.setattr(dataset_summary, "poll", lambda _: None)
    vectors = np.random.default_rng(0).normal(size=(60, 8))
    vectors[:, 5] = 1
    notes = ("took label", "a_file.png is no image")
    assert drawn(Opened(EmbeddingSet.of(vectors), notes, version="1")) == [
        ":material/info: Took label",
        ":material/info: a_file.png is no image",  # the name of a file stays as it is
        "About this set (2 notes)",
    ]
    vectors[20:40] = vectors[19]
    lines = drawn(Opened(EmbeddingSet.of(vectors), version="2"))
    assert lines[0].startswith(":material/warning: 20 rows (33 %) are exact duplicates")
    assert len(lines) == 2
