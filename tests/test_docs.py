"""Every command and every Python example of README and docs/ runs, on the installed wheel."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.installed import ROOT, ForkedCommands, Installation
from trainers.catalog import TRAINERS

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
STOPPED = {*TRAINERS, "evaluate"}
"""What follows `python -m trainers` and learns."""

COMMANDS = {"python", "embeddings", "trainers"}
UNCHECKED = {"pip", "pipx", "uv"}
"""Installing is tested in tests/test_package.py."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """A section below a heading of the second level; commands may use what earlier ones wrote."""

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
    place = page.relative_to(ROOT)
    names = [str(place), *(f"{place}: {text.splitlines()[0]}" for text in others)]
    return [Section(*each) for each in zip(names, found, strict=True)]


SECTIONS = [section for page in PAGES for section in sections(page)]
WITH_COMMANDS = [section for section in SECTIONS if section.commands()]
WITH_EXAMPLES = [section for section in SECTIONS if section.blocks("python")]


@pytest.fixture(scope="module")
def forked(installed: Installation) -> Iterator[ForkedCommands]:
    with ForkedCommands(installed) as commands:
        yield commands


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with the data that commands name, but none of the checkout's modules."""
    for path in ROOT.iterdir():
        if path.name == "docs" or (path.is_file() and path.suffix != ".py"):
            (tmp_path / path.name).symlink_to(path)
    gallery = tmp_path / "embeddings" / "gallery"
    gallery.mkdir(parents=True)
    for path in (ROOT / "embeddings" / "gallery").glob("*.parquet"):
        (gallery / path.name).symlink_to(path)
    return tmp_path


def run(words: list[str], folder: Path, forked: ForkedCommands) -> str:
    """Run a command; return what it printed."""
    variables = {"EMBEDDING_CACHE": str(folder / ".cache")}
    if (
        "embeddings" in words[:3]
    ):  # its parent limits its memory, so it must not start with torch loaded
        done = subprocess.run(
            forked.installation.command(words),
            cwd=folder,
            env=forked.installation.environment | variables,
            capture_output=True,
            text=True,
        )
    else:
        done = forked.run(words, folder, variables)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize("section", WITH_COMMANDS, ids=lambda section: section.name)
def test_commands_run(section: Section, workplace: Path, forked: ForkedCommands) -> None:
    """Commands run in their order; trainers stop after 20 steps."""
    for line in section.commands():
        words = shlex.split(line, comments=True)
        if words[0] in UNCHECKED:
            continue
        if words[0] == "make":  # what it would do, without doing it: `make test` is running us
            make = ["make", "--dry-run", *words[1:]]
            plan = subprocess.run(make, cwd=workplace, capture_output=True, text=True, check=True)
            values = [word.partition("=")[2] for word in words[2:]]
            assert all(value in plan.stdout for value in values), f"{line}\n{plan.stdout}"
            continue
        assert words[0] in COMMANDS, f"{section.name}: {line} is no command that this test knows"
        arguments = words[3:] if words[:3] == ["python", "-m", "trainers"] else words[1:]
        if "trainers" in words and arguments[0] in STOPPED:
            words += ["--max-steps", "20"]
        run(words, workplace, forked)


@pytest.mark.parametrize("section", WITH_EXAMPLES, ids=lambda section: section.name)
def test_python_examples_run(section: Section, workplace: Path, forked: ForkedCommands) -> None:
    for example in section.blocks("python"):
        run(["python", "-c", example], workplace, forked)
