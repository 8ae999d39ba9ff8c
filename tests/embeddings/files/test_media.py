"""Planted columns of each kind are found, and bad cells are said."""

import base64
import io
import wave
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from embeddings import EmbeddingSet, load, save
from embeddings.columns import column_kind
from embeddings.errors import EmbeddingError
from embeddings.files.media_columns import decode_data_uri
from embeddings.files.projector.sprite import cut_sprite, guess_cell
from embeddings.files.tabular.infer_types import typed_metadata
from embeddings.media import media_type


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
    found = typed_metadata(table, files or {}, notes.append, **options)
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


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_pillow_s_images_are_known_by_their_first_bytes(form: str) -> None:
    assert media_type(image(form)[:16]) == f"image/{form.lower()}"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(12), "audio/mpeg"),
        (b"OggS" + bytes(12), "audio/ogg"),
        (b"fLaC" + bytes(12), "audio/flac"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x1cftypisom\0\0\0\0", None),  # a video
        (b"\xff\xff\xff\xff" + bytes(12), None),
        (b"\xff\xeb\x90\x64" + bytes(12), None),  # a reserved version of MPEG
        (b"\xff\xfb\x00\x64" + bytes(12), None),  # no bit rate
        (b"\xff\xfb\xf0\x64" + bytes(12), None),  # a reserved bit rate
        (b"\xff\xfb\x9c\x64" + bytes(12), None),  # a reserved sampling rate
        (b"BM, a text about cars", None),
        (b"", None),
    ],
)
def test_first_bytes(head: bytes, kind: str | None) -> None:
    assert media_type(head) == kind
    assert media_type(sound()) == "audio/wav"


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
def test_audio_and_images_are_told_apart_after_a_file(extension: str, tmp_path: Path) -> None:
    table = typed_metadata(pa.table({"seen": [image()] * 2, "heard": [sound(), None]}))
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
        "column c: 2 of 4 texts are no sound data URIs, and are left empty; the first is in row 1"
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
    assert "1 of 3 texts name no image or sound that was given" in notes[0]
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
    assert "1 of 3 texts name an image" in notes[0]


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
        typed_metadata(two, files)


def test_paths_without_content_find_their_files(files) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    paths = [{"bytes": None, "path": "images/a.png"}, None]
    assert only(paths, files, kind)[0].to_pylist()[0]["bytes"] == image(color=1)
    assert only(paths, {}, kind)[0].to_pylist() == paths


@pytest.mark.parametrize(
    ("texts", "type_", "first"),
    [
        (['["ai", "ethics"]', None, "[]"], pa.list_(pa.string()), ["ai", "ethics"]),
        (["[1, 2]", "[3]"], pa.list_(pa.int64()), [1, 2]),
        (["[1, 2]", "[3.5]"], pa.list_(pa.float64()), [1, 2]),
        (["[true, null]"], pa.list_(pa.bool_()), [True, None]),
    ],
)
def test_lists_as_text_are_lists(texts, type_, first) -> None:
    for values in (pa.array(texts), pa.array(texts).dictionary_encode()):
        found, notes = only(values)
        assert found.type == type_
        assert found[0].as_py() == first
        assert found.is_null().to_pylist() == [text is None for text in texts]
        assert column_kind(found) == "list"
        assert notes == []


@pytest.mark.parametrize(
    "texts",
    [
        ['["a"]'] * 50 + ["[a]"],
        ['["a"]', "{}"],
        ["[[1], [2]]"],
        ['["a", 1]'],
        ["[" * 5_000 + "]" * 5_000],
        ["[1]", "[" + "9" * 40 + "]"],
        ['["\\ud800"]'],
        ["[" + ", ".join(["0.125"] * 768) + "]"] * 3,  # a vector
    ],
)
def test_other_texts_in_brackets_stay_text(texts: list[str]) -> None:
    found, _ = only(texts)
    assert found.to_pylist() == texts


def test_dates_and_times_as_text() -> None:
    found, _ = only(["2026-01-31", None])
    assert found.to_pylist() == [date(2026, 1, 31), None]
    found, _ = only(["2026-01-31T10:30:00Z"] * 3)
    assert column_kind(found) == "date"
    found, _ = only(pa.array(["2026-01-31 10:30:00"] * 3).dictionary_encode())
    assert found[0].as_py() == datetime(2026, 1, 31, 10, 30)
    for texts in (["2026-02-31"] * 2, ["2026-01-31", "soon"], ["12", "13"], ["2026-2027 report"]):
        assert only(texts)[0].to_pylist() == texts


def test_the_embedding_file_s_texts_stay_text() -> None:
    texts = pa.table({"day": ["2026-01-31"], "list": ['["a"]'], "record": [{"a": 1}]})
    assert typed_metadata(texts, retype=False).equals(texts)


def test_records_become_columns() -> None:
    table = pa.table({"a": [{"b": 1, "c": "2026-01-31"}, None], "a.b": [5, 6]})
    found = typed_metadata(table)
    assert found.to_pydict() == {
        "a.b": [1, None],
        "a.c": [date(2026, 1, 31), None],
        "a.b_2": [5, 6],
    }


def test_plain_columns_pass_and_odd_layouts_become_plain() -> None:
    notes: list[str] = []
    table = pa.table(
        {
            "number": [1.5, None],
            "flag": [True, None],
            "folded": pa.array(["x", "y"]).dictionary_encode(),
            "text": ["12", "13"],
            "list": [["a"], []],
            "nothing": pa.nulls(2),
        }
    )
    assert typed_metadata(table, note=notes.append).equals(table)
    odd = pa.table(
        {
            "view": pa.array(["a", "b"], pa.string_view()),
            "runs": pa.RunEndEncodedArray.from_arrays([2], ["a"]),
            "zone": pa.array([0, 1], pa.timestamp("s", "Mars/Base")),
            "uuid": pa.array([b"0" * 16] * 2, pa.uuid()),
        }
    )
    found = typed_metadata(odd, note=notes.append)
    assert found.schema.types == [
        pa.large_string(), pa.string(), pa.timestamp("s", "UTC"), pa.binary(16),
    ]  # fmt: skip
    assert len(notes) == 1
    assert "Mars/Base" in notes[0]
    empty = pa.table({"row": [1, 2]}).select([])
    assert typed_metadata(empty).num_rows == 2


def test_the_articles_topics_and_days(data: Path) -> None:
    metadata = typed_metadata(load(data / "emb" / "articles_bge_small.parquet").metadata)
    kinds = {name: column_kind(metadata.column(name)) for name in metadata.column_names}
    assert kinds["topics"] == "list"
    assert kinds["published_date"] == "date"
    assert metadata.column("topics")[1].as_py() == ["AI Governance", "European SME AI"]


def sprite(path: Path, width: int, height: int) -> Path:
    Image.new("RGB", (width, height)).save(path, "PNG")
    return path


@pytest.mark.parametrize(
    ("size", "count", "cell"),
    [
        ((280, 280), 100, 28),
        ((280, 280), 90, 28),  # TensorFlow's square of 10 x 10, its last row empty
        ((260, 240), 150, 20),  # 13 x 12 cells
        ((260, 260), 150, 20),  # 13 x 13
        ((320, 32), 10, 32),  # one row
        ((32, 32), 1, 32),
    ],
)
def test_the_cells_of_a_sprite_are_guessed(size, count, cell, tmp_path: Path) -> None:
    assert guess_cell(sprite(tmp_path / "s.png", *size), count) == (cell, cell)


@pytest.mark.parametrize(("size", "count"), [((200, 300), 100), ((300, 200), 1), ((7, 5), 2)])
def test_an_image_that_is_no_grid_is_refused(size, count, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="not a sprite of square cells"):
        guess_cell(sprite(tmp_path / "s.png", *size), count)


def test_a_guessed_sprite_is_cut_in_order(tmp_path: Path) -> None:
    pixels = np.zeros((6, 6, 3), np.uint8)
    for i in range(8):
        pixels[i // 3 * 2 : i // 3 * 2 + 2, i % 3 * 2 : i % 3 * 2 + 2] = 10 * (i + 1)
    path = tmp_path / "s.png"
    Image.fromarray(pixels).save(path)
    cells = cut_sprite(path, *guess_cell(path, 8), 8)
    for i, cell in enumerate(cells.to_pylist()):
        with Image.open(io.BytesIO(cell["bytes"])) as found:
            assert np.array(found).tolist() == np.full((2, 2, 3), 10 * (i + 1)).tolist()
