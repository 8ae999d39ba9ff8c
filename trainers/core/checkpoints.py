"""The state of a run on disk: last.pt to continue from, best.pt with the best weights.

Both are written whole or not at all, and hold tensors, numbers and texts only: they are loaded
with weights_only, so that nothing in them can run.
"""

import dataclasses
import json
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from server.runs.checkpoints import sha256_of
from trainers.core.progress import is_main

LAST, BEST, LOG = "last.pt", "best.pt", "metrics.jsonl"
"""Files of a run's folder."""

STOPPING_SETTINGS = frozenset({"epochs", "max_steps", "patience"})
"""Settings that may change when a run continues."""


@dataclass
class TrainState:
    """Where a run is. With the weights and the optimizer's state, all that continuing needs.

    Attributes
    ----------
    epoch : epochs completed
    step : steps taken of the epoch under way
    steps : steps taken in all
    loss_sum, count : of the epoch under way
    loss : mean loss of the last epoch completed
    best, best_epoch, best_metrics : the best validation so far; epoch is numbered from 1
    seconds : time spent in steps
    examples : examples seen
    logged : bytes of metrics.jsonl
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    loss_sum: float = 0.0
    count: float = 0.0
    loss: float = float("nan")
    best: float | None = None
    best_epoch: int = 0
    best_metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    examples: int = 0
    logged: int = 0


def write_last(
    folder: Path, train_state: TrainState, settings: Mapping[str, Any], states: Mapping[str, Any]
) -> None:
    """Write last.pt.

    Parameters
    ----------
    about : the settings and the data, compared when the run continues
    states : state_dicts by name
    """
    state = {"place": dataclasses.asdict(train_state), "about": _to_json(settings), **states}
    _write(folder / LAST, state)


def read_last(
    folder: Path, settings: Mapping[str, Any]
) -> tuple[TrainState, dict[str, Any]] | None:
    """Read last.pt: the place and the states; None if there is no such file.

    Raises
    ------
    EmbeddingError
        the file is damaged, or the run was made from other data or with other settings
    """
    if not (folder / LAST).is_file():
        return None
    state = _read(folder / LAST)
    then, now = json.loads(state.pop("about")), json.loads(_to_json(settings))
    differences = [
        f"{name} was {then.get(name)}, now {now.get(name)}"
        for name in sorted({*then, *now} - STOPPING_SETTINGS)
        if then.get(name) != now.get(name)
    ]
    if differences:
        raise EmbeddingError(
            f"--resume auto: the run in {folder} differs: {'; '.join(differences)}; give what it "
            "was made with, another --run-dir, or --resume never to begin anew"
        )
    return TrainState(**state.pop("place")), state


def write_best(folder: Path, module: nn.Module, settings: Mapping[str, Any]) -> None:
    """Write best.pt: the weights, and what they were made with."""
    _write(folder / BEST, {"module": module.state_dict(), "about": _to_json(settings)})


def best_sha256(
    folder: Path, module: nn.Module, settings: Mapping[str, Any], best_epoch: int
) -> str:
    """Return the sha256 of best.pt at the end of a run, by which a file names its checkpoint.

    Where nothing was validated (best_epoch is 0) it is written now, with the weights as they are.
    "" in all processes but the first, which writes the files.
    """
    if not is_main():
        return ""
    if not best_epoch:
        write_best(folder, module, settings)
    return sha256_of(folder / BEST)


def read_best(folder: Path, module: nn.Module) -> None:
    """Load the weights of best.pt into the module."""
    module.load_state_dict(_read(folder / BEST)["module"])


def read_weights(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read what a run was made with, and its weights: the best, or the last if none is known best.

    Raises
    ------
    EmbeddingError
        no run is there, or its file is damaged
    """
    path = next((folder / name for name in (BEST, LAST) if (folder / name).is_file()), None)
    if path is None:
        raise EmbeddingError(f"{folder}: no {BEST} or {LAST} in it; give the folder of a run")
    state = _read(path)
    return json.loads(state["about"]), state["module"]


def clear(folder: Path) -> None:
    """Make the folder, without the files of a former run and of its stages."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage in (folder, *(log.parent for log in folder.glob(f"*/{LOG}"))):
        for name in (LAST, BEST, LOG):
            (stage / name).unlink(missing_ok=True)


def _to_json(settings: Mapping[str, Any]) -> str:
    return json.dumps(dict(settings), sort_keys=True, default=str)


def _write(path: Path, state: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        torch.save(dict(state), file)  # given a path, it would write its name, here random, too


def _read(path: Path) -> dict[str, Any]:
    reason = "it is cut off, or no file of PyTorch's"
    if zipfile.is_zipfile(path):  # else the loader would take it for the format before 1.6
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, pickle.UnpicklingError) as error:
            reason = " ".join(str(error).split())[:100]
    raise EmbeddingError(
        f"{path}: not a readable checkpoint ({reason}); begin anew with --resume never"
    )
