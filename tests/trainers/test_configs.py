"""Settings of the trainers: defaults, combinations that are refused, labels."""

from pathlib import Path
from typing import Any

import pytest

from embeddings.settings import SettingError, describe
from trainers.catalog import TABLE_COMMANDS, TRAINERS
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
