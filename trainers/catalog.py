"""The settings of every trainer, one dataclass each, in modules that import no torch.

A config makes the trainer's command line (tyro reads the types, defaults and texts) and, through
schema.py, its form on a page.
"""

from trainers.autoencoder.config import AutoencoderConfig
from trainers.bert.config import BertConfig
from trainers.cnn.config import CnnConfig
from trainers.commands.config import ColumnsConfig
from trainers.core.settings import LoopConfig
from trainers.elmo.config import ElmoConfig
from trainers.entity.config import EntityConfig
from trainers.evaluate.config import EvaluateConfig
from trainers.image_text.config import ImageTextConfig
from trainers.interest.config import InterestConfig
from trainers.sentiment.config import SentimentConfig
from trainers.transfer.config import TransferConfig
from trainers.two_tower.config import TwoTowerConfig
from trainers.word2vec.config import Word2VecConfig

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

RUNS: dict[str, str] = {
    **{name: f"trainers.{name}.train" for name in TRAINERS},
    "columns": "trainers.commands.columns",
    "evaluate": "trainers.evaluate.command",
}
"""The module of each trainer and command, which has run(config) -> results."""

LOADERS: dict[str, str] = {
    "autoencoder": "trainers.autoencoder.train",
    "cnn": "trainers.cnn.train",
    "image_text": "trainers.image_text.train",
    "two_tower": "trainers.two_tower.text_encoder",
}
"""The module of each trainer whose saved runs can encode or decode; it has load(about, weights)."""
