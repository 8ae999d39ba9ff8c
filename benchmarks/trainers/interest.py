"""Interest: AUC of the dot product, of the network and of popularity

The built-in readers have planted topics. MovieLens (ml-latest-small) is in --data, by default
$EMBEDDING_DATA: a rating is a click, a film's title (without its year) its text. AUC is that of the
withheld tenth of the clicks against all documents that the user has not read, the mean over users;
NDCG@10 is of all documents ranked. Each is the mean over seeds.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import report
from trainers.interest.config import InterestConfig
from trainers.interest.train import run

WAYS = ("dot product", "network", "popularity")


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    movies = report.data(options, "7_interactions", "ml-latest-small")
    started = report.hardware()
    with TemporaryDirectory() as name:
        folder = Path(name)
        given = {"data": folder / "clicks.csv", "titles": folder / "titles.csv"}
        without_ratings(movies / "ratings.csv", given["data"])
        without_years(movies / "movies.csv", given["titles"])
        planted = [measured(folder, seed, options.threads) for seed in range(options.seeds)]
        films = [measured(folder, seed, options.threads, **given) for seed in range(options.seeds)]
    targets = [
        report.target(f"AUC of {way} on planted topics, lowest of the seeds",
                      min(each[f"auc of {way}"] for each in planted), at_least=0.9)
        for way in ("dot product", "network")
    ]  # fmt: skip
    rows = [*table("planted topics", planted), *table("ml-latest-small", films)]
    facts = {"source": f"built-in; ml-latest-small, 100,836 ratings; {options.seeds} seeds"}
    report.show(__doc__, started, facts, rows, targets, ("torch", "lightning-fabric"))


def measured(folder: Path, seed: int, threads: int, **given: Path) -> dict[str, Any]:
    """Train with the defaults; return the metrics of the withheld clicks."""
    report.say(f"{', '.join(given) or 'planted'}, seed {seed}")
    out = folder / "interest.embedding.parquet"
    settings = {"out": out, "seed": seed, "threads": threads, "quiet": True}
    return run(InterestConfig(**settings, **given))  # type: ignore[arg-type]


def table(data: str, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each way: means over the seeds, and the deviation of the AUC."""
    rows = []
    for way in WAYS:
        auc, ndcg = ([one[f"{metric} of {way}"] for one in found] for metric in ("auc", "ndcg@10"))
        rows.append({
            "data": data, "contender": way, "auc": round(float(np.mean(auc)), 4),
            "auc sd": round(float(np.std(auc)), 4), "ndcg@10": round(float(np.mean(ndcg)), 4),
            "words": found[0]["words"], "epochs": [one["epochs"] for one in found],
        })  # fmt: skip
    return rows


def without_ratings(ratings: Path, clicks: Path) -> None:
    """Write who rated what, without the stars, which are no weights."""
    with ratings.open(newline="") as read, clicks.open("w", newline="") as write:
        csv.writer(write).writerows(line[:2] for line in csv.reader(read))


def without_years(movies: Path, titles: Path) -> None:
    """Write the films' titles without "(1995)", which is no word of them."""
    with movies.open(newline="") as read, titles.open("w", newline="") as write:
        table = csv.writer(write)
        for key, title, *_ in csv.reader(read):
            table.writerow((key, title.rpartition(" (")[0] or title))


if __name__ == "__main__":
    main()
