"""Tables: what is read, chosen and noted, and what is refused."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from embeddings.errors import EmbeddingError
from embeddings.text import split_names
from trainers.data.tables import FLIGHTS, TableSpec, read

ADULT = (
    "age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,"
    "capital_gain,capital_loss,hours_per_week,native_country,income"
)


def table(tmp_path, text: str, name: str = "t.csv", **choice):
    (tmp_path / name).write_text(text)
    return read(tmp_path / name, TableSpec(**choice))


def test_adult_has_no_header_and_question_marks(data):
    adult = read(
        data / "4_tabular" / "adult.data", TableSpec(target="income", names=split_names(ADULT))
    )
    assert len(adult) == 32_561 and adult.task == "classification"
    assert set(adult.target) == {"<=50K", ">50K"} and np.mean(adult.target == ">50K") < 0.25
    missing = adult.predictors.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "workclass": 1836, "occupation": 1843, "native_country": 583}  # fmt: skip
    assert set(adult.numeric) == {
        "age", "fnlwgt", "capital_gain", "capital_loss", "hours_per_week"}  # fmt: skip


def test_flights_of_the_data_folder(data):
    flights = read(
        data / "4_tabular" / "nycflights13_40k.csv.gz",
        TableSpec(target="air_time", columns=FLIGHTS),
    )
    assert flights.task == "regression" and flights.categorical == FLIGHTS
    assert len(flights) == 38_886 and flights.source["name"] == "nycflights13_40k.csv.gz"
    assert "left out 1,114 of 40,000 rows: no value in air_time" in flights.notes


def test_the_built_in_flights():
    pytest.importorskip("importlib.metadata").version("nycflights13")
    flights = read(None, TableSpec(rows=500, seed=3))
    assert len(flights) == 500 and flights.target_name == "air_time"
    assert flights.categorical == FLIGHTS and flights.numeric == ()
    again = read(None, TableSpec(rows=500, seed=3))
    assert again.predictors.equals(flights.predictors)
    assert "sampled 500 of 327,346 rows; change it with --rows" in flights.notes


def test_kinds_by_default(tmp_path):
    lines = [f"{'ab'[i % 2]},{i % 3},{i},{i / 3},id{i},x,{i % 2 == 0},"
             f"2024-01-{1 + i % 28:02},{i * 2}" for i in range(40)]  # fmt: skip
    header = "text,few,many,real,name,same,yes,day,price"
    made = table(tmp_path, "\n".join([header, *lines]))
    assert made.target_name == "price" and made.task == "regression"
    assert made.categorical == ("text", "few", "yes")
    assert made.numeric == ("many", "real", "day")
    assert made.predictors["few"].tolist()[:4] == [0, 1, 2, 0]  # numbers keep their order
    assert made.predictors["yes"].tolist()[:2] == ["True", "False"]
    assert made.predictors["day"].diff().tolist()[1] == 1
    assert "target: price, the last column; change it with --target" in made.notes
    assert "left out column name: it has 40 distinct values in 40 rows" in made.notes
    assert "left out column same: it has only one value" in made.notes
    chosen = table(tmp_path, "\n".join([header, *lines]), columns=("few", "name", "many"),
                   categorical=("many",))  # fmt: skip
    assert chosen.categorical == ("name", "many") and chosen.numeric == ("few",)


def test_marks_of_missing_values_and_spaces(tmp_path):
    made = table(
        tmp_path, "a, n, y\nx, 1, 2.5\n?, NA, 3.5\nz ,, 4.5\nx, 4, ?\nx,5,5.5\n", categorical=()
    )
    assert made.predictors["a"].isna().tolist() == [False, True, False, False]
    assert made.predictors["a"].tolist()[2] == "z"
    assert made.predictors["n"].isna().tolist() == [False, True, True, False]
    assert made.target.tolist() == [2.5, 3.5, 4.5, 5.5]


def test_parquet_and_compressed_are_the_same(tmp_path):
    frame = pd.DataFrame({"c": pd.Categorical(list("abab")), "n": [1.0, np.inf, 3, None],
                          "y": ["u", "v", "u", "v"]})  # fmt: skip
    frame.to_parquet(tmp_path / "t.parquet")
    csv = frame.replace(np.inf, np.nan).to_csv(index=False)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(csv.encode()))
    made = [read(tmp_path / name, TableSpec()) for name in ("t.parquet", "t.csv.gz")]
    for each in made:
        assert each.predictors["c"].tolist() == list("abab") and each.name == "t"
        assert each.predictors["n"].isna().tolist() == [False, True, False, True]
        assert each.target.tolist() == list("uvuv") and each.task == "classification"


@pytest.mark.parametrize(
    ("target", "specified", "task"),
    [("1,0,1,2", "auto", "classification"), ("1,0,1,2", "regression", "regression"),
     ("1.5,0,1,2", "auto", "regression"), ("1.5,0,1,2", "classification", "classification"),
     ("a,b,a,b", "auto", "classification")],
)  # fmt: skip
def test_the_task_follows_from_the_target(tmp_path, target, specified, task):
    rows = [f"{'xy'[i % 2]},{value}" for i, value in enumerate(target.split(","))]
    made = table(tmp_path, "\n".join(["c,y", *rows]), task=specified)
    assert made.task == task
    assert made.target.dtype == (np.float64 if task == "regression" else object)


@pytest.mark.parametrize(
    ("text", "choice", "message"),
    [
        ("a,b\nx,1\ny,2\n", {"target": "c"}, "t.csv: no column 'c'; there are a, b"),
        ("a,b\nx,1\ny,2\n", {"target": "b", "columns": ("b",)}, "the target b is among --columns"),
        ("a,b\nx,1\ny,1\n", {}, "target b has only one value"),
        ("a,b\nx,1\nx,2\n", {}, "no predictor is left .*column a: it has only one value"),
        ("a,b\nx,\ny,?\n", {}, "no row has a value in b"),
        ("a,b\nx,u\ny,v\n", {"task": "regression"}, "target b holds string; regression needs"),
        (
            "a,b\nx,1,2\ny,2\n",
            {},
            "t.csv: line 2 \\(row 0\\): 3 columns where the first line has 2",
        ),
        ("a,a\nx,1\ny,2\n", {}, "two columns are called 'a'"),
        ("1,2\n3,4\n", {"names": ("a",)}, "1 name for 2 columns; name all"),
    ],
)
def test_mistakes(tmp_path, text, choice, message):
    with pytest.raises(EmbeddingError, match=message):
        table(tmp_path, text, **choice)


def test_no_such_file():
    with pytest.raises(EmbeddingError, match=r"absent\.csv: no such file"):
        read(Path("absent.csv"), TableSpec())


def test_lists_of_names():
    assert split_names('a, b,"c,d",,') == ("a", "b", "c,d") and split_names(None) == ()
