"""two_tower against tf-idf on Cranfield, and against popularity, ItemKNN, SVD and EASE on UMLS

    python -m benchmarks search --data FOLDER [--seeds 5]

FOLDER contains 7_query_page/cranfield and 7_graph_umls. Cranfield's 225 queries are split into 5
folds at random for each seed; each fold is tested after 12 epochs on the others, so that each query
is tested once per seed, by a model that has not seen it. All 1,400 documents are ranked; every
document with a relevance judgment counts as relevant, whatever its grade. UMLS has its published
split; the query is (head, relation), the answer the tail, and ranks are filtered. The settings are
those of `--preset search` and `--preset graph`, chosen on validation data: for Cranfield, a fifth
of the training queries. SVD has as many dimensions as two_tower.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
from typing_extensions import Doc

from benchmarks import report
from embeddings.cli.parse import parse
from trainers.core.devices import start
from trainers.data.pairs.pairs import Pairs
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import read, read_features
from trainers.two_tower.train import train

METRICS = ("recall@10", "ndcg@10", "mrr", "hit@10")
FOLDS = 5

Found = dict[str, dict[str, float]]
"""Contender -> its metrics."""


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    seeds: Annotated[int, Doc("Number of random seeds")] = 5


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    started = report.hardware()
    cranfield = [mean(list(folds(options.find("7_query_page", "cranfield"), seed)))
                 for seed in range(options.seeds)]  # fmt: skip
    umls = [graph(options.find("7_graph_umls"), seed) for seed in range(options.seeds)]
    rows = [*table("Cranfield", cranfield), *table("UMLS", umls)]
    ours, tfidf = mean(cranfield)["two_tower"], mean(cranfield)["tfidf"]
    best = max(values["mrr"] for name, values in mean(umls).items() if name != "two_tower")
    targets = [
        report.target("Cranfield, Recall@10, against tf-idf", ours["recall@10"],
                      at_least=round(tfidf["recall@10"], 4)),
        report.target("Cranfield, Recall@10, against the prototype", ours["recall@10"],
                      at_least=0.546),
        report.target("UMLS, MRR, against the best baseline", mean(umls)["two_tower"]["mrr"],
                      at_least=round(best, 4)),
    ]  # fmt: skip
    source = "Cranfield (1967; 225 queries, 1,400 documents), UMLS (PyKEEN's; 6,529 triples)"
    data = {"source": source, "seeds": options.seeds, "folds of Cranfield": FOLDS}
    libraries = ("torch", "lightning-fabric", "scikit-learn", "scipy")
    report.show(__doc__, started, data, rows, targets, libraries)


def folds(path: Path, seed: int) -> Iterator[Found]:
    """Yield the metrics of each fold of the queries, after training on the others."""
    pairs = read(settings(path, "search", seed, "unused"))
    order = np.random.default_rng(seed).permutation(len(pairs.left))
    for number, tested in enumerate(np.array_split(order, FOLDS)):
        report.print_progress(f"Cranfield, seed {seed}, fold {number + 1}")
        part = np.zeros(len(pairs), dtype=np.int8)
        part[np.isin(pairs.rows[:, 0], tested)] = 2
        yield measured(replace(pairs, part=part), path, "search", seed)


def graph(path: Path, seed: int) -> Found:
    """Return the metrics of the test triples, with the split of the files."""
    report.print_progress(f"UMLS, seed {seed}")
    return measured(read(settings(path, "graph", seed, "unused")), path, "graph", seed)


def measured(pairs: Pairs, path: Path, preset: str, seed: int) -> Found:
    """Train on pairs that have a split; return the test metrics of our model and the baselines."""
    with TemporaryDirectory() as folder:
        config = replace(settings(path, preset, seed, folder), split="none")
        made, _ = train(pairs, read_features(pairs, config), config, start(config))
    metrics = made.provenance.metrics
    return {"two_tower": {name: metrics[name] for name in METRICS}, **metrics["baselines"]}


def settings(path: Path, preset: str, seed: int, folder: str) -> TwoTowerConfig:
    """Return the settings of a preset."""
    given = ["--data", str(path), "--out", f"{folder}/f.embedding.parquet", "--preset", preset]
    more = ["--seed", str(seed), "--device", "cpu", "--threads", "1", "--quiet"]
    return parse(TwoTowerConfig, [*given, *more], "two_tower")


def mean(found: list[Found]) -> Found:
    """Return the mean of each contender's metrics."""
    return {name: {key: float(np.mean([each[name][key] for each in found])) for key in METRICS}
            for name in found[0]}  # fmt: skip


def table(data: str, found: list[Found]) -> list[dict[str, Any]]:
    """Return a row for each contender: means over the seeds, and the deviation of Recall@10."""
    rows = []
    for name, values in mean(found).items():
        deviation = float(np.std([each[name]["recall@10"] for each in found]))
        rounded = {key: round(value, 4) for key, value in values.items()}
        rows.append({"data": data, "contender": name, **rounded,
                     "recall@10 sd": round(deviation, 4)})  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
