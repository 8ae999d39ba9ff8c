"""two_tower against implicit's ALS on MovieLens, against SVD on books, and how fast it is

    python -m benchmarks two_tower --data FOLDER [--seeds 5] [--only movielens books speed]

FOLDER has 7_interactions/ml-latest-small/ratings.csv and 1_books/p15_books.ndjson. Every contender
sees the training part only and its settings are chosen by NDCG@10 of the validation part: of ALS
among 24, of two_tower the number of epochs, all else being the defaults. The speed is that of
Koehrsen's settings (MSE, 1,024 pairs and 2 negatives each a step, 15 epochs) on pairs simulated at
the size of his: 37,020 books, 41,758 links, 772,798 pairs.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from benchmarks import report
from embeddings import EmbeddingSet, neighbors
from embeddings.cli.parse import parse
from trainers.core.devices import start
from trainers.data.pairs.pairs import Pairs, Side
from trainers.data.pairs.splits import split_pairs
from trainers.metrics import ranking
from trainers.two_tower import baselines
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import read
from trainers.two_tower.train import train

Measured = Literal["random", "last"]
METRICS = ("recall@10", "ndcg@10", "mrr", "hit@10")

ALS_SETTINGS = {
    "factors": (32, 64),
    "regularization": (1.0, 10.0, 30.0),
    "alpha": (1.0, 2.0, 5.0, 10.0),
}

GENRES = ("science fiction", "fantasy", "mystery", "horror", "thriller", "historical",
          "young adult", "children", "romance", "crime")  # fmt: skip
"""A book's group is the first that its genre contains; the six largest groups are judged."""

BOOKS, LINKS, PAIRS = 37_020, 41_758, 772_798


def main() -> None:
    """Measure and print."""
    options = _options()
    started = report.hardware()
    results: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    for name in options.only:
        measured = {"movielens": movielens, "books": books, "speed": speed}[name](options)
        results += measured[0]
        targets += measured[1]
    source = "ml-latest-small (GroupLens), p15_books.ndjson (Koehrsen)"
    data = {"source": f"{source}, {options.seeds} seeds"}
    libraries = ("torch", "lightning-fabric", "scipy", "implicit")
    report.show(__doc__, started, data, results, targets, libraries)


def _options() -> argparse.Namespace:
    parser = report.data_parser(__doc__)
    names = ("movielens", "books", "speed")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def movielens(options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Compare on both splits, the mean of some seeds; ALS is tuned for each."""
    path = report.data(options, "7_interactions", "ml-latest-small", "ratings.csv")
    results, targets = [], []
    split: Measured
    for split in ("random", "last"):
        rows: dict[str, list[dict[str, float]]] = {}
        for seed in range(options.seeds):
            report.say(f"MovieLens, split {split}, seed {seed}")
            for name, measured in one_split(path, split, seed, options.threads):
                rows.setdefault(name, []).append(measured)
        means = {
            name: {key: float(np.mean([one[key] for one in each])) for key in each[0]}
            for name, each in rows.items()
        }
        for name, mean in means.items():
            deviation = float(np.std([one["ndcg@10"] for one in rows[name]]))
            rounded = {key: round(value, 4) for key, value in mean.items()}
            results.append({"data": "ml-latest-small", "split": split, "contender": name,
                            **rounded, "ndcg@10 sd": round(deviation, 4)})  # fmt: skip
        ours, als = means["two_tower"], means["als (tuned)"]
        for peer in ("als (tuned)", "ease"):
            what = f"NDCG@10, split {split}: at or above {peer}"
            best = round(means[peer]["ndcg@10"], 4)
            targets.append(report.target(what, ours["ndcg@10"], at_least=best))
        what = f"CPU seconds, split {split}: at most those of one fit of tuned ALS"
        targets.append(report.target(what, ours["cpu s"], at_most=round(als["cpu s"], 1)))
    return results, targets


def one_split(
    path: Path, split: Measured, seed: int, threads: int
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the name and the measures of every contender, on one split of one seed."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "movies.embedding.parquet"
        config = TwoTowerConfig(
            data=path, out=out, split=split, seed=seed, threads=threads, quiet=True
        )
        pairs = read(config)
        began = time.process_time()
        made, _ = train(pairs, (None, None), replace(config, baselines=False), start(config))
        yield "two_tower", _measures(made.provenance.metrics, began)
    parts = split_pairs(config.split, pairs.rows, pairs.time_rank, 0.1, seed)
    trained, judged = pairs.rows[parts.train], pairs.rows[parts.test]
    validated = pairs.rows[parts.validation]
    yield "als (tuned)", tuned_als(trained, validated, judged, pairs.shape, seed, threads)
    known = np.concatenate([trained, validated])
    found, _ = baselines.compare(trained, judged, known, pairs.shape, config.dim)
    yield from found.items()


def tuned_als(
    trained: np.ndarray,
    validated: np.ndarray,
    judged: np.ndarray,
    shape: tuple[int, int],
    seed: int,
    threads: int,
) -> dict[str, float]:
    """Return the test of that implicit ALS whose validation is best."""
    from implicit.als import AlternatingLeastSquares

    matrix = baselines.pair_matrix(trained, shape)
    known = np.concatenate([trained, validated])
    best: tuple[float, dict[str, float]] = (-1.0, {})
    for values in itertools.product(*ALS_SETTINGS.values()):
        settings = dict(zip(ALS_SETTINGS, values, strict=True))
        began = time.process_time()
        model = AlternatingLeastSquares(
            **settings, iterations=15, random_state=seed, num_threads=threads
        )
        model.fit(matrix, show_progress=False)
        seconds = time.process_time() - began
        users, items = model.user_factors, model.item_factors
        near = lambda rows, users=users, items=items: users[rows] @ items.T  # noqa: E731
        ranks = ranking.held_out_ranks(near, validated, trained, shape[1])
        validation = ranking.metrics(ranks, validated[:, 0])["ndcg@10"]
        if validation > best[0]:
            ranks = ranking.held_out_ranks(near, judged, known, shape[1])
            best = (validation, {**ranking.metrics(ranks, judged[:, 0]), "cpu s": seconds})
    return best[1]


def _measures(metrics: Any, began: float) -> dict[str, float]:
    return {name: metrics[name] for name in METRICS} | {"cpu s": time.process_time() - began}


def books(options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Compare the genres of neighboring books with those by SVD, for all links and for his."""
    path = report.data(options, "1_books", "p15_books.ndjson")
    results, targets = [], []
    for min_count, seed in itertools.product((1, 4), range(options.seeds)):
        report.say(f"books, links seen {min_count} times or more, seed {seed}")
        with TemporaryDirectory() as folder:
            config = TwoTowerConfig(
                data=path, out=Path(folder) / "b.embedding.parquet", min_count=min_count,
                seed=seed, threads=options.threads, quiet=True, baselines=False,
            )  # fmt: skip
            pairs = read(config)
            began = time.process_time()
            made, _ = train(pairs, (None, None), config, start(config))
        seconds = time.process_time() - began
        left, _ = baselines.svd_vectors(baselines.pair_matrix(pairs.rows, pairs.shape), config.dim)
        by_svd = EmbeddingSet.of(left, pairs.left.labels)
        vectors = EmbeddingSet.of(
            made.vectors[: len(pairs.left)], pairs.left.labels, metric=made.provenance.metric
        )
        for name, each in (("two_tower", vectors), ("svd", by_svd)):
            share, judged = same_genre(each, pairs.left)
            results.append({
                "data": "books p15", "min count": min_count, "contender": name, "seed": seed,
                "same genre@10": round(share, 4), "books": judged,
                "same author (Animorphs)": animorphs(each, pairs.left),
                "cpu s": round(seconds, 1) if name == "two_tower" else None,
            })  # fmt: skip
    for min_count in (1, 4):
        mean = {
            name: float(np.mean([row["same genre@10"] for row in results
                                 if (row["contender"], row["min count"]) == (name, min_count)]))
            for name in ("two_tower", "svd")
        }  # fmt: skip
        what = f"same genre@10, min count {min_count}: not below SVD"
        best = round(mean["svd"], 4)
        targets.append(report.target(what, mean["two_tower"], at_least=best))
    return results, targets


def same_genre(vectors: EmbeddingSet, side: Side) -> tuple[float, int]:
    """Return the share of the 10 nearest books of a book's group that are of it, and the books.

    Only books of the six largest groups are judged, and are neighbors.
    """
    texts = side.columns["genre"].to_pylist()
    groups = np.array([next((g for g in GENRES if g in (text or "")), "") for text in texts])
    names, counts = np.unique(groups[groups != ""], return_counts=True)
    judged = np.flatnonzero(np.isin(groups, names[np.argsort(-counts)[:6]]))
    among = EmbeddingSet.of(vectors.vectors[judged], metric=vectors.provenance.metric)
    near = neighbors.query(among, np.arange(len(judged)), k=10).rows
    own = groups[judged]
    return float((own[near] == own[:, None]).mean()), len(judged)


def animorphs(vectors: EmbeddingSet, side: Side) -> float:
    """Return the share of K. A. Applegate's among the 10 books nearest to The Solution (novel)."""
    author = side.columns["author"].to_pylist()
    row = side.labels.index("The Solution (novel)")
    near = neighbors.query(vectors, row, k=10).rows
    return float(np.mean([author[other] == "K. A. Applegate" for other in near]))


def speed(options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Time Koehrsen's settings at the size of his data, and the defaults for 3 epochs."""
    pairs = simulated()
    results = []
    for name, flags in (
        ("--preset koehrsen", ["--preset", "koehrsen"]),
        ("defaults, 3 epochs", ["--epochs", "3", "--validation-fraction", "0"]),
    ):
        report.say(f"speed, {name}")
        with TemporaryDirectory() as folder:
            given = ["--out", f"{folder}/b.embedding.parquet", "--threads", str(options.threads),
                     "--quiet", *flags]  # fmt: skip
            config = parse(TwoTowerConfig, given, "two_tower")
            began, cpu = time.perf_counter(), time.process_time()
            _, fitted = train(pairs, (None, None), config, start(config))
            results.append({
                "data": "simulated books", "contender": name, "pairs seen": fitted.examples,
                "s": round(time.perf_counter() - began, 1),
                "cpu s": round(time.process_time() - cpu, 1),
                "pairs/s": fitted.speed["pairs_per_second"],
            })  # fmt: skip
    target = report.target(
        "11.6 million pairs, 2 negatives each: CPU-seconds of 2 cores, under 3 minutes each",
        results[0]["cpu s"], at_most=360,
    )  # fmt: skip
    return results, [target]


def simulated(seed: int = 0) -> Pairs:
    """Return as many different pairs as Koehrsen's, links by a power law as words are."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, LINKS + 1) ** 0.7
    keys: np.ndarray = np.arange(LINKS) + rng.integers(BOOKS, size=LINKS) * LINKS  # each link once
    while len(keys) < PAIRS:
        more = PAIRS - len(keys)
        drawn = rng.integers(BOOKS, size=more) * LINKS + rng.choice(
            LINKS, size=more, p=weights / weights.sum()
        )
        keys = np.unique(np.concatenate([keys, drawn]))
    rows = np.stack([keys // LINKS, keys % LINKS], axis=1)
    books, links = ([f"{name} {i}" for i in range(count)]
                    for name, count in (("book", BOOKS), ("link", LINKS)))  # fmt: skip
    return Pairs("simulated", Side("book", tuple(books)), Side("link", tuple(links)), rows,
                 np.arange(PAIRS), {"name": "simulated", "sha256": str(seed)})  # fmt: skip


if __name__ == "__main__":
    main()
