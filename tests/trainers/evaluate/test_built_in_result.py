"""The result that comes with the app is what its command makes, from the installed data."""

import json
import shlex

import pytest

from embeddings import gallery
from trainers.__main__ import main
from trainers.data.tables import TableSpec, read
from trainers.evaluate.config import EvaluateConfig

STORED = json.loads(gallery.COMPARISON.read_text())


def test_it_is_of_the_built_in_table_with_the_settings_of_its_command() -> None:
    command, _, rest = gallery.COMPARISON_COMMAND.partition(" | ")
    assert shlex.split(command) == ["python", "-m", "trainers", "evaluate", "--quiet"]
    assert rest.endswith(f"> embeddings/gallery/{gallery.COMPARISON.name}")
    config = EvaluateConfig()
    table = read(None, TableSpec.of(config, config.seed))
    assert STORED["source"] == table.source  # name and SHA-256
    assert (STORED["rows"], STORED["target"]) == (len(table), table.target_name)
    settings = {name: STORED[name] for name in ("folds", "neighbors", "seed")}
    assert settings == {name: getattr(config, name) for name in settings}
    pairs = {(each["features"], each["model"]) for each in STORED["results"]}
    models = config.models.split(",")
    assert pairs == {
        (features, model)
        for features in config.features.split(",")
        for model in (models if features != "native" else ["boosting"])
    }


def test_a_part_of_it_comes_out_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--features", "label,target", "--models", "linear", "--quiet"]
    assert main(["evaluate", *arguments]) == 0
    made = json.loads(capsys.readouterr().out.splitlines()[-1])
    stored = {(each["features"], each["model"]): each for each in STORED["results"]}
    for each in made["results"]:
        same = stored[each["features"], each["model"]]
        assert each["folds"]["rmse"] == pytest.approx(same["folds"]["rmse"], rel=1e-4)
