"""Entity embeddings against other encodings, as features of k-NN, linear models and boosting

`python -m trainers evaluate` on the flights out of New York (air_time from carrier, origin, dest,
month and hour) and on adult (income), with 5 folds; all encodings are fitted in each fold. The data
are in --data, by default $EMBEDDING_DATA: 4_tabular/nycflights13_40k.csv.gz and
4_tabular/adult.data. All results are listed, including those where another encoding is better.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typing_extensions import Doc

from benchmarks import report
from trainers.metrics.prediction import LOWER_IS_BETTER

ADULT = (
    "age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,"
    "capital_gain,capital_loss,hours_per_week,native_country,income"
)
TABLES = {
    "nycflights13_40k.csv.gz": ["--target", "air_time", "--columns",
                                "carrier,origin,dest,month,hour"],
    "adult.data": ["--target", "income", "--names", ADULT],
}  # fmt: skip
"""File -> arguments of `trainers evaluate`."""


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    rows: Annotated[int | None, Doc("Size of a random sample of rows; default: all")] = None


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    started = report.hardware()
    results: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    for file, arguments in TABLES.items():
        path = options.find("4_tabular", file)
        sample = ["--rows", str(options.rows)] if options.rows else []
        found = evaluate(path, [*arguments, *sample])
        results += rows_of(found)
        targets += targets_of(found)
    facts = {"source": "nycflights13 (CC0), a sample of 40,000 flights; UCI adult, 32,561 people"}
    libraries = ("scikit-learn", "torch", "lightning-fabric")
    report.show(__doc__, started, facts, results, targets, libraries)


def evaluate(path: Path, arguments: list[str]) -> dict[str, Any]:
    """Run the command; return its line of JSON."""
    command = [sys.executable, "-m", "trainers", "evaluate", str(path), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def rows_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each model and encoding."""
    metrics = [name for name in ("rmse", "mae", "r2", "accuracy", "roc_auc", "log_loss")
               if name in found["results"][0]]  # fmt: skip
    return [
        {
            "table": found["table"],
            "rows": found["rows"],
            "model": result["model"],
            "features": result["features"],
            **{metric: round(result[metric], 4) for metric in metrics},
            f"{metrics[0]} standard error": round(result[f"{metrics[0]} standard error"], 4),
            "columns": round(result["columns"]),
            "MB": result["megabytes"],
            "features s": result["feature_seconds"],
            "model s": result["model_seconds"],
        }
        for result in found["results"]
    ]


def targets_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare k-NN and boosting with label encoding, and boosting also with the best encoding.

    A difference is in the metric's unit; above 0, entity embeddings are worse.
    """
    metric, table = found["metric"], found["table"]
    sign = 1 if metric in LOWER_IS_BETTER else -1
    by = {(result["model"], result["features"]): result for result in found["results"]}
    worse = {key: sign * result[metric] for key, result in by.items()}  # smaller is better
    error = by["boosting", "entity"][f"{metric} standard error"]
    knn = worse["knn", "entity"] - worse["knn", "label"]
    label = worse["boosting", "entity"] - worse["boosting", "label"]
    best = min(value for (model, name), value in worse.items()
               if model == "boosting" and name != "entity")  # fmt: skip
    best_other = worse["boosting", "entity"] - best
    return [
        report.target(f"{table}, {what}, {metric} deficit of entity", value, at_most=bound)
        for what, value, bound in (
            ("k-NN against label encoding", knn, 0),
            ("boosting against label encoding", label, error),
            ("boosting against the best other encoding", best_other, error),
        )
    ]


if __name__ == "__main__":
    main()
