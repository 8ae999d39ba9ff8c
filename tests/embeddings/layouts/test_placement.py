"""New vectors are placed by the nearest items, or by the projection, and nothing else moves."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import entr

from embeddings import EmbeddingError, EmbeddingSet, gallery, layouts, neighbors
from embeddings.layouts import Layout, LayoutSpec, TsneParams, placement
from embeddings.layouts.placement import (
    BY_NEIGHBORS,
    BY_PROJECTION,
    NEIGHBORS,
    PERPLEXITY,
    nearest_items,
    place,
)
from embeddings.progress import NullProgress

RANDOM = np.random.default_rng(0)
METRICS = ["cosine", "dot", "euclidean", "manhattan"]


def random_set(rows: int = 60, dimensions: int = 6, metric: str = "euclidean") -> EmbeddingSet:
    vectors = RANDOM.normal(size=(rows, dimensions)).astype(np.float32)
    return EmbeddingSet.of(vectors, metric=metric)


def random_layout(rows: int, dims: int = 2) -> Layout:
    coordinates = RANDOM.normal(size=(rows, dims)).astype(np.float32)
    coordinates.setflags(write=False)
    return Layout(coordinates, "tsne")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dims", [2, 3])
def test_a_vector_that_equals_an_item_lands_on_it_and_the_layout_stays(
    metric: str, dims: int
) -> None:
    embedding_set = random_set(metric=metric)
    layout = random_layout(len(embedding_set), dims)
    before = layout.coordinates.copy()
    scale = 3.7 if metric in ("cosine", "dot") else 1.0  # the direction alone counts
    placed = place(embedding_set, layout, scale * embedding_set.vectors[[41, 7]])
    np.testing.assert_array_equal(placed.coordinates, layout.coordinates[[41, 7]])
    assert placed.how == BY_NEIGHBORS and placed.coordinates.dtype == np.float32
    np.testing.assert_array_equal(layout.coordinates, before)


def test_of_equal_items_it_lands_on_the_first() -> None:
    vectors = random_set().vectors.copy()
    vectors[[20, 50]] = vectors[9]
    embedding_set, layout = EmbeddingSet.of(vectors, metric="euclidean"), random_layout(60)
    placed = place(embedding_set, layout, vectors[[50]])
    np.testing.assert_array_equal(placed.coordinates, layout.coordinates[[9]])


@pytest.mark.parametrize("metric", METRICS)
def test_weights_are_the_affinities_of_t_sne(metric: str) -> None:
    """Beside a root finder that computes the width of one kernel at a time."""
    embedding_set, new = random_set(metric=metric), RANDOM.normal(size=(5, 6)).astype(np.float32)
    nearest = nearest_items(embedding_set, new)
    by = layouts.layout_metric(embedding_set)
    expected = neighbors.query_vectors(embedding_set, new, NEIGHBORS, by)
    np.testing.assert_array_equal(nearest.rows, expected.rows)
    for values, weights in zip(expected.values, nearest.weights, strict=True):
        squares = 2 - 2 * values if by == "cosine" else values**2

        def affinities(precision: float, squares: np.ndarray = squares) -> np.ndarray:
            unscaled = np.exp(-precision * (squares - squares[0]))
            return unscaled / unscaled.sum()

        def excess(logarithm: float, affinities=affinities) -> float:  # type: ignore[no-untyped-def]
            found = affinities(np.exp(logarithm))
            return float(np.exp(entr(found).sum()) - PERPLEXITY)

        logarithm = brentq(excess, -5, 4, xtol=1e-12)
        np.testing.assert_allclose(weights, affinities(np.exp(logarithm)), atol=1e-9)
        assert np.exp(entr(weights).sum()) == pytest.approx(PERPLEXITY)


def test_positions_are_weighted_means() -> None:
    embedding_set, layout = random_set(), random_layout(60)
    new = RANDOM.normal(size=(3, 6)).astype(np.float32)
    nearest = nearest_items(embedding_set, new)
    expected = [
        sum(weight * layout.coordinates[row] for row, weight in zip(rows, weights, strict=True))
        for rows, weights in zip(nearest.rows, nearest.weights, strict=True)
    ]
    placed = place(embedding_set, layout, new)
    np.testing.assert_allclose(placed.coordinates, expected, atol=1e-6)


def test_the_search_reports_how_far_it_is_and_blocks_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embedding_set, new = random_set(), RANDOM.normal(size=(5, 6)).astype(np.float32)
    whole = nearest_items(embedding_set, new)
    monkeypatch.setattr(placement, "_BLOCK_PRODUCTS", 2 * embedding_set.vectors.size)
    fractions: list[float | None] = []
    found = nearest_items(embedding_set, new, Reported(fractions))
    assert fractions == [0, 0.4, 0.8]
    np.testing.assert_array_equal(found.rows, whole.rows)
    np.testing.assert_array_equal(found.weights, whole.weights)


class Reported(NullProgress):
    """Collects the fractions that are reported."""

    def __init__(self, fractions: list[float | None]) -> None:
        self.fractions = fractions

    def __call__(self, phase: str, fraction: float | None = None, note: str = "") -> None:
        self.fractions.append(fraction)


@pytest.mark.parametrize("rows", [3, 4, 6])
def test_few_items_are_enough(rows: int) -> None:
    embedding_set, layout = random_set(rows), random_layout(rows)
    nearest = nearest_items(embedding_set, RANDOM.normal(size=(4, 6)))
    assert nearest.rows.shape == (4, rows)
    np.testing.assert_allclose(nearest.weights.sum(axis=1), 1)
    assert (np.diff(nearest.weights) <= 0).all()
    assert place(embedding_set, layout, np.empty((0, 6))).coordinates.shape == (0, 2)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dims", [2, 3])
def test_a_pca_projects_new_vectors_as_it_does_all(metric: str, dims: int) -> None:
    shift = np.array([50, 0, 0, 0, -20, 0]) if metric in ("euclidean", "manhattan") else 0.0
    vectors = (RANDOM.normal(size=(80, 6)) * [3, 2, 1.5, 1, 1, 1] + shift).astype(np.float32)
    embedding_set = EmbeddingSet.of(vectors, metric=metric)
    layout = layouts.compute(embedding_set, LayoutSpec("pca", dims), with_quality=False)
    new = (RANDOM.normal(size=(9, 6)) + shift).astype(np.float32)
    points = vectors.astype(np.float64)
    added = new.astype(np.float64)
    if layouts.layout_metric(embedding_set) == "cosine":
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
        added = added / np.linalg.norm(added, axis=1, keepdims=True)
    mean = points.mean(axis=0)
    directions = np.linalg.lstsq(points - mean, layout.coordinates, rcond=None)[0]
    placed = place(embedding_set, layout, new)
    assert placed.how == BY_PROJECTION
    np.testing.assert_allclose(placed.coordinates, (added - mean) @ directions, atol=1e-4)
    every = place(embedding_set, layout, vectors).coordinates
    np.testing.assert_allclose(every, layout.coordinates, atol=1e-4)


def test_a_rotated_pca_is_still_a_projection() -> None:
    embedding_set = random_set()
    made = layouts.compute(embedding_set, LayoutSpec("pca"), with_quality=False)
    rotation, _ = np.linalg.qr(RANDOM.normal(size=(2, 2)))
    turned = Layout((made.coordinates @ rotation + [1, 2]).astype(np.float32), "pca")
    placed = place(embedding_set, turned, embedding_set.vectors)
    assert placed.how == BY_PROJECTION
    np.testing.assert_allclose(placed.coordinates, turned.coordinates, atol=1e-5)


def test_a_pca_of_fewer_dimensions_than_the_layout_is_one_too() -> None:
    line = np.linspace(-1, 1, 30, dtype=np.float32)[:, None]
    embedding_set = EmbeddingSet.of(line, metric="euclidean")
    layout = layouts.compute(embedding_set, LayoutSpec("pca", 3), with_quality=False)
    placed = place(embedding_set, layout, np.array([[5.0]]))
    assert placed.how == BY_PROJECTION
    np.testing.assert_allclose(placed.coordinates, [[5, 0, 0]], atol=1e-5)


def test_what_is_no_projection_of_all_rows_places_by_neighbors() -> None:
    """Such as the rough PCA, by the directions of a sample, or a file that names another method."""
    embedding_set = random_set(2_000)
    rough = layouts.preview(embedding_set, 2)
    assert rough.method == "pca"
    placed = place(embedding_set, rough, embedding_set.vectors[:3])
    assert placed.how == BY_NEIGHBORS
    np.testing.assert_array_equal(placed.coordinates, rough.coordinates[:3])


def test_digits_held_out_of_a_t_sne_are_placed_where_their_neighbors_are() -> None:
    digits = gallery.open_item("digits")
    shuffled = np.random.default_rng(0).permutation(len(digits))[:700]
    held_out, rest = digits.vectors[shuffled[:100]], digits.vectors[shuffled[100:]]
    embedding_set = EmbeddingSet.of(rest, metric=digits.provenance.metric)
    spec = LayoutSpec("tsne", params=TsneParams(iterations=250))
    layout = layouts.compute(embedding_set, spec, with_quality=False)
    placed = place(embedding_set, layout, held_out)
    random = RANDOM.permutation(layout.coordinates)[:100]
    assert trustworthiness(embedding_set, layout, held_out, placed.coordinates) > 0.95
    assert trustworthiness(embedding_set, layout, held_out, random) < 0.6


def trustworthiness(
    embedding_set: EmbeddingSet,
    layout: Layout,
    vectors: np.ndarray,
    places: np.ndarray,
    k: int = 10,
) -> float:
    """Return the trustworthiness (Venna and Kaski 2001) of places among the items of a layout."""
    count = len(embedding_set)
    order = neighbors.query_vectors(embedding_set, vectors, count).rows
    ranks = np.argsort(order, axis=1) + 1
    gaps = np.linalg.norm(layout.coordinates - places[:, None], axis=2)
    nearest = np.argsort(gaps, axis=1)[:, :k]
    excess = np.maximum(np.take_along_axis(ranks, nearest, axis=1) - k, 0).sum()
    return 1 - 2 * float(excess) / (len(vectors) * k * (2 * count - 3 * k - 1))


def test_a_place_does_not_depend_on_other_new_vectors() -> None:
    embedding_set, layout = random_set(), random_layout(60)
    new = RANDOM.normal(size=(20, 6)).astype(np.float32)
    together = place(embedding_set, layout, new).coordinates
    alone = [place(embedding_set, layout, one[None]).coordinates[0] for one in new]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_array_equal(together, place(embedding_set, layout, new).coordinates)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((2, 5)), r"new vectors of shape \(2, 5\); the set has 6 dimensions"),
        (np.ones(6), r"new vectors of shape \(6,\)"),
        (np.array([[1] * 6, [np.nan] * 6]), "new vector 2 has a number that is not finite"),
        (np.array([[1] * 6, [0] * 6]), "new vector 2 is a zero vector"),
    ],
)
def test_vectors_that_cannot_be_placed_are_refused(vectors: np.ndarray, message: str) -> None:
    embedding_set = random_set(metric="cosine")
    with pytest.raises(EmbeddingError, match=message):
        place(embedding_set, random_layout(60), vectors)


def test_a_layout_of_another_set_is_refused() -> None:
    with pytest.raises(EmbeddingError, match="a layout of 50 items for a set of 60"):
        place(random_set(), random_layout(50), np.ones((1, 6)))
