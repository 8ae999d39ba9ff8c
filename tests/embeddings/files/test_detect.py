"""Formats: detection by the first bytes, and which modules are imported to read a file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings import EmbeddingError
from embeddings.files import WRITERS, detect
from embeddings.files.detect import FORMATS, first_match, read_head

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("h5py", "safetensors", "PIL", "psutil", "numba", "anndata")


def imported_by(program: str) -> set[str]:
    """Return the names in sys.modules after a program has run in a fresh interpreter."""
    ran = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys; print(json.dumps([*sys.modules]))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(ran.stdout))


def test_importing_the_library_imports_no_format():
    found = imported_by("from embeddings import load, save")
    assert not found & set(HEAVY)
    modules = {f"embeddings.files.{each.module_name}" for each in FORMATS}
    modules |= {f"embeddings.files.{writer}" for writer in WRITERS.values()}
    assert not found & modules


@pytest.mark.parametrize(("name", "content"), [
    ("a.csv", b"label,x1,x2\na,1,2\nb,3,4\n"),
    ("a.jsonl", b'{"label": "a", "vector": [1, 2]}\n{"label": "b", "vector": [3, 4]}\n'),
    ("a.vec", b"2 2\na 1 2\nb 3 4\n"),
    ("a.f32", np.ones(4, "<f4").tobytes()),
])  # fmt: skip
def test_reading_text_or_bare_numbers_imports_no_library_of_another_format(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    program = f"""
from pathlib import Path
from embeddings.files import read
from embeddings.files.options import ReadContext
selections = {{"dimensions": "2"}} if {name!r}.endswith(".f32") else {{}}
assert len(read([Path({str(path)!r})], ReadContext(selections=selections))) == 2
"""
    assert not imported_by(program) & set(HEAVY)


def test_every_format_has_its_module():
    for each in FORMATS:
        module = each.module
        assert callable(module.load)
        assert each.suffices or each.matched_by or callable(module.matches)
        if each.describes_rows:
            assert callable(module.vector_likelihood) and callable(module.read_columns)


@pytest.mark.parametrize(("head", "expected"), [
    (b"PAR1" + bytes(8), detect.PARQUET),
    (b"ARROW1\0\0" + bytes(8), detect.ARROW),
    (b"\xff\xff\xff\xff\x10\x01\0\0" + bytes(8), detect.ARROW),  # a stream
    (b"FEA1" + bytes(8), detect.ARROW),
    (b"\x93NUMPY\1\0" + bytes(8), detect.NPY),
    (b"\x40\0\0\0\0\0\0\0{" + bytes(8), detect.SAFETENSORS),
    (b'{"embeddings": [{"tensorPath": "a"}]}', detect.PROJECTOR),
    (b"2 2\na 1 2\nb 3 4\n", detect.WORD2VEC_TEXT),
    (b"2 1\na \0\0\0\1\nb \1\0\0\0\n", detect.WORD2VEC_BINARY),
    (b'[{"vector": [1, 2]}]', detect.JSON),
    (b"x,y\n1,2\n", detect.DELIMITED),
    (b"\0\1\2\3", None),
    (b"\xff\xff\xff\xff\0\0\0\0" + bytes(8), None),  # a schema of no bytes
])  # fmt: skip
def test_the_first_bytes_determine_the_format(tmp_path, head, expected):
    path = tmp_path / "file"
    path.write_bytes(head)
    assert first_match(head, path) is expected


def test_a_file_without_a_beginning_is_refused(tmp_path):
    with pytest.raises(EmbeddingError, match="gone: no such file"):
        read_head(tmp_path / "gone")
    with pytest.raises(EmbeddingError, match="no such file"):
        read_head(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(EmbeddingError, match=r"^empty: the file is empty$"):
        read_head(tmp_path / "empty")
