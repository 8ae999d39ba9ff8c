"""The trainers and commands: the settings of each, and the module that runs it.

The settings are dataclasses in modules without torch. They make the command line and, on a page,
the form.
"""

import inspect
from dataclasses import asdict
from typing import Any

from embeddings.settings import describe
from trainers.autoencoder.config import AutoencoderConfig
from trainers.bert.config import BertConfig
from trainers.cnn.config import CnnConfig
from trainers.commands.config import ColumnsConfig, DecodeConfig, EncodeConfig, RecommendConfig
from trainers.core.loop_config import LoopConfig
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
"""The settings of each trainer."""

TABLE_COMMANDS: dict[str, type] = {"columns": ColumnsConfig, "evaluate": EvaluateConfig}
"""The settings of the commands that describe a table or learn from it. Their first argument, if it
is not a flag, is --data."""

QUERIES: dict[str, type] = {
    "recommend": RecommendConfig,
    "encode": EncodeConfig,
    "decode": DecodeConfig,
}
"""The arguments of the commands that use what a trainer has made."""

CONFIGS: dict[str, type] = {**TRAINERS, **TABLE_COMMANDS, **QUERIES}
"""The settings of all of them."""

MODULES: dict[str, str] = {
    **{name: f"trainers.{name}.train" for name in TRAINERS},
    "columns": "trainers.commands.column_report",
    "evaluate": "trainers.evaluate.run",
    "recommend": "trainers.commands.recommend",
    "encode": "trainers.commands.encode_decode",
    "decode": "trainers.commands.encode_decode",
}
"""The module of each trainer and command, which has run(config)."""

LOADERS: dict[str, str] = {
    "autoencoder": "trainers.autoencoder.train",
    "cnn": "trainers.cnn.train",
    "image_text": "trainers.image_text.train",
    "two_tower": "trainers.two_tower.text_encoder",
}
"""The module of each trainer whose saved runs can encode or decode; it has load(about, weights)."""


def schema(name: str) -> dict[str, Any]:
    """Describe a trainer or a table command for JSON.

    Returns
    -------
    `name`; `description`; what the models of its saved runs can do: `encodes` ("text", "image") and
    `decodes`; and `fields`, with the keys of embeddings.settings.SettingField
    """
    from server.runs.contract import capabilities  # imports pyarrow, which a list does not need

    config = {**TRAINERS, **TABLE_COMMANDS}[name]
    fields = [asdict(field) for field in describe(config)]
    return {
        "name": name,
        "description": inspect.getdoc(config),
        **asdict(capabilities(name)),
        "fields": fields,
    }


def descriptions() -> dict[str, str]:
    """Return what each trainer learns, in a sentence, by the trainer's name."""
    return {name: inspect.getdoc(config) or "" for name, config in TRAINERS.items()}
