"""The Evaluate page without a browser: the command that it starts, and runs and results."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings.cli.parse import parse
from embeddings.text import split_names
from pages.evaluate.form import ComparisonSpec
from pages.evaluate.plot import dot_plot
from pages.evaluate.running import stage_of
from server.runs.contract import FEATURES, RESULT_PATTERN
from tests.pages.evaluate.test_comparison import comparison  # noqa: F401
from trainers.evaluate.config import EvaluateConfig

ROOT = Path(__file__).parents[3]
RUN = "20260101-000001-abcdef"

SETTINGS = {
    "target": "sold",
    "categorical": ["shop", 'the "odd", one'],
    "numeric": ["noise"],
    "task": "regression",
    "features": ["entity", "label"],
    "models": ["knn"],
    "folds": 3,
    "rows": None,
    "epochs": 2,
    "dim": 50,
    "neighbors": 10,
    "seed": 0,
}


def test_the_command_reads_what_the_form_writes() -> None:
    config = parse(EvaluateConfig, ComparisonSpec(SETTINGS).flags, "evaluate")
    assert split_names(config.categorical) == ("shop", 'the "odd", one')
    assert split_names(config.columns) == ("shop", 'the "odd", one', "noise")
    assert (config.target, config.task, config.folds, config.rows) == (
        "sold",
        "regression",
        3,
        None,
    )
    assert split_names(config.features) == ("entity", "label")
    assert ComparisonSpec(SETTINGS).roles == {
        "sold": "target", "shop": "category", 'the "odd", one': "category", "noise": "number"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"categorical": []}, "Choose at least one categorical column"),
        ({"models": []}, "at least one"),
        ({"features": ["native"]}, "boosting only"),
        ({"features": ["native"], "models": ["boosting"]}, ""),
        ({"folds": 1}, "Folds is 1; expected a whole number of at least 2"),
        ({"neighbors": 0}, "k of k-NN is 0; expected"),
    ],
)
def test_what_cannot_be_compared_is_explained_before_the_start(change: dict, problem: str) -> None:
    assert problem in ComparisonSpec({**SETTINGS, **change}).problem
    assert bool(problem) == bool(ComparisonSpec({**SETTINGS, **change}).problem)


def test_stages_are_described() -> None:
    entity = {"event": "begin", "fold": 2, "features": "entity"}
    assert stage_of(entity, 5) == "Fold 2 of 5: entity embeddings, training"
    assert stage_of({**entity, "model": "knn"}, 5) == "Fold 2 of 5: entity embeddings, k-NN"
    assert stage_of({"event": "zip", "step": 8}, 5).startswith("Learning embeddings from all rows")


def test_the_plot_has_every_mean_with_its_error_and_every_fold(comparison) -> None:  # noqa: F811
    figure = dot_plot(comparison, "rmse")
    means = [trace for trace in figure.data if trace.error_x.array is not None]
    drawn = {
        (model, name): (mean, error)
        for model, trace in zip(comparison.models, means, strict=True)
        for name, mean, error in zip(trace.y, trace.x, trace.error_x.array, strict=True)
    }
    assert len(drawn) == len(comparison.scores)
    assert drawn["knn", "label codes"] == pytest.approx((10.0, 1 / np.sqrt(3)))
    folds = [trace for trace in figure.data if trace.error_x.array is None]
    assert sum(len(trace.x) for trace in folds) == 3 * len(comparison.scores)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    page = AppTest.from_file(str(ROOT / "pages" / "evaluate.py"), default_timeout=120)
    page.session_state["is_started"] = True
    return page


def labeled(widgets: Sequence[Any], label: str) -> Any:
    """Return the widget with a label; keys change with the run on the page."""
    return next(widget for widget in widgets if widget.label == label)


def write_run(runs: Path, status: int, output: str = "", log: str = "") -> Path:
    """Write the folder of a comparison that has ended."""
    folder = runs / RUN
    (folder / "data").mkdir(parents=True)
    rows = "".join(f"s{i % 6},{'ab'[i % 2]},{i / 7},{i}\n" for i in range(40))
    (folder / "data" / "shops.csv").write_text('shop,"the ""odd"", one",noise,sold\n' + rows)
    about = {"folder": RUN, "trainer": "evaluate", "arguments": [], "settings": SETTINGS,
             "data": "shops.csv", "created": time.time() - 100}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    process = {"group": 1, "started": about["created"], "before": 0}
    (folder / "process.json").write_text(json.dumps(process))
    (folder / "exit").write_text(f"{status}\n")
    (folder / "stderr.txt").write_text(log)
    (folder / "stdout.txt").write_text(output)
    return folder


def test_a_failed_run_is_explained_and_its_settings_fill_the_form(
    page: AppTest, tmp_path: Path
) -> None:
    write_run(tmp_path / "runs", 2, log="error: class 'x' has 1 row for 3 folds\n")
    page.query_params["run"] = RUN
    page.run()
    assert not page.exception
    assert [error.value.replace("\\", "") for error in page.error] == [
        "class 'x' has 1 row for 3 folds"
    ]
    assert labeled(page.selectbox, "Table").value.endswith("shops.csv")
    chosen = {each.label: each.value for each in page.multiselect}
    assert chosen["Categorical columns"] == ["shop", 'the "odd", one']
    assert chosen["Numeric columns"] == ["noise"]
    assert labeled(page.number_input, "Folds").value == 3
    assert labeled(page.number_input, "Epochs").value == 2


def test_a_result_is_described_in_words_and_as_a_table(page: AppTest, tmp_path: Path) -> None:
    result = {"features": "entity", "model": "knn", "columns": 3.0, "megabytes": 0.1,
              "feature_seconds": 1.0, "model_seconds": 0.5, "rmse": 2.0,
              "rmse standard error": 0.5, "folds": {"rmse": [1.0, 2.0, 3.0]}}  # fmt: skip
    other = {**result, "features": "label", "rmse": 9.0, "folds": {"rmse": [8.0, 9.0, 10.1]}}
    results = {"table": "shops", "rows": 40, "target": "sold", "task": "regression", "folds": 3,
               "categorical": {"shop": 6}, "numeric": ["noise"], "better": {"rmse": "lower"},
               "results": [other, result],
               "notes": ["5 of 45 rows without sold, left out"]}  # fmt: skip
    folder = write_run(tmp_path / "runs", 0, output=json.dumps(results))
    page.query_params["run"] = RUN
    page.run()
    assert not page.exception
    assert not page.error
    markdown = " ".join(
        text.value.replace("\\", "").replace("\u00a0", " ") for text in page.markdown
    )
    assert (
        "k-NN: entity embeddings RMSE 2.00 ± 0.50, the best; behind: label codes 9.00" in markdown
    )
    table = page.table[0].value
    assert list(table.index) == ["label codes", "entity embeddings"]
    assert "★" in table["k-NN"]["entity embeddings"] and "★" not in table["k-NN"]["label codes"]
    assert any("5 of 45 rows without sold" in each.value for each in page.caption)
    assert not list(folder.glob(RESULT_PATTERN)) and not page.button(key="delete").disabled


def test_the_built_in_result_is_shown_until_another_table_is_chosen(page: AppTest) -> None:
    page.run()
    assert not page.exception
    shown = " ".join(each.value.replace("\\", "") for each in page.markdown)
    assert "**Built-in result** of " in shown and "40,000 rows · air_time from carrier" in shown
    assert list(page.table[0].value.index) == list(FEATURES.values())
    content = b"kind,size\n" + b"".join(b"%c,%d\n" % (97 + i % 3, i) for i in range(60))
    page.file_uploader(key="table_upload").upload("kinds.csv", content, "text/csv").run()
    assert not page.exception and not page.table
    assert not any("Built-in result" in each.value for each in page.markdown)


def test_an_uploaded_table_is_chosen_and_a_broken_one_is_not(page: AppTest) -> None:
    page.run()
    assert labeled(page.selectbox, "Table").value == ""
    assert not page.exception
    content = b"kind,size\n" + b"".join(b"%c,%d\n" % (97 + i % 3, i) for i in range(60))
    page.file_uploader(key="table_upload").upload("kinds.csv", content, "text/csv").run()
    assert not page.exception
    assert labeled(page.selectbox, "Table").value.endswith("kinds.csv")
    assert labeled(page.selectbox, "Target").value == "size"
    page.file_uploader(key="table_upload").upload("bad.csv", b"", "text/csv").run()
    assert "bad.csv" in page.error[0].value.replace("\\", "")
    assert labeled(page.selectbox, "Table").value.endswith("kinds.csv")


def test_how_an_uploaded_table_is_read_can_be_changed(page: AppTest) -> None:
    """Also where the guess cannot be read at all: a name that two columns have."""
    page.run()
    content = b"a,b 1,a\n" + b"".join(b"x,%d %d,y\n" % (i, i % 3) for i in range(60))
    page.file_uploader(key="table_upload").upload("odd.csv", content, "text/csv").run()
    assert "two columns are called" in page.error[0].value
    labeled(page.selectbox, "Header").set_value("no")
    labeled(page.button, "Read again").click().run()
    assert not page.exception and not page.error
    assert labeled(page.selectbox, "Table").value.endswith("odd.csv")
    captions = [each.value.replace("\\", "") for each in page.caption]
    assert "Read as: comma-separated, no header, UTF-8" in captions
    labeled(page.selectbox, "Separator").set_value(" ")
    labeled(page.button, "Read again").click().run()
    assert not page.exception and not page.error
    assert labeled(page.selectbox, "Target").options == ["column_1", "column_2"]
    state = page.session_state.evaluate_page
    assert state.options.stated == {"separator": " ", "header": "no"}
    spec = ComparisonSpec({**SETTINGS, **state.options.stated})
    assert {"--separator= ", "--header=no"} <= set(spec.flags) and not spec.problem


def test_the_columns_of_an_uploaded_table_can_be_named(page: AppTest) -> None:
    page.run()
    content = b"".join(b"%c,%d\n" % (97 + i % 3, i % 7) for i in range(60))
    page.file_uploader(key="table_upload").upload("bare.csv", content, "text/csv").run()
    assert labeled(page.text_input, "Column names").value == "column_1,column_2"
    labeled(page.text_input, "Column names").set_value("kind")
    labeled(page.button, "Read again").click().run()
    assert "1 name for 2 columns; name all" in page.error[0].value
    labeled(page.text_input, "Column names").set_value("kind,size")
    labeled(page.button, "Read again").click().run()
    assert not page.exception and not page.error
    assert labeled(page.selectbox, "Target").options == ["kind", "size"]
    state = page.session_state.evaluate_page
    assert state.column_names == ("kind", "size") and state.options.header == "no"
    labeled(page.selectbox, "Header").set_value("yes")  # the first row is left out, the names stay
    labeled(page.button, "Read again").click().run()
    assert not page.error and labeled(page.selectbox, "Target").options == ["kind", "size"]
