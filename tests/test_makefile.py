"""make test runs every check, and names those that failed at the end."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKS = {
    "lint": "ruff check",
    "types": "mypy",
    "units": "pytest -n 2",
    "browser-tests": "pytest tests/browser",
}
"""What make test calls the checks, and how their commands begin."""

TOOL = """#!/bin/sh
echo "ran $(basename $0) $*"
case "$(basename $0) $*" in *"$FAILING"*) exit 1;; esac
"""


def make_test(folder: Path, failing: str) -> subprocess.CompletedProcess[str]:
    """Run make test with tools that do nothing; the command that holds `failing` fails."""
    shutil.copy(ROOT / "Makefile", folder)
    tools = folder / "bin"
    tools.mkdir()
    for name in ("python", "ruff", "mypy", "chromium"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    (folder / ".venv").mkdir()
    for name in ("", "-pretrained", "-dev"):
        (folder / f"requirements{name}.txt").touch()
    (folder / "requirements.lock").touch()
    for name in (".app", ".dev", ".bytecode", ".compiled"):
        (folder / ".venv" / name).touch()
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", "BIN=bin", "NODE=false", "test"],
        cwd=folder,
        env={"PATH": path, "FAILING": failing},
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
@pytest.mark.parametrize("failing", ["", *CHECKS])
def test_every_check_runs_and_the_last_line_names_those_that_failed(
    failing: str, tmp_path: Path
) -> None:
    done = make_test(tmp_path, CHECKS.get(failing, "nothing fails"))
    for command in CHECKS.values():
        assert f"ran {command}" in done.stdout.replace("ran python -m ", "ran ")
    assert (done.returncode == 0) == (not failing)
    last = done.stdout.splitlines()[-1]
    assert last == (f"FAILED: {failing}" if failing else f"All checks passed: {' '.join(CHECKS)}")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_make_app_listens_on_this_machine_unless_another_address_is_named() -> None:
    def command(*given: str) -> str:
        make = ["make", "-n", "-s", "app", *given]
        return subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "--host localhost " in command()
    assert "--host 0.0.0.0 " in command("HOST=0.0.0.0")
    assert '--names "a.example"' in command("NAMES=a.example")
