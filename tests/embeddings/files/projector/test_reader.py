"""Projector configs: present and missing tensors, shapes that disagree, sprites, no other paths."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files import read
from embeddings.files.options import ChoiceRequired, ReadContext
from embeddings.files.projector import config as config_module

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3) / 8
METADATA = 'word\tcount\nthe\t9\nof\t7\n"\t5\nnan\t3\n'


def entry(name="words", shape=(4, 3), tensor="words.bytes", **more):
    return {"tensorName": name, "tensorShape": list(shape), "tensorPath": tensor, **more}


def config(folder: Path, *entries) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({"embeddings": entries, "modelCheckpointPath": "x"}, indent=1))
    return path


def raw(folder: Path, name="words.bytes", vectors=VECTORS) -> Path:
    path = folder / name
    path.write_bytes(vectors.astype("<f4").tobytes())
    return path


def metadata(folder: Path, name="meta.tsv") -> Path:
    path = folder / name
    path.write_text(METADATA)
    return path


def opened(path, companions=()):
    notes: list[str] = []
    return load(path, companions, note=notes.append), notes


def test_a_config_opens_what_lies_beside_it(tmp_path):
    raw(tmp_path), metadata(tmp_path)
    found, notes = opened(config(tmp_path, entry(metadataPath="meta.tsv")))
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == ("the", "of", '"', "nan")
    assert found.metadata["count"].to_pylist() == [9, 7, 5, 3]
    assert found.provenance.name == "words"
    assert notes == []


@pytest.mark.parametrize("turn", range(3))
def test_given_files_are_known_by_name_in_any_order(tmp_path, turn):
    for name in "abc":
        (tmp_path / name).mkdir()
    address = "https://example.org/data/words.bytes?raw=1#x"
    files = [
        config(tmp_path / "a", entry(tensor=address, metadataPath="C:\\some\\meta.tsv")),
        raw(tmp_path / "b"),
        metadata(tmp_path / "c"),
    ]
    files = files[turn:] + files[:turn]
    found, _ = opened(files[0], files[1:])
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels[0] == "the"


def test_files_that_the_config_does_not_name_describe_the_rows(tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\nd\n")
    found, _ = opened(config(tmp_path, entry()), [raw(tmp_path), labels])
    assert found.labels == ("a", "b", "c", "d")


def test_the_first_present_tensor_is_taken_and_the_others_are_named(tmp_path):
    raw(tmp_path), raw(tmp_path, "c.bytes", VECTORS[:2])
    found, notes = opened(
        config(
            tmp_path,
            entry("A", tensor="https://example.org/a.bytes"),
            entry("B", metadataPath="gone.tsv"),
            entry("C", (2, 3), "data/c.bytes"),
            entry("D", tensor="d.bytes"),
        )
    )
    assert found.provenance.name == "B"
    assert notes == [
        "took B; also present: C",
        "took B; missing: A (https://example.org/a.bytes), D (d.bytes)",
        "the metadata file gone.tsv is missing",
    ]


@pytest.mark.parametrize(
    "address",
    ["../secret.bytes", "{folder}/secret.bytes", "file://{folder}/secret.bytes", "..", "", "a\0b",
     "https://example.org/here.bytes", "//host/here.bytes", "x" * 300, "ü" * 200,
     "a/" * 600 + "here.bytes", "link.bytes", "alias.bytes", "linked/secret.bytes",
     "/below/other.bytes", "below/../below/other.bytes"],
)  # fmt: skip
def test_nothing_but_plain_names_in_the_same_folder_is_read(tmp_path, address):
    inner = tmp_path / "inner"
    inner.mkdir()
    raw(tmp_path, "secret.bytes"), raw(inner, "here.bytes")
    (inner / "below").mkdir()
    raw(inner, "below/other.bytes")
    (inner / "link.bytes").symlink_to(tmp_path / "secret.bytes")
    (inner / "alias.bytes").symlink_to(inner / "here.bytes")
    (inner / "linked").symlink_to(tmp_path)
    address = address.format(folder=tmp_path)
    with pytest.raises(EmbeddingError, match=r"config\.json: none of the files that it names"):
        load(config(inner, entry(tensor=address)))


def test_a_shape_that_disagrees_with_the_data(tmp_path):
    raw(tmp_path)
    message = r"config\.json: words\.bytes: 48 bytes, 12 float32, .* \[5, 7\], 35 numbers or 140"
    with pytest.raises(EmbeddingError, match=message):
        load(config(tmp_path, entry(shape=(5, 7))))
    with pytest.raises(EmbeddingError, match="7,000,000,000,000 numbers"):
        load(config(tmp_path, entry(shape=(10**12, 7))))
    (tmp_path / "words.bytes").write_bytes(b"\0" * 47)
    with pytest.raises(EmbeddingError, match="47 bytes, not a whole number of float32"):
        load(config(tmp_path, entry()))
    (tmp_path / "words.bytes").write_bytes(b"")
    with pytest.raises(EmbeddingError, match=r"words\.bytes: 0 bytes, 0 float32, but the config"):
        load(config(tmp_path, entry()))


@pytest.mark.parametrize(
    ("shape", "described"), [((5, 3), False), ((4, 5), False), ((7, 5), True), ((10**12, 3), True)]
)
def test_another_shape_is_read_as_the_data_say(tmp_path, shape, described):
    """By the rows of the metadata, or else by the dimensions or the rows that are stated."""
    raw(tmp_path), metadata(tmp_path)
    about = {"metadataPath": "meta.tsv"} if described else {}
    found, notes = opened(config(tmp_path, entry(shape=shape, **about)))
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert notes == [
        f"words.bytes: 12 numbers, read as [4, 3], although the config says {list(shape)}"
    ]
    found, _ = opened(config(tmp_path, {**entry(metadataPath="meta.tsv"), "tensorShape": None}))
    np.testing.assert_array_equal(found.vectors, VECTORS)


@pytest.mark.parametrize("dtype", ["<f8", "<f2"])
def test_numbers_of_another_width_are_known_by_their_values(tmp_path, dtype):
    values = np.random.default_rng(0).normal(size=(4, 3)).astype(dtype)
    (tmp_path / "words.bytes").write_bytes(values.tobytes())
    found, notes = opened(config(tmp_path, entry()))
    np.testing.assert_array_equal(found.vectors, values.astype(np.float32))
    assert "although Projectors have float32" in notes[0]


@pytest.mark.parametrize("shape", [None, [], [4], [4, -3], [4.0, 3], [4, True], "4x3", {"a": 1}])
def test_a_shape_that_is_none(tmp_path, shape):
    raw(tmp_path)
    broken = {**entry(), "tensorShape": shape}
    with pytest.raises(ChoiceRequired, match=r"words\.bytes: 12 bare numbers, .* 3 \(x 4\)"):
        load(config(tmp_path, broken))
    found = read([config(tmp_path, broken)], ReadContext(selections={"dimensions": "3"}))
    np.testing.assert_array_equal(found.vectors, VECTORS)


def test_raw_numbers_alone_ask_for_their_shape(tmp_path):
    with pytest.raises(ChoiceRequired, match=r"words\.bytes: 12 bare numbers, .* 3 \(x 4\)"):
        load(raw(tmp_path))
    found = read([raw(tmp_path)], ReadContext(selections={"dimensions": "3"}))
    np.testing.assert_array_equal(found.vectors, VECTORS)


PYTORCH = """\
embeddings {{
tensor_name: "words:{step}"
tensor_path: "{step}/words/tensors.tsv"
metadata_path: "{step}/words/metadata.tsv"
}}
"""


@pytest.mark.parametrize("given", [False, True])
def test_a_config_of_tensorboard_opens_the_files_in_folders_below(tmp_path, given):
    """As torch.utils.tensorboard's add_embedding writes them: one folder a step, equal names."""
    steps = {"00000": VECTORS, "00001": VECTORS[::-1]}
    for step, vectors in steps.items():
        folder = tmp_path / step / "words"
        folder.mkdir(parents=True)
        np.savetxt(folder / "tensors.tsv", vectors, delimiter="\t", fmt="%s")
        (folder / "metadata.tsv").write_text("".join(f"{step}-{i}\n" for i in range(4)))
    path = tmp_path / "projector_config.pbtxt"
    path.write_text("".join(PYTORCH.format(step=step) for step in steps))
    files = sorted(tmp_path.rglob("*.tsv"), reverse=True) if given else []
    for step, vectors in steps.items():
        found = load(path, files, vector=f"words:{step}")
        np.testing.assert_array_equal(found.vectors, vectors)
        assert found.labels == tuple(f"{step}-{i}" for i in range(4))
        assert found.provenance.name == f"words:{step}"


def test_raw_numbers_that_look_like_text_are_raw_numbers(tmp_path):
    content = b"1\t2\n3\t4\n"
    (tmp_path / "words.bytes").write_bytes(content)
    found, _ = opened(config(tmp_path, entry(shape=(1, 2))))
    assert found.vectors.tobytes() == content


def test_a_tensor_of_more_bytes_than_the_limit_is_refused(tmp_path, monkeypatch):
    raw(tmp_path)
    path = config(tmp_path, entry())
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    assert len(load(path)) == 4
    raw(tmp_path, vectors=np.zeros((100, 3)))
    with pytest.raises(EmbeddingError, match=r"words\.bytes: the file has 1,200 bytes, more than"):
        load(path)


def test_what_is_not_a_name_in_the_config_is_none(tmp_path):
    raw(tmp_path)
    for name in (None, "", 7):
        found, notes = opened(config(tmp_path, entry(name, metadataPath=5, sprite="x")))
        assert found.provenance.name == "words" and notes == []
    sprite_without_path = {"singleImageDim": [5, 4]}
    _, notes = opened(config(tmp_path, entry(sprite=sprite_without_path)))
    assert notes == ["the sprite None is missing"]


def test_a_bookmarks_file_describes_no_rows(tmp_path):
    bookmarks = tmp_path / "marks.txt"
    bookmarks.write_text("a\nb\n")
    found, _ = opened(
        config(tmp_path, entry(bookmarksPath="marks.txt")), [raw(tmp_path), bookmarks]
    )
    assert found.labels == ("0", "1", "2", "3")


def test_a_config_may_begin_with_a_byte_order_mark(tmp_path):
    raw(tmp_path)
    path = config(tmp_path, entry())
    path.write_text("\ufeff \n" + path.read_text())
    np.testing.assert_array_equal(load(path).vectors, VECTORS)


@pytest.mark.parametrize("provenance", ["x", {"name": 5}, {"format": "other", "name": 5}])
def test_a_config_s_key_embedding_of_another_program_is_ignored(tmp_path, provenance):
    raw(tmp_path)
    content = {"embeddings": [entry()], "embedding": provenance}
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert load(tmp_path / "config.json").provenance.name == "words"


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("label\tn\na\t1\n", "1 rows; expected 2, one for each vector, and 2 columns in each"),
        ("label\tn\na\t1\nb\n", "2 rows; expected 2, one for each vector, and 2 columns in each"),
        (b"label\tn\na\t\xff\nb\t2\n", "not UTF-8"),
    ],
)
def test_metadata_that_we_wrote_and_another_program_changed(tmp_path, metadata, message):
    save(EmbeddingSet.of(np.eye(2), ["a", "b"], {"n": [1, 2]}), tmp_path / "x_config.json")
    content = metadata if isinstance(metadata, bytes) else metadata.encode()
    (tmp_path / "x_metadata.tsv").write_bytes(content)
    with pytest.raises(EmbeddingError, match=rf"x_metadata\.tsv: {message}.*was changed"):
        load(tmp_path / "x_config.json")


def test_our_metadata_of_more_bytes_than_the_limit_is_refused(tmp_path, monkeypatch):
    save(EmbeddingSet.of(np.eye(2), ["a" * 2_000, "b"]), tmp_path / "x_config.json")
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    with pytest.raises(EmbeddingError, match=r"x_metadata\.tsv: the file has 2,003 bytes"):
        load(tmp_path / "x_config.json")


def test_a_config_of_more_bytes_than_a_config_has_is_refused(tmp_path, monkeypatch):
    raw(tmp_path)
    path = config(tmp_path, entry())
    monkeypatch.setattr(config_module, "_CONFIG_BYTES", path.stat().st_size)
    assert len(load(path)) == 4
    path.write_text(path.read_text() + " ")
    with pytest.raises(EmbeddingError, match=r"config\.json: a config of [\d,]+ bytes; expected"):
        load(path)


def test_a_tensor_may_be_a_table_of_text_or_npy(tmp_path):
    text = "\n".join("\t".join(map(str, row)) for row in VECTORS.tolist())
    (tmp_path / "v.tsv").write_text(text + "\n")
    np.save(tmp_path / "v.npy", VECTORS)
    for name in ("v.tsv", "v.npy"):
        found, _ = opened(config(tmp_path, entry(tensor=name)))
        np.testing.assert_array_equal(found.vectors, VECTORS)
        found, notes = opened(config(tmp_path, entry(tensor=name, shape=(9, 3))))
        np.testing.assert_array_equal(found.vectors, VECTORS)
        expected = f"{name}: vectors of shape [4, 3], although the config says [9, 3]"
        assert expected in notes


COLORS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (51, 51, 51)]


def sprite(folder: Path, mode="RGB", across=3) -> Path:
    image = Image.new("RGB", (across * 5, 8))
    for i, color in enumerate(COLORS):
        image.paste(
            color, (i % across * 5, i // across * 4, i % across * 5 + 5, i // across * 4 + 4)
        )
    path = folder / "sprite.png"
    image.convert(mode).save(path)
    return path


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_sprite_is_cut_into_the_column_image(tmp_path, mode):
    raw(tmp_path), sprite(tmp_path, mode)
    images = {"imagePath": "a/sprite.png", "singleImageDim": [5, 4]}
    found, _ = opened(config(tmp_path, entry(sprite=images)))
    cells = found.metadata["image"].to_pylist()
    assert [cell["path"] for cell in cells] == [None] * 4
    for cell, color in zip(cells, COLORS, strict=True):
        image = Image.open(io.BytesIO(cell["bytes"]))
        assert image.format == "PNG" and image.size == (5, 4)
        assert image.convert("RGB").getcolors() == [(20, color)]


def test_a_column_called_image_stays_beside_those_of_the_sprite(tmp_path):
    raw(tmp_path), sprite(tmp_path)
    (tmp_path / "meta.tsv").write_text("word\timage\n" + "".join(f"w{i}\tx{i}\n" for i in range(4)))
    images = {"imagePath": "sprite.png", "singleImageDim": [5, 4]}
    found, _ = opened(config(tmp_path, entry(metadataPath="meta.tsv", sprite=images)))
    assert found.metadata.column_names == ["image", "image_2"]
    assert found.metadata["image"].to_pylist() == ["x0", "x1", "x2", "x3"]
    assert found.metadata["image_2"][0]["bytes"].as_py().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ([50, 4], r"sprite\.png: an image of 15 x 8, which is 0 cells of 50 x 4, for 4 vectors"),
        ([0, 4], r"singleImageDim is \[0, 4\]; expected \[width, height\]"),
        (None, "singleImageDim is None"),
    ],
)
def test_a_sprite_that_does_not_fit(tmp_path, size, message):
    raw(tmp_path), sprite(tmp_path)
    images = {"imagePath": "sprite.png", "singleImageDim": size}
    with pytest.raises(EmbeddingError, match=message):
        load(config(tmp_path, entry(sprite=images)))


def test_sprites_missing_and_damaged(tmp_path):
    raw(tmp_path)
    path = config(tmp_path, entry(sprite={"imagePath": "sprite.png", "singleImageDim": [5, 4]}))
    found, notes = opened(path)
    assert found.metadata.column_names == []
    assert notes == ["the sprite sprite.png is missing"]
    content = sprite(tmp_path).read_bytes()
    for damaged in (content[:60], b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        (tmp_path / "sprite.png").write_bytes(damaged)
        with pytest.raises(EmbeddingError, match=r"sprite\.png: damaged or incomplete image"):
            load(path)


def test_an_image_too_large_is_refused_before_memory_is_taken(tmp_path, monkeypatch):
    raw(tmp_path)
    Image.new("1", (4000, 4000)).save(tmp_path / "sprite.png")
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000000")
    images = {"imagePath": "sprite.png", "singleImageDim": [5, 4]}
    with pytest.raises(EmbeddingError, match=r"sprite\.png: its pixels need 64,000,000 bytes"):
        load(config(tmp_path, entry(sprite=images)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"embeddings": [{"tensorPath": "x"', "not JSON"),
        ('{"embeddings": [], "tensorPath": 1}', "no list `embeddings`"),
        ('{"embeddings": {"tensorPath": "x"}}', "no list `embeddings`"),
        ('{"embeddings": [{"tensorPath": 7}]}', r"embeddings\[0\] has no tensorPath"),
        ('{"embeddings": [{"tensorPath": "\\ud800"}]}', "not JSON"),
        ('{"embeddings": [{"tensorPath": "x"}, 3]}', r"embeddings\[1\] has no tensorPath"),
        ('{"embeddings": "tensorPath"' + "[" * 200_000, "not JSON"),
        ('{"embeddings": "tensorPath", "a": ' + "[" * 200_000, "not JSON"),
    ],
)
def test_configs_that_are_none(tmp_path, text, message):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(EmbeddingError, match=rf"config\.json: .*{message}"):
        load(path)


def test_the_real_iris(data):
    folder = data / "emb" / "projector_iris"
    given = [folder / name for name in ("iris_tensors.bytes", "iris_labels.tsv")]
    for companions in ((), given):
        found, notes = opened(folder / "oss_demo_projector_config.json", companions)
        assert found.vectors.shape == (150, 4)
        np.testing.assert_array_equal(found.vectors[0], np.array([5.1, 3.5, 1.4, 0.2], "f4"))
        assert found.provenance.name == "Iris"
        assert found.labels[0] == "Iris-setosa"
        names = ["sepal-length", "sepal-width", "petal-length", "petal-width", "class"]
        assert found.metadata.column_names == names
        lengths = found.metadata["sepal-length"].to_numpy().astype(np.float32)
        np.testing.assert_array_equal(lengths, found.vectors[:, 0])
        assert "took Iris; missing: Word2Vec 10K" in notes[0] and "GNMT Interlingua" in notes[0]


def test_the_real_config_that_points_elsewhere(data):
    with pytest.raises(EmbeddingError, match=r"none of the files .*https?://.* never fetched"):
        load(data / "1_books" / "projector_metadata_sample.json")
