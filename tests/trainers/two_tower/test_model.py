"""The vectors of the file rank as the model does; its left vectors compare like table rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from trainers.data.pairs.pairs import number_pairs
from trainers.data.pairs.side_tables import feature_bags
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.model import as_table_rows, initial_model


def config(**changes):
    return TwoTowerConfig(out=Path("out.embedding.parquet"), device="cpu", threads=1, **changes)


def checkerboard():
    """Users like the items of their own half, except the item with their number."""
    pairs = [(f"user {u}", f"item {i}") for u in range(12) for i in range(12)
             if u % 2 == i % 2 and u != i]  # fmt: skip
    return number_pairs(pairs, "board", ("user", "item"), {"name": "board"})


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_the_files_vectors_alone_rank_as_the_model_does(similarity):
    pairs, settings = checkerboard(), config(similarity=similarity)
    model = initial_model(pairs, (None, None), settings)
    if similarity == "dot":
        torch.nn.init.normal_(model.right_bias.weight)
    left, right = model.vectors()
    numbers = torch.arange(12)
    with torch.no_grad():
        near, far = model.left(numbers), model.right(numbers)
        square = model.all_scores(near, far, numbers).numpy()
        rows = model.paired_scores(near, far, numbers).numpy()
    scale = square[:, :1] / (left @ right[0])[:, None]  # one number for each left item
    assert (scale > 0).all()
    np.testing.assert_allclose(left @ right.T * scale, square, atol=1e-4)
    np.testing.assert_allclose(rows, np.diag(square), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(left, axis=1), 1, atol=1e-6)
    assert np.linalg.norm(right, axis=1).max() == pytest.approx(1, abs=1e-6)
    assert left.shape == right.shape == (12, 50)


def test_left_vectors_compare_like_rows_of_the_table():
    rng = np.random.default_rng(0)
    left, right = (rng.normal(size=(n, 4)).astype(np.float32) for n in (9, 7))
    counts = rng.integers(0, 5, size=7)
    near, far = as_table_rows(left, right, counts)
    np.testing.assert_allclose(near @ far.T, left @ right.T, atol=1e-5)
    table = (left @ right.T) * counts / np.linalg.norm(counts)
    np.testing.assert_allclose(near @ near.T, table @ table.T, atol=1e-5)


def test_vectors_of_fewer_items_than_dimensions_preserve_their_products():
    rng = np.random.default_rng(0)
    left, right = (rng.normal(size=(n, 8)).astype(np.float32) for n in (9, 3))
    near, far = as_table_rows(left, right, np.array([3, 0, 1]))
    np.testing.assert_allclose(near @ far.T, left @ right.T, atol=1e-4)


def test_an_item_without_pairs_has_the_vector_of_its_features():
    pairs = checkerboard()
    right = replace(pairs.right, labels=(*pairs.right.labels, "new"),
                    columns={"kind": _kinds([*(i % 2 for i in range(12)), 1])})  # fmt: skip
    pairs = replace(pairs, right=right)
    model = initial_model(pairs, (None, feature_bags(right, ["kind"])[0]), config(similarity="dot"))
    with torch.no_grad():
        new = model.right(torch.tensor([12]))[0]
    assert torch.equal(new, model.right.words.weight[1])


def _kinds(values):
    return pa.array([f"kind {value}" for value in values])
