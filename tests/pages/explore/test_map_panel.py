"""The status bar: the quality of a layout, and how far a running job is."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings.layouts import Layout
from pages.explore import map_panel

MEASURED = {"neighbor_preservation": 0.41, "trustworthiness": 0.9123, "sample": 20}


def view(quality: dict[str, Any]) -> Any:
    layout = Layout(np.zeros((30, 2), np.float32), "pca", quality=quality)
    return SimpleNamespace(displayed=SimpleNamespace(layout=layout))


def test_the_quality_of_a_sample_says_so() -> None:
    text = "41% of neighbors preserved, trustworthiness 0.912"
    assert map_panel._quality(view({})) == []
    assert map_panel._quality(view(MEASURED)) == [f"{text} (on a sample of 20 rows)"]
    assert map_panel._quality(view({**MEASURED, "sample": 30})) == [text]


def draw(job, is_requested):  # runs as a script of its own
    from types import SimpleNamespace

    from pages.explore.map_panel import _progress

    view = SimpleNamespace(
        request=SimpleNamespace(spec=SimpleNamespace(method="umap")),
        displayed=SimpleNamespace(is_requested=is_requested),
    )
    _progress(view, job)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "UMAP: waiting"),
        ({"position": 2}, "UMAP: waiting, 2 ahead"),
        ({"state": "running", "phase": "graph", "seconds": 61.0}, "UMAP: graph, 1 min 1 s"),
        (
            {"state": "running", "phase": "UMAP", "note": "epoch 7", "seconds": 2.0,
             "seconds_left": 3.0, "fraction": 0.4},
            "UMAP: epoch 7, 2 s, 3 s left",
        ),
    ],
)  # fmt: skip
def test_a_job_says_how_far_it_is(changes: dict[str, Any], text: str) -> None:
    from server.jobs.status import JobStatus

    app = AppTest.from_function(draw, args=(JobStatus("job", **changes), False)).run()
    assert not app.exception
    (progress,) = app.get("progress")
    assert progress.proto.text.replace("\\", "") == text
    assert progress.proto.value == round(100 * changes.get("fraction", 0))
