"""Modules of the project are found by other processes, whatever the working folder contains."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.modules import module_command, module_environment

ROOT = Path(__file__).parents[2]


def test_a_module_is_found_from_a_folder_with_a_file_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", ["", *(entry for entry in sys.path if entry != str(ROOT))])
    command, environment = module_command("trainers", "--list"), module_environment()
    for name in ("trainers.py", "tyro.py"):
        (tmp_path / name).write_text("raise SystemExit('a file of the user')")
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "two_tower" in done.stdout


def test_variables_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHOSEN", "by the user")
    environment = module_environment(CHOSEN="by us", OTHER="by us")
    assert (environment["CHOSEN"], environment["OTHER"]) == ("by the user", "by us")
