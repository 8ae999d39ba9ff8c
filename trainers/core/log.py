"""What a run writes down as it goes: metrics.jsonl always, TensorBoard where it is asked for."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from trainers.core.checkpoints import LOG

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TENSORBOARD = "tensorboard"
"""Folder of TensorBoard's files in that of the run."""


class RunLog:
    """Appends one JSON object a line to metrics.jsonl; each has `event`, and `step` in all.

    Parameters
    ----------
    folder : of the run
    keep : bytes of an earlier log to continue; what lies beyond is repeated, so it is cut off
    tensorboard : write numbers for TensorBoard too

    Raises
    ------
    EmbeddingError
        TensorBoard is asked for and not installed
    """

    def __init__(self, folder: Path, keep: int = 0, tensorboard: bool = False) -> None:
        self._file = (folder / LOG).open("ab")
        self._file.truncate(keep)
        self._writer = _writer(folder) if tensorboard else None

    def line(self, event: str, step: int, **values: Any) -> None:
        """Write one line; numbers also go to TensorBoard, as `event/name`."""
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
        """Bytes written so far, those of the earlier log included."""
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._writer is not None:
            self._writer.close()


def write_projector(folder: Path, embedding_set: EmbeddingSet) -> None:
    """Write vectors, labels and metadata for TensorBoard's projector."""
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
    """Return a value as the projector's TSV takes it: no tab, no line break, never empty."""
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
