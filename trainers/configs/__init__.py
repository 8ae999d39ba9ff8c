"""The settings of every trainer, one dataclass each, in modules that import no torch.

A config makes the trainer's command line (tyro reads the types, defaults and texts) and, through
schema.py, its form on a page.
"""

from trainers.configs.loop import ADVANCED, LoopConfig, wrong
from trainers.configs.two_tower import TwoTowerConfig

Config = LoopConfig

TRAINERS: dict[str, type[LoopConfig]] = {"two_tower": TwoTowerConfig}
"""Trainers by name; the module trainers/NAME.py has run(config) -> metrics."""

__all__ = ["ADVANCED", "TRAINERS", "Config", "LoopConfig", "TwoTowerConfig", "wrong"]
