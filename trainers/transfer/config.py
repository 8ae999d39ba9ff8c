"""The settings of transfer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from trainers.core.settings import ADVANCED, LoopConfig, wrong
from trainers.two_tower.config import TwoTowerConfig


@dataclass(frozen=True, kw_only=True)
class TransferConfig(LoopConfig):
    """Learn users and items from a feed, then ads from few clicks: what does the feed help?"""

    # fmt: off

    data: Annotated[Path | None, Doc("Interactions with the feed: a table of users and items. With "
                                     "a column `surface`, those with ads too. Left out: planted "
                                     "tastes")] = None
    ads: Annotated[Path | None, Doc("Clicks on ads, where they are in a file of their own")] = None
    items: Annotated[Path | None, Doc("Table of the items and ads, by key")] = None
    features: Annotated[str | None, Doc("Columns of that table, with commas between, from which "
                                        "vectors are made too"), ADVANCED] = None
    user: Annotated[str | None, Doc("Column of the user, or several with commas between. Left out: "
                                    "by name, else the first"), ADVANCED] = None
    item: Annotated[str | None, Doc("Column of the item. Left out: by name, else the second"),
                    ADVANCED] = None
    shares: Annotated[str, Doc("Percent of the clicks on ads to learn from, with commas between"
                               )] = "1,5,10,30,100"
    warm_rate: Annotated[float, Doc("Learning rate of what the feed has taught, in the warm start, "
                                    "as a share of that of the rest")] = 0.1
    test_fraction: Annotated[float, Doc("Share of the clicks on ads kept for the test"),
                             ADVANCED] = 0.2
    batch_size: Annotated[int | None, Doc("Interactions a step. Left out: about 100 steps an "
                                          "epoch, of 32 to 4096")] = None
    learning_rate: Annotated[float, Doc("Step size of the optimizer"
                                        )] = TwoTowerConfig.learning_rate
    weight_decay: Annotated[float, Doc("Pull of vectors towards 0"),
                            ADVANCED] = TwoTowerConfig.weight_decay

    # fmt: on

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.warm_rate <= 1:
            raise wrong("warm_rate", self.warm_rate, "above 0, at most 1")
        if not 0 < self.test_fraction < 1:
            raise wrong("test_fraction", self.test_fraction, "above 0 and below 1")
        if self.features is not None and self.items is None:
            raise wrong("features", self.features, "--items beside it: a table of these columns")
        _ = self.percents

    @property
    def percents(self) -> tuple[float, ...]:
        """The shares, ascending; the last one makes the file."""
        try:
            found = sorted({float(text) for text in self.shares.split(",")})
        except ValueError:
            found = []
        if not found or not 0 < found[0] <= found[-1] <= 100:
            raise wrong("shares", self.shares, "numbers above 0, at most 100, such as 1,10,100")
        return tuple(found)

    @property
    def two_tower(self) -> TwoTowerConfig:
        """The settings of two_tower by which both surfaces are learned."""
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
