"""The built-in pairs: names resolved from source text, and folders walked in a fixed order."""

from trainers.two_tower.python_modules import names_used, package_of, read_python_modules


def test_names_of_a_module():
    source = b"""
import os.path
import numpy as np
import scipy.sparse as sp
from collections import Counter as C, deque
from . import sibling
from ..other import thing
from math import *

def work(x):
    np.linalg.norm(x).shape
    sp.csr_matrix
    os.path.join("a", "b")
    C.fromkeys(x)
    thing.part
    self.value.append(1)
    local = 3
"""
    assert names_used(source, "pkg.sub.mod", is_package=False) == {
        "os.path", "numpy", "scipy.sparse", "collections", "collections.Counter",
        "collections.deque", "pkg.sub", "pkg.sub.sibling", "pkg.other", "pkg.other.thing", "math",
        "numpy.linalg", "numpy.linalg.norm", ".shape", "scipy.sparse.csr_matrix", "os.path.join",
        "collections.Counter.fromkeys", "pkg.other.thing.part", ".value", ".append",
    }  # fmt: skip


def test_relative_imports_of_a_package_start_at_itself():
    assert names_used(b"from .a import b\nfrom .. import c", "p.q", is_package=True) == {
        "p.q.a", "p.q.a.b", "p", "p.c",
    }  # fmt: skip


def test_package_of():
    assert package_of("numpy.linalg.norm") == "numpy"
    assert package_of(".append") is None


def build(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_folders_are_read_in_order_and_broken_files_are_noted(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    build(
        first,
        {
            "b/__init__.py": "import os",
            "b/two.py": "import os, sys",
            "b/tests/test_two.py": "import os, sys",
            "b-1.0.dist-info/x.py": "import os",
            "a.py": "import os, sys",
            "old.py": "print 'two'",
            "lonely.py": "import lonesome",
            "latin.py": "# -*- coding: ascii -*-\n'ü'",
        },
    )
    build(second, {"a.py": "import shadowed", "c.py": "import os\n'\\d'"})
    pairs = read_python_modules(min_count=2, roots=[first, second], processes=1)
    assert pairs.left.labels == ("a", "b", "b.two", "c")
    assert pairs.right.labels == ("os", "sys")
    assert pairs.left.columns["package"].to_pylist() == ["a", "b", "b", "c"]
    assert pairs.rows.tolist() == [[0, 0], [0, 1], [1, 0], [2, 0], [2, 1], [3, 0]]
    assert pairs.notes[0].startswith("2 of 7 files do not parse, the first: latin (")


def test_many_processes_give_the_same_pairs(tmp_path):
    build(tmp_path, {f"m{i}.py": f"import a{i % 7}, b{i % 5}" for i in range(120)})
    one = read_python_modules(roots=[tmp_path], processes=1)
    two = read_python_modules(roots=[tmp_path], processes=2)
    assert one.left.labels == two.left.labels
    assert one.right.labels == two.right.labels
    assert (one.rows == two.rows).all() and one.source == two.source
