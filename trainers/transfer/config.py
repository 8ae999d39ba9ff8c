"""The settings of transfer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, Unit
from typing_extensions import Doc

from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import ADVANCED, Label, SettingError
from trainers.core.loop_config import (
    DATA,
    EVALUATION,
    MODEL,
    TRAINING,
    BatchSize,
    LearningRate,
    LoopConfig,
)
from trainers.data.table_config import ColumnNames, PairColumns, TableFormat, table_format
from trainers.two_tower.config import TwoTowerConfig


@dataclass(frozen=True, kw_only=True)
class TransferConfig(TextOptions, LoopConfig):
    """Learn users and items from a feed, then ads from few clicks; measure what the feed adds."""

    # fmt: off

    data: Annotated[Path | None, DATA, Doc(
        "Interactions with the feed, a table of users and items; if it has a column `surface`, "
        "those with ads as well. Default: synthetic tastes")] = None
    ads: Annotated[Path | None, Label("Ad clicks"), DATA, Doc(
        "Clicks on ads, if they are in a separate file")] = None
    names: ColumnNames = None
    columns: PairColumns = None
    items: Annotated[Path | None, Label("Item metadata"), DATA, Doc(
        "Metadata table of the items and ads, by key")] = None
    items_format: TableFormat = None
    features: Annotated[str | None, ADVANCED, MODEL, Doc(
        "Columns of the metadata that are part of the vectors, separated by commas")] = None
    user: Annotated[str | None, Label("User column"), ADVANCED, DATA, Doc(
        "Column of the user, or several separated by commas; default: detected by name, else the "
        "first")] = None
    item: Annotated[str | None, Label("Item column"), ADVANCED, DATA, Doc(
        "Column of the item; default: detected by name, else the second")] = None
    shares: Annotated[str, Label("Ad clicks used (%)"), TRAINING, Doc(
        "Percentages of the ad clicks to learn from, separated by commas")] = "1,5,10,30,100"
    warm_rate: Annotated[float, Gt(0), Le(1), Label("Warm-start rate"), TRAINING, Doc(
        "Warm start: learning rate of the weights learned from the feed, relative to that of the "
        "others")] = 0.1
    separate_items: Annotated[bool, ADVANCED, DATA, Doc(
        "Items with the same id on both surfaces are different items")] = False
    test_fraction: Annotated[float, Gt(0), Lt(1), ADVANCED, EVALUATION, Doc(
        "Fraction of the ad clicks held out for the test")] = 0.2
    batch_size: Annotated[BatchSize, Unit("interactions"), Doc(
        "Interactions per step; default: 32 to 4,096, for about 100 steps per epoch")] = None
    learning_rate: Annotated[LearningRate, Doc(
        "Initial learning rate of Adam")] = TwoTowerConfig.learning_rate
    weight_decay: Annotated[float, Ge(0), ADVANCED, TRAINING, Doc(
        "Weight decay (L2) of the vectors")] = TwoTowerConfig.weight_decay

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.percents, self.items_text_options
        if self.features is not None and self.items is None:
            raise SettingError("features", self.features, "--items as well, their table")
        if self.separate_items and self.items is not None:
            raise SettingError("separate_items", True, "no --items, whose keys would be ambiguous")

    @property
    def items_text_options(self) -> TextOptions:
        """How the metadata of the items are written, if they are text."""
        return table_format("items_format", self.items_format)

    @property
    def percents(self) -> tuple[float, ...]:
        """The percentages in `shares`, ascending; the model of the last one is written."""
        try:
            found = sorted({float(text) for text in self.shares.split(",")})
        except ValueError:
            found = []
        if not found or not 0 < found[0] <= found[-1] <= 100:
            expected = "numbers above 0 and at most 100, such as 1,10,100"
            raise SettingError("shares", self.shares, expected)
        return tuple(found)

    @property
    def two_tower(self) -> TwoTowerConfig:
        """The settings of two_tower with which both surfaces are learned."""
        return TwoTowerConfig(
            out=self.out,
            run_dir=self.run_dir,
            dim=self.dim,
            epochs=self.epochs,
            max_steps=self.max_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            validation_fraction=self.validation_fraction,
            patience=self.patience,
            seed=self.seed,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            resume=self.resume,
            tensorboard=self.tensorboard,
            quiet=self.quiet,
        )
