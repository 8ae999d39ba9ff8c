"""The rules of the house that a program can check."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("embeddings", "server", "pages", "components", "trainers")
MODULES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
MODULES.append(ROOT / "app.py")

FORBIDDEN = {
    "server": ("torch", "streamlit", "components", "pages", "trainers", "app"),
    "embeddings": ("torch", "streamlit", "server", "components", "pages", "trainers", "app"),
    "components": ("torch", "pages", "trainers", "app"),
    "pages": ("torch", "trainers", "app"),
    "app.py": ("torch", "trainers"),
    "trainers": ("streamlit", "components", "pages", "app"),
}


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_first_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
