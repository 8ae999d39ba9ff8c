"""The zip for TensorFlow's Projector, read as TensorBoard and our own reader do."""

import io
import json
import zipfile

import numpy as np
import pyarrow as pa
from PIL import Image

from embeddings import EmbeddingSet, load
from embeddings.files.viewers.projector_zip import projector_zip
from embeddings.media import MEDIA

VECTORS = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)


def image() -> dict[str, object]:
    content = io.BytesIO()
    Image.new("RGB", (5, 5), (7, 8, 9)).save(content, "PNG")
    return {"bytes": content.getvalue(), "path": None}


def test_vectors_and_columns_come_back(tmp_path):
    made = EmbeddingSet.of(VECTORS, ["a", "b", "c"], {"n": [1, 2, 3]}, name="three")
    (tmp_path / "three.zip").write_bytes(projector_zip(made))
    read = load(tmp_path / "three.zip")
    assert np.array_equal(read.vectors, VECTORS)
    assert read.labels == ("a", "b", "c")
    assert read.metadata.column("n").to_pylist() == [1, 2, 3]


def test_tensorboard_finds_the_files(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    photos = pa.array([image()] * 3, MEDIA)
    made = EmbeddingSet.of(VECTORS, ["a", "b", "c"], {"n": [1, 2, 3], "photo": photos}, name='"3"')
    with zipfile.ZipFile(io.BytesIO(projector_zip(made))) as archive:
        archive.extractall(tmp_path)
    config = ProjectorConfig()
    text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), config)
    (entry,) = config.embeddings
    assert entry.tensor_name == '"3"'
    assert np.array_equal(np.loadtxt(tmp_path / entry.tensor_path, np.float32), VECTORS)
    assert (tmp_path / entry.metadata_path).read_text().splitlines()[:2] == ["label\tn", "a\t1"]
    assert Image.open(tmp_path / entry.sprite.image_path).size == (10, 10)
    assert list(entry.sprite.single_image_dim) == [5, 5]
    (own,) = json.loads((tmp_path / "projector_config.json").read_text())["embeddings"]
    assert own["sprite"]["imagePath"] == entry.sprite.image_path == "sprite.png"
    assert {path.name for path in tmp_path.iterdir()} == {
        "metadata.tsv", "projector_config.json", "projector_config.pbtxt", "sprite.png",
        "tensors.tsv",
    }  # fmt: skip


def test_labels_that_would_break_lines_are_written_with_blanks():
    made = EmbeddingSet.of(VECTORS, ["a\tb", "c\r\nd", ""])
    with zipfile.ZipFile(io.BytesIO(projector_zip(made))) as archive:
        assert archive.read("metadata.tsv").decode() == "a b\nc d\n(no label)\n"
