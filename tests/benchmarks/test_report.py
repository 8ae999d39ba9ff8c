"""The command lines of benchmarks: sizes and repetitions, the folder of the data, own options."""

import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.app import server_click
from benchmarks.trainers import two_tower

SIZES = report.SizeOptions((10, 20), repeat=3)


def parsed(monkeypatch, defaults, *arguments):
    monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
    return report.parse_options("What it measures", defaults)


def test_sizes_and_repetitions(monkeypatch):
    assert parsed(monkeypatch, SIZES) == SIZES
    given = parsed(monkeypatch, SIZES, "--sizes", "1", "2", "3", "--repeat", "5")
    assert given == report.SizeOptions((1, 2, 3), repeat=5)


def test_an_option_of_another_benchmark_is_an_error(monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        parsed(monkeypatch, SIZES, "--seeds", "1")
    assert stopped.value.code == 2 and "--seeds" in capsys.readouterr().err


def test_options_of_single_benchmarks(monkeypatch):
    assert parsed(monkeypatch, server_click.Options(), "--tree", "x").tree == Path("x")
    defaults = two_tower.Options()
    assert defaults.only == ("movielens", "books", "speed")
    given = parsed(monkeypatch, defaults, "--only", "books", "speed", "--seeds", "1")
    assert (given.only, given.seeds, given.data) == (("books", "speed"), 1, defaults.data)


def test_the_folder_of_the_data(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDDING_DATA", str(tmp_path))
    assert report.DataOptions().data == tmp_path
    options = parsed(monkeypatch, report.DataOptions(), "--data", str(tmp_path / "other"))
    assert options.data == tmp_path / "other"
    with pytest.raises(SystemExit, match="give with --data the folder that contains 2_corpus/"):
        options.find("2_corpus", "text.txt")
    (tmp_path / "2_corpus").mkdir()
    assert report.DataOptions().find("2_corpus") == tmp_path / "2_corpus"
