"""The settings of every trainer, one dataclass each, in modules that import no torch.

A config makes the trainer's command line (tyro reads the types, defaults and texts) and, through
schema.py, its form on a page.
"""

from trainers.configs.autoencoder import AutoencoderConfig
from trainers.configs.bert import BertConfig
from trainers.configs.cnn import CnnConfig
from trainers.configs.columns import ColumnsConfig
from trainers.configs.elmo import ElmoConfig
from trainers.configs.entity import EntityConfig
from trainers.configs.evaluate import EvaluateConfig
from trainers.configs.image_text import ImageTextConfig
from trainers.configs.interest import InterestConfig
from trainers.configs.loop import ADVANCED, LoopConfig, wrong
from trainers.configs.sentiment import SentimentConfig
from trainers.configs.transfer import TransferConfig
from trainers.configs.two_tower import TwoTowerConfig
from trainers.configs.word2vec import Word2VecConfig

Config = LoopConfig

TRAINERS: dict[str, type[LoopConfig]] = {
    "two_tower": TwoTowerConfig,
    "transfer": TransferConfig,
    "entity": EntityConfig,
    "sentiment": SentimentConfig,
    "word2vec": Word2VecConfig,
    "interest": InterestConfig,
    "autoencoder": AutoencoderConfig,
    "cnn": CnnConfig,
    "image_text": ImageTextConfig,
    "elmo": ElmoConfig,
    "bert": BertConfig,
}
"""Trainers by name; the module trainers/NAME.py has run(config) -> metrics."""

COMMANDS: dict[str, type] = {"columns": ColumnsConfig, "evaluate": EvaluateConfig}
"""Commands that are no trainers; the module trainers/NAME.py has run(config) -> results. The first
argument, where it is no flag, is --data."""

__all__ = [
    "ADVANCED",
    "COMMANDS",
    "TRAINERS",
    "AutoencoderConfig",
    "BertConfig",
    "CnnConfig",
    "ColumnsConfig",
    "Config",
    "ElmoConfig",
    "EntityConfig",
    "EvaluateConfig",
    "ImageTextConfig",
    "InterestConfig",
    "LoopConfig",
    "SentimentConfig",
    "TransferConfig",
    "TwoTowerConfig",
    "Word2VecConfig",
    "wrong",
]
