"""The Train page without a browser, before there is a run."""

import json
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from embeddings.cli.parse import parse
from pages.train import trainer_settings
from trainers.catalog import descriptions
from trainers.two_tower.config import TwoTowerConfig

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    page = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=120)
    page.session_state["is_started"] = True  # as if app.py ran around it
    return page.run()


def test_each_trainer_is_described_and_chosen_by_its_name(page: AppTest) -> None:
    shown = [text.value.replace("\\", "") for text in page.markdown]
    for name, description in descriptions().items():
        assert page.button(key=f"choose-{name}").label == name
        assert description in shown
    page.button(key="choose-word2vec").click().run()
    assert not page.exception
    assert page.selectbox[0].value == "word2vec"
    assert page.number_input(key="train-word2vec-window").value == 5


def start_button(page: AppTest) -> Button:
    return page.button(key="start_run")


def test_a_value_out_of_bounds_is_explained_and_nothing_can_be_started(
    page: AppTest, tmp_path: Path
) -> None:
    assert not start_button(page).disabled
    page.number_input(key="train-two_tower-learning_rate").set_value(-1.0)
    start_button(page).click()  # reaches the server together with the value, as in a browser
    page.run()
    assert not page.exception
    shown = [error.value.replace("\\", "") for error in page.error]
    assert shown == ["Learning rate is -1.0; expected a number above 0"]
    assert start_button(page).disabled
    assert not (tmp_path / "runs").exists()
    page.number_input(key="train-two_tower-learning_rate").set_value(0.1).run()
    assert not page.error and not start_button(page).disabled


def test_settings_that_do_not_fit_together_are_explained(page: AppTest) -> None:
    page.selectbox[0].set_value("word2vec").run()
    page.number_input(key="train-word2vec-weight_decay").set_value(0.5).run()
    assert "Weight decay is 0.5" in page.error[0].value.replace("\\", "")


def test_the_form_passes_only_what_differs_from_the_defaults() -> None:
    trainer = trainer_settings.trainer("two_tower")
    values = {setting.name: setting.default for setting in trainer.settings}
    assert trainer.arguments(values) == []
    changed = {**values, "dim": 8, "baselines": False, "preset": "graph", "max_steps": 3}
    flags = trainer.arguments(changed)
    assert flags == ["--dim=8", "--max-steps=3", "--preset=graph", "--no-baselines"]
    config = parse(TwoTowerConfig, [*flags, "--out=x.parquet"], "two_tower")
    assert (config.dim, config.baselines, config.preset, config.max_steps) == (8, False, "graph", 3)
    assert "out" not in {setting.name for setting in trainer.settings}


def test_no_field_of_the_form_takes_a_path_of_the_server() -> None:
    names_of_columns = {"names", "left_features", "right_features", "features", "user", "item",
                        "target", "columns", "categorical", "text", "label", "title"}  # fmt: skip
    values = {"shares", "positive", "words", "architecture", "separator", "encoding",
              "left_metadata_format", "right_metadata_format", "titles_format",
              "items_format"}  # fmt: skip
    for name in descriptions():
        fields = trainer_settings.trainer(name).settings
        texts = {field.name for field in fields if field.type == "str" and not field.choices}
        assert texts <= names_of_columns | values, name
    assert "pretrained" not in {each.name for each in trainer_settings.trainer("bert").settings}


def test_a_failed_run_is_explained(page: AppTest, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "20260101-000001-abcdef"
    folder.mkdir(parents=True)
    about = {"folder": folder.name, "trainer": "two_tower", "arguments": [], "settings": {"dim": 8},
             "data": "pairs.csv", "created": time.time() - 100}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    process = {"group": 1, "started": about["created"], "before": 0}
    (folder / "process.json").write_text(json.dumps(process))
    (folder / "exit").write_text("2\n")
    (folder / "stderr.txt").write_text("error: pairs.csv, row 3: expected 2 columns\n")
    page.run()
    assert not page.exception
    shown = [error.value.replace("\\", "") for error in page.error]
    assert shown == ["pairs.csv, row 3: expected 2 columns"]
