"""Settings: what annotations accept, how values are brought to one form, what a page gets."""

import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt, Unit
from typing_extensions import Doc

from embeddings import EmbeddingError
from embeddings.settings import ADVANCED, Group, Label, SettingError, check, describe


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Some settings."""

    rate: Annotated[float, Doc("How fast"), Gt(0)] = 0.5
    fraction: Annotated[float, Doc("How much"), Ge(0), Lt(1)] = 0.0
    count: Annotated[int, Doc("How many"), Ge(1), Le(1000), Label("Items")] = 5
    limit: Annotated[int | None, Doc("How many at most"), Ge(1), ADVANCED] = None
    side: Annotated[int | None, Doc("How wide"), Ge(4), Unit("px")] = None
    step: Annotated[float | Literal["auto"], Doc("How far"), Gt(0)] = "auto"
    threads: Annotated[Literal["one", "all"] | int, Doc("How many threads"), Ge(1)] = "one"
    metric: Annotated[Literal["dot", "cosine"], Doc("How to compare")] = "dot"
    dims: Annotated[Literal[1, 2, 3], Doc("How many dimensions")] = 2
    name: Annotated[str | None, Doc("What it is called")] = None
    quiet: Annotated[bool, Doc("Whether to be quiet")] = False
    parts: Annotated[tuple[int, ...], Doc("Left to the class")] = ()
    out: Annotated[Path, Doc("Where to write")]

    def __post_init__(self) -> None:
        check(self)


def made(**values: object) -> Settings:
    return Settings(**{"out": "x", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rate": 0}, "rate = 0; expected a number above 0"),
        ({"rate": float("nan")}, "rate = nan; expected"),
        ({"rate": float("inf")}, "rate = inf; expected"),
        ({"rate": "fast"}, "rate = 'fast'; expected a number above 0"),
        ({"rate": True}, "rate = True; expected"),
        ({"rate": None}, "rate = None; expected"),
        ({"fraction": 1}, "fraction = 1; expected a number of at least 0 and below 1"),
        ({"fraction": -0.1}, "fraction = -0.1; expected"),
        ({"count": 0}, "count = 0; expected a whole number of at least 1 and at most 1,000"),
        ({"count": 1001}, "count = 1001; expected"),
        ({"count": 2.0}, "count = 2.0; expected a whole number"),
        ({"count": True}, "count = True; expected"),
        ({"limit": 0}, "limit = 0; expected a whole number of at least 1"),
        ({"step": 0}, "step = 0; expected auto or a number above 0"),
        ({"step": "slow"}, "step = 'slow'; expected auto or a number above 0"),
        ({"threads": 0}, "threads = 0; expected one, all or a whole number of at least 1"),
        ({"metric": "jaccard"}, "metric = 'jaccard'; expected one of dot, cosine"),
        ({"metric": None}, "metric = None; expected one of"),
        ({"dims": 4}, "dims = 4; expected one of 1, 2, 3"),
        ({"dims": True}, "dims = True; expected one of"),
        ({"name": 3}, "name = 3; expected text"),
        ({"quiet": 1}, "quiet = 1; expected true or false"),
        ({"out": 3}, "out = 3; expected a path"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(values, message):
    with pytest.raises(SettingError) as refused:
        made(**values)
    assert str(refused.value).startswith(message)


def test_values_at_the_bounds_are_accepted():
    assert made(fraction=0, count=1000).count == made(fraction=0.99, count=1000).count == 1000
    assert made(count=1, limit=1).limit == 1


def test_equal_values_have_one_form():
    settings = made(rate=np.float32(2), count=np.int64(3), step=1, out="a/b", dims=np.int64(3))
    assert repr(settings) == repr(made(rate=2.0, count=3, step=1.0, out=Path("a/b"), dims=3))
    assert made(step=1).step.__class__ is float
    assert json.dumps(asdict(settings)["count"]) == "3"


def test_an_error_names_the_flag_and_survives_pickling():
    error = SettingError("batch_size", -1, "a whole number of at least 1")
    assert error.for_command_line == "--batch-size -1: expected a whole number of at least 1"
    assert isinstance(error, EmbeddingError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_description_is_json_with_labels_groups_and_units():
    fields = {field.name: field for field in describe(Short)}
    assert json.loads(json.dumps([asdict(field) for field in fields.values()])) == [
        {"name": "metric", "label": "Metric", "group": "", "flag": "--metric", "type": "str",
         "choices": ["dot", "cosine"], "keywords": [], "default": None, "required": True,
         "optional": False, "advanced": False, "help": "How to compare"},
        {"name": "batch_size", "label": "Batch size", "group": "Training", "flag": "--batch-size",
         "type": "int", "choices": None, "keywords": [], "default": None, "required": False,
         "optional": True, "advanced": True, "help": "Examples per step"},
        {"name": "side", "label": "Image size (px)", "group": "Model", "flag": "--side",
         "type": "int", "choices": None, "keywords": ["auto"], "default": "auto", "required": False,
         "optional": False, "advanced": False, "help": "Side of an image"},
    ]  # fmt: skip


Side = Annotated[int | Literal["auto"], Label("Side"), Group("Data")]


@dataclass(frozen=True)
class Short:
    """A few settings."""

    metric: Annotated[Literal["dot", "cosine"], Doc("How to compare")]
    batch_size: Annotated[
        int | None, Doc("Examples per step"), ADVANCED, Ge(1), Group("Training")
    ] = None
    side: Annotated[
        Side, Doc("Side of an image"), Label("Image size"), Unit("px"), Group("Model")
    ] = "auto"


def test_a_setting_without_help_is_a_programming_error():
    @dataclass
    class Silent:
        size: int = 1

    with pytest.raises(TypeError, match="size: has no Doc"):
        describe(Silent)


def test_a_type_that_is_not_known_is_a_programming_error():
    with pytest.raises(TypeError, match="parts"):
        describe(Settings)
