"""python -m trainers: listing without torch, one line for an error, one JSON line of metrics."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from embeddings.cli.parse import parse
from trainers.__main__ import main
from trainers.catalog import TRAINERS, schema

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("arguments", [["--list", "--json"], ["two_tower", "--schema"]])
def test_describing_imports_no_torch(arguments):
    code = (
        "import sys; from trainers.__main__ import main; "
        f"assert main({arguments}) == 0; assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert json.loads(done.stdout)


def test_list(capsys):
    assert main(["--list", "--json"]) == 0
    assert [trainer["name"] for trainer in json.loads(capsys.readouterr().out)] == list(TRAINERS)
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.startswith("two_tower: Learn embeddings of two kinds of items")


@pytest.mark.parametrize(("name", "config"), TRAINERS.items())
def test_the_schema_describes_every_field(name, config):
    described = schema(name)
    fields = {field["name"]: field for field in described["fields"]}
    assert described["name"] == name and described["description"]
    assert list(fields) == [field.name for field in dataclasses.fields(config)]
    assert all(field["help"] for field in fields.values())
    assert fields["dim"]["type"] == "int" and fields["dim"]["default"] >= 10
    assert fields["seed"]["advanced"] is False and fields["threads"]["advanced"] is True
    assert fields["out"]["required"] and fields["out"]["type"] == "path"
    assert fields["device"]["choices"] == ["auto", "cpu", "cuda", "mps"]
    assert fields["max_steps"]["optional"] and fields["max_steps"]["flag"] == "--max-steps"
    assert fields["quiet"]["type"] == "bool" and fields["quiet"]["default"] is False


def test_the_schema_describes_what_saved_runs_can_do():
    found = {name: (schema(name)["encodes"], schema(name)["decodes"])
             for name in ("image_text", "autoencoder", "word2vec")}  # fmt: skip
    assert found == {"image_text": (("text", "image"), False), "autoencoder": (("image",), True),
                     "word2vec": ((), False)}  # fmt: skip


def test_flags_set_the_fields():
    flags = ["--out", "x.parquet", "--max-steps", "7", "--learning-rate", "0.1", "--quiet"]
    config = parse(TRAINERS["two_tower"], flags, "two_tower")
    assert config.max_steps == 7 and config.learning_rate == 0.1 and config.quiet
    assert config.out == Path("x.parquet") and config.dim == 50


def test_a_preset_adds_flags_before_the_explicit_ones():
    flags = ["--out", "x.parquet", "--epochs", "3", "--preset", "koehrsen"]
    config = parse(TRAINERS["two_tower"], flags, "two_tower")
    assert (config.loss, config.batch_size, config.negatives, config.min_count) == (
        "mse",
        1024,
        2,
        4,
    )
    assert config.epochs == 3 and config.validation_fraction == 0


def test_help_is_printed(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["two_tower", "--help"])
    assert stop.value.code == 0 and "--learning-rate" in capsys.readouterr().out
    assert main(["--help"]) == 0 and "--schema" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give the name of a trainer: two_tower"),
        (["word3vec"], "no trainer 'word3vec'; expected one of two_tower, transfer"),
        (["two_tower"], "missing: --out PATH"),
        (
            ["two_tower", "--out", "x.parquet", "--dim", "many"],
            "--dim many: expected a whole number",
        ),
        (["two_tower", "--out", "x.parquet", "--dims", "3"], "Unrecognized options: --dims"),
        (
            ["two_tower", "--out", "x.parquet", "--device", "tpu"],
            "--device tpu: expected one of auto, cpu, cuda, mps",
        ),
        (
            ["two_tower", "--out", "x.parquet", "--dim", "0"],
            "--dim 0: expected a whole number of at least 2",
        ),
        (["two_tower", "--out", "x.parquet", "--epochs", "-1"], "--epochs -1: expected"),
        (["two_tower", "--out", "x.parquet", "--learning-rate", "nan"], "expected a number above"),
        (["two_tower", "--out", "x.parquet", "--validation-fraction", "1"], "below 1"),
        (["two_tower", "--out", "x.parquet", "--seed", "-3"], "--seed -3: expected"),
        (["two_tower", "--out", "model.bin"], "--out model.bin: expected a file name such as"),
        (["two_tower", "--out", f"{__file__}/x.parquet"], "test_trainers_cli.py"),
        (["two_tower", "--out", "x.parquet", "--data", "absent.csv"], "absent.csv: no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(capsys, arguments, message):
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.startswith("error: ") and output.err.count("\n") == 1
    assert message in output.err


def test_a_run_ends_with_one_line_of_metrics(tmp_path):
    data, out = tmp_path / "pairs.csv", tmp_path / "new" / "pairs.embedding.parquet"
    data.write_text("user,item\na,x\na,y\nb,x\n")
    command = [sys.executable, "-m", "trainers", "two_tower", "--data", str(data), "--out",
               str(out), "--epochs", "3", "--threads", "1"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    metrics = json.loads(done.stdout.splitlines()[-1])
    assert metrics["pairs"] == 3 and metrics["epochs"] == 3 and out.is_file()
    lines = done.stderr.splitlines()
    last = [line for line in lines if line.startswith("epoch 3/3: loss ")][-1]
    assert last.endswith(" pairs/s")
    assert metrics["peak_memory_bytes"] > 0 and metrics["versions"]["torch"]


def test_quiet_prints_nothing_but_the_metrics(tmp_path, capfd):
    data, out = tmp_path / "pairs.csv", tmp_path / "pairs.embedding.parquet"
    data.write_text("user,item\na,x\na,y\nb,x\n")
    flags = ["--data", str(data), "--out", str(out), "--max-steps", "2", "--quiet"]
    assert main(["two_tower", *flags]) == 0
    output = capfd.readouterr()
    assert output.err == "" and json.loads(output.out)["steps"] == 2


@pytest.mark.parametrize("command", [["trainers", "two_tower", "--schema"], ["embeddings", "-h"]])
def test_a_reader_that_closes_the_output_is_no_error(command):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, stdout=output,
                              stderr=subprocess.PIPE)  # fmt: skip
    assert (done.returncode, done.stderr) == (141, b"")
