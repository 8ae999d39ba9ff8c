"""evaluate: features are fitted without a look at the rows they are judged on; the zip rebuilds."""

import json
import math
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from embeddings import load
from embeddings.errors import EmbeddingError
from embeddings.features import EmbeddingEncoder
from server.runs.contract import FEATURES, MODELS
from trainers.__main__ import main
from trainers.data.tables import Choice, read
from trainers.entity.config import EntityConfig
from trainers.entity.train import EntityFit
from trainers.evaluate.compare import compare, fold_features, splits
from trainers.evaluate.estimators import make_features
from trainers.metrics.prediction import classification_metrics, regression_metrics


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Shops of three kinds; the size of the effect is that of the kind, the number says nothing."""
    chance = np.random.default_rng(0)
    shop = chance.integers(24, size=900)
    frame = pd.DataFrame({"shop": [f"s{i}" for i in shop], "day": chance.integers(7, size=900),
                          "noise": chance.normal(size=900)})  # fmt: skip
    frame.loc[::50, "noise"] = None
    frame.loc[::40, "shop"] = None
    frame["sold"] = shop % 3 * 10 + frame["day"] + chance.normal(0, 0.5, size=900)
    frame["much"] = np.where(frame["sold"] > 12, "yes", "no")
    path = tmp_path_factory.mktemp("evaluate") / "shops.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other in a busy machine take minutes."""
    with threadpool_limits(1):
        yield


def makers(table, **settings):
    config = EntityConfig(out=Path("x.parquet"), device="cpu", quiet=True, **settings)
    entities = EntityFit(table.categorical, table.task, config)
    return {name: make_features(name, table, entities, 0) for name in FEATURES}


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("target", ["sold", "much"])
def test_targets_of_the_test_rows_change_nothing(file, name, target):
    table = read(file, Choice(target=target, columns=("shop", "day", "noise")))
    maker = makers(table, max_steps=10)[name]
    train, test = splits(table, 3, 0)[0]
    assert set(train) | set(test) == set(range(900)) and not set(train) & set(test)
    before = fold_features(table, maker, train, test)
    shuffled = table.target.copy()
    shuffled[test] = np.random.default_rng(1).permutation(shuffled[test])
    assert not np.array_equal(shuffled, table.target)
    table = replace(table, target=shuffled)
    after = fold_features(table, maker, train, test)
    for one, two in ((before.train, after.train), (before.test, after.test)):
        one, two = (x.toarray() if hasattr(x, "toarray") else x for x in (one, two))
        np.testing.assert_array_equal(one, two)
    if name in ("entity", "target"):  # which those of the training rows do
        shuffled[train] = np.random.default_rng(1).permutation(shuffled[train])
        other = fold_features(table, maker, train, test)
        assert not np.array_equal(other.test, before.test)


def test_levels_of_the_test_rows_are_unknown_in_training(file):
    table = read(file, Choice(target="sold", columns=("shop", "day", "noise")))
    train = np.flatnonzero(table.predictors["shop"] != "s5")
    test = np.flatnonzero(table.predictors["shop"] == "s5")
    for maker in makers(table, max_steps=3).values():
        made = fold_features(table, maker, train, test)
        assert made.train.shape[1] == made.test.shape[1] and len(test) == made.test.shape[0]


def test_planted_kinds_make_neighbors(file):
    table = read(file, Choice(target="sold", columns=("shop", "day", "noise")))
    said: list[str] = []
    scores = compare(table, makers(table), MODELS, folds=3, report=said.append)
    found = {(score.features, score.model): score.mean("rmse") for score in scores}
    assert len(found) == len(FEATURES) * len(MODELS) - 2 and len(said) == 3 * len(found)
    assert found["entity", "knn"] < 0.7 * found["label", "knn"]
    assert found["entity", "boosting"] < 1.2 * found["native", "boosting"]
    one_hot = next(score for score in scores if score.features == "one-hot")
    assert one_hot.columns == 24 + 1 + 7 + 2  # levels, missing, days, the number and where it lacks
    assert one_hot.megabytes == pytest.approx(600 * 34 * 4 / 1e6)


def test_too_large_a_matrix_is_not_run_and_said(file, monkeypatch):
    monkeypatch.setattr("trainers.evaluate.compare.DENSE_BYTES", 600 * 20 * 4)
    table = read(file, Choice(target="sold", columns=("shop", "day", "noise")))
    chosen = {name: makers(table)[name] for name in ("one-hot", "label")}
    said: list[str] = []
    scores = compare(table, chosen, MODELS, folds=3, report=said.append)
    ran = {(score.features, score.model) for score in scores}
    assert ran == {("one-hot", "linear")} | {("label", model) for model in MODELS}
    assert sum("skipped, its matrix would take 0.0 GiB" in line for line in said) == 6


def test_the_log_tells_how_far_it_is_and_files_lie_beside_the_zip(file, tmp_path, capsys):
    out, folder = tmp_path / "c.zip", tmp_path / "run"
    assert main(["evaluate", str(file), "--target", "sold", "--columns", "shop,day",
                 "--features", "entity,native", "--folds", "2", "--max-steps", "2",
                 "--out", str(out), "--files", "--run-dir", str(folder),
                 "--quiet"]) == 0  # fmt: skip
    assert load(tmp_path / "levels.shop.embedding.parquet").labels[0] == "(unknown)"
    assert len(list(tmp_path.glob("*.embedding.parquet"))) == 3  # shop, day, and both
    events = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    start, *middle, last = events
    assert (start["event"], start["steps"], start["folds"]) == ("start", 2 * (3 + 1) + 1, 2)
    assert (last["event"], last["step"]) == ("zip", 8)
    assert (
        middle[0].items() >= {"event": "begin", "step": 0, "fold": 1, "features": "entity"}.items()
    )
    assert "model" not in middle[0] and middle[1]["model"] == "knn" and middle[1]["step"] == 0
    judged = [event for event in middle if event["event"] == "judged"]
    assert [event["step"] for event in judged] == list(range(1, 9))
    assert [(e["features"], e["model"]) for e in judged if e["fold"] == 2] == [
        ("entity", "knn"), ("entity", "linear"), ("entity", "boosting"), ("native", "boosting")
    ]  # fmt: skip
    results = json.loads(capsys.readouterr().out.splitlines()[-1])["results"]
    assert [event["rmse"] for event in judged[::4]] == results[0]["folds"]["rmse"]
    times = [event["seconds"] for event in [start, *middle, last]]
    assert times == sorted(times)


def test_metrics_by_hand():
    actual, predicted = np.array([1.0, 2, 6]), np.array([1.0, 4, 5])
    found = regression_metrics(actual, predicted)
    assert found["rmse"] == pytest.approx(math.sqrt(5 / 3)) and found["mae"] == 1
    assert found["r2"] == pytest.approx(1 - 5 / 14)
    shares = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])
    found = classification_metrics(np.array(list("aab"), object), shares, np.array(["a", "b"]))
    assert found["accuracy"] == pytest.approx(1 / 3) and found["roc_auc"] == 0.5
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.3)) / 3
    assert found["log_loss"] == pytest.approx(expected)


@pytest.mark.parametrize("target", ["sold", "much"])
def test_the_zip_rebuilds_the_pipeline(file, tmp_path, capsys, target):
    out = tmp_path / "comparison.zip"
    assert main(["evaluate", str(file), "--target", target, "--columns", "shop,day,noise",
                 "--features", "entity,label", "--folds", "2", "--models", "knn,linear",
                 "--epochs", "3", "--out", str(out), "--quiet"]) == 0  # fmt: skip
    said = capsys.readouterr()
    printed = said.out.splitlines()
    results = json.loads(printed[-1])
    assert printed[0].split()[:2] == ["model", "features"] and len(printed) == 1 + 4 + 1
    assert said.err == "" and results["best"]["knn"] == "entity" and results["rows"] == 900
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(out) as archive:
        archive.extractall(folder)
    assert not [path for path in folder.iterdir() if path.suffix in (".pkl", ".pickle", ".joblib")]
    assert json.loads((folder / "results.json").read_text())["results"] == results["results"]

    command = [sys.executable, "-I", str(folder / "rebuild.py"), "--out", str(tmp_path / "p.csv")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rebuilt = pd.read_csv(tmp_path / "p.csv")[target]
    table = read(file, Choice(target=target, columns=("shop", "day", "noise")))
    if target == "much":
        assert np.mean(rebuilt == table.target) > 0.8
    else:
        assert np.sqrt(np.mean((rebuilt - table.target) ** 2)) < 0.6 * table.target.std()

    sys.path.insert(0, str(folder))
    try:
        import rebuild
    finally:
        sys.path.pop(0)
    columns = table.predictors[["shop", "day"]].copy()
    columns.loc[:3, "shop"] = "a new shop"
    files = {name: str(folder / f"levels.{name}.embedding.parquet") for name in columns}
    np.testing.assert_array_equal(
        rebuild.LevelVectors(files).fit(columns).transform(columns),
        EmbeddingEncoder(files).fit_transform(columns),
    )
    sys.modules.pop("rebuild")

    new = file.with_name("new.csv")
    pd.read_csv(file).head(5).to_csv(new, index=False)
    done = subprocess.run([*command, str(new)], cwd=tmp_path, capture_output=True, text=True)
    assert json.loads(done.stdout)["rows"] == 5


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--features", "entity,onehot"], "--features entity,onehot: expected some of entity,one-"),
        (["--models", "trees"], "--models trees: expected some of knn,linear,boosting"),
        (["--folds", "1"], "--folds 1: expected a whole number of at least 2"),
        (["--out", "x.parquet"], "--out x.parquet: expected a file name such as comparison.zip"),
        (["--features", "label", "--out", "x.zip"], "include entity in --features"),
        (["--columns", "noise", "--target", "sold"], "no categorical column to compare"),
        (["--target", "shop", "--columns", "day", "--folds", "400"], "has"),
        (["--target", "price"], "no column 'price'; there are shop"),
    ],
)
def test_mistakes(file, capsys, more, message):
    assert main(["evaluate", str(file), "--quiet", *more]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1 and message in said


def test_rare_classes_are_refused(file):
    table = read(file, Choice(target="much"))
    table = replace(table, target=np.array(["perhaps"] * 3 + list(table.target[3:]), object))
    with pytest.raises(EmbeddingError, match="class 'perhaps' has 3 rows for 5 folds"):
        splits(table, 5, 0)
