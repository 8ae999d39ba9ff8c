"""The log of a run: metrics.jsonl always, TensorBoard if it is enabled."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from server.runs.contract import METRICS_LOG

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TENSORBOARD = "tensorboard"
"""Folder of TensorBoard's files in the run's folder."""


class RunLog:
    """Appends one JSON object per line to metrics.jsonl, each with an `event` and a `step`.

    Parameters
    ----------
    folder : Path
        The run's folder.
    size : int
        Bytes of an earlier log to continue. What follows them is cut off, since a resumed run
        writes it again.
    tensorboard : bool
        Whether to write numbers for TensorBoard too.

    Raises
    ------
    EmbeddingError
        TensorBoard is enabled and not installed.
    """

    def __init__(self, folder: Path, size: int = 0, tensorboard: bool = False) -> None:
        self._file = (folder / METRICS_LOG).open("ab")
        self._file.truncate(size)
        self._writer = _writer(folder) if tensorboard else None

    def write(self, event: str, step: int, **values: Any) -> None:
        """Write one event; numbers also go to TensorBoard, as `event/name`."""
        text = json.dumps({"event": event, "step": step, **values}, default=str)
        self._file.write(text.encode() + b"\n")
        self._file.flush()
        if self._writer is not None:
            for name, value in values.items():
                if isinstance(value, int | float):
                    self._writer.add_scalar(f"{event}/{name}", value, step)
            self._writer.flush()

    @property
    def size(self) -> int:
        """Bytes of the log so far, including the earlier log."""
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._writer is not None:
            self._writer.close()


def write_projector(folder: Path, embedding_set: EmbeddingSet) -> None:
    """Write vectors, labels and metadata for the Embedding Projector of TensorBoard."""
    texts = [column.to_pylist() for column in embedding_set.metadata.columns]
    header = ["label", *embedding_set.metadata.column_names]
    rows = zip(embedding_set.labels, *texts, strict=True)
    writer = _writer(folder)
    writer.add_embedding(
        embedding_set.vectors,
        metadata=[[_cell(value) for value in row] for row in rows] if texts
        else [_cell(label) for label in embedding_set.labels],
        metadata_header=header if texts else None,
        tag="embedding",
    )  # fmt: skip
    writer.close()


def _cell(value: object) -> str:
    """Return a value as a cell of the projector's TSV: no tab, no line break, never empty."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(text.split()) or "-"


def _writer(folder: Path) -> "SummaryWriter":
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise EmbeddingError(
            "--tensorboard: TensorBoard is not installed; pip install tensorboard"
        ) from error
    return SummaryWriter(str(folder / TENSORBOARD))
