"""Every command and every Python example of README and docs/ runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def commands(page: Path) -> list[str]:
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder that looks like the repository, where commands may write."""
    for path in ROOT.iterdir():
        if not path.name.startswith("."):
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    """Run a command; return what it printed."""
    environment = {**os.environ, "EMBEDDING_CACHE": str(folder / ".cache")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_run(page: Path, workplace: Path) -> None:
    """Commands of one page run in their order; trainers stop after 20 steps."""
    for line in commands(page):
        words = shlex.split(line, comments=True)
        if words[0] == "make":  # what it would do, without doing it: `make test` is running us
            plan = run(["make", "--dry-run", *words[1:]], workplace)
            values = [word.partition("=")[2] for word in words[2:]]
            assert all(value in plan for value in values), f"{line}\n{plan}"
            continue
        assert words[0] == "python", f"{page.name}: {line} is no command that this test knows"
        if words[1:3] == ["-m", "trainers"] and "--out" in words:
            words += ["--max-steps", "20"]
        run([sys.executable, *words[1:]], workplace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_run(page: Path, workplace: Path) -> None:
    for example in blocks(page, "python"):
        run([sys.executable, "-c", example], workplace)
