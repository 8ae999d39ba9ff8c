"""Folders and several files: what is read, what is left out, and what is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files import assemble

TABLE = "label,x,y\na,1,2\nb,3,4\n"


def noted(path, *companions):
    """Return the set of some files, and the notes but the one about maps, which two columns are."""
    notes: list[str] = []
    found = load(path, companions, note=notes.append)
    return found, [note for note in notes if "as of a map" not in note]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "set"
    made.mkdir()
    (made / "vectors.csv").write_text(TABLE)
    return made


def test_hidden_files_and_links_of_a_folder_are_ignored(folder, tmp_path):
    (tmp_path / "secret.csv").write_text("secret\nx\ny\n")
    (folder / "more.csv").symlink_to(tmp_path / "secret.csv")
    (folder / ".hidden.csv").write_text("hidden\nx\ny\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "index.csv").write_text("hidden\nx\ny\n")
    found, notes = noted(folder)
    assert found.labels == ("a", "b") and found.provenance.name == "vectors"
    assert found.metadata.num_columns == 0 and notes == []


def test_a_folder_of_no_files_or_too_many_is_refused(folder, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmbeddingError, match=r"empty: a folder of 0 files; expected 1 to 100,000"):
        load(tmp_path / "empty")
    (folder / "b.csv").write_text("n\n1\n2\n")
    monkeypatch.setattr(assemble, "_MAX_FILES", 1)
    with pytest.raises(EmbeddingError, match="set: a folder of 2 files; expected 1 to 1"):
        load(folder)


def test_a_file_of_no_known_format_is_left_out_of_a_folder_but_refused_when_given(folder):
    (folder / "model.dat").write_bytes(b"\0\1\2\3")
    found, notes = noted(folder)
    assert len(found) == 2
    assert notes == ["left out model.dat: of no known format"]
    with pytest.raises(EmbeddingError, match=r"model\.dat: not a known format; tried Parquet"):
        load(folder / "vectors.csv", [folder / "model.dat"])
    (folder / "vectors.csv").unlink()
    with pytest.raises(EmbeddingError, match=r"set: model\.dat: not a known format"):
        load(folder)


def test_documents_are_left_out_unless_there_is_nothing_else(folder):
    (folder / "README.md").write_text("# A table\n")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    found, notes = noted(folder)
    assert found.labels == ("a", "b")
    assert notes == ["left out README.md, config.json: documents, not data"]
    (folder / "config.json").unlink()
    (folder / "README.md").unlink()
    (folder / "vectors.csv").rename(folder / "vectors.md")
    assert noted(folder)[0].labels == ("a", "b")


def images(folder, *names):
    paths = []
    for i, name in enumerate(names):
        content = io.BytesIO()
        Image.new("RGB", (2, 2), (i, 0, 0)).save(content, "PNG")
        paths.append(folder / name)
        paths[-1].parent.mkdir(exist_ok=True)
        paths[-1].write_bytes(content.getvalue())
    return paths


@pytest.mark.parametrize("labels", [["a", "b"], ["a.png", "b.png"]])
def test_images_are_joined_to_the_labels_that_name_them(folder, labels):
    save(EmbeddingSet.of(np.eye(2), labels, {"image": [1, 2]}), folder / "vectors.csv")
    paths = images(folder, "b.png", "a.png")
    found, notes = noted(folder)
    assert found.metadata.column_names == ["image", "image_2"]
    assert found.metadata["image"].to_pylist() == [1, 2]
    cells = found.metadata["image_2"].to_pylist()
    assert [cell["bytes"] for cell in cells] == [path.read_bytes() for path in paths[::-1]]
    assert [cell["path"] for cell in cells] == ["a.png", "b.png"] and notes == []


def test_a_label_that_two_images_have_names_neither(folder):
    images(folder, "one/a.png", "two/a.png", "b.png")
    found, notes = noted(folder)
    assert [cell and cell["path"] for cell in found.metadata["image"].to_pylist()] == [
        None,
        "b.png",
    ]
    assert notes == []


def test_images_that_nothing_names_are_left_out(folder):
    paths = images(folder, "x.png", "y.png")
    found, notes = noted(folder)
    assert found.metadata.num_columns == 0
    assert notes == ["left out x.png, y.png: no column and no label names them"]
    with pytest.raises(EmbeddingError, match=r"x\.png, y\.png: no vectors among images; add the"):
        load(paths[0], paths[1:])


def test_vectors_of_another_file_cannot_describe_vectors_of_a_config(tmp_path):
    np.ones(4, "<f4").tofile(tmp_path / "words.bytes")
    (tmp_path / "config.json").write_text(
        '{"embeddings": [{"tensorName": "w", "tensorPath": "words.bytes", "tensorShape": [2, 2]}]}'
    )
    (tmp_path / "more.vec").write_text("2 2\na 1 2\nb 3 4\n")
    with pytest.raises(EmbeddingError, match=r"more\.vec: files of its format hold vectors, and"):
        load(tmp_path / "config.json", [tmp_path / "words.bytes", tmp_path / "more.vec"])
