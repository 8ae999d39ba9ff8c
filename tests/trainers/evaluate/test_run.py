"""The log reports the progress; mistakes are refused with one line."""

import json

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from embeddings import load
from trainers.__main__ import main


def test_the_log_reports_progress_and_files_are_next_to_the_zip(file, tmp_path, capsys):
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
    scored = [event for event in middle if event["event"] == "judged"]
    assert [event["step"] for event in scored] == list(range(1, 9))
    assert [(e["features"], e["model"]) for e in scored if e["fold"] == 2] == [
        ("entity", "knn"), ("entity", "linear"), ("entity", "boosting"), ("native", "boosting")
    ]  # fmt: skip
    results = json.loads(capsys.readouterr().out.splitlines()[-1])["results"]
    assert [event["rmse"] for event in scored[::4]] == results[0]["folds"]["rmse"]
    times = [event["seconds"] for event in [start, *middle, last]]
    assert times == sorted(times)


def test_models_run_on_the_threads_of_the_settings(file, monkeypatch):
    """Whatever other code has set: k-NN breaks ties by the number of threads."""
    threads: set[int] = set()

    def record(line: str, quiet: bool = False) -> None:
        if line.startswith("fold"):
            pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
            threads.update(pool["num_threads"] for pool in pools)

    monkeypatch.setattr("trainers.evaluate.run.print_progress", record)
    with threadpool_limits(3):
        assert main(["evaluate", str(file), "--target", "sold", "--columns", "shop,day",
                     "--features", "one-hot", "--folds", "2", "--models", "knn"]) == 0  # fmt: skip
    assert threads == {1}


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
def test_mistakes_are_refused(file, capsys, more, message):
    assert main(["evaluate", str(file), "--quiet", *more]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and message in error
