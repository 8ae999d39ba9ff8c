"""What the commands of `trainers` read is limited, whichever reader it is."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

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

READERS = {
    "table.csv": read_file,
    "pairs.tsv": read_pairs,
    "books.ndjson": read_pairs,
    "texts.csv": lambda path: list(TextSource(path).lines()),
    "texts.zip": lambda path: list(TextSource(path).lines()),
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
