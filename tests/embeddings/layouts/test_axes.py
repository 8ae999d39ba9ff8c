"""Axes of meaning: how they are read, their coordinates, and what their cache key depends on."""

import datetime

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, layouts, load
from embeddings.cache import Cache
from embeddings.layouts import AxesParams, LayoutSpec
from embeddings.layouts.axes import Component, Direction, columns_read, resolve_axes
from embeddings.layouts.pca import pca
from embeddings.layouts.space import points

LABELS = ["he", "she", "him", "her", "a, b", 'c -> "d"', "pca 1", "king"]


def a_set(metric="euclidean", labels=LABELS, **columns):
    vectors = np.random.default_rng(0).normal(size=(len(labels), 5)).astype(np.float32)
    return EmbeddingSet.of(vectors * np.arange(1, len(labels) + 1)[:, None], labels, columns,
                           metric=metric)  # fmt: skip


def lay_out(embedding_set, *axes, cache=None):
    params = AxesParams(**dict(zip("xyz", axes, strict=False)))
    spec = LayoutSpec("axes", max(2, len(axes)), params)
    return layouts.compute(embedding_set, spec, cache=cache, with_quality=False)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "dot", "manhattan"])
def test_a_direction_is_the_dot_product_with_the_unit_difference(metric):
    embedding_set = a_set(metric)
    vectors = embedding_set.vectors.astype(np.float64)
    if metric in ("cosine", "dot"):
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    difference = (vectors[1] + vectors[3]) / 2 - (vectors[0] + vectors[2]) / 2
    expected = vectors @ (difference / np.linalg.norm(difference))
    found = lay_out(embedding_set, "he, him -> she, her").coordinates[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_component_is_that_of_pca_with_its_variance():
    embedding_set = a_set()
    coordinates, explained = pca(points(embedding_set), 3)
    layout = lay_out(embedding_set, "pca 3", "PCA1", "pca 2")
    np.testing.assert_allclose(layout.coordinates, coordinates[:, [2, 0, 1]], rtol=1e-6)
    assert layout.notes == tuple(
        f"PCA {number} explains {100 * explained[number - 1]:.0f} % of the variance"
        for number in (3, 1, 2)
    )


def test_the_variance_along_a_direction_is_its_fraction_of_the_total():
    embedding_set = a_set("cosine")
    layout = lay_out(embedding_set, "he -> she")
    total = points(embedding_set).var(axis=0, dtype=np.float64).sum()
    fraction = layout.coordinates[:, 0].var() / total
    assert layout.notes[0] == f"he → she explains {100 * fraction:.0f} % of the variance"


def test_a_column_has_the_spread_of_the_other_axis():
    years = np.array([1990, 2001, 2001, 1995, 2010, 2020, 1987, 2000])
    layout = lay_out(a_set(year=years), "year", "pca 1")
    x, y = layout.coordinates.T.astype(np.float64)
    np.testing.assert_allclose(x, (years - years.mean()) / years.std() * y.std(), rtol=1e-5)
    assert layout.notes[1] == "year is scaled to the spread of the other axes"


def test_two_columns_have_unit_spread():
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(day) for day in range(8)]
    layout = lay_out(a_set(day=days, size=list(range(8))), "day", "size")
    np.testing.assert_allclose(layout.coordinates.std(axis=0), [1, 1], rtol=1e-5)
    np.testing.assert_allclose(layout.coordinates[:, 0], layout.coordinates[:, 1], rtol=1e-5)


def test_items_without_a_value_are_below_the_minimum():
    layout = lay_out(
        a_set(year=[5.0, 25.0, None, 5.0, float("nan"), 25.0, 15.0, 15.0]), "year", "pca 1"
    )
    x = layout.coordinates[:, 0]
    assert x[2] == x[4] < x[0] == x[3]
    np.testing.assert_allclose((x[0] - x[2]) / (x[1] - x[0]), 0.05, rtol=1e-4)
    assert layout.notes[-1] == "2 items without year are below its minimum"


def test_a_constant_column_is_a_line():
    assert not lay_out(a_set(year=[7] * 8), "year", "pca 1").coordinates[:, 0].any()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("he -> she", [0], [1]),
        ("he→she", [0], [1]),
        ("him,he -> #3, she", [0, 2], [1, 3]),
        ('"a, b" -> "c -> ""d"""', [4], [5]),
        ('"he" -> "pca 1"', [0], [6]),
        ("group = m -> group=f", [0, 2], [1, 3]),
        ('group = "a, b" -> king, group = f', [4], [1, 3, 7]),
        ("HE -> King", [0], [7]),
    ],
)
def test_groups_are_read(text, start, end):
    embedding_set = a_set(group=["m", "f", "m", "f", "a, b", "", "", ""])
    axis = resolve_axes(embedding_set, AxesParams(x=text), 2)[0]
    assert isinstance(axis, Direction)
    assert (axis.start.tolist(), axis.end.tolist()) == (start, end)
    assert len(axis.ends) == 2


def test_without_an_arrow_a_component_precedes_a_label():
    assert resolve_axes(a_set(), AxesParams(x="pca 1"), 2)[0] == Component(1)
    assert resolve_axes(a_set(**{"pca 1": [1] * 8}), AxesParams(x='"pca 1"'), 2)[0].title == "pca 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("he -> sh", "axis x: no item has the label 'sh'; close to it: she"),
        ("he -> ", "axis x: an empty group"),
        ("he -> she -> him", "axis x: 'he -> she -> him' has 2 arrows"),
        ("he -> he", "both groups have the same centroid"),
        ("pca 0", "axis x: pca 0: expected pca 1 to pca 5"),
        ("pca 6", "axis x: pca 6: expected pca 1 to pca 5"),
        ("year 2", r"axis x: column 'year 2' is unknown; expected .* numbers \(year, empty\)"),
        ("group", r"axis x: column 'group' has no numbers"),
        ("group = z -> he", "axis x: no item has group = z; values: m, f"),
        ("empty", "axis x: column 'empty' has no values"),
    ],
)
def test_mistakes_name_the_axis(text, message):
    columns = {"group": ["m", "f"] * 4, "year": [1] * 8, "empty": np.full(8, np.nan)}
    with pytest.raises(EmbeddingError, match=message):
        lay_out(a_set(**columns), text)


def test_the_columns_that_axes_read_are_listed():
    embedding_set = a_set(year=[1] * 8, group=["m", "f"] * 4, other=[2] * 8)
    params = AxesParams("year", "group = m -> group = f", "pca 1")
    assert columns_read(embedding_set, params, 3) == ["year", "group"]
    assert columns_read(embedding_set, params, 2) == ["year", "group"]
    assert columns_read(embedding_set, AxesParams(), 3) == []


@pytest.mark.parametrize(
    ("axes", "changed"),
    [
        (("he -> she",), {"labels": [LABELS[1], LABELS[0], *LABELS[2:]]}),
        (("g = 1 -> g = 2",), {"g": [2, 1, 1, 1, 2, 2, 2, 2]}),
        (("g",), {"g": [2, 1, 1, 1, 2, 2, 2, 2]}),
    ],
)
def test_other_labels_or_columns_are_another_layout(tmp_path, axes, changed):
    cache = Cache(tmp_path)
    first = a_set(g=[1, 1, 1, 1, 2, 2, 2, 2])
    other = a_set(**{"g": [1, 1, 1, 1, 2, 2, 2, 2], **changed})
    assert first.fingerprint == other.fingerprint
    before = lay_out(first, *axes, cache=cache).coordinates
    assert (lay_out(other, *axes, cache=cache).coordinates != before).any()
    np.testing.assert_array_equal(lay_out(first, *axes, cache=cache).coordinates, before)


def test_other_axes_are_another_layout():
    embedding_set = a_set(a=[1] * 8, b=[1] * 8)
    specs = [
        LayoutSpec("axes", dims, AxesParams(x, y))
        for dims, x, y in (
            (2, "pca 1", "pca 2"), (2, "pca 2", "pca 1"), (3, "pca 1", "pca 2"),
            (2, "he -> she", "pca 2"), (2, "she -> he", "pca 2"), (2, "he -> she, her", "pca 2"),
            (2, "a", "pca 2"),
        )
    ]  # fmt: skip
    assert len({spec.cache_key(embedding_set) for spec in specs}) == len(specs)


def test_the_defaults_suit_any_set():
    one = EmbeddingSet.of(np.arange(4.0).reshape(4, 1), metric="euclidean")
    assert not lay_out(one, "pca 1", "pca 2", "pca 3").coordinates[:, 1:].any()


def test_from_man_to_woman_each_she_word_is_beyond_its_he_word(data):
    folder = data / "emb" / "glove"
    glove = load(folder / "glove_6B_50d_top10k.npy", [folder / "glove_6B_50d_top10k_labels.tsv"])
    along = lay_out(glove, "man -> woman").coordinates[:, 0]
    row = {label: i for i, label in enumerate(glove.labels)}
    for he, she in (("he", "she"), ("him", "her"), ("his", "hers"), ("king", "queen"),
                    ("father", "mother"), ("son", "daughter"), ("actor", "actress"),
                    ("uncle", "aunt"), ("husband", "wife"), ("boy", "girl")):  # fmt: skip
        if he in row and she in row:
            assert along[row[she]] > along[row[he]], (he, she)
