"""A look before training: shapes, parameters, memory and speed, from 20 steps that are not kept."""

import time
from typing import Any

import torch
from lightning_fabric import Fabric

from trainers.core.devices import peak_memory
from trainers.core.fit import Task, learn, rows
from trainers.core.settings import LoopConfig
from trainers.core.signals import Stop

STEPS = 20


def dry_run(task: Task, config: LoopConfig, fabric: Fabric) -> dict[str, Any]:
    """Take up to 20 steps; return what they tell. Nothing is written.

    Times are in seconds, memory in bytes; `seconds_estimated` is that of all epochs.
    """
    task.module.to(fabric.device)
    optimizer = task.optimizer()
    task.module.train()
    batch = task.batch(0, 0)
    learn(task, batch, optimizer, fabric, Stop())  # the first step also sets up
    steps = min(STEPS, task.steps_per_epoch)
    started = time.perf_counter()
    for step in range(steps):
        totals = learn(task, task.batch(0, step), optimizer, fabric, Stop())
    totals.tolist()  # waits for the device
    seconds = (time.perf_counter() - started) / steps

    parameters = dict(task.module.named_parameters())
    states = [value for state in optimizer.state.values() for value in state.values()]
    in_all = task.steps_per_epoch * config.epochs
    in_all = min(in_all, config.max_steps or in_all)
    return {
        "dry_run": True,
        "device": str(fabric.device),
        "batch": {name: [*tensor.shape, str(tensor.dtype)] for name, tensor in batch.items()},
        "examples_per_step": rows(batch),
        "shapes": {name: list(parameter.shape) for name, parameter in parameters.items()},
        "parameters": sum(parameter.numel() for parameter in parameters.values()),
        "weights_bytes": _bytes(list(parameters.values())),
        "optimizer_bytes": _bytes(states),
        **peak_memory(),
        "steps": in_all,
        "steps_per_second": round(1 / seconds, 1),
        "seconds_estimated": round(seconds * in_all, 1),
    }


def _bytes(values: list[Any]) -> int:
    """Return the bytes of those of the values that are tensors."""
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
