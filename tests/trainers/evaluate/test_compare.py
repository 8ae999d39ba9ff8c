"""Features are fitted without the test rows' targets; known kinds of shops are recovered."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import EmbeddingError
from server.runs.contract import FEATURES, MODELS
from trainers.data.tables import TableSpec, read
from trainers.entity.config import EntityConfig
from trainers.entity.train import EntityFit
from trainers.evaluate.compare import compare, fold_features, splits
from trainers.evaluate.estimators import make_features


def transformers(table, **settings):
    config = EntityConfig(out=Path("x.parquet"), device="cpu", quiet=True, **settings)
    entities = EntityFit(table.categorical, table.task, config)
    return {name: make_features(name, table, entities, 0) for name in FEATURES}


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("target", ["sold", "much"])
def test_targets_of_the_test_rows_change_nothing(file, name, target):
    table = read(file, TableSpec(target=target, columns=("shop", "day", "noise")))
    transformer = transformers(table, max_steps=10)[name]
    train, test = splits(table, 3, 0)[0]
    assert set(train) | set(test) == set(range(900)) and not set(train) & set(test)
    before = fold_features(table, transformer, train, test)
    shuffled = table.target.copy()
    shuffled[test] = np.random.default_rng(1).permutation(shuffled[test])
    assert not np.array_equal(shuffled, table.target)
    table = replace(table, target=shuffled)
    after = fold_features(table, transformer, train, test)
    for one, two in ((before.train, after.train), (before.test, after.test)):
        one, two = (x.toarray() if hasattr(x, "toarray") else x for x in (one, two))
        np.testing.assert_array_equal(one, two)
    if name in ("entity", "target"):  # these depend on the targets of the training rows
        shuffled[train] = np.random.default_rng(1).permutation(shuffled[train])
        other = fold_features(table, transformer, train, test)
        assert not np.array_equal(other.test, before.test)


def test_levels_of_the_test_rows_are_unknown_in_training(file):
    table = read(file, TableSpec(target="sold", columns=("shop", "day", "noise")))
    train = np.flatnonzero(table.predictors["shop"] != "s5")
    test = np.flatnonzero(table.predictors["shop"] == "s5")
    for transformer in transformers(table, max_steps=3).values():
        made = fold_features(table, transformer, train, test)
        assert made.train.shape[1] == made.test.shape[1] and len(test) == made.test.shape[0]


def test_known_kinds_become_neighbors(file):
    table = read(file, TableSpec(target="sold", columns=("shop", "day", "noise")))
    lines: list[str] = []
    scores = compare(table, transformers(table), MODELS, folds=3, report=lines.append)
    found = {(score.features, score.model): score.mean("rmse") for score in scores}
    assert len(found) == len(FEATURES) * len(MODELS) - 2 and len(lines) == 3 * len(found)
    assert found["entity", "knn"] < 0.7 * found["label", "knn"]
    assert found["entity", "boosting"] < 1.2 * found["native", "boosting"]
    one_hot = next(score for score in scores if score.features == "one-hot")
    assert one_hot.columns == 24 + 1 + 7 + 2  # levels, missing, days, number, missing
    assert one_hot.megabytes == pytest.approx(600 * 34 * 4 / 1e6)


def test_too_large_a_matrix_is_skipped_with_a_message(file, monkeypatch):
    monkeypatch.setattr("trainers.evaluate.compare.DENSE_BYTES", 600 * 20 * 4)
    table = read(file, TableSpec(target="sold", columns=("shop", "day", "noise")))
    chosen = {name: transformers(table)[name] for name in ("one-hot", "label")}
    lines: list[str] = []
    scores = compare(table, chosen, MODELS, folds=3, report=lines.append)
    ran = {(score.features, score.model) for score in scores}
    assert ran == {("one-hot", "linear")} | {("label", model) for model in MODELS}
    assert sum("skipped, its matrix would take 0.0 GiB" in line for line in lines) == 6


def test_rare_classes_are_refused(file):
    table = read(file, TableSpec(target="much"))
    table = replace(table, target=np.array(["perhaps"] * 3 + list(table.target[3:]), object))
    with pytest.raises(EmbeddingError, match="class 'perhaps' has 3 rows for 5 folds"):
        splits(table, 5, 0)
