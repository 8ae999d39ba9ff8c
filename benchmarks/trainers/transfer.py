"""From the feed to ads: does what the feed teaches help where clicks on ads are few?

Two sets: the built-in planted tastes, and MovieLens (ml-latest-small, in --data, by default
$EMBEDDING_DATA), where documentaries take the place of ads and all other films that of the feed.
A fifth of the clicks on ads is the test; all ads are ranked. Each figure is the mean over seeds.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import report
from trainers.transfer.config import TransferConfig
from trainers.transfer.train import run

FEW = 10
"""Percent of the clicks on ads, at most, where the warm start is to win."""


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    movies = report.data(options, "7_interactions", "ml-latest-small")
    started = report.hardware()
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        surfaces = documentaries(movies, folder / "films.csv")
        for data, path in (("planted tastes", None), ("ml-latest-small", surfaces)):
            found = [measured(folder, path, seed, options.threads) for seed in range(options.seeds)]
            means = averaged(data, found)
            rows += means
            targets += wins(data, means)
    facts = {"source": f"built-in; ml-latest-small, 100,836 ratings; {options.seeds} seeds"}
    report.show(__doc__, started, facts, rows, targets, ("torch", "lightning-fabric"))


def measured(folder: Path, path: Path | None, seed: int, threads: int) -> list[dict[str, Any]]:
    """Run transfer with the defaults; return its table."""
    report.say(f"{path.name if path else 'planted'}, seed {seed}")
    out = folder / "ads.embedding.parquet"
    config = TransferConfig(data=path, out=out, seed=seed, threads=threads, quiet=True)
    return run(config)["transfer"]


def averaged(data: str, found: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return a row for each way and share: means over the seeds."""
    rows = []
    for same in zip(*found, strict=True):
        ndcg = [one["ndcg@10"] for one in same]
        rows.append({
            "data": data, "contender": same[0]["way"], "percent": same[0]["percent"],
            "clicks": same[0]["clicks"], "ndcg@10": round(float(np.mean(ndcg)), 4),
            "ndcg@10 sd": round(float(np.std(ndcg)), 4),
            "recall@10": round(float(np.mean([one["recall@10"] for one in same])), 4),
        })  # fmt: skip
    return rows


def wins(data: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is asked: the warm start above scratch with few clicks, not below with all."""
    targets = []
    for percent in sorted({row["percent"] for row in rows}):
        ndcg = {row["contender"]: row["ndcg@10"] for row in rows if row["percent"] == percent}
        if percent <= FEW or percent == 100:
            what = f"{data}: NDCG@10 of the warm start at {percent:g} %, at least that of scratch"
            targets.append(report.target(what, ndcg["warm start"], at_least=ndcg["from scratch"]))
    return targets


def documentaries(movies: Path, surfaces: Path) -> Path:
    """Write who rated which film, and whether it is an ad: a documentary."""
    with (movies / "movies.csv").open(newline="") as file:
        genres = {row["movieId"]: row["genres"].split("|") for row in csv.DictReader(file)}
    with (movies / "ratings.csv").open(newline="") as read, surfaces.open("w", newline="") as write:
        table = csv.writer(write)
        table.writerow(("user", "film", "surface"))
        for row in csv.DictReader(read):
            surface = "ad" if "Documentary" in genres[row["movieId"]] else "feed"
            table.writerow((row["userId"], row["movieId"], surface))
    return surfaces


if __name__ == "__main__":
    main()
