"""The end of a run: writes the embedding file and returns the metrics to print."""

import platform
import re
from pathlib import Path
from typing import Any, Protocol

from embeddings.embedding_set import EmbeddingSet
from embeddings.files import save
from trainers.core import run_info
from trainers.core.console import is_main
from trainers.core.devices import peak_memory
from trainers.core.log import write_projector
from trainers.core.loop_config import LoopConfig


class Timed(Protocol):
    """Work whose speed was measured, such as a TrainingResult."""

    @property
    def speed(self) -> dict[str, Any]:
        """Seconds, and a number per second."""


def write_result(embedding_set: EmbeddingSet, config: LoopConfig, timed: Timed) -> dict[str, Any]:
    """Write the embedding file, in the first process, and TensorBoard's projector if enabled.

    Returns
    -------
    dict
        The metrics of the set, seconds and speed, peak memory in bytes, versions, `out` and
        `run_dir`.
    """
    if is_main():
        save(embedding_set, config.out)
        if config.tensorboard:
            write_projector(config.run_folder, embedding_set)
    libraries = run_info.libraries("torch", "lightning-fabric", "numpy")
    return {
        **embedding_set.provenance.metrics,
        **timed.speed,
        **peak_memory(),
        "versions": {"python": platform.python_version(), **libraries},
        "out": str(config.out),
        "run_dir": str(config.run_folder),
    }


def part_path(out: Path, part: str) -> Path:
    """Return the path of a further file, NAME.PART.embedding.parquet, in the folder of `out`."""
    name = out.name.removesuffix(".parquet").removesuffix(".embedding")
    return out.with_name(f"{name}.{re.sub(r'[^A-Za-z0-9_-]+', '_', part)}.embedding.parquet")
