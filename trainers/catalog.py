"""The trainers and commands: the settings of each, and the module that runs it.

The settings are dataclasses in modules without torch. They make the command line and, on a page,
the form; ABOUT has what a person reads who chooses a trainer.
"""

import inspect
from dataclasses import asdict, dataclass
from typing import Any

from embeddings.settings import describe
from trainers.autoencoder.config import AutoencoderConfig
from trainers.bert.config import BertConfig
from trainers.cnn.config import CnnConfig
from trainers.commands.config import ColumnsConfig, DecodeConfig, EncodeConfig, RecommendConfig
from trainers.core.loop_config import GROUPS, LoopConfig
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

GROUP_TITLES = tuple(group.title for group in GROUPS)
"""The titles of groups of settings, in the order of a form."""

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


@dataclass(frozen=True)
class About:
    """A trainer in words.

    Attributes
    ----------
    title : its name
    learns : what gets vectors
    data : what data it needs
    example : two lines of such data: rows, sentences or files
    map_name : of the map of what it makes, see `embeddings.gallery.map_path`
    """

    title: str
    learns: str
    data: str
    example: tuple[str, str]
    map_name: str


ABOUT: dict[str, About] = {
    "two_tower": About(
        "Two-tower",
        "items and the links between them",
        "A table of pairs, edges of a graph or triples",
        ("reader,page", "ann,map.html"),
        "python_modules",
    ),
    "transfer": About(
        "Transfer",
        "ads, with the help of a feed",
        "A table of users' clicks on a feed and on ads",
        ("user,item,surface", "u17,i204,feed"),
        "feed_and_ads",
    ),
    "entity": About(
        "Entity embeddings",
        "levels of categorical columns",
        "A table of categories and numbers, with a column to predict",
        ("carrier,dest,month,air_time", "UA,IAH,1,229"),
        "flight_levels",
    ),
    "sentiment": About(
        "Sentiment",
        "words, from the classes of texts",
        "A table of texts and their labels, or a folder for each label",
        ("text,label", "a warm and clever film,positive"),
        "review_words",
    ),
    "word2vec": About(
        "Word2vec",
        "words, from the words around them",
        "Text with one sentence per line",
        ("the trains leave for the coast at nine", "a new road leads to the coast"),
        "documentation_words",
    ),
    "interest": About(
        "Interest",
        "readers and documents, from clicks",
        "A table of clicks: who, and the title of what",
        ("reader,title", "ann,New trains to the coast"),
        "readers_and_documents",
    ),
    "autoencoder": About(
        "Autoencoder",
        "images, from their pixels alone",
        "Images: a folder, a zip, IDX, .npz or a CSV of pixels",
        ("photos/001.png", "photos/002.png"),
        "autoencoder",
    ),
    "cnn": About(
        "CNN",
        "images, from their classes",
        "Images in a folder for each class, IDX, .npz or a CSV of pixels",
        ("cats/001.png", "dogs/001.png"),
        "cnn",
    ),
    "image_text": About(
        "Images and text",
        "images and captions in one space",
        "Images, and a table of their captions",
        ("file,caption", "001.png,a red circle on the left"),
        "image_text",
    ),
    "elmo": About(
        "ELMo",
        "words in context, by LSTMs",
        "Text with one sentence per line",
        ("we sat on the bank of the river", "the bank raised its rates"),
        "homonyms",
    ),
    "bert": About(
        "BERT",
        "words in context, by a transformer",
        "Text with one sentence per line, or a table with a column of text",
        ("we sat on the bank of the river", "the bank raised its rates"),
        "bert",
    ),
}
"""Each trainer in words."""

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
