"""Transfer: training on the feed helps with ads; frozen rows stay fixed; only ads are ranked."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from embeddings import load
from trainers.commands.recommend import left_row, recommend
from trainers.core.devices import start
from trainers.core.fit import fit
from trainers.transfer.config import TransferConfig
from trainers.transfer.data import Surfaces, read
from trainers.transfer.output import surface_embeddings
from trainers.transfer.synthetic import synthetic_ads
from trainers.transfer.train import ads_task, catalogue_metrics, popularity, run, train, train_feed


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return TransferConfig(out=tmp_path / "out.embedding.parquet", **changes)


@pytest.fixture(autouse=True)
def work_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def synthetic(**sizes) -> Surfaces:
    pairs, ad = synthetic_ads(**{"users": 300, "items": 240, "ads": 48, "read": 30, "clicked": 4,
                               **sizes})  # fmt: skip
    return Surfaces(pairs, np.flatnonzero(~ad), np.flatnonzero(ad))


def by_way(metrics, percent, metric="ndcg@10"):
    return {row["way"]: row[metric] for row in metrics["transfer"] if row["percent"] == percent}


def test_the_warm_start_wins_with_few_clicks_and_does_not_lose_with_all(tmp_path):
    settings = config(shares="10,100", dim=20)
    made, _ = train(synthetic(), settings, start(settings))
    metrics = made.provenance.metrics
    few, full = by_way(metrics, 10), by_way(metrics, 100)
    assert few["warm start"] > few["from scratch"] + 0.03
    assert full["warm start"] > full["from scratch"]
    assert full["warm start"] > full["popularity"] + 0.03
    assert metrics["written"] in ("frozen", "warm start")
    assert metrics["ndcg@10"] == full[metrics["written"]]
    page = (tmp_path / "out.run" / "transfer.html").read_text()
    assert "warm start" in page and "plotly" in page


@pytest.fixture
def few():
    return synthetic(users=40, items=32, ads=16, read=8, clicked=3)


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_frozen_rows_stay_fixed_and_warm_ones_move_at_their_rate(few, rate):
    settings = config(dim=6, epochs=2, validation_fraction=0)
    learned, _, _ = train_feed(few, settings, start(settings), {})
    task = ads_task(few, few.ads, settings, learned, rate)
    before = task.module.right.all_vectors().detach().clone()
    users = task.module.left.all_vectors().detach().clone()
    np.testing.assert_array_equal(before.numpy(), learned.state["right.own.weight"].numpy())
    fit(task, settings, start(settings), {}, stage="one", epochs=1)
    moved = (task.module.right.all_vectors().detach() - before).abs().amax(dim=1)
    users_moved = (task.module.left.all_vectors().detach() - users).abs().amax(dim=1)
    assert (moved[few.catalogue] > 0).all()
    assert (moved[~np.isin(np.arange(len(moved)), few.catalogue)] == 0).all()  # not in a batch
    if rate == 0:
        assert (users_moved == 0).all()
    else:
        with_click = np.unique(few.pairs.rows[few.ads, 0])
        assert (users_moved[with_click] > 0).all()
        assert users_moved.max() < moved[few.catalogue].max() / 3


def test_an_item_on_both_surfaces_is_one_row_that_stays_frozen(tmp_path):
    feed = "".join(f"u{u},i{i},feed\n" for u in range(8) for i in range(6) if (u + i) % 2)
    ads = "".join(f"u{u},i{4 + i},AD\n" for u in range(9) for i in range(4) if (u + i) % 2)
    path = tmp_path / "both.csv"
    path.write_text("user,item,surface\n" + feed + ads)
    settings = config(data=path, dim=4, epochs=2, validation_fraction=0)
    data = read(settings)
    labels = data.pairs.right.labels
    assert sorted(labels) == [f"i{n}" for n in range(8)]
    assert sorted(labels[n] for n in data.catalogue) == ["i4", "i5", "i6", "i7"]
    assert len(set(data.organic) & set(data.ads)) == 8  # clicked on both: i4 and i5, 4 users each
    learned, _, _ = train_feed(data, settings, start(settings), {})
    assert [label for label, known in zip(labels, learned.right, strict=True) if known] == [
        label for label in labels if label < "i6"
    ]
    task = ads_task(data, data.ads, settings, learned, 0.0)
    before = task.module.right.all_vectors().detach().clone()
    fit(task, settings, start(settings), {}, stage="one", epochs=1)
    moved = (task.module.right.all_vectors().detach() - before).abs().amax(dim=1) > 0
    assert {label for label, has in zip(labels, moved, strict=True) if has} == {"i6", "i7"}


def test_tokens_seen_in_the_feed_stay_frozen(tmp_path):
    (tmp_path / "feed.csv").write_text("user,item\na,x\na,y\nb,x\nb,y\nb,z\n")
    (tmp_path / "ads.csv").write_text("user,item\na,p\nb,q\n")
    (tmp_path / "items.csv").write_text("item,topic\nx,art\ny,art\nz,bread\np,art\nq,chess\n")
    settings = config(data=tmp_path / "feed.csv", ads=tmp_path / "ads.csv", dim=4, epochs=2,
                   items=tmp_path / "items.csv", features="topic")  # fmt: skip
    data = read(settings)
    learned, _, _ = train_feed(data, settings, start(settings), {})
    assert dict(zip(data.features.vocabulary, learned.tokens, strict=True)) == {
        "topic=art": True, "topic=bread": True, "topic=chess": False,
    }  # fmt: skip
    task = ads_task(data, data.ads, settings, learned, 0.0)
    before = task.module.right.words.weight.detach().clone()
    fit(task, settings, start(settings), {}, stage="one", epochs=1)
    moved = (task.module.right.words.weight.detach() - before).abs().amax(dim=1) > 0
    assert moved.tolist() == [False, False, True]


def test_all_ways_start_alike_for_items_not_in_the_feed(few):
    settings = config(dim=6, epochs=1)
    learned, _, _ = train_feed(few, settings, start(settings), {})
    scratch, warm = (ads_task(few, few.ads, settings, first, 0.1) for first in (None, learned))
    for task in (scratch, warm):
        assert task.module.right.all_vectors().abs().sum() > 0
    torch.testing.assert_close(
        scratch.module.right.all_vectors()[few.catalogue],
        warm.module.right.all_vectors()[few.catalogue],
    )


def test_only_ads_are_ranked():
    """An item of the feed has the highest score, which does not count."""
    catalogue = np.array([1, 3, 4])
    scores = np.array([[9, 0.1, 9, 0.3, 0.2], [9, 0.5, 9, 0.4, 0.6]])
    held_out, known = np.array([[0, 4], [1, 3]]), np.array([[0, 3], [0, 0], [1, 2]])
    found = catalogue_metrics(lambda lefts: scores[lefts][:, catalogue], held_out, known, catalogue)
    gains = [1 / np.log2(2), 1 / np.log2(4)]  # user 0: 3 is known, so 4 is first; user 1: third
    assert found["ndcg@10"] == pytest.approx(np.mean(gains))
    assert found["mrr"] == pytest.approx(np.mean([1, 1 / 3]))


def test_popularity_counts_only_the_clicks_it_is_passed(few):
    part, test = few.ads[:10], few.ads[-5:]
    counts = np.bincount(few.pairs.rows[part, 1], minlength=few.pairs.shape[1])
    found = popularity(few, 10, part, test, few.ads[:-5])
    assert found.clicks == 10
    gains = []
    for user, ad in few.pairs.rows[test]:
        own = {item for u, item in few.pairs.rows[few.ads[:-5]] if u == user}
        order = [item for item in sorted(few.catalogue, key=lambda n: (-counts[n], n))
                 if item not in own]  # fmt: skip
        gains.append((user, order.index(ad)))
    users = {user for user, _ in gains}
    first = [1 / (1 + min(rank for u, rank in gains if u == user)) for user in users]
    assert found.metrics["mrr"] == pytest.approx(np.mean(first))


def test_two_tables_give_one_file_of_users_items_and_ads(tmp_path):
    feed = "".join(f"u{u},i{i}\n" for u in range(12) for i in range(9) if (u + i) % 3)
    ads = "".join(f"u{u},a{i}\n" for u in range(12) for i in range(6) if (u + i) % 2)
    (tmp_path / "feed.csv").write_text("reader,page\n" + feed)
    (tmp_path / "ads.csv").write_text("reader,page\n" + ads)
    settings = config(tmp_path, data=tmp_path / "feed.csv", ads=tmp_path / "ads.csv", dim=5,
                   shares="50,100", max_steps=4)  # fmt: skip
    metrics = run(settings)
    made = load(settings.out)
    roles = made.metadata["role"].to_pylist()
    assert [roles.count(role) for role in ("reader", "page", "ad")] == [12, 9, 6]
    assert made.dimensions == 5 and made.provenance.role == "reader, page, ad"
    assert made.provenance.trainer == "transfer" and metrics["steps"] == 4
    assert [row["clicks"] for row in metrics["transfer"]] == [14] * 4 + [29] * 4
    assert metrics["ads"] == {"clicks": 36, "ads": 6, "test": 7}
    found = recommend(made, left_row(made, "u3"), k=3)
    assert len(found.rows) == 3


def test_a_model_from_scratch_writes_no_items_of_the_feed(few):
    settings = config(dim=6, epochs=1)
    task = ads_task(few, few.ads, settings, None, 1.0)
    recorded = {"similarity": settings.two_tower.similarity, "seed": 0}
    left, right = task.module.vectors()
    made = surface_embeddings(few, left, right, "from scratch", recorded, {})
    assert set(made.metadata["role"].to_pylist()) == {"user", "ad"}


def test_the_open_bandit_format_is_read_and_learned(data, tmp_path):
    """42 clicks in 10,000 impressions are enough to test reading, not accuracy."""
    folder = data / "8_ads"
    source = folder / "obd_bts_all.csv.gz"
    with gzip.open(source, "rt") as file:
        columns, *lines = [line.rstrip("\n").split(",") for line in file]
    place = {name: number for number, name in enumerate(columns)}
    users = [" ".join(line[place[f"user_feature_{n}"]] for n in range(4)) for line in lines]
    clicks = {(user, line[place["item_id"]]) for user, line in zip(users, lines, strict=True)
              if line[place["click"]] == "1"}  # fmt: skip
    feed = tmp_path / "feed.csv"
    known = sorted(set(users))[:60]
    feed.write_text("user,item\n" + "".join(f"{user},page {n % 7}\n" for n, user in
                                             enumerate(known * 3)))  # fmt: skip
    settings = config(tmp_path, data=feed, ads=source, items=folder / "obd_all_item_context.csv",
                   features="item_feature_1,item_feature_2", dim=6, max_steps=3,
                   shares="100")  # fmt: skip
    surfaces = read(settings)
    left, right = surfaces.pairs.left.labels, surfaces.pairs.right.labels
    assert {(left[u], right[i]) for u, i in surfaces.pairs.rows[surfaces.ads]} == clicks
    assert any("42 clicks of 10,000 impressions" in note for note in surfaces.pairs.notes)
    assert len(surfaces.pairs.right.columns) == 4 and pa.types.is_floating(
        surfaces.pairs.right.columns["item_feature_0"].type
    )
    assert run(settings)["ads"]["clicks"] == len(clicks)
