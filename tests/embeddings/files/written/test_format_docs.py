"""The examples in docs/format.md run as printed, and print what the page shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from embeddings import load
from embeddings.files import WRITERS

ROOT = Path(__file__).resolve().parents[4]
TEXT = (ROOT / "docs" / "format.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["with", "without"])
def test_examples_run(example, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (file,) = tmp_path.iterdir()
    found = load(file)
    assert found.labels == ("cat", "dog", "car")
    assert found.metadata["kind"].to_pylist() == ["animal", "animal", "thing"]
    assert found.provenance.name == "three words"
    printed = re.findall(r"print\(.*\)  # (.*)", example)
    assert ran.stdout.splitlines() == printed


def test_every_written_extension_is_in_the_table():
    table = TEXT.partition("## What is written")[2]
    assert all(f"`{suffix}`" in table for suffix in WRITERS)
