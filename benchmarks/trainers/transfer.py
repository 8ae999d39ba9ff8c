"""transfer: does pretraining on the feed help to recommend ads when clicks on ads are few?

The data are the built-in synthetic users, and MovieLens (ml-latest-small in --data, by default
$EMBEDDING_DATA), with documentaries as ads and all other films as the feed. A fifth of the clicks
on ads is the test set; all ads are ranked. All results are means over the seeds.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
from typing_extensions import Doc

from benchmarks import report
from trainers.transfer.config import TransferConfig
from trainers.transfer.train import run

FEW = 10
"""Maximum percentage of the clicks on ads at which the warm start has a target."""


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
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        surfaces = documentaries(movies, folder / "films.csv")
        for data, path in (("synthetic users", None), ("ml-latest-small", surfaces)):
            found = [measured(folder, path, seed, options.threads) for seed in range(options.seeds)]
            means = averaged(data, found)
            rows += means
            targets += targets_of(data, means)
    facts = {"source": f"built-in; ml-latest-small, 100,836 ratings; {options.seeds} seeds"}
    report.show(__doc__, started, facts, rows, targets, ("torch", "lightning-fabric"))


def measured(folder: Path, path: Path | None, seed: int, threads: int) -> list[dict[str, Any]]:
    """Run transfer with the defaults; return its table."""
    report.print_progress(f"{path.name if path else 'synthetic'}, seed {seed}")
    out = folder / "ads.embedding.parquet"
    config = TransferConfig(data=path, out=out, seed=seed, threads=threads, quiet=True)
    return run(config)["transfer"]


def averaged(data: str, found: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return a row for each method and percentage of the clicks: means over the seeds."""
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


def targets_of(data: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the targets: a warm start is as good as scratch with few clicks, and with all."""
    targets = []
    for percent in sorted({row["percent"] for row in rows}):
        ndcg = {row["contender"]: row["ndcg@10"] for row in rows if row["percent"] == percent}
        if percent <= FEW or percent == 100:
            what = f"{data}: NDCG@10, warm start against scratch, {percent:g} % of the clicks"
            targets.append(report.target(what, ndcg["warm start"], at_least=ndcg["from scratch"]))
    return targets


def documentaries(movies: Path, surfaces: Path) -> Path:
    """Write users, films, and the surface of each film: ad for a documentary, else feed."""
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
