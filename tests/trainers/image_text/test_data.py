"""Images with a table of captions are read; errors name file and row."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embeddings import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from trainers.image_text.data import captioned_digits, number_meanings, read_captioned

COLORS = {"a.png": (200, 0, 0), "b.png": (0, 200, 0), "sub/c.png": (0, 0, 200)}

CAPTIONS = """file,caption,author
a.png,A red one,ann
b.png,"Green, all over",ben
sub/c.png,a Blue one,ann
a.png,a red one!,cat
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "images"
    (made / "sub").mkdir(parents=True)
    for name, color in COLORS.items():
        Image.new("RGB", (8, 8), color).save(made / name)
    (made / "captions.csv").write_text(CAPTIONS)
    return made


def packed(folder: Path, inside: str = "") -> Path:
    path = folder.with_name("packed.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                archive.write(each, inside + each.relative_to(folder).as_posix())
    return path


def test_a_folder_and_its_zip_are_the_same(folder):
    found = read_captioned(folder)
    assert found.name == "images" and found.labels == ("a.png", "b.png", "sub/c.png")
    assert found.image.tolist() == [0, 1, 2, 0] and found.meaning.tolist() == [0, 1, 2, 0]
    assert found.captions == ("A red one", "Green, all over", "a Blue one", "a red one!")
    assert found.pixels[:, :, 4, 4].tolist() == [list(color) for color in COLORS.values()]
    assert found.paths[2] == "images/sub/c.png" and not found.unseen.any()
    for inside in ("", "my images/"):  # the table may be in a folder of the zip
        other = read_captioned(packed(folder, inside))
        assert np.array_equal(other.pixels, found.pixels) and other.captions == found.captions


def test_how_the_table_is_written_can_be_stated(folder):
    table = next(each for each in folder.iterdir() if each.suffix == ".csv")
    table.write_bytes("file~caption\na.png~赤いもの\nb.png~緑\n".encode("euc-jp"))
    options = TextOptions(separator="~", encoding="euc-jp")
    assert read_captioned(folder, options=options).captions == ("赤いもの", "緑")


def test_images_without_a_caption_are_counted(folder):
    shutil.copy(folder / "a.png", folder / "more.png")
    assert read_captioned(folder).notes == (
        "ignored columns: author",
        "1 images have no caption and are ignored",
    )


def test_images_of_several_sizes_are_resized_to_one(folder):
    Image.new("RGB", (20, 10)).save(folder / "a.png")
    found = read_captioned(folder, size=16)
    assert found.shape == (3, 16, 16) and "16 x 16" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,caption\na.png,red\nd.png,gone\n", r"captions.csv, row 2: 'd.png' is no image"),
        ("file,caption\na.png,red\n../a.png,up\n", r"captions.csv, row 2: '../a.png' is no image"),
        ("file,caption\na.png,red\nb.png,\n", r"captions.csv, row 2, column caption: '' has no"),
        ("file,caption\na.png,!?\nb.png,x\n", r"captions.csv, row 1, column caption: '!\?' has"),
        ("name,caption\na.png,red\n", r"captions.csv: no column file; it has name, caption"),
        ("file,words\na.png,red\n", r"captions.csv: no column caption; it has file, words"),
    ],
)
def test_errors_name_file_and_row(folder, table, message):
    (folder / "captions.csv").write_text(table)
    with pytest.raises(EmbeddingError, match=message):
        read_captioned(folder)


def test_there_must_be_one_table_and_readable_images(folder):
    with pytest.raises(EmbeddingError, match="no such folder or zip"):
        read_captioned(folder / "nowhere")
    (folder / "b.png").write_bytes(b"no picture")
    with pytest.raises(EmbeddingError, match=r"b.png: not a readable image"):
        read_captioned(folder)
    (folder / "captions.csv").rename(folder / "rows.csv")
    (folder / "more.csv").write_text("file,caption\n")
    with pytest.raises(EmbeddingError, match=r"found more.csv, rows.csv"):
        read_captioned(folder)
    for table in folder.glob("*.csv"):
        table.unlink()
    with pytest.raises(EmbeddingError, match="found none"):
        read_captioned(packed(folder))


def test_the_table_can_be_given_in_place_of_its_folder(folder):
    whole, found = read_captioned(folder), read_captioned(folder / "captions.csv")
    assert found.captions == whole.captions and found.image.tolist() == [0, 1, 2, 0]
    assert found.name == "images" and found.source["name"] == "captions.csv"
    (folder / "other.csv").write_text("x,y\n1,2\n")
    assert read_captioned(folder).captions == whole.captions  # captions.csv among others


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.jsonl", '{"file_name": "a.png", "text": "A red one"}\n'
                           '{"file_name": "sub/c.png", "text": "Blue, all over"}\n'),
        ("captions.txt", "image,caption\na.png,A red one\nc.png,\"Blue, all over\"\n"),
        ("Flickr8k.token.txt", "a.png#0\tA red one\nc.png#0\tBlue, all over\n"),
    ],
)  # fmt: skip
def test_forms_of_other_data_sets(folder, name, text):
    (folder / "captions.csv").unlink()
    (folder / name).write_text(text)
    found = read_captioned(folder)
    assert found.labels == ("a.png", "sub/c.png")
    assert found.captions == ("A red one", "Blue, all over")
    assert "1 images have no caption and are ignored" in found.notes


def test_a_text_file_for_each_image(folder):
    (folder / "captions.csv").unlink()
    (folder / "a.txt").write_text("A red one\nreddish\n\n")
    (folder / "sub" / "c.txt").write_text("blue")
    found = read_captioned(folder)
    assert found.captions == ("A red one", "reddish", "blue")
    assert found.image.tolist() == [0, 0, 1]


def test_names_that_several_images_have(folder):
    shutil.copy(folder / "a.png", folder / "sub" / "b.png")
    (folder / "captions.csv").write_text("file,caption\nc.png,blue\nsub/b.png,red\nb.png,green\n")
    assert read_captioned(folder).labels == ("sub/c.png", "sub/b.png", "b.png")
    (folder / "b.png").rename(folder / "x.png")
    (folder / "more").mkdir()
    shutil.copy(folder / "a.png", folder / "more" / "b.png")
    with pytest.raises(EmbeddingError, match=r"'b.png' is no image next .*2 images have this name"):
        read_captioned(folder)


def test_damaged_images_are_left_out_on_request(folder):
    (folder / "b.png").write_bytes(b"no picture")
    with pytest.raises(EmbeddingError, match=r"b.png: not a readable image; .* --leave-out"):
        read_captioned(folder)
    found = read_captioned(folder, leave_out=True)
    assert found.captions == ("A red one", "a Blue one", "a red one!")
    assert found.image.tolist() == [0, 1, 0] and found.labels == ("a.png", "sub/c.png")
    assert "left out 1 image that cannot be read: b.png" in found.notes


def test_meanings_are_words_in_their_order():
    assert number_meanings(["A cat.", "a dog", "a  CAT", "cat a"]).tolist() == [0, 1, 0, 2]


def test_captions_of_digits_name_the_digit():
    digits = captioned_digits()
    assert len(digits) == 1797 and digits.full == 16 and digits.shape == (1, 8, 8)
    assert len(set(digits.captions)) == 50
    threes = {text for text, digit in zip(digits.captions, digits.attributes["digit"], strict=True)
              if digit == "3"}  # fmt: skip
    assert threes == {
        "a handwritten three", "the digit three", "the number 3", "three, written by hand",
        "a scanned 3",
    }  # fmt: skip
    assert captioned_digits().captions == digits.captions != captioned_digits(seed=1).captions
