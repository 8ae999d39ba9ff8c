"""Columns of images and audio: from bytes, data URIs and names of files; bad cells are noted."""

import base64
import io
import wave
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from embeddings import EmbeddingSet, load, save
from embeddings.columns import column_kind
from embeddings.errors import EmbeddingError
from embeddings.files import media_columns
from embeddings.files.media_columns import decode_data_uri
from embeddings.files.tabular.infer_types import infer_types


def image(form: str = "PNG", color: int = 0) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 3), (color, 0, 0)).save(content, form)
    return content.getvalue()


def sound() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        out.writeframes(bytes(1_600))
    return content.getvalue()


def data_uri(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def only(values, files=None, type_=None, **options):
    """Return one typed column, and the notes."""
    notes: list[str] = []
    table = pa.table({"c": values if isinstance(values, pa.Array) else pa.array(values, type_)})
    found = infer_types(table, files or {}, notes.append, **options)
    assert found.num_rows == table.num_rows
    return found.column(0), notes


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return files as they come out of a zip, three images and a table."""
    contents = {
        "set/images/a.png": image(color=1),
        "set/images/b.png": image(color=2),
        "set/thumbs/b.png": image(color=3),
        "set/table.csv": b"file\n",
    }
    found = {}
    for i, (name, content) in enumerate(contents.items()):
        found[name] = tmp_path / str(i)
        found[name].write_bytes(content)
    return found


@pytest.mark.parametrize("type_", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_bytes_are_images_or_audio(type_: pa.DataType) -> None:
    found, notes = only([image(), None, image("JPEG")], type_=type_)
    assert column_kind(found) == "image"
    assert found.to_pylist() == [
        {"bytes": image(), "path": None}, None, {"bytes": image("JPEG"), "path": None},
    ]  # fmt: skip
    assert column_kind(only([sound(), sound()], type_=type_)[0]) == "audio"
    assert notes == []


def test_other_bytes_stay_bytes() -> None:
    found, _ = only([b"\x80\x04pickle", b"1234"])
    assert found.type == pa.binary()
    assert column_kind(found) == "other"


@pytest.mark.parametrize("extension", [".parquet", ".arrow"])
def test_audio_and_images_are_distinguished_after_a_file(extension: str, tmp_path: Path) -> None:
    table = infer_types(pa.table({"seen": [image()] * 2, "heard": [sound(), None]}))
    path = tmp_path / f"media{extension}"
    save(EmbeddingSet.of(np.eye(2), metadata=table), path)
    found = load(path).metadata
    assert found.to_pylist() == table.to_pylist()
    assert [column_kind(each) for each in found.columns] == ["image", "audio"]


def test_data_uris_are_decoded() -> None:
    found, notes = only([data_uri(image()), None, data_uri(image("GIF"), "image/gif")])
    assert column_kind(found) == "image"
    assert [cell and cell["bytes"] for cell in found.to_pylist()] == [image(), None, image("GIF")]
    assert notes == []
    assert column_kind(only([data_uri(sound(), "audio/wav")] * 3)[0]) == "audio"


def test_data_uris_of_categories_are_decoded() -> None:
    texts = pa.array([data_uri(image())] * 4).dictionary_encode()
    assert [cell["bytes"] for cell in only(texts)[0].to_pylist()] == [image()] * 4


def test_bad_data_uris_are_missing_and_counted() -> None:
    good = data_uri(image())
    found, notes = only([good, "data:image/png;base64,!!!!", "data:image/png;base64,", good])
    assert [cell and cell["bytes"] for cell in found.to_pylist()] == [image(), None, None, image()]
    assert notes == [
        "column c: 2 of 4 texts are not valid data URIs and are left empty; the first is in row 1"
    ]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("data:image/png;base64,QUJD", b"ABC"),
        ("DATA:image/png;charset=x;BASE64,QU\n JD", b"ABC"),
        ("data:image/png;base64,QUI", b"AB"),  # without its padding
        ("data:;base64,QUI%3D", b"AB"),
        ("data:image/svg+xml;utf8,%3Csvg/%3E", b"<svg/>"),
        ("data:image/png;base64,QUJD\u00e9", None),
        ("data:image/png", None),
        ("http://example.org/data:image/png;base64,QUJD", None),
    ],
)
def test_data_uri(text: str, content: bytes | None) -> None:
    assert decode_data_uri(text) == content


def test_data_uris_beyond_the_limit_are_refused(monkeypatch) -> None:
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    with pytest.raises(EmbeddingError, match=r"column c decoded.*more than the limit of 1,000"):
        only([data_uri(image() + bytes(2_000))])


def test_names_of_files_become_their_content(files) -> None:
    found, notes = only(["images/a.png", "./images/b.png", "set\\thumbs\\b.png", None], files)
    assert column_kind(found) == "image"
    assert found.to_pylist() == [
        {"bytes": image(color=1), "path": "images/a.png"},
        {"bytes": image(color=2), "path": "./images/b.png"},
        {"bytes": image(color=3), "path": "set\\thumbs\\b.png"},
        None,
    ]
    assert notes == []


def test_a_name_that_two_files_have_is_missing(files) -> None:
    found, notes = only(["a.png", "b.png", "a.png"], files)
    assert [cell is None for cell in found.to_pylist()] == [False, True, False]
    assert len(notes) == 1
    assert "1 of 3 texts name no given image or sound" in notes[0]
    assert "row 1: 'b.png'" in notes[0]


def test_another_folder_s_file_is_taken_by_its_name_only_where_that_is_sure(files) -> None:
    assert only(["train/a.png"], files)[0].to_pylist()[0]["bytes"] == image(color=1)
    found, _ = only(["train/a.png", "test/a.png"], files)
    assert found.to_pylist() == ["train/a.png", "test/a.png"]


def test_nothing_outside_the_given_files_is_opened(files, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(image())
    texts = [str(secret), "secret.png", "../secret.png", "https://example.org/a.png",
             "file:///a.png", "/a.png", "C:\\a.png", "images/../images/a.png"]  # fmt: skip
    found, _ = only(texts, files)
    assert found.to_pylist() == texts
    assert only(texts)[0].to_pylist() == texts


def test_a_column_that_seldom_names_a_file_stays_text(files) -> None:
    texts = ["a.png", "a cat", "a dog"]
    found, notes = only(texts, files)
    assert found.to_pylist() == texts
    assert "1 of 3 texts name a given image" in notes[0]


def test_a_file_that_is_no_image_is_missing(files) -> None:
    files["set/images/a.png"].write_bytes(b"<html>not found</html>")
    found, notes = only(["images/a.png", "images/b.png"], files)
    assert [cell is None for cell in found.to_pylist()] == [True, False]
    assert "1 of 2 texts" in notes[0]


def test_one_file_named_by_a_million_rows_is_refused(files, monkeypatch) -> None:
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(1_000 * len(image())))
    assert only(["a.png"] * 900, files)[0].null_count == 0
    with pytest.raises(EmbeddingError, match="files of column c"):
        only(["a.png"] * 1_100, files)
    two = pa.table({"c": ["a.png"] * 600, "d": ["a.png"] * 600})
    with pytest.raises(EmbeddingError, match="files of column d"):
        infer_types(two, files)


def test_paths_without_content_find_their_files(files) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    paths = [{"bytes": None, "path": "images/a.png"}, None]
    assert only(paths, files, kind)[0].to_pylist()[0]["bytes"] == image(color=1)
    assert only(paths, {}, kind)[0].to_pylist() == paths


@pytest.mark.parametrize(
    "text",
    [
        "/images/a.png",
        "~/a.png",
        "https://example.org/a.png",
        "file:a.png",
        "../a.png",
        "x/../a.png",
    ],
)
def test_absolute_paths_and_addresses_name_no_given_file(files, text: str) -> None:
    assert only([text], files)[0].to_pylist() == [text]


def test_a_given_table_is_no_image_of_a_column(files) -> None:
    assert only(["table.csv"], files)[0].to_pylist() == ["table.csv"]


def test_a_column_of_many_bytes_has_several_chunks(monkeypatch) -> None:
    cells = [(bytes(10), None), None, (bytes(20), "b.png"), (b"", None)]
    whole = media_columns.media_array(cells)
    monkeypatch.setattr(media_columns, "_CHUNK", 15)
    found = media_columns.media_array(cells)
    assert (whole.num_chunks, found.num_chunks) == (1, 2)
    assert found.to_pylist() == whole.to_pylist()
