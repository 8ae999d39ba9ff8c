"""The rules of the house that a program can check: where modules are, and who imports whom."""

import ast
import functools
import subprocess
import sys
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("embedding_explorer", "embeddings", "server", "components", "pages", "trainers")

ALLOWED = {
    "embeddings": set(),
    "server": {"embeddings"},
    "components": {"embeddings"},
    "pages": {"embeddings", "server", "components"},
    "embedding_explorer": {"embeddings"},
    "trainers": {"embeddings"},
}
"""Packages of the project that a package may import beside itself."""

CONTRACT = "server.runs.contract"
"""The one module of the server that trainers may import."""

LIBRARIES = {"torch": {"trainers"}, "streamlit": {"components", "pages", "embedding_explorer"}}
"""Packages that alone may import a library."""

SHARED_FOLDERS = ("core", "data", "metrics")
"""Of trainers/: what two trainers or more use."""

MOST_MODULES = 15  # in a folder, __init__.py and __main__.py apart
MOST_LINES = 330
FEWEST_LINES = 50  # of a module with one user

REPEATED = {
    "__init__", "__main__", "component", "config", "data", "form", "metrics", "model", "output",
    "pretrained", "reader", "result", "synthetic", "train", "writer",
}  # fmt: skip
"""Names that many folders have, since the folder distinguishes them."""


@functools.cache
def modules() -> dict[str, Path]:
    """Return the modules of the packages by dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if (path.parent / path.stem).is_dir():  # pages/explore.py, beside its panels
                name += ".py"
            found[name.removesuffix(".__init__")] = path
    return found


TORCH_FREE = {
    "trainers.catalog",
    "trainers.commands.column_report",
    *(f"trainers.{path.parent.name}.config" for path in (ROOT / "trainers").glob("*/config.py")),
}
"""Modules of the trainers that pages may import: settings, from which forms are drawn, and the
description of a table's columns. A page starts a trainer as a process."""


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports(name: str) -> frozenset[str]:
    """Return the modules that a module imports, anywhere in it; libraries by their first name."""
    found = set()
    for node in ast.walk(tree(modules()[name])):
        if isinstance(node, ast.Import):
            found |= {known(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {known(f"{node.module}.{alias.name}") for alias in node.names}
    return frozenset(found - {name})


def known(dotted: str) -> str:
    """Return the longest beginning that is a module of ours, else the first name."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in modules():
            return ".".join(parts[:length])
    return parts[0]


def users() -> dict[str, set[str]]:
    """Return the modules that import each module, packages' own `__init__` included."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in modules():
        for each in imports(name):
            found[each].add(name)
    return found


@pytest.mark.parametrize("name", modules())
def test_imports_run_one_way(name: str) -> None:
    package = name.partition(".")[0]
    for each in imports(name):
        first = each.partition(".")[0]
        if first in LIBRARIES:
            assert package in LIBRARIES[first], f"{name} imports {each}"
        if first not in PACKAGES or first == package or first in ALLOWED[package]:
            continue
        is_contract = package == "trainers" and each == CONTRACT
        is_torch_free = package == "pages" and each in TORCH_FREE
        assert is_contract or is_torch_free, f"{name} imports {each}"


def test_what_pages_import_of_trainers_needs_no_torch() -> None:
    code = f"import sys, {', '.join(sorted(TORCH_FREE))}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_no_circles() -> None:
    graph = {name: {each for each in imports(name) if each in modules()} for name in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def trainers_that_use(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the folders of trainers that import a module, directly or through shared ones."""
    found = set()
    for user in users()[name] - seen:
        parts = user.split(".")
        if parts[0] != "trainers" or len(parts) == 2:  # another package, the catalog, the command
            found.add(user)
        elif parts[1] in SHARED_FOLDERS:
            found |= trainers_that_use(user, seen | {name})
        else:
            found.add(parts[1])
    return found


@pytest.mark.parametrize("folder", SHARED_FOLDERS)
def test_what_one_trainer_uses_is_in_its_folder(folder: str) -> None:
    for name, path in modules().items():
        if name.startswith(f"trainers.{folder}.") and path.name != "__init__.py":
            assert len(trainers_that_use(name)) > 1, f"{name}: {trainers_that_use(name)}"


def test_folders_are_small() -> None:
    paths = [*modules().values(), *(ROOT / "tests").rglob("*.py")]
    count = Counter(path.parent for path in paths if not path.stem.startswith("__"))
    assert {str(folder): n for folder, n in count.items() if n > MOST_MODULES} == {}


def test_modules_are_neither_long_nor_crumbs() -> None:
    wrong = {}
    for name, path in modules().items():
        lines = len(path.read_text().splitlines())
        is_crumb = lines < FEWEST_LINES and len(users()[name]) == 1
        is_plain = path.stem.startswith("__") or path.stem in REPEATED
        if lines > MOST_LINES or (is_crumb and not is_plain):
            wrong[name] = lines
    assert wrong == {}


def test_names_of_modules_differ() -> None:
    count: dict[str, list[str]] = defaultdict(list)
    for name, path in modules().items():
        if path.stem not in REPEATED:
            count[path.stem].append(name)
    assert {stem: names for stem, names in count.items() if len(names) > 1} == {}


@pytest.mark.parametrize("name", modules())
def test_a_module_starts_with_its_purpose(name: str) -> None:
    assert ast.get_docstring(tree(modules()[name]))
