"""The first trainer: planted structure comes out exactly; same seed, same bytes."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from embeddings import EmbeddingError, load, neighbors
from trainers.configs import TwoTowerConfig
from trainers.datasets import number_pairs
from trainers.devices import start
from trainers.two_tower import TwoTower, automatic_batch_size, run
from trainers.two_tower import train as train_pairs


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return TwoTowerConfig(out=tmp_path / "out.embedding.parquet", **changes)


@pytest.fixture(autouse=True)
def runs_lie_in_a_folder_of_the_test(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def train(pairs, given):
    return train_pairs(pairs, given, start(given))


def checkerboard(users=12, items=12):
    """Users like the items of their own half; user u's pair with item u is withheld."""
    pairs = [
        (f"user {u}", f"item {i}")
        for u in range(users)
        for i in range(items)
        if u % 2 == i % 2 and u != i
    ]
    return number_pairs(pairs, "board", ("user", "item"), {"name": "board"}, min_count=1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_withheld_item_of_a_checkerboard_is_ranked_first(seed):
    pairs = checkerboard()
    trained, _ = train(pairs, config(seed=seed, validation_fraction=0, dim=8))
    role = np.array(trained.metadata.column("role").to_pylist())
    vectors = trained.vectors
    items = [label for label, r in zip(trained.labels, role, strict=True) if r == "item"]
    cosine = vectors[role == "user"] @ vectors[role == "item"].T
    known = {(pairs.left.labels[a], pairs.right.labels[b]) for a, b in pairs.rows}
    for user, line in zip(pairs.left.labels, cosine, strict=True):
        ranked = [items[i] for i in np.argsort(-line) if (user, items[i]) not in known]
        assert ranked[0] == user.replace("user", "item")


def test_log_odds_follow_the_formula():
    model = TwoTower(5, 7, 4, torch.Generator().manual_seed(0))
    pairs = torch.tensor([[0, 6], [4, 2]])
    with torch.no_grad():
        found = model(pairs)
        for (left, right), value in zip(pairs, found, strict=True):
            u, v = model.left.weight[left], model.right.weight[right]
            cosine = u @ v / math.sqrt((u @ u) * (v @ v))
            assert value.item() == pytest.approx((5 * cosine - 1).item(), abs=1e-5)
    left, right = model.vectors()
    np.testing.assert_allclose(np.linalg.norm(left, axis=1), 1, atol=1e-6)
    assert left.shape == (5, 4) and right.shape == (7, 4)


def test_loss_falls_below_that_of_guessing():
    trained, _ = train(checkerboard(), config(negatives=1))
    assert trained.provenance.metrics["loss"] < math.log(2) / 2


def test_same_seed_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    path = tmp_path / "pairs.csv"
    path.write_text("user,item\n" + "".join(f"u{i % 9},i{i % 7}\n" for i in range(50)))
    files = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        out = tmp_path / f"{name}.embedding.parquet"
        run(replace(config(data=path, epochs=3, seed=seed), out=out))
        files.append(out.read_bytes())
    assert files[0] == files[1] != files[2]


def test_the_file_holds_both_towers_and_how_they_were_made(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text("reader,page\nann,home\nann,news\nbob,home\n")
    given = config(tmp_path, data=path, max_steps=5, dim=6)
    metrics = run(given)
    made = load(given.out)
    assert made.labels == ("ann", "bob", "home", "news") and made.dimensions == 6
    assert made.metadata.to_pydict() == {
        "role": ["reader", "reader", "page", "page"], "count": [2, 1, 2, 1],
    }  # fmt: skip
    about = made.provenance
    assert (about.name, about.metric, about.normalized) == ("visits", "cosine", True)
    assert (about.role, about.trainer, about.seed) == ("reader and page", "two_tower", 0)
    assert about.config["dim"] == 6 and about.config["batch_size"] == 32
    assert about.source["name"] == "visits.csv" and about.created and about.libraries["torch"]
    assert about.space.startswith("two_tower-")
    assert metrics["items"] == {"reader": 2, "page": 2} and metrics["pairs"] == 3
    assert metrics["steps"] == 5 and metrics["epochs"] == 5 and metrics["recall@10"] is None
    assert metrics["pairs_per_second"] > 0 and metrics["out"] == str(given.out)


def test_spaces_of_other_settings_or_data_differ():
    pairs = checkerboard()
    spaces = {
        train(given, config(max_steps=1, seed=seed))[0].provenance.space
        for given in (pairs, replace(pairs, source={"name": "other"}))
        for seed in (0, 1)
    }
    assert len(spaces) == 4


def test_max_steps_stops_within_an_epoch():
    trained, _ = train(checkerboard(40, 40), config(max_steps=7, batch_size=200))
    metrics = trained.provenance.metrics
    assert metrics["steps"] == 7 and metrics["epochs"] == 2  # 4 steps an epoch


def test_a_step_is_that_of_adam_written_out():
    """One step moves every touched component by the learning rate, against its gradient."""
    model = TwoTower(3, 3, 4, torch.Generator().manual_seed(0))
    before = model.left.weight.detach().clone()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    target = torch.tensor([1.0, 0.0])
    loss = functional.binary_cross_entropy_with_logits(
        model(torch.tensor([[0, 1], [1, 2]])), target
    )
    loss.backward()
    gradient = model.left.weight.grad.clone()
    optimizer.step()
    moved = model.left.weight.detach() - before
    torch.testing.assert_close(moved, -0.01 * gradient.sign(), atol=1e-5, rtol=0)


def test_a_loss_that_is_not_finite_stops_with_a_hint():
    with pytest.raises(EmbeddingError, match=r"the loss is nan .* --learning-rate below 1e"):
        train(checkerboard(), config(learning_rate=1e38))


def test_all_pairs_known_is_an_error():
    pairs = [(f"u{a}", f"i{b}") for a in range(3) for b in range(3)]
    full = number_pairs(pairs, "full", ("user", "item"), {"name": "full"}, min_count=1)
    with pytest.raises(EmbeddingError, match="all 3 x 3 possible pairs"):
        train(full, config())


def test_automatic_batch_size():
    sizes = [automatic_batch_size(pairs) for pairs in (1, 200, 12_000, 400_000, 10_000_000)]
    assert sizes == [32, 32, 128, 4096, 4096]


def test_animorphs_are_each_others_neighbors(tmp_path, data):
    given = config(tmp_path, data=data / "1_books" / "p15_books.ndjson")
    metrics = run(given)
    assert metrics["recall@10"] > 2 * metrics["recall@10 of popularity"]
    made = load(given.out)
    row = made.labels.index("The Solution (novel)")
    role = made.metadata.column("role").to_pylist()
    author = made.metadata.column("author").to_pylist()
    rows = [r for r in neighbors.query(made, row, k=200).rows if role[r] == "book"][:10]
    assert sum(author[r] == "K. A. Applegate" for r in rows) >= 9
    near = {made.labels[r] for r in rows}
    wanted = {f"The {name} (novel)" for name in ("Discovery", "Threat", "Reaction", "Separation")}
    assert len(near & wanted) >= 3
