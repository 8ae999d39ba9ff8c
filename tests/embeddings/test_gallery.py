"""The gallery opens, and its commands make the same content again."""

import io
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
from sklearn.datasets import load_digits

from embeddings import EmbeddingError, gallery, load, neighbors
from embeddings.analysis.contexts import layers_of
from embeddings.gallery import digits


@pytest.mark.parametrize("item", gallery.ITEMS, ids=lambda item: item.name)
def test_every_item_opens_and_has_its_provenance(item):
    opened = gallery.open_item(item.name)
    assert item.command and item.title and item.description.endswith(".")
    assert opened.provenance.name and opened.provenance.role and opened.provenance.source
    assert item.path.stat().st_size < 7_000_000


def test_unknown_name_lists_the_names():
    with pytest.raises(EmbeddingError, match="no gallery item 'cats'; expected one of digits"):
        gallery.open_item("cats")


def test_digits_are_scikit_learns():
    opened, data = gallery.open_item("digits"), load_digits()
    assert opened.provenance.metric == "euclidean"
    np.testing.assert_array_equal(opened.vectors, data.data)
    assert opened.metadata.column("digit").to_pylist() == [str(digit) for digit in data.target]
    assert opened.labels[17] == "7 #17"


def test_digit_images_show_the_pixels():
    images = gallery.open_item("digits").metadata.column("image").to_pylist()
    shown = np.array(PIL.Image.open(io.BytesIO(images[0]["bytes"])))
    assert shown.shape == (32, 32)
    expected = (255 - load_digits().images[0] * 255 / 16).round()
    np.testing.assert_array_equal(shown[::4, ::4], expected)
    np.testing.assert_array_equal(shown[3::4, 3::4], expected)


def test_neighbors_of_digits_are_the_same_digit():
    opened = gallery.open_item("digits")
    own = np.array(opened.metadata.column("digit").to_pylist())
    rows = np.array([neighbors.query(opened, row, k=1).rows[0] for row in range(0, 1797, 9)])
    assert (own[rows] == own[::9]).mean() > 0.97


def test_python_modules_match_their_description():
    opened, entry = gallery.open_item("python_modules"), gallery.item("python_modules")
    role = np.array(opened.metadata.column("role").to_pylist())
    count = np.array(opened.metadata.column("count").to_pylist())
    assert opened.dimensions == 50 and opened.provenance.config["min_count"] == 10
    assert count[role == "name"].min() == 10
    numbers = ((role == "module").sum(), (role == "name").sum(), opened.provenance.metrics["pairs"])
    assert all(f"{number:,}" in entry.description for number in numbers)
    assert count[role == "module"].sum() == count[role == "name"].sum() == numbers[2]


def test_similar_modules_are_neighbors():
    opened = gallery.open_item("python_modules")
    own = [i for i, label in enumerate(opened.labels) if label.startswith("sklearn.cluster._")]
    near = neighbors.query(opened, own, k=10).rows
    package = np.array(opened.metadata.column("package").to_pylist())
    assert len(own) >= 8 and (package[near] == "sklearn").mean() > 0.9


def test_the_command_makes_the_digits_again(tmp_path):
    path = tmp_path / "digits.embedding.parquet"
    command = [sys.executable, "-m", "embeddings.gallery", "digits", "--out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    made, stored = load(path), gallery.open_item("digits")
    assert made.fingerprint == stored.fingerprint
    assert made.labels == stored.labels
    assert digits.make().metadata.schema == stored.metadata.schema


def test_every_item_has_a_small_image_of_its_map(tmp_path):
    for item in gallery.ITEMS:
        path = gallery.map_path(item.name)
        assert path.stat().st_size < 15_000, item.name
        with PIL.Image.open(path) as image:
            assert image.size == (360, 240) and "transparency" in image.info


def test_the_command_makes_the_map_of_a_file_again(tmp_path):
    path = gallery.item("flight_levels").path
    command = [sys.executable, "-m", "embeddings.gallery", "maps", str(path), "--out"]
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True)
    made, stored = (
        np.asarray(PIL.Image.open(each).convert("RGBA"))
        for each in (tmp_path / "flight_levels.png", gallery.map_path("flight_levels"))
    )
    np.testing.assert_array_equal(made, stored)


def test_airports_of_the_west_coast_are_neighbors():
    opened = gallery.open_item("flight_levels")
    role = np.array(opened.metadata.column("role").to_pylist())
    dest = np.flatnonzero(role == "dest")
    assert len(opened) - 5 == 154 and "154 levels" in gallery.item("flight_levels").description
    row = opened.labels.index("SEA")
    distances = np.linalg.norm(opened.vectors[dest] - opened.vectors[row], axis=1)
    nearest = {opened.labels[each] for each in dest[np.argsort(distances)[1:6]]}
    assert nearest <= {"LAX", "SJC", "SAN", "SMF", "SNA", "PDX", "SFO", "OAK", "BUR", "LGB"}


def test_words_of_the_documentation_are_near_similar_ones():
    opened, entry = gallery.open_item("documentation_words"), gallery.item("documentation_words")
    near = neighbors.query(opened, opened.labels.index("matrix"), k=10).rows
    assert {"matrices", "diagonal", "sparse"} <= {opened.labels[row] for row in near}
    numbers = (len(opened), opened.provenance.metrics["words"])
    assert all(f"{number:,}" in entry.description for number in numbers)


def test_senses_of_homonyms_separate_above_layer_0():
    layers = layers_of(gallery.open_item("homonyms"))
    assert list(layers.rows) == ["0", "1", "2", "mix"]
    of_the_sense = {}  # fraction of the neighbors with the same word
    for name in layers.rows:
        layer = layers.of(name)
        word, sense = (np.array(layer.metadata[c].to_pylist()) for c in ("word", "sense"))
        near = neighbors.query(layer, np.arange(len(layer)), k=5).rows
        same_word = word[near] == word[:, None]
        of_the_sense[name] = (sense[near] == sense[:, None])[same_word].mean()
    assert of_the_sense["0"] < 0.6
    assert min(of_the_sense[name] for name in ("1", "2", "mix")) > 0.99
