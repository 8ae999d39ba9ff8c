"""Every command and every Python example of README and docs/ runs."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from trainers.catalog import TRAINERS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STOPPED = {*TRAINERS, "evaluate"}
"""What follows `python -m trainers` and learns."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """What stands below a heading of the second level; commands may use what earlier ones wrote."""

    name: str
    text: str

    def blocks(self, language: str) -> list[str]:
        return [text for kind, text in BLOCK.findall(self.text) if kind == language]

    def commands(self) -> list[str]:
        lines = [line for block in self.blocks("sh") for line in block.splitlines()]
        return [line for line in lines if line.strip() and not line.startswith("#")]


def sections(page: Path) -> list[Section]:
    heading, *others = re.split(r"^## ", page.read_text(), flags=re.MULTILINE)
    found = [heading, *others]
    names = [page.name, *(f"{page.name}: {text.splitlines()[0]}" for text in others)]
    return [Section(*each) for each in zip(names, found, strict=True)]


SECTIONS = [section for page in PAGES for section in sections(page)]
WITH_COMMANDS = [section for section in SECTIONS if section.commands()]
WITH_EXAMPLES = [section for section in SECTIONS if section.blocks("python")]


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


@pytest.mark.parametrize("section", WITH_COMMANDS, ids=lambda section: section.name)
def test_commands_run(section: Section, workplace: Path) -> None:
    """Commands run in their order; trainers stop after 20 steps."""
    for line in section.commands():
        words = shlex.split(line, comments=True)
        if words[0] == "make":  # what it would do, without doing it: `make test` is running us
            plan = run(["make", "--dry-run", *words[1:]], workplace)
            values = [word.partition("=")[2] for word in words[2:]]
            assert all(value in plan for value in values), f"{line}\n{plan}"
            continue
        assert words[0] == "python", f"{section.name}: {line} is no command that this test knows"
        if words[1:3] == ["-m", "trainers"] and words[3] in STOPPED:
            words += ["--max-steps", "20"]
        run([sys.executable, *words[1:]], workplace)


@pytest.mark.parametrize("section", WITH_EXAMPLES, ids=lambda section: section.name)
def test_python_examples_run(section: Section, workplace: Path) -> None:
    for example in section.blocks("python"):
        run([sys.executable, "-c", example], workplace)
