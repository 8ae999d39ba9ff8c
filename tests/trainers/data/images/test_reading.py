"""The same images come out of every form; errors name file, row and column."""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embeddings import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from trainers.data.images.image_columns import png, thumbnails
from trainers.data.images.pictures import open_picture
from trainers.data.images.reading import digits, read_images

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 6, 6), dtype=np.uint8)
CLASSES = [("cat", "dog", "eel")[row % 3] for row in range(12)]


def write_folder(folder: Path, form: str = "png") -> Path:
    for row, (image, shown) in enumerate(zip(PIXELS, CLASSES, strict=True)):
        (folder / shown).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / shown / f"{row:02}.{form}")
    return folder


def by_content(images) -> dict:
    """Class of each image by its pixels, so that the order does not matter."""
    assert images.shape == (1, 6, 6) and images.full == 255 and len(images) == 12
    return {image.tobytes(): images.classes[number]
            for image, number in zip(images.pixels, images.target, strict=True)}  # fmt: skip


WANTED = {image.tobytes(): shown for image, shown in zip(PIXELS, CLASSES, strict=True)}


def idx(array: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + bytes(array)
    )


def test_a_folder_and_a_zip_of_one_folder_a_class(tmp_path):
    folder = write_folder(tmp_path / "animals")
    (folder / "cat" / "notes.txt").write_text("none")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "1.png").write_bytes(b"none")
    found = read_images(folder)
    assert by_content(found) == WANTED and found.classes == ("cat", "dog", "eel")
    assert found.labels[0] == "cat/00.png" and found.name == "animals"
    assert found.notes == ("1 files are ignored, such as cat/notes.txt",)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            if ".hidden" not in path.parts:
                archive.write(path, path.relative_to(tmp_path))
    zipped = read_images(tmp_path / "pets.zip")
    assert by_content(zipped) == WANTED and zipped.labels[0] == "animals/cat/00.png"


def test_how_a_csv_is_written_can_be_stated(tmp_path):
    rows = [f"{i}~{i + 1}~{i + 2}~{i + 3}~{'ab'[i % 2]}" for i in range(4)]
    (tmp_path / "a.csv").write_text("1~2~3~4~5\n" + "\n".join(rows))
    found = read_images(tmp_path / "a.csv", options=TextOptions(separator="~", header="yes"))
    assert found.pixels.shape == (4, 1, 2, 2) and found.classes == ("a", "b")


def test_idx_npz_and_csv(tmp_path):
    numbers = np.array([("cat", "dog", "eel").index(one) for one in CLASSES], np.uint8)
    wanted = {image: str(("cat", "dog", "eel").index(one)) for image, one in WANTED.items()}
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(PIXELS))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(numbers))
    assert by_content(read_images(tmp_path / "train-images-idx3-ubyte")) == wanted
    folder = tmp_path / "packed"
    folder.mkdir()
    for part, rows in (("train", slice(0, 8)), ("t10k", slice(8, 12))):
        for what, array in (("images-idx3", PIXELS), ("labels-idx1", numbers)):
            packed = gzip.compress(idx(array[rows]))
            (folder / f"{part}-{what}-ubyte.gz").write_bytes(packed)
    assert by_content(read_images(folder)) == wanted
    assert by_content(read_images(folder / "../packed")) == wanted

    np.savez(tmp_path / "a.npz", x_train=PIXELS[:8], y_train=numbers[:8], x_test=PIXELS[8:],
             y_test=numbers[8:, None])  # fmt: skip
    assert by_content(read_images(tmp_path / "a.npz")) == wanted
    np.savez(tmp_path / "b.npz", images=PIXELS[..., None] / 255, labels=CLASSES)
    assert by_content(read_images(tmp_path / "b.npz")) == WANTED

    np.savez(tmp_path / "c.npz", numbers, PIXELS)  # arr_0, arr_1
    assert by_content(read_images(tmp_path / "c.npz")) == wanted

    np.savez(tmp_path / "d.npz", x=PIXELS, y=CLASSES, extra=np.array([{}], dtype=object))
    unpickled = read_images(tmp_path / "d.npz")
    assert by_content(unpickled) == WANTED
    assert any("extra.npy: it holds Python objects" in note for note in unpickled.notes)

    flat = PIXELS.reshape(12, 36)
    lines = [",".join(map(str, row)) for row in flat]
    last = "\n".join(f"{line},{one}" for line, one in zip(lines, numbers, strict=True))
    (tmp_path / "last.csv.gz").write_bytes(gzip.compress(last.encode()))
    assert by_content(read_images(tmp_path / "last.csv.gz")) == wanted
    first = "\n".join(f"{one},{line}" for line, one in zip(lines, CLASSES, strict=True))
    header = ",".join(["label", *(f"pixel{number}" for number in range(36))])
    (tmp_path / "first.csv").write_text(f"{header}\n{first}\n")
    assert by_content(read_images(tmp_path / "first.csv")) == WANTED
    (tmp_path / "bare.csv").write_text("\n".join(lines))
    bare = read_images(tmp_path / "bare.csv")
    assert bare.classes == () and (bare.pixels[:, 0] == PIXELS).all()


def test_images_of_several_sizes_and_modes(tmp_path):
    folder = tmp_path / "mixed"
    (folder / "a").mkdir(parents=True)
    Image.new("RGBA", (100, 50), (255, 0, 0, 0)).save(folder / "a" / "clear.png")
    Image.new("RGB", (30, 40), (0, 128, 255)).save(folder / "a" / "blue.bmp")
    found = read_images(folder)
    assert found.shape == (3, 64, 64) and "resized to 64 x 64" in found.notes[0]
    assert found.pixels[0, :, 5, 5].tolist() == [0, 128, 255]
    assert found.pixels[1].min() == 255  # what is transparent is white
    assert read_images(folder, size=20).shape == (3, 20, 20)


def test_an_image_is_cropped_around_its_center():
    array = np.zeros((4, 8), np.uint8)
    array[:, 2:6] = 200
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    assert (open_picture(buffer.getvalue(), "a.png", (1, 2, 2)) == 200).all()


def test_a_thumbnail_is_the_image_enlarged():
    images = digits()
    with Image.open(io.BytesIO(png(images.pixels[0], images.full))) as picture:
        assert picture.size == (32, 32)
        seen = np.asarray(picture)[::4, ::4] * (images.full / 255)
    assert np.array_equal(np.round(seen), images.pixels[0, 0])
    read = open_picture(png(images.pixels[0], images.full), "a.png", images.shape)
    assert np.array_equal(np.round(read[0] * (images.full / 255)), images.pixels[0, 0])
    column = thumbnails(images.pixels[:2], images.full, ["a.png", "b.png"])
    assert column[1]["path"].as_py() == "b.png"


def test_classes_are_in_the_order_of_numbers(tmp_path):
    np.savez(tmp_path / "a.npz", x=PIXELS[:3], y=[10, 9, 2])
    assert read_images(tmp_path / "a.npz").classes == ("2", "9", "10")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "1,2,3,4,cat\n5,6,x,8,dog\n", "a.csv, line 2, column 3: 'x' is not a number"),
        ("a.csv", "1,2,3,4,0\n5,6,,8,1\n", "a.csv, line 2, column 3: the value is missing"),
        ("a.csv", "1,2,3,4,0\n5,6,300,8,0\n9,6,3,8,1\n", "values from 1 to 300; expected 0 to 255"),
        ("a.csv", "1,2,3,4,5,0\n5,6,3,4,5,1\n", "5 pixels per image; expected a square"),
        (
            "a.csv",
            "1,2,3,4,0\n5,6,7\n",
            "a.csv: line 2 (row 1): 3 columns where the first line has 5",
        ),
        ("a.png", "not a picture", "a.png: not a readable image; repair or remove it, or leave"),
        ("a.npz", "PK no zip", "a.npz: damaged or incomplete .npz"),
        ("a.bin", "bytes", "no images in a.bin; expected a folder or zip"),
    ],
)
def test_errors_name_the_place(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(EmbeddingError) as error:
        read_images(tmp_path / name)
    assert message in str(error.value)


def test_files_that_do_not_fit_each_other(tmp_path):
    (tmp_path / "x-images").write_bytes(idx(PIXELS))
    (tmp_path / "x-labels").write_bytes(idx(np.zeros(5, np.uint8)))
    with pytest.raises(EmbeddingError, match="12 images and x-labels 5 labels"):
        read_images(tmp_path / "x-images")
    (tmp_path / "x-images").write_bytes(idx(PIXELS)[:-1])
    with pytest.raises(EmbeddingError, match="expected 12 x 6 x 6 bytes, found 431"):
        read_images(tmp_path / "x-images")
    folder = write_folder(tmp_path / "animals")
    Image.fromarray(PIXELS[0]).save(folder / "stray.png")
    with pytest.raises(EmbeddingError, match=r"stray.png is in no class folder"):
        read_images(folder)
    with pytest.raises(EmbeddingError, match="no such file or folder"):
        read_images(tmp_path / "absent")


def test_mnist_is_read(data):
    found = read_images(data / "6_images" / "mnist_5k.csv.gz")
    assert found.shape == (1, 28, 28) and found.name == "mnist_5k"
    assert np.bincount(found.target).tolist() == [500] * 10
    assert found.classes == tuple("0123456789")


def test_labels_beside_a_compressed_file_of_idx(tmp_path):
    numbers = np.arange(12, dtype=np.uint8) % 3
    for what, array in (("images-idx3", PIXELS), ("labels-idx1", numbers)):
        (tmp_path / f"t10k-{what}-ubyte.gz").write_bytes(gzip.compress(idx(array)))
    found = read_images(tmp_path / "t10k-images-idx3-ubyte.gz")
    assert found.classes == ("0", "1", "2") and found.target.tolist() == numbers.tolist()


def test_arrays_with_their_labels_beside_them(tmp_path):
    numbers = np.arange(12) % 3
    np.save(tmp_path / "x_train.npy", np.stack([PIXELS] * 3, axis=-1))
    found = read_images(tmp_path / "x_train.npy")
    assert found.shape == (3, 6, 6) and found.classes == ()
    np.save(tmp_path / "y_train.npy", np.eye(3)[numbers])  # one-hot
    assert read_images(tmp_path / "x_train.npy").target.tolist() == numbers.tolist()
    np.save(tmp_path / "y_train.npy", numbers[:5])
    with pytest.raises(EmbeddingError, match=r"12 images and y_train.npy 5 labels"):
        read_images(tmp_path / "x_train.npy")
    np.savez(tmp_path / "a.npz", x=PIXELS, y=np.eye(3)[numbers])
    assert read_images(tmp_path / "a.npz").target.tolist() == numbers.tolist()
    np.save(tmp_path / "o.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(EmbeddingError, match=r"o\.npy: "):
        read_images(tmp_path / "o.npy")


def write_sprite(path, cells=4):
    """Write the 12 images as a sprite of 4 x 4 cells, the last row of which is empty."""
    whole = np.zeros((6 * cells, 6 * cells), np.uint8)
    for row, image in enumerate(PIXELS):
        top, left = row // cells * 6, row % cells * 6
        whole[top : top + 6, left : left + 6] = image
    Image.fromarray(whole).save(path)
    return path


@pytest.mark.parametrize("kind", ["column", "table", "array"])
def test_a_sprite_is_cut_into_its_images(tmp_path, kind):
    sprite = write_sprite(tmp_path / "sprite.png")
    if kind == "column":
        (tmp_path / "labels.tsv").write_text("\n".join(CLASSES) + "\n")
    elif kind == "table":
        rows = [f"{row}\t{shown}" for row, shown in enumerate(CLASSES)]
        (tmp_path / "labels.tsv").write_text("\n".join(["id\tlabel", *rows]))
    else:
        np.save(tmp_path / "vectors.npy", np.ones((12, 5)))
    for found in (read_images(sprite), read_images(tmp_path)):
        assert (found.pixels[:, 0] == PIXELS).all() and found.full == 255
        assert "sprite.png is a sprite of 12 images of 6 x 6" in found.notes[0]
        if kind != "array":
            assert [found.classes[number] for number in found.target] == CLASSES


def test_one_image_alone_is_refused(tmp_path):
    sprite = write_sprite(tmp_path / "sprite.png")
    for path in (sprite, tmp_path):
        with pytest.raises(
            EmbeddingError, match=r"1 image; expected at least 2. If it is a sprite"
        ):
            read_images(path)
    (tmp_path / "labels.tsv").write_text("a\nb\nc\n" * 7)  # 21 do not fit
    with pytest.raises(EmbeddingError, match="1 image; expected at least 2"):
        read_images(sprite)


def test_idx_beside_a_sprite_is_read(tmp_path):
    write_sprite(tmp_path / "sprite.png")
    (tmp_path / "labels.tsv").write_text("\n".join(CLASSES))
    (tmp_path / "x-images").write_bytes(idx(PIXELS))
    assert len(read_images(tmp_path)) == 12
    write_folder(tmp_path / "animals")
    with pytest.raises(EmbeddingError, match="IDX and 13 image files; give one of them"):
        read_images(tmp_path)


def test_damaged_images_are_named_and_left_out_on_request(tmp_path):
    folder = write_folder(tmp_path / "animals", "jpg")
    (folder / "cat" / "00.jpg").write_bytes(b"no picture")
    (folder / "dog" / "01.jpg").write_bytes(b"no picture")
    whole = (folder / "eel" / "02.jpg").read_bytes()
    (folder / "eel" / "02.jpg").write_bytes(whole[:-20])  # only its header can be read
    with pytest.raises(
        EmbeddingError, match=r"cat/00.jpg and 1 other: not a readable image; .*out"
    ):
        read_images(folder)
    found = read_images(folder, leave_out=True)
    assert len(found) == 9 and "eel/02.jpg" not in found.labels
    assert np.bincount(found.target).tolist() == [3, 3, 3]
    assert found.notes[:2] == (
        "left out 2 images that cannot be read: cat/00.jpg, dog/01.jpg",
        "left out 1 image that cannot be read: eel/02.jpg",
    )
