"""What the app and the trainers agree on: the files of a run, its log, what its model can do.

This is the only module of `server` that trainers import, so that renaming a file, an event or a
field on one side cannot break the other. It imports neither torch nor Streamlit.

A trainer writes its checkpoints and its log to the folder given by `--run-dir`. The app passes
TRAINING_FOLDER within the folder of the run; records.py lists the other files there.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from embeddings.cli import terminal
from embeddings.files.atomic import atomic_path

# Files

LAST_CHECKPOINT = "last.pt"
"""The latest state, from which a run resumes."""

BEST_CHECKPOINT = "best.pt"
"""The weights of the best epoch, which `encode` and `decode` load."""

CHECKPOINT_HASH = "best.pt.sha256"
"""The sha256 of best.pt as 64 hexadecimal digits, written once the weights are final."""

METRICS_LOG = "metrics.jsonl"
"""The log: one JSON object per line, with an `event`, a `step` and further fields."""

TRAINING_FOLDER, DATA_FOLDER = "training", "data"
"""Folders of a run of the app: the trainer's own, and the files it learns from."""

REFIT_STAGE = "refit"
"""Subfolder of a final training on all data, whose weights replace the first ones (two_tower)."""

RESULT_PATTERN = "*.embedding.parquet"
"""Embedding files that a run writes."""

_SHA256 = re.compile(rb"[0-9a-f]{64}")


def read_checkpoint_hash(folder: Path) -> str | None:
    """Return the recorded sha256 of the best.pt in a folder.

    Returns
    -------
    str or None
        64 hexadecimal digits; None if the record is missing, outdated or damaged.
    """
    checkpoint, record = folder / BEST_CHECKPOINT, folder / CHECKPOINT_HASH
    try:
        is_current = record.stat().st_mtime_ns >= checkpoint.stat().st_mtime_ns
        digest = record.read_bytes().strip() if is_current else b""
    except OSError:  # missing, or not a file
        return None
    return digest.decode() if _SHA256.fullmatch(digest) else None


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_checkpoint_hash(folder: Path) -> str:
    """Compute the sha256 of the best.pt in a folder, write it beside the file, and return it."""
    digest = sha256_of(folder / BEST_CHECKPOINT)
    with atomic_path(folder / CHECKPOINT_HASH) as temporary:
        temporary.write_text(f"{digest}\n")
    return digest


# Events of the log

STARTED, TRAIN, EPOCH, STOPPED = "start", "train", "epoch", "stopped"
"""Of a training: its settings; the mean loss of the epoch so far; the loss and the validation
metrics of a completed epoch; why it stopped early."""

FOLD_STARTED, SCORED, SKIPPED, ZIP_STARTED = "begin", "judged", "skipped", "zip"
"""Of a comparison (evaluate): features or a model begin in a fold; the metrics of the model; the
model was not run; the zip begins."""

NON_METRICS = frozenset({"event", "step", "epoch", "seconds", "examples", "learning_rate"})
"""Fields of TRAIN and EPOCH events that are not metrics. The steps of the whole training are the
field `steps` of STARTED."""

# Command line

ERROR_PREFIX, USER_ERROR = terminal.ERROR_PREFIX, terminal.USER_ERROR
"""The start of the line on standard error that explains a user's mistake; its exit status."""

# Models of saved runs

CHECKPOINT_SETTING = "checkpoint_sha256"
"""Setting in an embedding file that identifies the best.pt its vectors come from."""

KNOWN_COLUMN = "known"
"""Column of a two_tower file: the right items paired with a left item; null for right items."""

Modality = Literal["text", "image"]


@dataclass(frozen=True)
class Capabilities:
    """What the model of a saved run can do.

    Attributes
    ----------
    encodes : tuple of Modality
        What it makes vectors of.
    decodes : bool
        Whether it draws an image of a vector.
    """

    encodes: tuple[Modality, ...] = ()
    decodes: bool = False


CAPABILITIES: Mapping[str, Capabilities] = {
    "autoencoder": Capabilities(encodes=("image",), decodes=True),
    "cnn": Capabilities(encodes=("image",)),
    "image_text": Capabilities(encodes=("text", "image")),
    "two_tower": Capabilities(encodes=("text",)),
}
"""By trainer."""


def capabilities(trainer: str | None) -> Capabilities:
    """Return what the models of a trainer can do; nothing if there is no such trainer."""
    return CAPABILITIES.get(trainer or "", Capabilities())


class Request(TypedDict, total=False):
    """A line of JSON for `encode RUN --serve`: exactly one of these fields."""

    text: str
    image: str  # path of a file
    vector: list[float]


class Ready(TypedDict):
    """The line of JSON that `encode RUN --serve` prints once the model is loaded."""

    dim: int  # length of the vectors


class Response(TypedDict, total=False):
    """The line of JSON that answers a Request: `error`, or `vector` and what else applies."""

    vector: list[float]
    png: str  # the decoded image, in base64
    unknown: list[str]  # words of the text that are not in the vocabulary
    error: str


# Results of a comparison (evaluate)

FeatureName = Literal["entity", "one-hot", "label", "target", "native"]
ModelName = Literal["knn", "linear", "boosting"]
MetricName = Literal["rmse", "mae", "r2", "accuracy", "roc_auc", "log_loss"]

FEATURES: Mapping[FeatureName, str] = {
    "entity": "entity embeddings",
    "one-hot": "one-hot",
    "label": "label codes",
    "target": "target encoding",
    "native": "native categories",
}
MODELS: Mapping[ModelName, str] = {
    "knn": "k-NN",
    "linear": "linear model",
    "boosting": "boosting",
}
METRICS: Mapping[MetricName, str] = {
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "accuracy": "accuracy",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
}
"""Kinds of features, models and metrics by their names in the results, with their titles on the
screen, in its order."""
