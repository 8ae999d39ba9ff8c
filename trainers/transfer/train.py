"""From the feed to ads: a large surface teaches users and items that help to learn a small one.

    python -m trainers transfer --data organic.csv --ads ads.csv --out ads.embedding.parquet

Two towers (two_tower/) learn users and items from what happens on the feed. Then ads are learned,
from 1, 5, 10, 30 and 100 % of the clicks on them, in three ways:

- from scratch: from the clicks on ads alone;
- frozen: users and items stay as the feed taught them, and only ads are trained;
- warm start: users and items are trained further too, at a lower rate than ads.

The evaluation ranks the ads of held-out clicks, by NDCG and recall, among all ads that the user did
not click otherwise, whatever the percentage. The table is printed, and plotted in transfer.html in
the run's folder. The file holds users, items of the feed and ads in one space.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from embeddings.embedding_set import EmbeddingSet
from trainers.core import run_info
from trainers.core.console import is_main, print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator
from trainers.metrics import ranking
from trainers.transfer.config import TransferConfig
from trainers.transfer.data import Surfaces, read
from trainers.transfer.model import FeedWeights, start_from
from trainers.transfer.output import (
    FROM_SCRATCH,
    Row,
    results_table,
    surface_embeddings,
    write_plot,
)
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import describe
from trainers.two_tower.train import PairsTask, pairs_batch_size

MIN_VALIDATION = 20
"""With fewer validation clicks, these are trained on too, and the last epoch is used."""


class SurfaceTask(PairsTask):
    """Trains two towers on one surface, and evaluates them on it.

    Parameters
    ----------
    data : both surfaces
    train, validation : int64, row numbers of the training and of the validation pairs
    catalogue : int64, numbers of the surface's items, ascending
    config : the settings of two_tower
    feed : the weights to start from; None: from scratch
    rate : learning rate of what is in `feed`, as a fraction of the rate of the rest
    """

    def __init__(
        self,
        data: Surfaces,
        train: np.ndarray,
        validation: np.ndarray,
        catalogue: np.ndarray,
        config: TwoTowerConfig,
        feed: FeedWeights | None = None,
        rate: float = 1.0,
    ) -> None:
        super().__init__(data.pairs, train, validation, (None, data.features), config)
        self.catalogue = catalogue
        if feed is not None:
            start_from(self.module, feed, rate)

    def evaluate(self, held_out: np.ndarray, known: np.ndarray) -> dict[str, float]:
        """Return the ranking metrics of held-out pairs among the items of the surface.

        Parameters
        ----------
        held_out : int64, shape (h, 2), the pairs to rank
        known : int64, shape (p, 2), pairs left out of the ranking
        """
        left, right = self.module.vectors()
        return catalogue_metrics(lambda lefts: left[lefts] @ right[self.catalogue].T, held_out,
                                 known, self.catalogue)  # fmt: skip


def catalogue_metrics(
    score: ranking.ScoreFunction, held_out: np.ndarray, known: np.ndarray, catalogue: np.ndarray
) -> dict[str, float]:
    """Return the ranking metrics of held-out pairs among some of the right items.

    Parameters
    ----------
    score : scores the items of the catalogue, in its order
    held_out : int64, shape (h, 2), the pairs to rank, with items of the catalogue
    known : int64, shape (p, 2), pairs left out of the ranking
    catalogue : int64, shape (c,), right items, ascending
    """
    known = known[np.isin(known[:, 1], catalogue)]
    held_out, known = (
        np.stack([rows[:, 0], np.searchsorted(catalogue, rows[:, 1])], axis=1)
        for rows in (held_out, known)
    )
    ranks = ranking.held_out_ranks(score, held_out, known, len(catalogue))
    return ranking.metrics(ranks, held_out[:, 0])


def run(config: TransferConfig) -> dict[str, Any]:
    """Read both surfaces, train, evaluate, write plot and file; return the metrics."""
    fabric = start(config)
    data = read(config)
    for note in (*data.pairs.notes, describe(data.pairs)):
        print_progress(note, config.quiet)
    if config.dry_run:
        nothing = data.organic[:0]
        task = SurfaceTask(data, data.organic, nothing, _feed_items(data), config.two_tower)
        return dry_run(task, config, fabric)
    embedding_set, result = train(data, config, fabric)
    return write_result(embedding_set, config, result)


def train(
    data: Surfaces, config: TransferConfig, fabric: Fabric
) -> tuple[EmbeddingSet, TrainingResult]:
    """Train on the feed, then on each percentage of the clicks on ads in each way.

    Returns
    -------
    The set of the best way with the highest percentage, and how the training on the feed went.
    """
    settings = run_info.settings(config, similarity=config.two_tower.similarity)
    settings["items"] = config.items and config.items.name
    about = settings | {"data": dict(data.pairs.source)}
    feed, feed_metrics, feed_result = train_feed(data, config, fabric, about)
    about |= {"feed": feed.fingerprint}

    order = numpy_generator(config.seed, "ads").permutation(data.ads)
    test, pool = np.split(order, [max(1, round(config.test_fraction * len(order)))])
    print_progress(f"{len(pool):,} training clicks on ads, {len(test):,} test clicks; "
        f"{len(data.catalogue):,} ads", config.quiet)  # fmt: skip
    ways: dict[str, tuple[FeedWeights | None, float]] = {
        FROM_SCRATCH: (None, 1.0),
        "frozen": (feed, 0.0),
        "warm start": (feed, config.warm_rate),
    }
    rows: list[Row] = []
    tasks: dict[str, SurfaceTask] = {}
    for percent in config.percents:
        part = pool[: max(1, round(percent / 100 * len(pool)))]
        rows.append(popularity(data, percent, part, test, pool))
        for way, (initial, rate) in ways.items():
            task = ads_task(data, part, config, initial, rate)
            stage = f"{way.replace(' ', '-')}-{percent:g}"
            result = fit(task, replace(config, quiet=True), fabric, about, stage=stage)
            metrics = task.evaluate(data.pairs.rows[test], data.pairs.rows[pool])
            rows.append(Row(way, percent, len(part), metrics, result.best_epoch,
                            result.metrics.get(task.metric)))  # fmt: skip
            tasks[way] = task
        print_progress(f"trained on {percent:g} % of the clicks", config.quiet)

    for line in results_table(rows):
        print_progress(line, config.quiet)
    if note := ranking.small_test_note(len(test), "test clicks"):
        print_progress(note, config.quiet)
    best = max(rows[-len(ways) :], key=lambda row: (row.validated or 0.0, row.way))
    left, right = tasks[best.way].module.vectors()
    embedding_set = surface_embeddings(data, left, right, best.way, settings, {
        "loss": feed_result.loss,
        "steps": feed_result.steps,
        "epochs": feed_result.epochs,
        "feed": {
            "interactions": len(data.organic), "items": len(_feed_items(data)), **feed_metrics
        },
        "ads": {"clicks": len(data.ads), "ads": len(data.catalogue), "test": len(test)},
        "written": best.way,
        **best.metrics,
        "transfer": [row.as_json() for row in rows],
    })  # fmt: skip
    if is_main():
        write_plot(rows, data.pairs.name, config.run_folder / "transfer.html")
    return embedding_set, feed_result


def train_feed(
    data: Surfaces, config: TransferConfig, fabric: Fabric, about: dict[str, Any]
) -> tuple[FeedWeights, dict[str, float], TrainingResult]:
    """Train on the feed; return its weights, its validation metrics, and how the training went."""
    validation, rest = _validation_split(data.organic, config)
    task = SurfaceTask(data, rest, validation, _feed_items(data), config.two_tower)
    result = fit(task, config, fabric, about)
    rows = data.pairs.rows[data.organic]
    left, right = (
        np.bincount(rows[:, side], minlength=count) > 0
        for side, count in enumerate(data.pairs.shape)
    )
    tokens = None
    if (bags := data.features) is not None:
        owner = np.repeat(np.arange(len(right)), np.diff(bags.offsets))  # (t,)
        seen = np.bincount(bags.tokens[right[owner]], minlength=len(bags.vocabulary))
        tokens = seen > 0
    state = {name: value.cpu().clone() for name, value in task.module.state_dict().items()}
    return FeedWeights(state, left, right, tokens), dict(result.metrics), result


def ads_task(
    data: Surfaces,
    part: np.ndarray,
    config: TransferConfig,
    feed: FeedWeights | None,
    rate: float,
) -> SurfaceTask:
    """Return the task of training on some clicks on ads: int64, row numbers of the pairs."""
    validation, rest = _validation_split(part, config)
    if len(validation) < MIN_VALIDATION:
        validation, rest = part[:0], part
    size = config.batch_size or pairs_batch_size(len(rest))
    settings = replace(config.two_tower, batch_size=size)
    return SurfaceTask(data, rest, validation, data.catalogue, settings, feed, rate)


def popularity(
    data: Surfaces, percent: float, part: np.ndarray, test: np.ndarray, pool: np.ndarray
) -> Row:
    """Evaluate ads ranked by their number of clicks.

    Parameters
    ----------
    data : both surfaces
    percent : of the training clicks
    part, test, pool : int64, row numbers of the clicks counted, of the test clicks, and of all
        training clicks
    """
    rows, catalogue = data.pairs.rows, data.catalogue
    counts = np.bincount(rows[part, 1], minlength=data.pairs.shape[1])[catalogue].astype(float)
    metrics = catalogue_metrics(lambda lefts: np.tile(counts, (len(lefts), 1)), rows[test],
                                rows[pool], catalogue)  # fmt: skip
    return Row("popularity", percent, len(part), metrics)


def _feed_items(data: Surfaces) -> np.ndarray:
    """Return the numbers of the feed's items: int64, ascending."""
    return np.unique(data.pairs.rows[data.organic, 1])


def _validation_split(rows: np.ndarray, config: TransferConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return rows for validation, drawn at random, and the rest."""
    order = numpy_generator(config.seed, "validation", len(rows)).permutation(rows)
    count = int(config.validation_fraction * len(rows))
    return np.sort(order[:count]), np.sort(order[count:])
