"""Where training runs: device, precision, and the processes that share a batch."""

import atexit
import os
import resource
import sys
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from lightning_fabric import Fabric

from embeddings.errors import EmbeddingError
from trainers.core.settings import LoopConfig

_PRECISION: dict[str, Any] = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def start(config: LoopConfig) -> Fabric:
    """Return the Fabric of a run: alone, or as one of the processes that torchrun started.

    Raises
    ------
    EmbeddingError
        no such device here, or fp16 without a GPU
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    if config.precision == "fp16" and device == "cpu":
        raise EmbeddingError("--precision fp16 needs a GPU; on a CPU use bf16 or fp32")
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    in_all = int(os.environ.get("WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator=device,
        devices=here,
        num_nodes=in_all // here,
        strategy="ddp" if in_all > 1 else "auto",
        precision=_PRECISION[config.precision],
    )
    alone = not dist.is_initialized()
    fabric.launch()
    if alone and dist.is_initialized():
        atexit.register(dist.destroy_process_group)
    return fabric


def choose_device(name: str) -> str:
    """Return the kind of device called `name`; auto: CUDA, else MPS, else the CPU."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next((device for device, present in here.items() if present), "cpu")
    if not here.get(name, True):
        raise EmbeddingError(f"--device {name}: there is none on this machine; use auto or cpu")
    return name


def own_rows(rows: int, fabric: Fabric) -> slice:
    """Return this process's share of the rows of a batch; the shares differ by one row at most."""
    rank, processes = fabric.global_rank, fabric.world_size
    return slice(rows * rank // processes, rows * (rank + 1) // processes)


def sum_over_processes(tensors: Sequence[torch.Tensor]) -> None:
    """Replace each of the tensors by its sum over all processes, in one message."""
    if not dist.is_initialized():
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    sums = flat.split([tensor.numel() for tensor in tensors])
    for tensor, total in zip(tensors, sums, strict=True):
        tensor.copy_(total.view_as(tensor))


def peak_memory() -> dict[str, int]:
    """Return the most memory that this process has had, and on a GPU its tensors, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    if torch.cuda.is_available():
        peak["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated()
    return peak
