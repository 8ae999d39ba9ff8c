"""The rules of the house that a program can check."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("embeddings", "pages", "map_component", "trainers")
MODULES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
MODULES.append(ROOT / "app.py")

FORBIDDEN = {
    "embeddings": ("torch", "streamlit", "map_component", "pages", "trainers", "app"),
    "map_component": ("torch", "pages", "trainers", "app"),
    "pages": ("torch", "trainers", "app"),
    "app.py": ("torch", "trainers"),
    "trainers": ("streamlit", "map_component", "pages", "app"),
}

FOLDERS = ("configs", "loop", "data", "models", "measures", "output")
"""Of trainers/: each imports from itself and those before it."""


def imported(path: Path) -> set[str]:
    """Return the top-level names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    place = path.relative_to(ROOT).parts[0]
    assert not imported(path) & set(FORBIDDEN[place])


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_of_trainers_import_one_way(folder: str) -> None:
    allowed = set(FOLDERS[: FOLDERS.index(folder) + 1])
    for path in (ROOT / "trainers" / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trainers"):
                _, *inner = node.module.split(".")
                used = {inner[0]} if inner else {alias.name for alias in node.names}
                assert used <= allowed, f"{path.name} imports {used - allowed}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_first_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
