"""The state of a run on disk: last.pt to resume from, best.pt with the best weights.

Both are written atomically. They hold tensors, numbers and texts only and are loaded with
weights_only, so that nothing in them can be executed.
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
from server.runs.contract import (
    BEST_CHECKPOINT,
    CHECKPOINT_HASH,
    LAST_CHECKPOINT,
    METRICS_LOG,
    record_checkpoint_hash,
)
from trainers.core.console import is_main

STOPPING_SETTINGS = frozenset({"epochs", "max_steps", "patience"})
"""Settings that may change when a run is resumed."""


@dataclass
class TrainState:
    """The progress of a training. Resuming needs this, the weights and the optimizer's state.

    Attributes
    ----------
    epoch : int
        Completed epochs.
    step, steps : int
        Steps taken in the current epoch, and in total.
    loss_sum, count : float
        Sum of the losses of the current epoch, and its divisor.
    loss : float
        Mean loss of the last completed epoch.
    best, best_epoch, best_metrics
        The best value of the task's metric so far, its epoch (from 1; 0 before any validation) and
        all metrics of that epoch.
    seconds : float
        Time spent in steps.
    examples : int
        Examples seen.
    logged : int
        Bytes of metrics.jsonl.
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
    settings : mapping
        Settings and data, compared when the run is resumed.
    states : mapping
        The `state_dict`s by name.
    """
    state = {"place": dataclasses.asdict(train_state), "about": _to_json(settings), **states}
    _write(folder / LAST_CHECKPOINT, state)


def read_last(
    folder: Path, settings: Mapping[str, Any], added: Mapping[str, Any] | None = None
) -> tuple[TrainState, dict[str, Any]] | None:
    """Read last.pt; return the training state and the `state_dict`s, or None if there is no file.

    Parameters
    ----------
    settings : mapping
        Settings and data of the run that is to continue.
    added : mapping, optional
        Settings that the run may lack, and the values that it had without them: see
        loop_config.ADDED.

    Raises
    ------
    EmbeddingError
        The file is damaged, or the run had other data or settings.
    """
    if not (folder / LAST_CHECKPOINT).is_file():
        return None
    state = _read(folder / LAST_CHECKPOINT)
    before = json.loads(_to_json(added or {})) | json.loads(state.pop("about"))
    now = json.loads(_to_json(settings))
    differences = [
        f"{name} was {before.get(name)}, now {now.get(name)}"
        for name in sorted({*before, *now} - STOPPING_SETTINGS)
        if before.get(name) != now.get(name)
    ]
    if differences:
        raise EmbeddingError(
            f"--resume auto: the run in {folder} differs: {'; '.join(differences)}; use the same "
            "settings and data, another --run-dir, or --resume never to start over"
        )
    return TrainState(**state.pop("place")), state


def write_best(folder: Path, module: nn.Module, settings: Mapping[str, Any]) -> None:
    """Write best.pt: the weights, and the settings they were trained with."""
    (folder / CHECKPOINT_HASH).unlink(missing_ok=True)
    _write(folder / BEST_CHECKPOINT, {"module": module.state_dict(), "about": _to_json(settings)})


def finalize_best(
    folder: Path, module: nn.Module, settings: Mapping[str, Any], best_epoch: int
) -> str:
    """Return the sha256 of best.pt at the end of a run, which identifies it in embedding files.

    If nothing was validated (`best_epoch` is 0), best.pt is written now, with the current weights.
    The sha256 is recorded beside the file.

    Returns
    -------
    str
        64 hexadecimal digits; "" in all processes but the first, which alone writes files.
    """
    if not is_main():
        return ""
    if not best_epoch:
        write_best(folder, module, settings)
    return record_checkpoint_hash(folder)


def read_best(folder: Path, module: nn.Module) -> None:
    """Load the weights of best.pt into the module."""
    module.load_state_dict(_read(folder / BEST_CHECKPOINT)["module"])


def read_weights(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return the settings of a run and its weights: the best, or the last if there is no best.pt.

    Raises
    ------
    EmbeddingError
        The folder has no checkpoint, or the checkpoint is damaged.
    """
    names = (BEST_CHECKPOINT, LAST_CHECKPOINT)
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise EmbeddingError(f"{folder}: contains no {' or '.join(names)}; give a run's folder")
    state = _read(path)
    return json.loads(state["about"]), state["module"]


def clear(folder: Path) -> None:
    """Create the folder, or remove the files of an earlier run and its stages from it."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage in (folder, *(log.parent for log in folder.glob(f"*/{METRICS_LOG}"))):
        for name in (LAST_CHECKPOINT, BEST_CHECKPOINT, CHECKPOINT_HASH, METRICS_LOG):
            (stage / name).unlink(missing_ok=True)


def _to_json(settings: Mapping[str, Any]) -> str:
    return json.dumps(dict(settings), sort_keys=True, default=str)


def _write(path: Path, state: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        # Given a path, torch.save would write its name, which is random here, into the file.
        torch.save(dict(state), file)


def _read(path: Path) -> dict[str, Any]:
    reason = "it is truncated, or not a PyTorch file"
    if zipfile.is_zipfile(path):  # otherwise torch.load would expect the format before 1.6
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, pickle.UnpicklingError) as error:
            reason = " ".join(str(error).split())[:100]
    raise EmbeddingError(
        f"{path}: not a readable checkpoint ({reason}); start over with --resume never"
    )
