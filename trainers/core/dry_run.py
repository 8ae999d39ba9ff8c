"""A dry run: shapes, parameters, memory and speed, from 20 steps whose result is discarded."""

import time
from typing import Any

import torch
from lightning_fabric import Fabric

from trainers.core.devices import peak_memory
from trainers.core.loop_config import LoopConfig
from trainers.core.session import train_step
from trainers.core.signals import Stop
from trainers.core.task import Task, count_examples

STEPS = 20


def dry_run(task: Task, config: LoopConfig, fabric: Fabric) -> dict[str, Any]:
    """Take up to 20 steps and return measurements; nothing is written.

    Times are in seconds, memory in bytes; `seconds_estimated` covers all epochs.
    """
    task.module.to(fabric.device)
    optimizer = task.optimizer()
    task.module.train()
    batch = task.batch(0, 0)
    train_step(task, batch, optimizer, fabric, Stop())  # the first step also sets up
    steps = min(STEPS, task.steps_per_epoch)
    started = time.perf_counter()
    for step in range(steps):
        totals = train_step(task, task.batch(0, step), optimizer, fabric, Stop())
    totals.tolist()  # waits for the device
    seconds = (time.perf_counter() - started) / steps

    parameters = dict(task.module.named_parameters())
    states = [value for state in optimizer.state.values() for value in state.values()]
    steps_in_all = task.steps_per_epoch * config.epochs
    steps_in_all = min(steps_in_all, config.max_steps or steps_in_all)
    return {
        "dry_run": True,
        "device": str(fabric.device),
        "batch": {name: [*tensor.shape, str(tensor.dtype)] for name, tensor in batch.items()},
        "examples_per_step": count_examples(batch),
        "shapes": {name: list(parameter.shape) for name, parameter in parameters.items()},
        "parameters": sum(parameter.numel() for parameter in parameters.values()),
        "weights_bytes": _bytes(list(parameters.values())),
        "optimizer_bytes": _bytes(states),
        **peak_memory(),
        "steps": steps_in_all,
        "steps_per_second": round(1 / seconds, 1),
        "seconds_estimated": round(seconds * steps_in_all, 1),
    }


def _bytes(values: list[Any]) -> int:
    """Return the bytes of the tensors among the values."""
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
