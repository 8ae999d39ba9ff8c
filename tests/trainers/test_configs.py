"""Settings of the trainers: defaults, combinations that are refused, labels."""

from pathlib import Path
from typing import Any

import pytest

from embeddings import gallery
from embeddings.files.delimited.text_options import TABLE_FORMAT
from embeddings.settings import SettingError, describe
from trainers.catalog import ABOUT, GROUP_TITLES, TABLE_COMMANDS, TRAINERS
from trainers.cnn.config import CnnConfig
from trainers.evaluate.config import EvaluateConfig
from trainers.image_text.config import ImageTextConfig
from trainers.two_tower.config import TwoTowerConfig

OUT = Path("x.embedding.parquet")


@pytest.mark.parametrize("config", TRAINERS.values())
def test_the_defaults_are_valid_and_in_canonical_form(config: Any) -> None:
    made = config(out=OUT)
    for field in describe(config):
        if not field.required:
            assert repr(getattr(made, field.name)) == repr(field.default), field.name
    assert made.run_folder == Path("x.run")


@pytest.mark.parametrize(
    ("config", "values", "message"),
    [
        (CnnConfig, {"architecture": "resnet18"}, "expected --pretrained as well"),
        (ImageTextConfig, {"batch_size": 1}, "batch_size = 1; expected at least 2"),
        (ImageTextConfig, {"pretrained": Path("clip"), "dry_run": True}, "no --pretrained"),
        (TwoTowerConfig, {"dim": 1}, "dim = 1; expected a whole number of at least 2"),
        (TwoTowerConfig, {"out": Path("model.bin")}, "a file name such as NAME.embedding.parquet"),
        (EvaluateConfig, {"out": Path("results.tar")}, "a file name such as comparison.zip"),
    ],
)
def test_what_cannot_be_combined_is_refused(
    config: Any, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        config(**{"out": OUT if config is not EvaluateConfig else None, **values})


@pytest.mark.parametrize("config", [*TRAINERS.values(), *TABLE_COMMANDS.values()])
def test_the_labels_of_a_form_differ(config: type) -> None:
    fields = describe(config)
    assert len({field.label for field in fields}) == len(fields)
    assert all(field.label[0].isupper() or field.label[0] == "k" for field in fields)
    assert all("_" not in field.label for field in fields)


@pytest.mark.parametrize("config", TRAINERS.values())
def test_every_setting_of_a_trainer_has_a_group_of_the_form(config: type) -> None:
    groups = {field.group for field in describe(config)}
    assert groups <= {*GROUP_TITLES, TABLE_FORMAT.title}


def test_every_trainer_is_described_in_words_and_has_a_map() -> None:
    assert list(ABOUT) == list(TRAINERS)
    for name, about in ABOUT.items():
        assert about.data[0].isupper() and about.data[-1].isalpha(), name
        assert gallery.map_path(about.map_name).is_file(), name
