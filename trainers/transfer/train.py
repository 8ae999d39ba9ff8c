"""From the feed to ads: users and items of a large surface help to learn a small one.

    python -m trainers transfer --data organic.csv --ads ads.csv --out ads.embedding.parquet

Two towers (two_tower.py) learn users and items from what happens on the feed. Then ads are learned,
from 1, 5, 10, 30 and 100 % of the clicks on them, in three ways:

- from scratch: the clicks on ads alone;
- frozen: users and items stay as the feed has taught them, and only ads are learned;
- warm start: they go on learning, too, at a lower rate than what is new.

Judged are clicks on ads that were withheld: NDCG and Recall, all ads ranked but those that the user
clicked otherwise, whatever the share. The table is printed, the plot is transfer.html in the run's
folder. The file holds users, items of the feed and ads, in one space.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn.utils import parametrize

from embeddings.embedding_set import EmbeddingSet
from trainers.core import provenance
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import is_main, say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator
from trainers.metrics import ranking
from trainers.transfer.config import TransferConfig
from trainers.transfer.data import Surfaces, read
from trainers.transfer.report import Row, plot, table
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import describe
from trainers.two_tower.output import both_sides
from trainers.two_tower.train import PairsTask, automatic_batch_size

VALIDATED = 20
"""With fewer clicks to validate by, they are learned too, and the last epoch is kept."""

State = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Learned:
    """What the feed has taught.

    Attributes
    ----------
    state : weights of the two towers, on the CPU
    left, right, tokens : bool, which users, items and tokens of items the feed has had
    """

    state: State
    left: np.ndarray
    right: np.ndarray
    tokens: np.ndarray | None

    @property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        found = hashlib.sha256()
        for name in sorted(self.state):
            found.update(self.state[name].numpy().tobytes())
        return found.hexdigest()


class Moved(nn.Module):
    """A table of vectors as what it was, plus what is learned, row by row at a rate.

    Adam's steps have one length whatever the gradient's; times the rate, that is the length of a
    row's own steps. At rate 0 a row stays.

    Parameters
    ----------
    first : float32, shape (n, d)
    rate : float32, shape (n, 1)
    """

    first: torch.Tensor
    rate: torch.Tensor

    def __init__(self, first: torch.Tensor, rate: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("rate", rate, persistent=False)

    def forward(self, change: torch.Tensor) -> torch.Tensor:
        """Return the table: float32, shape (n, d)."""
        return self.first + self.rate * change


class SurfaceTask(PairsTask):
    """Two towers that learn one surface, and are judged on it.

    Parameters
    ----------
    train, validation : int64, rows of the pairs
    catalogue : int64, numbers of the items of the surface, ascending
    learned : what to begin with; None: from scratch
    rate : learning rate of what is in `learned`, as a share of that of the rest
    """

    def __init__(
        self,
        data: Surfaces,
        train: np.ndarray,
        validation: np.ndarray,
        catalogue: np.ndarray,
        config: TwoTowerConfig,
        learned: Learned | None = None,
        rate: float = 1.0,
    ) -> None:
        super().__init__(data.pairs, train, validation, (None, data.features), config)
        self.catalogue = catalogue
        if learned is not None:
            self.module.load_state_dict(learned.state)
            right = self.module.right
            _slow(self.module.left.own, learned.left, rate)
            _slow(right.own, learned.right, rate)
            _slow(right.words, learned.tokens, rate)
            _slow(getattr(self.module, "right_bias", None), learned.right, rate)

    def ranked(self, judged: np.ndarray, known: np.ndarray) -> dict[str, float]:
        """Return the metrics of pairs to find among the items of the surface, int64 (h, 2).

        known : int64, (p, 2), pairs that are not ranked
        """
        left, right = self.module.vectors()
        return ranked(lambda lefts: left[lefts] @ right[self.catalogue].T, judged, known,
                      self.catalogue)  # fmt: skip


def ranked(
    closeness: ranking.Closeness, judged: np.ndarray, known: np.ndarray, catalogue: np.ndarray
) -> dict[str, float]:
    """Return the metrics of pairs to find among some right items; see SurfaceTask.

    closeness : to the items of the catalogue
    """
    known = known[np.isin(known[:, 1], catalogue)]
    judged, known = (
        np.stack([rows[:, 0], np.searchsorted(catalogue, rows[:, 1])], axis=1)
        for rows in (judged, known)
    )
    ranks = ranking.withheld_ranks(closeness, judged, known, len(catalogue))
    return ranking.metrics(ranks, judged[:, 0])


def _slow(part: nn.Module | None, known: np.ndarray | None, rate: float) -> None:
    """Have the known rows of a table, where there is one, learn at a share of the rate."""
    if part is None or known is None:
        return
    weight = part.get_parameter("weight")
    rates = torch.from_numpy(np.where(known, rate, 1.0).astype(np.float32))[:, None]
    moved = Moved(weight.detach().clone(), rates)
    weight.data.zero_()
    parametrize.register_parametrization(part, "weight", moved, unsafe=True)


def run(config: TransferConfig) -> dict[str, Any]:
    """Read both surfaces, train, judge, write plot and file; return the metrics."""
    fabric = start(config)
    data = read(config)
    for note in (*data.pairs.notes, describe(data.pairs)):
        say(note, config.quiet)
    if config.dry_run:
        nothing = data.organic[:0]
        task = SurfaceTask(data, data.organic, nothing, _items(data), config.two_tower)
        return dry_run(task, config, fabric)
    embedding_set, fitted = train(data, config, fabric)
    return write_result(embedding_set, config, fitted)


def train(
    data: Surfaces, config: TransferConfig, fabric: Fabric
) -> tuple[EmbeddingSet, TrainingResult]:
    """Learn the feed, and ads in each way from each share; return the set, and the feed's fit."""
    settings = provenance.settings(config, similarity=config.two_tower.similarity)
    settings["items"] = config.items and config.items.name
    about = settings | {"data": dict(data.pairs.source)}
    learned, organic, fitted = learn_feed(data, config, fabric, about)
    about |= {"feed": learned.fingerprint}

    order = numpy_generator(config.seed, "ads").permutation(data.ads)
    test, pool = np.split(order, [max(1, round(config.test_fraction * len(order)))])
    told = f"{len(pool):,} clicks on ads to learn from, {len(test):,} for the test"
    say(f"{told}; {len(data.catalogue):,} ads", config.quiet)
    ways: dict[str, tuple[Learned | None, float]] = {
        "from scratch": (None, 1.0),
        "frozen": (learned, 0.0),
        "warm start": (learned, config.warm_rate),
    }
    rows: list[Row] = []
    tasks: dict[str, SurfaceTask] = {}
    for percent in config.percents:
        part = pool[: max(1, round(percent / 100 * len(pool)))]
        rows.append(popularity(data, percent, part, test, pool))
        for way, (first, rate) in ways.items():
            task = ads_task(data, part, config, first, rate)
            stage = f"{way.replace(' ', '-')}-{percent:g}"
            found = fit(task, replace(config, quiet=True), fabric, about, stage=stage)
            metrics = task.ranked(data.pairs.rows[test], data.pairs.rows[pool])
            rows.append(Row(way, percent, len(part), metrics, found.best_epoch,
                            found.metrics.get(task.metric)))  # fmt: skip
            tasks[way] = task
        say(f"{percent:g} % of the clicks learned", config.quiet)

    for line in table(rows):
        say(line, config.quiet)
    best = max((row for row in rows[-3:]), key=lambda row: (row.validated or 0.0, row.way))
    made = written(data, tasks[best.way], best.way, settings, {
        "loss": fitted.loss,
        "steps": fitted.steps,
        "epochs": fitted.epochs,
        "feed": {"interactions": len(data.organic), "items": len(_items(data)), **organic},
        "ads": {"clicks": len(data.ads), "ads": len(data.catalogue), "test": len(test)},
        "written": best.way,
        **best.metrics,
        "transfer": [row.flat() for row in rows],
    })  # fmt: skip
    if is_main():
        plot(rows, data.pairs.name, config.run_folder / "transfer.html")
    return made, fitted


def learn_feed(
    data: Surfaces, config: TransferConfig, fabric: Fabric, about: dict[str, Any]
) -> tuple[Learned, dict[str, float], TrainingResult]:
    """Learn the feed; return what is learned, its validation, and how it was fitted."""
    validation, part = _shuffled_parts(data.organic, config)
    task = SurfaceTask(data, part, validation, _items(data), config.two_tower)
    fitted = fit(task, config, fabric, about)
    rows = data.pairs.rows[data.organic]
    left, right = (
        np.bincount(rows[:, side], minlength=count) > 0
        for side, count in enumerate(data.pairs.shape)
    )
    tokens = None
    if (bags := data.features) is not None:
        owner = np.repeat(np.arange(len(right)), np.diff(bags.offsets))
        seen = np.bincount(bags.tokens[right[owner]], minlength=len(bags.vocabulary))
        tokens = seen > 0
    state = {name: value.cpu().clone() for name, value in task.module.state_dict().items()}
    return Learned(state, left, right, tokens), dict(fitted.metrics), fitted


def ads_task(
    data: Surfaces, part: np.ndarray, config: TransferConfig, learned: Learned | None, rate: float
) -> SurfaceTask:
    """Return the task of learning ads from some clicks: int64, rows of the pairs."""
    validation, rest = _shuffled_parts(part, config)
    if len(validation) < VALIDATED:
        validation, rest = part[:0], part
    size = config.batch_size or automatic_batch_size(len(rest))
    settings = replace(config.two_tower, batch_size=size)
    return SurfaceTask(data, rest, validation, data.catalogue, settings, learned, rate)


def popularity(
    data: Surfaces, percent: float, part: np.ndarray, test: np.ndarray, pool: np.ndarray
) -> Row:
    """Judge the ranking of ads by their number of clicks among some: int64, rows of the pairs."""
    rows, catalogue = data.pairs.rows, data.catalogue
    counts = np.bincount(rows[part, 1], minlength=data.pairs.shape[1])[catalogue].astype(float)
    metrics = ranked(lambda lefts: np.tile(counts, (len(lefts), 1)), rows[test], rows[pool],
                     catalogue)  # fmt: skip
    return Row("popularity", percent, len(part), metrics)


def written(
    data: Surfaces, task: SurfaceTask, way: str, settings: dict[str, Any], metrics: dict[str, Any]
) -> EmbeddingSet:
    """Return the set of users, items of the feed and ads; from scratch, without the feed's items.

    Their `role` is the column's name, that of an ad is `ad`.
    """
    left, right = task.module.vectors()
    whole = both_sides(data.pairs, left, right, settings, metrics, trainer="transfer")
    ad = np.concatenate([np.zeros(len(left), bool), np.isin(np.arange(len(right)), data.catalogue)])
    columns = whole.metadata
    role = np.where(ad, "ad", columns["role"].to_numpy())
    columns = columns.set_column(columns.column_names.index("role"), "role", pa.array(role))
    kept = np.arange(len(whole))
    if way == "from scratch":
        kept = np.flatnonzero(ad | (np.arange(len(ad)) < len(left)))
    labels = tuple(whole.labels[row] for row in kept)
    about = replace(whole.provenance, role=f"{data.pairs.left.role}, {data.pairs.right.role}, ad")
    return EmbeddingSet(whole.vectors[kept], labels, columns.take(kept), about)


def _items(data: Surfaces) -> np.ndarray:
    """Return the numbers of the feed's items: int64, ascending."""
    return np.unique(data.pairs.rows[data.organic, 1])


def _shuffled_parts(rows: np.ndarray, config: TransferConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return rows for validation, drawn at random, and the rest."""
    order = numpy_generator(config.seed, "validation", len(rows)).permutation(rows)
    count = int(config.validation_fraction * len(rows))
    return np.sort(order[:count]), np.sort(order[count:])
