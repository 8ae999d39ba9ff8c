"""The two towers after the feed: their weights, and the rates at which to train these further."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from trainers.two_tower.model import TwoTowers


@dataclass(frozen=True, eq=False)
class FeedWeights:
    """What was learned from the feed.

    Attributes
    ----------
    state : the weights of the two towers, on the CPU
    left, right : bool, shapes (users,) and (items,), True for those that occur in the feed
    tokens : bool, shape (tokens,), True for the tokens of items that occur in the feed; None: items
        have no features
    """

    state: dict[str, torch.Tensor]
    left: np.ndarray
    right: np.ndarray
    tokens: np.ndarray | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights."""
        digest = hashlib.sha256()
        for name in sorted(self.state):
            digest.update(self.state[name].numpy().tobytes())
        return digest.hexdigest()


class ScaledUpdates(nn.Module):
    """A parametrization of a table: its initial rows plus trained changes, scaled row by row.

    The length of Adam's steps does not depend on the gradient's, so the scale of a row acts as its
    learning rate. A row with scale 0 is frozen.

    Parameters
    ----------
    initial : float32, shape (n, d)
    scale : float32, shape (n, 1)
    """

    initial: torch.Tensor
    scale: torch.Tensor

    def __init__(self, initial: torch.Tensor, scale: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("initial", initial, persistent=False)
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, change: torch.Tensor) -> torch.Tensor:
        """Return the table: float32, shape (n, d)."""
        return self.initial + self.scale * change


def start_from(module: TwoTowers, feed: FeedWeights, rate: float) -> None:
    """Load the weights from the feed; train the rows that it taught at a fraction of the rate."""
    module.load_state_dict(feed.state)
    right = module.right
    _scale_updates(module.left.own, feed.left, rate)
    _scale_updates(right.own, feed.right, rate)
    _scale_updates(right.words, feed.tokens, rate)
    _scale_updates(getattr(module, "right_bias", None), feed.right, rate)


def _scale_updates(table: nn.Module | None, known: np.ndarray | None, rate: float) -> None:
    """Scale the updates of a table's known rows, if there is such a table."""
    if table is None or known is None:
        return
    weight = table.get_parameter("weight")
    scale = torch.from_numpy(np.where(known, rate, 1.0).astype(np.float32))[:, None]  # (n, 1)
    updates = ScaledUpdates(weight.detach().clone(), scale)
    weight.data.zero_()
    parametrize.register_parametrization(table, "weight", updates, unsafe=True)
