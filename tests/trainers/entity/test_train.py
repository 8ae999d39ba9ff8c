"""Entity embeddings: known effects of levels are recovered, unknown levels have vectors."""

import numpy as np
import pandas as pd
import pytest
import torch

from embeddings import load
from embeddings.errors import EmbeddingError
from embeddings.features import MISSING, UNKNOWN, EmbeddingEncoder
from trainers.__main__ import main
from trainers.entity.config import EntityConfig
from trainers.entity.data import width
from trainers.entity.output import concatenated
from trainers.entity.train import EntityFit, EntityTask

SHOPS = 30


def shop_sales(rows: int = 3000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Shops of three kinds sell 0, 10 or 20; weekends add 3; a price of 10 more subtracts 2."""
    rng = np.random.default_rng(seed)
    shop = rng.integers(SHOPS, size=rows)
    day = rng.integers(7, size=rows)
    price = rng.normal(50, 10, size=rows)
    sold = shop % 3 * 10 + (day >= 5) * 3 - 2 * (price - 50) / 10 + rng.normal(0, 0.3, size=rows)
    table = pd.DataFrame({"shop": [f"s{i}" for i in shop], "day": day, "price": price})
    return table, sold


def config(tmp_path, **settings) -> EntityConfig:
    out = tmp_path / "levels.embedding.parquet"
    return EntityConfig(out=out, epochs=15, device="cpu", quiet=True, **settings)


def test_known_effects_are_recovered(tmp_path):
    table, sold = shop_sales(6000)
    sets = EntityFit(("shop", "day"), "regression", config(tmp_path))(table, sold)
    shops = sets["shop"]
    kinds = np.array([int(label[1:]) % 3 for label in shops.labels[1:]])
    vectors = shops.vectors[1:]
    distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :9]  # of 9 others of the same kind
    assert (kinds[nearest] == kinds[:, None]).all()
    assert sets["day"].labels == (UNKNOWN, "0", "1", "2", "3", "4", "5", "6")
    days = sets["day"].vectors[1:]
    between = np.linalg.norm(days[:5].mean(0) - days[5:].mean(0))
    assert between > 3 * max(days[:5].std(axis=0).max(), days[5:].std(axis=0).max())


def test_the_unknown_level_is_between_the_classes(tmp_path):
    table, sold = shop_sales()
    target = np.array(["few", "many"], dtype=object)[(sold > 10).astype(int)]
    sets = EntityFit(("shop",), "classification", config(tmp_path, unknown_rate=0.1))(table, target)
    shops = sets["shop"]
    kinds = np.array([int(label[1:]) % 3 for label in shops.labels[1:]])
    low, high = (shops.vectors[1:][kinds == kind].mean(axis=0) for kind in (0, 2))
    along = (shops.vectors[0] - low) @ (high - low) / ((high - low) @ (high - low))
    assert 0.1 < along < 0.9


def test_an_encoder_is_trained_in_each_fit(tmp_path):
    table, sold = shop_sales(1000)
    learn = EntityFit(("shop", "day"), "regression", config(tmp_path, max_steps=5))
    encoder = EmbeddingEncoder(fit_with=learn, columns=("shop", "day")).fit(table, sold)
    table.loc[0, "shop"] = "a new shop"
    made = encoder.transform(table)
    assert made.shape == (1000, width(SHOPS, "half", 50) + width(7, "half", 50))
    np.testing.assert_array_equal(made[0, :15], encoder.embedding_["shop"].vectors[0])
    with pytest.raises(EmbeddingError, match="ndarray as table; give a pandas DataFrame"):
        learn(table.to_numpy(), sold)


def test_a_batch_depends_on_its_epoch_and_step_alone(tmp_path):
    table, sold = shop_sales(500)
    task, other = (EntityTask(table, sold, ("shop",), "regression", config(tmp_path)) for _ in "ab")
    task.batch(0, 0)
    task.batch(1, 2)
    for name, tensor in other.batch(0, 1).items():
        assert torch.equal(tensor, task.batch(0, 1)[name])
    seen = torch.cat([task.batch(3, step)["target"] for step in range(task.steps_per_epoch)])
    assert torch.equal(seen.sort().values, task.train_rows["target"].sort().values)


def test_files(tmp_path, capsys):
    table, sold = shop_sales(600)
    table.loc[::9, "shop"] = None
    table.assign(sold=sold).to_csv(tmp_path / "shops.csv", index=False)
    out = tmp_path / "shops.embedding.parquet"
    assert main(["entity", "--data", str(tmp_path / "shops.csv"), "--out", str(out), "--quiet",
                 "--max-steps", "20", "--device", "cpu"]) == 0  # fmt: skip
    both, shops, days = (load(tmp_path / f"shops{part}.embedding.parquet")
                         for part in ("", ".shop", ".day"))  # fmt: skip
    assert both.labels == shops.labels + days.labels and MISSING in shops.labels
    assert both.metadata["role"].to_pylist() == ["shop"] * len(shops) + ["day"] * len(days)
    assert both.metadata.column_names == ["role", "count", "mean sold"]
    assert both.metadata["count"].to_pylist()[1] == len(range(0, 600, 9))
    np.testing.assert_array_equal(both.vectors[: len(shops)], shops.vectors)
    np.testing.assert_array_equal(both.vectors[len(shops) :, : days.dimensions], days.vectors)
    assert not both.vectors[len(shops) :, days.dimensions :].any()
    assert both.provenance.metric == "euclidean" and shops.provenance.role == "shop"
    assert shops.provenance.space != days.provenance.space != both.provenance.space
    frame = pd.read_csv(tmp_path / "shops.csv")[["shop", "day"]]
    parts = {"shop": tmp_path / "shops.shop.embedding.parquet", "day": days}
    np.testing.assert_array_equal(
        EmbeddingEncoder(out).fit_transform(frame), EmbeddingEncoder(parts).fit_transform(frame)
    )


def test_one_file_only(tmp_path, capsys):
    table, sold = shop_sales(200)
    table.assign(sold=sold).to_csv(tmp_path / "shops.csv", index=False)
    out = tmp_path / "made" / "shops.embedding.parquet"
    assert main(["entity", "--data", str(tmp_path / "shops.csv"), "--out", str(out), "--quiet",
                 "--max-steps", "2", "--one-file"]) == 0  # fmt: skip
    assert [path.name for path in out.parent.iterdir() if path.is_file()] == [out.name]


def test_one_width_for_all(tmp_path):
    table, sold = shop_sales(300)
    settings = config(tmp_path, max_steps=3, width_rule="same", dim=5)
    sets = EntityFit(("shop", "day"), "regression", settings)(table, sold)
    assert {each.dimensions for each in sets.values()} == {5}
    assert len(concatenated(sets, "both")) == SHOPS + 1 + 7 + 1
