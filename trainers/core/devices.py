"""Where training runs: device, precision, and the processes that share a batch."""

import atexit
import os
import sys
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from lightning_fabric import Fabric

from embeddings.errors import EmbeddingError
from trainers.core.loop_config import LoopConfig

_PRECISION: dict[str, Any] = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def start(config: LoopConfig) -> Fabric:
    """Return the Fabric of a run, in a single process or one of those that torchrun started.

    Raises
    ------
    EmbeddingError
        The device is not available, or fp16 is requested without a GPU.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    if config.precision == "fp16" and device == "cpu":
        raise EmbeddingError("--precision fp16 needs a GPU; on a CPU use bf16 or fp32")
    local_processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator=device,
        devices=local_processes,
        num_nodes=processes // local_processes,
        strategy="ddp" if processes > 1 else "auto",
        precision=_PRECISION[config.precision],
    )
    had_process_group = dist.is_initialized()
    fabric.launch()
    if not had_process_group and dist.is_initialized():
        atexit.register(dist.destroy_process_group)
    return fabric


def choose_device(name: str) -> str:
    """Return the type of a device; "auto" is CUDA if available, else MPS, else the CPU."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next((device for device, present in available.items() if present), "cpu")
    if not available.get(name, True):
        raise EmbeddingError(f"--device {name}: not available on this machine; use auto or cpu")
    return name


def local_rows(rows: int, fabric: Fabric) -> slice:
    """Return this process's slice of the rows of a batch; slices differ by at most one row."""
    rank, processes = fabric.global_rank, fabric.world_size
    return slice(rows * rank // processes, rows * (rank + 1) // processes)


def sum_over_processes(tensors: Sequence[torch.Tensor]) -> None:
    """Replace each of the tensors by its sum over all processes, with a single all-reduce."""
    if not dist.is_initialized():
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    sums = flat.split([tensor.numel() for tensor in tensors])
    for tensor, total in zip(tensors, sums, strict=True):
        tensor.copy_(total.view_as(tensor))


def all_gather_with_grad(values: torch.Tensor, local: slice, rows: int) -> torch.Tensor:
    """Gather the rows that each process has computed, in all processes, differentiably.

    The gradient of `values` includes what every process computes from them: a loss over the whole
    batch, of which each process computes its local rows, has the gradient that one process would
    have.

    Parameters
    ----------
    values : torch.Tensor
        Shape (local rows, ...).
    local : slice
        Which rows of the whole these are; see `local_rows`.
    rows : int
        Number of rows of the whole.

    Returns
    -------
    torch.Tensor
        Shape (rows, ...).
    """
    if not dist.is_initialized():
        return values
    return _AllGather.apply(values, local, rows)


class _AllGather(torch.autograd.Function):
    """All-gather as a sum of zero-padded tensors, since the processes may differ in rows."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, local: slice, rows: int) -> torch.Tensor:
        ctx.local = local
        whole = values.new_zeros(rows, *values.shape[1:])
        whole[local] = values
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        gradient = gradients[0].clone()
        dist.all_reduce(gradient)
        return gradient[ctx.local], None, None


def peak_memory() -> dict[str, int]:
    """Return the peak memory of this process and, on a GPU, of its tensors, in bytes."""
    peak = {"peak_memory_bytes": _peak_resident_bytes()}
    if torch.cuda.is_available():
        peak["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated()
    return peak


def _peak_resident_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
