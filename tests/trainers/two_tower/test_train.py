"""Two towers: known structure is recovered; the file alone ranks; same seed, same bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embeddings import EmbeddingError, load, neighbors
from trainers.core.devices import start
from trainers.data.pairs.pairs import number_pairs
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import read, read_features
from trainers.two_tower.train import PairsTask, run
from trainers.two_tower.train import train as train_pairs


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, "batch_size": 32, **changes}
    return TwoTowerConfig(out=tmp_path / "out.embedding.parquet", **changes)


@pytest.fixture(autouse=True)
def work_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def train(pairs, settings):
    return train_pairs(pairs, read_features(pairs, settings), settings, start(settings))[0]


def checkerboard(users=12, items=12):
    """Users like the items of their own half; user u's pair with item u is held out."""
    pairs = [
        (f"user {u}", f"item {i}")
        for u in range(users)
        for i in range(items)
        if u % 2 == i % 2 and u != i
    ]
    return number_pairs(pairs, "board", ("user", "item"), {"name": "board"})


def sides(made):
    role = np.array(made.metadata.column("role").to_pylist())
    return made.vectors[role == "user"], made.vectors[role == "item"]


def scores(made):
    """Return the similarity of every user and item, by the metric of the file."""
    left, right = sides(made)
    if made.provenance.metric == "cosine":
        left = left / np.linalg.norm(left, axis=1, keepdims=True)
        right = right / np.linalg.norm(right, axis=1, keepdims=True)
    return left @ right.T


@pytest.mark.parametrize("loss", ["softmax", "bce", "mse", "bpr"])
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_the_held_out_item_of_a_checkerboard_is_ranked_first(loss, similarity):
    pairs = checkerboard()
    made = train(pairs, config(loss=loss, similarity=similarity, validation_fraction=0, dim=8,
                               epochs=20, learning_rate=0.02))  # fmt: skip
    near = scores(made)
    near[pairs.rows[:, 0], pairs.rows[:, 1]] = -np.inf
    first = [pairs.right.labels[item] for item in near.argmax(axis=1)]
    assert first == [label.replace("user", "item") for label in pairs.left.labels]
    assert made.provenance.metric == similarity and made.dimensions == 8


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


def test_the_file_holds_both_towers_and_their_provenance(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text("reader,page\nann,home\nann,news\nbob,home\n")
    settings = config(tmp_path, data=path, max_steps=5, dim=6, validation_fraction=0)
    metrics = run(settings)
    made = load(settings.out)
    assert made.labels == ("ann", "bob", "home", "news") and made.dimensions == 6
    assert made.metadata.to_pydict() == {
        "role": ["reader", "reader", "page", "page"], "count": [2, 1, 2, 1],
        "known": [["home", "news"], ["home"], None, None],
    }  # fmt: skip
    about = made.provenance
    assert (about.name, about.metric, about.normalized) == ("visits", "dot", False)
    assert (about.role, about.trainer, about.seed) == ("reader and page", "two_tower", 0)
    assert about.config["dim"] == 6 and about.config["batch_size"] == 32
    assert about.source["name"] == "visits.csv" and about.created and about.libraries["torch"]
    assert about.space.startswith("two_tower-")
    assert metrics["items"] == {"reader": 2, "page": 2} and metrics["pairs"] == 3
    assert metrics["steps"] == 5 and metrics["epochs"] == 5 and metrics["judged_on"] is None
    assert metrics["pairs_per_second"] > 0 and metrics["out"] == str(settings.out)


def test_spaces_of_other_settings_or_data_differ():
    pairs = checkerboard()
    spaces = {
        train(data, config(max_steps=1, seed=seed)).provenance.space
        for data in (pairs, replace(pairs, source={"name": "other"}))
        for seed in (0, 1)
    }
    assert len(spaces) == 4


def test_the_final_model_trains_on_all_pairs_for_the_best_number_of_epochs(tmp_path):
    pairs = checkerboard(20, 20)
    made = train(pairs, config(epochs=6, patience=2, validation_fraction=0.2))
    metrics = made.provenance.metrics
    assert metrics["epochs"] == metrics["best_epoch"] <= 6
    assert metrics["steps"] == metrics["epochs"] * 6  # 180 pairs, all of them, 32 a step
    assert metrics["judged_on"] == "validation" and metrics["judged_pairs"] == 36
    assert set(metrics["baselines"]) == {"popularity", "item_knn", "svd", "ease"}
    assert (tmp_path / "out.run" / "refit" / "metrics.jsonl").is_file()


@pytest.mark.parametrize("split", ["random", "last", "link"])
def test_a_split_is_evaluated_on_its_test_set_without_a_refit(tmp_path, split):
    made = train(checkerboard(20, 20), config(split=split, epochs=30, learning_rate=0.02))
    metrics = made.provenance.metrics
    assert metrics["judged_on"] == "test" and metrics["judged_pairs"] == 20
    assert metrics["hit@10"] >= 0.9 and metrics["recall@10"] == metrics["hit@10"]  # one each
    assert not (tmp_path / "out.run" / "refit").exists()


def test_max_steps_stops_within_an_epoch():
    settings = config(max_steps=7, batch_size=200, validation_fraction=0)
    metrics = train(checkerboard(40, 40), settings).provenance.metrics
    assert metrics["steps"] == 7 and metrics["epochs"] == 2  # 4 steps an epoch


def test_heavy_pairs_weigh_more():
    """All users have one item in common; a small weight on it lowers its scores."""
    pairs = [(f"u{u}", f"i{i}") for u in range(8) for i in (0, 1 + u % 2)]
    weight = [0.01 if right == "i0" else 1.0 for _, right in pairs]
    settings = config(loss="bce", negatives=2, validation_fraction=0, epochs=60, learning_rate=0.02)
    light, even = (
        train(number_pairs(pairs, "w", ("user", "item"), {"name": "w"}, weight=weights), settings)
        for weights in (weight, None)
    )
    assert (scores(light)[:, 0] < scores(even)[:, 0]).all()


def test_features_alone_embed_items_without_pairs(tmp_path):
    """Each user likes one kind of item; two items of the metadata are in no pair."""
    lines = [f"u{u},i{i}" for u in range(12) for i in range(12) if u % 2 == i % 2]
    (tmp_path / "pairs.csv").write_text("user,item\n" + "\n".join(lines) + "\n")
    table = [f"i{i},{'odd' if i % 2 else 'even'}|thing" for i in range(14)]
    (tmp_path / "items.csv").write_text("item,kind\n" + "\n".join(table) + "\n")
    settings = config(
        data=tmp_path / "pairs.csv", right_metadata=tmp_path / "items.csv", right_features="kind",
        right_ids=False, validation_fraction=0, epochs=40, learning_rate=0.02, tower="network",
    )  # fmt: skip
    pairs = read(settings)
    assert len(pairs.right) == 14 and any("2 items of items.csv" in n for n in pairs.notes)
    near = scores(train(pairs, settings))
    new = [pairs.right.labels.index("i12"), pairs.right.labels.index("i13")]
    for user, line in zip(pairs.left.labels, near, strict=True):
        assert line[new].argmax() == int(user[1:]) % 2


def test_a_side_needs_ids_or_features():
    settings = config(right_ids=False)
    with pytest.raises(EmbeddingError, match="--no-right-ids needs features"):
        read_features(checkerboard(), settings)


def test_all_pairs_known_is_an_error_where_negatives_are_drawn():
    pairs = [(f"u{a}", f"i{b}") for a in range(3) for b in range(3)]
    full = number_pairs(pairs, "full", ("user", "item"), {"name": "full"})
    with pytest.raises(EmbeddingError, match="all 3 x 3 possible pairs"):
        train(full, config(loss="bce", validation_fraction=0))


def test_negatives_of_bpr_have_their_pairs_left_item():
    pairs = checkerboard()
    rows = np.arange(len(pairs))
    task = PairsTask(pairs, rows, rows[:0], (None, None), config(loss="bpr", negatives=3))
    batch = task.batch(1, 0)
    assert batch["negatives"].shape == (32, 3, 2)
    assert (batch["negatives"][:, :, 0] == batch["pairs"][:, :1]).all()
    assert not task.sampler.is_known(batch["negatives"].flatten(end_dim=1)).any()


def test_an_epoch_has_every_pair_once():
    pairs = checkerboard()
    rows = np.arange(len(pairs))
    task = PairsTask(pairs, rows, rows[:0], (None, None), config())
    for epoch in (0, 1):
        seen = torch.cat([task.batch(epoch, step)["pairs"] for step in range(2)])
        assert len(seen) == 60 and len(torch.unique(seen, dim=0)) == 60
    assert not torch.equal(task.batch(0, 0)["pairs"], task.batch(1, 0)["pairs"])


def test_animorphs_are_each_others_neighbors(tmp_path, data):
    settings = TwoTowerConfig(out=tmp_path / "b.embedding.parquet", quiet=True, device="cpu",
                           threads=1, min_count=4,
                           data=data / "1_books" / "p15_books.ndjson")  # fmt: skip
    metrics = run(settings)
    assert metrics["recall@10"] > 2 * metrics["baselines"]["popularity"]["recall@10"]
    made = load(settings.out)
    row = made.labels.index("The Solution (novel)")
    role = made.metadata.column("role").to_pylist()
    author = made.metadata.column("author").to_pylist()
    rows = [r for r in neighbors.query(made, row, k=200).rows if role[r] == "book"][:10]
    assert sum(author[r] == "K. A. Applegate" for r in rows) >= 9
    near = {made.labels[r] for r in rows}
    wanted = {f"The {name} (novel)" for name in ("Discovery", "Threat", "Reaction", "Separation")}
    assert len(near & wanted) >= 3
