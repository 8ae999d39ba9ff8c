"""Writing for the Projector: what its files, which have no quotes, cannot hold."""

import json

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.media import MEDIA


@pytest.mark.parametrize("label", ["a\tb", "a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize("columns", [None, {"n": [1, 2]}])
def test_labels_that_would_break_a_line_are_refused(tmp_path, label, columns):
    made = EmbeddingSet.of(np.eye(2), ["fine", label], columns)
    with pytest.raises(EmbeddingError, match=r"row 1: the label .* write \.parquet"):
        save(made, tmp_path / "x_config.json")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_label_needs_another_column(tmp_path):
    """The Projector skips empty lines."""
    path = tmp_path / "x_config.json"
    with pytest.raises(EmbeddingError, match="row 1: the label '' is empty"):
        save(EmbeddingSet.of(np.eye(2), ["a", ""]), path)
    save(EmbeddingSet.of(np.eye(2), ["a", ""], {"n": [1, 2]}), path)
    assert load(path).labels == ("a", "")


def test_columns_that_the_metadata_cannot_hold_are_lost_and_named(tmp_path):
    columns = {
        "tab": ["a\tb", "c"],
        "end": ["a\rb", "c"],
        "nul": ["a\0b", "c"],
        "na\tme": ["a", "b"],
        "nested": [[1], [2]],
        "Label": ["a", "b"],
        "Image": ["a", "b"],
        "fine": ["", None],
    }
    path = tmp_path / "x_config.json"
    assert save(EmbeddingSet.of(np.eye(2), ["p", "q"], columns), path) == (
        *(f"column {name}" for name in columns if name != "fine"),
        "column fine: which texts are empty and which are missing",
    )
    assert load(path).metadata.column_names == ["fine"]
    assert (tmp_path / "x_metadata.tsv").read_text() == "label\tfine\np\t\nq\t\n"


def test_images_that_cannot_be_read_are_lost_and_counted(tmp_path):
    content = pa.array([{"bytes": b"\x89PNG\r\n\x1a\n damaged", "path": None}, None], MEDIA)
    path = tmp_path / "x_config.json"
    lost = save(EmbeddingSet.of(np.eye(2), ["p", "q"], {"photo": content}), path)
    assert len(lost) == 1 and lost[0].endswith("; 1 could not be read")
    assert json.loads(path.read_text())["embeddings"][0]["sprite"]["imagePath"] == "x_sprite.png"
