"""two_tower against implicit's ALS and EASE on MovieLens, against SVD on books, and its speed

    python -m benchmarks two_tower --data FOLDER [--seeds 5] [--only movielens books speed]

FOLDER contains 7_interactions/ml-latest-small/ratings.csv and 1_books/p15_books.ndjson. Contenders
are fitted to the training part; NDCG@10 on the validation part selects among 24 settings of ALS,
and the number of epochs of two_tower, whose other settings are the defaults. Speed is measured with
Koehrsen's settings (MSE, 1,024 pairs with 2 negatives each per step, 15 epochs) on simulated data
of the same size as his: 37,020 books, 41,758 links, 772,798 pairs.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, get_args

import numpy as np
from typing_extensions import Doc

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

Split = Literal["random", "last"]
Part = Literal["movielens", "books", "speed"]

METRICS = ("recall@10", "ndcg@10", "mrr", "hit@10")

ALS_SETTINGS = {
    "factors": (32, 64),
    "regularization": (1.0, 10.0, 30.0),
    "alpha": (1.0, 2.0, 5.0, 10.0),
}

GENRES = ("science fiction", "fantasy", "mystery", "horror", "thriller", "historical",
          "young adult", "children", "romance", "crime")  # fmt: skip
"""A book's genre is the first of these in its column `genre`; the six largest are evaluated."""

BOOKS, LINKS, PAIRS = 37_020, 41_758, 772_798


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    seeds: Annotated[int, Doc("Number of random seeds")] = 5
    only: Annotated[tuple[Part, ...], Doc("Parts of the benchmark to run")] = get_args(Part)
    threads: Annotated[int, Doc("CPU threads")] = 2


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    started = report.hardware()
    results: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    for name in options.only:
        found, bounds = {"movielens": movielens, "books": books, "speed": speed}[name](options)
        results += found
        targets += bounds
    source = "ml-latest-small (GroupLens), p15_books.ndjson (Koehrsen)"
    data = {"source": f"{source}, {options.seeds} seeds"}
    libraries = ("torch", "lightning-fabric", "scipy", "implicit")
    report.show(__doc__, started, data, results, targets, libraries)


def movielens(options: Options) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Compare the contenders on both splits, as means over the seeds; ALS is tuned on each."""
    path = options.find("7_interactions", "ml-latest-small", "ratings.csv")
    results, targets = [], []
    split: Split
    for split in ("random", "last"):
        rows: dict[str, list[dict[str, float]]] = {}
        for seed in range(options.seeds):
            report.print_progress(f"MovieLens, split {split}, seed {seed}")
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
            what = f"NDCG@10, split {split}, against {peer}"
            best = round(means[peer]["ndcg@10"], 4)
            targets.append(report.target(what, ours["ndcg@10"], at_least=best))
        what = f"CPU seconds, split {split}, against one fit of tuned ALS"
        targets.append(report.target(what, ours["cpu s"], at_most=round(als["cpu s"], 1)))
    return results, targets


def one_split(
    path: Path, split: Split, seed: int, threads: int
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the name and the metrics of every contender, on one split with one seed."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "movies.embedding.parquet"
        config = TwoTowerConfig(
            data=path, out=out, split=split, seed=seed, threads=threads, quiet=True
        )
        pairs = read(config)
        began = time.process_time()
        made, _ = train(pairs, (None, None), replace(config, baselines=False), start(config))
        yield "two_tower", _metrics(made.provenance.metrics, began)
    parts = split_pairs(config.split, pairs.rows, pairs.time_rank, 0.1, seed)
    trained, tested = pairs.rows[parts.train], pairs.rows[parts.test]
    validated = pairs.rows[parts.validation]
    yield "als (tuned)", tuned_als(trained, validated, tested, pairs.shape, seed, threads)
    known = np.concatenate([trained, validated])
    found, _ = baselines.compare(trained, tested, known, pairs.shape, config.dim)
    yield from found.items()


def tuned_als(
    trained: np.ndarray,
    validated: np.ndarray,
    tested: np.ndarray,
    shape: tuple[int, int],
    seed: int,
    threads: int,
) -> dict[str, float]:
    """Return the test metrics of implicit's ALS with the settings that are best in validation."""
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
        scores = lambda rows, users=users, items=items: users[rows] @ items.T  # noqa: E731
        ranks = ranking.held_out_ranks(scores, validated, trained, shape[1])
        validation = ranking.metrics(ranks, validated[:, 0])["ndcg@10"]
        if validation > best[0]:
            ranks = ranking.held_out_ranks(scores, tested, known, shape[1])
            best = (validation, {**ranking.metrics(ranks, tested[:, 0]), "cpu s": seconds})
    return best[1]


def _metrics(metrics: Any, began: float) -> dict[str, float]:
    return {name: metrics[name] for name in METRICS} | {"cpu s": time.process_time() - began}


def books(options: Options) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Compare the genres of neighboring books with SVD, for all links and for Koehrsen's subset."""
    path = options.find("1_books", "p15_books.ndjson")
    results, targets = [], []
    for min_count, seed in itertools.product((1, 4), range(options.seeds)):
        report.print_progress(f"books, links that occur at least {min_count} times, seed {seed}")
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
            fraction, count = same_genre(each, pairs.left)
            results.append({
                "data": "books p15", "min count": min_count, "contender": name, "seed": seed,
                "same genre@10": round(fraction, 4), "books": count,
                "same author (Animorphs)": animorphs(each, pairs.left),
                "cpu s": round(seconds, 1) if name == "two_tower" else None,
            })  # fmt: skip
    for min_count in (1, 4):
        mean = {
            name: float(np.mean([row["same genre@10"] for row in results
                                 if (row["contender"], row["min count"]) == (name, min_count)]))
            for name in ("two_tower", "svd")
        }  # fmt: skip
        what = f"same genre@10, min count {min_count}, against SVD"
        best = round(mean["svd"], 4)
        targets.append(report.target(what, mean["two_tower"], at_least=best))
    return results, targets


def same_genre(vectors: EmbeddingSet, side: Side) -> tuple[float, int]:
    """Return the mean fraction of the 10 nearest books that have the same genre, and the books.

    Only books of the six largest genres are evaluated and can be neighbors.
    """
    texts = side.columns["genre"].to_pylist()
    genres = np.array([next((g for g in GENRES if g in (text or "")), "") for text in texts])
    names, counts = np.unique(genres[genres != ""], return_counts=True)
    chosen = np.flatnonzero(np.isin(genres, names[np.argsort(-counts)[:6]]))
    subset = EmbeddingSet.of(vectors.vectors[chosen], metric=vectors.provenance.metric)
    near = neighbors.query(subset, np.arange(len(chosen)), k=10).rows
    own = genres[chosen]
    return float((own[near] == own[:, None]).mean()), len(chosen)


def animorphs(vectors: EmbeddingSet, side: Side) -> float:
    """Return the fraction of the 10 books nearest to The Solution (novel) by K. A. Applegate."""
    author = side.columns["author"].to_pylist()
    row = side.labels.index("The Solution (novel)")
    near = neighbors.query(vectors, row, k=10).rows
    return float(np.mean([author[other] == "K. A. Applegate" for other in near]))


def speed(options: Options) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Time Koehrsen's settings on data of the size of his, and 3 epochs of the defaults."""
    pairs = simulated()
    results = []
    for name, flags in (
        ("--preset koehrsen", ["--preset", "koehrsen"]),
        ("defaults, 3 epochs", ["--epochs", "3", "--validation-fraction", "0"]),
    ):
        report.print_progress(f"speed, {name}")
        with TemporaryDirectory() as folder:
            arguments = ["--out", f"{folder}/b.embedding.parquet", "--quiet",
                         "--threads", str(options.threads), *flags]  # fmt: skip
            config = parse(TwoTowerConfig, arguments, "two_tower")
            began, cpu = time.perf_counter(), time.process_time()
            _, fitted = train(pairs, (None, None), config, start(config))
            results.append({
                "data": "simulated books", "contender": name, "pairs seen": fitted.examples,
                "s": round(time.perf_counter() - began, 1),
                "cpu s": round(time.process_time() - cpu, 1),
                "pairs/s": fitted.speed["pairs_per_second"],
            })  # fmt: skip
    target = report.target(
        "11.6 million pairs with 2 negatives each: CPU seconds, 3 minutes on each of 2 cores",
        results[0]["cpu s"], at_most=360,
    )  # fmt: skip
    return results, [target]


def simulated(seed: int = 0) -> Pairs:
    """Return as many distinct pairs as Koehrsen's; link frequencies follow a power law."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, LINKS + 1) ** 0.7
    # every link occurs at least once
    keys: np.ndarray = np.arange(LINKS) + rng.integers(BOOKS, size=LINKS) * LINKS
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
