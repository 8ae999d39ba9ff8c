"""The end of a run: the file is written, and the last line of standard output is put together."""

import platform
from typing import Any, Protocol

from embeddings.embedding_set import EmbeddingSet
from embeddings.files import save
from trainers.core import provenance
from trainers.core.devices import peak_memory
from trainers.core.log import write_projector
from trainers.core.progress import is_main
from trainers.core.settings import LoopConfig


class Timed(Protocol):
    """What tells how fast it went, such as a training: Fitted."""

    @property
    def speed(self) -> dict[str, Any]:
        """Seconds, and a number a second."""


def finish(embedding_set: EmbeddingSet, config: LoopConfig, fitted: Timed) -> dict[str, Any]:
    """Write the embedding file, in the first process, and TensorBoard's projector if asked for.

    Returns the set's metrics, then seconds and speed, peak memory in bytes, versions, and `out`.
    """
    if is_main():
        save(embedding_set, config.out)
        if config.tensorboard:
            write_projector(config.run_folder, embedding_set)
    libraries = provenance.libraries("torch", "lightning-fabric", "numpy")
    return {
        **embedding_set.provenance.metrics,
        **fitted.speed,
        **peak_memory(),
        "versions": {"python": platform.python_version(), **libraries},
        "out": str(config.out),
        "run_dir": str(config.run_folder),
    }
