"""The Train page without a browser, before there is a run."""

import html
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from embeddings import EmbeddingSet, save
from embeddings.cli.parse import parse
from embeddings.progress import NullProgress
from pages.train import titles as titles_of
from pages.train import trainer_settings
from server.jobs.status import JobStatus
from trainers.catalog import ABOUT, descriptions
from trainers.two_tower.config import TwoTowerConfig

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    page = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=120)
    page.session_state["is_started"] = True  # as if app.py ran around it
    return page.run()


def test_each_trainer_has_a_card_with_its_data_that_chooses_it(page: AppTest) -> None:
    shown = " ".join(html.unescape(element.proto.body) for element in page.get("html"))
    for name, description in descriptions().items():
        about = ABOUT[name]
        assert page.button(key=f"choose-{name}").label == f"**{about.title}**: {about.learns}"
        assert description in shown and about.data in shown
        assert "\n".join(about.example) in shown
    assert len(page.get("image")) == len(ABOUT)
    page.button(key="choose-word2vec").click().run()
    assert not page.exception
    assert page.selectbox[0].value == "word2vec"
    assert page.number_input(key="train-word2vec-window").value == 5
    assert page.button(key="choose-word2vec")  # the cards stay


def test_settings_are_in_groups_and_their_help_has_the_flag(page: AppTest) -> None:
    captions = [each.value for each in page.sidebar.caption]
    groups = ["**Data**", "**Model**", "**Training**", "**Evaluation**", "**Computation**"]
    assert [each for each in captions if each in groups][:5] == groups
    rate = page.number_input(key="train-two_tower-learning_rate")
    assert rate.label == "Learning rate" and "`--learning-rate`" in rate.help
    assert page.number_input(key="train-two_tower-batch_size").label == "Batch size (pairs)"


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


def test_what_a_run_measures_is_in_words_with_units() -> None:
    titles = {name: titles_of.quantity_title(name) for name in (
        "loss", "validation_loss", "recall@10", "auc of the model", "seconds", "pairs_per_second",
        "peak_memory_bytes", "test: ndcg@10", "rmse",
    )}  # fmt: skip
    assert list(titles.values()) == [
        "Loss", "Validation loss", "Recall@10", "AUC of the model", "Time (s)", "Pairs per second",
        "Peak memory (MB)", "Test: NDCG@10", "RMSE",
    ]  # fmt: skip
    assert titles_of.value_text("peak_memory_bytes", 1_234_567_890) == "1,234.6"
    assert titles_of.setting_label("word2vec", "window") == "Window (words)"
    assert titles_of.setting_label("a former trainer", "batch_size") == "Batch size"


def write_run(runs: Path, exit_code: int) -> Path:
    """Write the folder of a run that has ended."""
    folder = runs / "20260101-000001-abcdef"
    folder.mkdir(parents=True)
    about = {"folder": folder.name, "trainer": "two_tower", "arguments": [], "settings": {"dim": 8},
             "data": "pairs.csv", "created": time.time() - 100}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    process = {"group": 1, "started": about["created"], "before": 0}
    (folder / "process.json").write_text(json.dumps(process))
    (folder / "exit").write_text(f"{exit_code}\n")
    return folder


def test_a_finished_run_shows_its_map_and_its_results_in_words(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_now(key: str, function: Callable[..., Any], *args: Any) -> JobStatus:
        return JobStatus(key, "done", result=function(*args, progress=NullProgress()))

    monkeypatch.setattr("pages.common.services.once", run_now)
    folder = write_run(tmp_path / "runs", 0)
    save(EmbeddingSet.of(np.eye(5, dtype=np.float32)), folder / "pairs.embedding.parquet")
    (folder / "stdout.txt").write_text(json.dumps({"recall@10": 0.25, "peak_memory_bytes": 2e6}))
    page.session_state["train_page"].show(folder.name)
    page.run()
    assert not page.exception and not page.error
    assert page.get("image")[0].proto.imgs[0].alt == "Map by PCA of 5 items"
    result = next(each.value for each in page.dataframe if "Quantity" in each.value)
    assert result.to_dict("list") == {
        "Quantity": ["Recall@10", "Peak memory (MB)"], "Value": ["0.25", "2.0"]
    }  # fmt: skip
    past = page.dataframe[0].value
    assert list(past["Trainer"]) == ["Two-tower"] and list(past["Recall@10"]) == [0.25]


def test_a_failed_run_is_explained(page: AppTest, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs", 2)
    (folder / "stderr.txt").write_text("error: pairs.csv, row 3: expected 2 columns\n")
    page.run()
    assert not page.error and page.button(key="choose-word2vec")  # opens on the cards
    page.session_state["train_page"].show(folder.name)
    page.run()
    assert not page.exception
    shown = [error.value.replace("\\", "") for error in page.error]
    assert shown == ["pairs.csv, row 3: expected 2 columns"]
    assert any("Two-tower, pairs.csv" in each.value.replace("\\", "") for each in page.markdown)
    settings = next(each.value for each in page.dataframe if "Setting" in each.value)
    assert list(settings["Setting"]) == ["Dimensions"]
    page.button(key="all_trainers").click().run()
    assert page.button(key="choose-word2vec") and not page.error
