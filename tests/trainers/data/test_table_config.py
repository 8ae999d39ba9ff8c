"""How a table is written, as a setting states it."""

from pathlib import Path

import pytest

from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.settings import SettingError
from trainers.core.loop_config import added_defaults
from trainers.data.table_config import table_format
from trainers.interest.config import InterestConfig
from trainers.transfer.config import TransferConfig
from trainers.two_tower.config import TwoTowerConfig

OUT = Path("x.embedding.parquet")


def test_options_are_separated_by_spaces():
    found = table_format("items_format", "separator=; decimal=, header=no  encoding=utf-16")
    assert found == TextOptions(separator=";", decimal=",", header="no", encoding="utf-16")
    assert table_format("items_format", None) == table_format("items_format", " ") == DETECTED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sep=;", "expected NAME=VALUE with names separator, header, encoding, decimal, quotes"),
        ("separator", "expected NAME=VALUE"),
        ("header=maybe", "header 'maybe': expected one of yes, no"),
        ("encoding=klingon", "encoding 'klingon': no such text encoding"),
    ],
)
def test_what_is_no_option_is_named(text, message):
    with pytest.raises(SettingError, match=r"^items_format = ") as caught:
        table_format("items_format", text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (TwoTowerConfig, "left_metadata_format"),
        (TwoTowerConfig, "right_metadata_format"),
        (InterestConfig, "titles_format"),
        (TransferConfig, "items_format"),
    ],
)
def test_every_table_of_items_has_its_own(config, name):
    with pytest.raises(SettingError, match=f"^{name} = 'x=1'"):
        config(out=OUT, **{name: "x=1"})
    assert name in added_defaults(config)  # runs from before it can be resumed
