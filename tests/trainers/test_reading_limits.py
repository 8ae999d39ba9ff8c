"""What the commands of `trainers` read is limited, whichever reader it is."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embeddings.files import limits
from embeddings.supervision.read_limits import ReadLimits
from trainers.data.images.reading import read_images
from trainers.data.text_source import TextSource
from trainers.image_text.data import read_captioned

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ROOT = Path(__file__).parents[2]

READERS = """
import sys
from pathlib import Path

from embeddings.cli.terminal import print_error
from embeddings.errors import EmbeddingError
from embeddings.files import load
from embeddings.files.compression import read_decompressed
from embeddings.supervision.limited_command import run_command
from trainers.data.pairs.datasets import read_pairs
from trainers.data.table_files import read_file
from trainers.data.text_source import TextSource
from trainers.sentiment.data import read_reviews

READERS = {
    "table.csv": read_file,
    "pairs.tsv": read_pairs,
    "books.ndjson": read_pairs,
    "texts.csv": lambda path: list(TextSource(path).lines()),
    "texts.zip": lambda path: list(TextSource(path).lines()),
    "lines.txt": lambda path: list(TextSource(path).lines()),
    "reviews.txt": read_reviews,
    "images.gz": read_decompressed,
    "set.npy": load,
}


def read(name):
    try:
        READERS[name](Path(name))
    except EmbeddingError as error:
        print_error(error)
        sys.exit(2)
    sys.exit(0)  # this is the child process


for name in READERS:
    print(name, run_command(lambda: read(name), print_error), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text("color,price\nred,1\nblue,2\n" * 3)
    (tmp_path / "pairs.tsv").write_text("user\titem\na\tx\nb\ty\n")
    (tmp_path / "books.ndjson").write_text(json.dumps(["book", {}, ["a", "b"], "", ""]) + "\n")
    (tmp_path / "texts.csv").write_text("text,n\na sentence of words,1\nanother one,2\n")
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "some words\n")
    (tmp_path / "lines.txt").write_text("some words\nand more\n")
    (tmp_path / "reviews.txt").write_text("good\t1\nbad\t0\n")
    (tmp_path / "images.gz").write_bytes(gzip.compress(bytes(100)))
    np.save(tmp_path / "set.npy", np.eye(3, dtype=np.float32))
    return tmp_path


def run(*command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_every_reader_is_limited(folder: Path) -> None:
    free = run("-c", READERS, folder=folder)
    limited = run("-c", READERS, folder=folder, EMBEDDING_MAX_OPEN_FILES="3")
    statuses = [line.split() for line in free.stdout.splitlines()]
    assert {status for _, status in statuses} == {"0"}, free.stderr
    assert limited.stdout.splitlines() == [f"{name} 2" for name, _ in statuses]
    errors = limited.stderr.splitlines()
    assert len(errors) == len(statuses)
    for (name, _), error in zip(statuses, errors, strict=True):
        assert error.startswith(f"error: {name}: reading it needs more open files than the limit")


def test_images_and_what_is_done_with_lines_are_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader of images takes errors of the system for damage, so the blocks are recorded."""
    current: list[str] = []
    limited: list[str] = []

    @contextmanager
    def record(limits: ReadLimits, name: str) -> Iterator[None]:
        limited.append(name)
        current.append(name)
        yield
        current.pop()

    monkeypatch.setattr(limits, "has_supervisor", lambda: True)
    monkeypatch.setattr(limits, "limited", record)
    folder = tmp_path / "set"
    folder.mkdir()
    for color in ("red", "blue"):
        Image.new("RGB", (4, 4), color).save(folder / f"{color}.png")
    read_images(folder)
    (folder / "captions.csv").write_text("file,caption\nred.png,a red one\nblue.png,a blue one\n")
    read_captioned(folder)
    assert limited.count("set") == 2
    path = tmp_path / "lines.txt"
    path.write_text("some words\nand more\n")
    assert {tuple(current) for _ in TextSource(path).lines()} == {("lines.txt",)}
    assert current == []


def test_a_command_over_a_limit_is_one_line(folder: Path) -> None:
    command = ("-m", "trainers", "columns", "table.csv")
    assert run(*command, folder=folder).returncode == 0
    ended = run(*command, folder=folder, EMBEDDING_MAX_OPEN_FILES="3")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: table.csv: reading it needs more open files than the")
    assert ended.stderr.count("\n") == 1


def test_the_parent_of_a_command_imports_nothing_that_starts_threads() -> None:
    code = "import sys, trainers.__main__; sys.exit('numpy' in sys.modules)"
    assert run("-c", code, folder=ROOT).returncode == 0
