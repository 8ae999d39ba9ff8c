"""interest: AUC of the dot product, the network and popularity

The built-in data are synthetic readers with topics of interest. MovieLens (ml-latest-small) is in
--data, by default $EMBEDDING_DATA: a rating is a click, and the title of a film, without its year,
is its text. AUC compares the held-out tenth of the clicks with all documents that the user has not
read, averaged over users; NDCG@10 ranks all documents. Both are means over the seeds.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
from typing_extensions import Doc

from benchmarks import report
from trainers.interest.config import InterestConfig
from trainers.interest.train import run

SCORERS = ("dot product", "network", "popularity")


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    seeds: Annotated[int, Doc("Number of random seeds")] = 3
    threads: Annotated[int, Doc("CPU threads")] = 1


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    movies = options.find("7_interactions", "ml-latest-small")
    started = report.hardware()
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = {"data": folder / "clicks.csv", "titles": folder / "titles.csv"}
        without_ratings(movies / "ratings.csv", files["data"])
        without_years(movies / "movies.csv", files["titles"])
        synthetic = [measured(folder, seed, options.threads) for seed in range(options.seeds)]
        films = [measured(folder, seed, options.threads, **files) for seed in range(options.seeds)]
    targets = [
        report.target(f"AUC of {scorer} on synthetic topics, min over seeds",
                      min(each[f"auc of {scorer}"] for each in synthetic), at_least=0.9)
        for scorer in ("dot product", "network")
    ]  # fmt: skip
    rows = [*table("synthetic topics", synthetic), *table("ml-latest-small", films)]
    facts = {"source": f"built-in; ml-latest-small, 100,836 ratings; {options.seeds} seeds"}
    report.show(__doc__, started, facts, rows, targets, ("torch", "lightning-fabric"))


def measured(folder: Path, seed: int, threads: int, **files: Path) -> dict[str, Any]:
    """Train with the defaults; return the metrics of the held-out clicks."""
    report.print_progress(f"{'MovieLens' if files else 'synthetic'}, seed {seed}")
    out = folder / "interest.embedding.parquet"
    settings = {"out": out, "seed": seed, "threads": threads, "quiet": True}
    return run(InterestConfig(**settings, **files))  # type: ignore[arg-type]


def table(data: str, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each scorer: means over the seeds, and standard deviation of the AUC."""
    rows = []
    for scorer in SCORERS:
        auc = [one[f"auc of {scorer}"] for one in found]
        ndcg = [one[f"ndcg@10 of {scorer}"] for one in found]
        rows.append({
            "data": data, "contender": scorer, "auc": round(float(np.mean(auc)), 4),
            "auc sd": round(float(np.std(auc)), 4), "ndcg@10": round(float(np.mean(ndcg)), 4),
            "words": found[0]["words"], "epochs": [one["epochs"] for one in found],
        })  # fmt: skip
    return rows


def without_ratings(ratings: Path, clicks: Path) -> None:
    """Write users and films, without the ratings."""
    with ratings.open(newline="") as read, clicks.open("w", newline="") as write:
        csv.writer(write).writerows(line[:2] for line in csv.reader(read))


def without_years(movies: Path, titles: Path) -> None:
    """Write the films' titles without the year: "(1995)"."""
    with movies.open(newline="") as read, titles.open("w", newline="") as write:
        table = csv.writer(write)
        for key, title, *_ in csv.reader(read):
            table.writerow((key, title.rpartition(" (")[0] or title))


if __name__ == "__main__":
    main()
