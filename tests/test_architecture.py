"""The rules of the house that a program can check."""

import ast
import re
import subprocess
import sys
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
    "pages": ("torch", "app"),
    "app.py": ("torch", "trainers"),
    "trainers": ("streamlit", "components", "pages", "app"),
}


PAGES_MAY_IMPORT = re.compile(r"trainers\.(catalog|\w+\.config|commands\.columns)(\.|$)")
"""Modules of the trainers without torch: settings, from which forms are drawn, and the description
of a table's columns. A page starts a trainer as a process."""


def imported_modules(path: Path) -> set[str]:
    """Return the full names of the modules that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def imported(path: Path) -> set[str]:
    """Return the top-level names that a module imports, anywhere in it."""
    return {name.split(".")[0] for name in imported_modules(path)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    place = path.relative_to(ROOT).parts[0]
    assert not imported(path) & set(FORBIDDEN[place])


def test_pages_import_only_the_settings_of_trainers() -> None:
    found = {
        name
        for path in [*sorted((ROOT / "pages").rglob("*.py")), ROOT / "app.py"]
        for name in imported_modules(path)
        if name.split(".")[0] == "trainers"
    }
    assert "trainers.catalog" in found
    assert [name for name in sorted(found) if not PAGES_MAY_IMPORT.match(name)] == []


def test_what_pages_import_of_trainers_needs_no_torch() -> None:
    configs = sorted(path.parent.name for path in (ROOT / "trainers").glob("*/config.py"))
    modules = ["trainers.catalog", "trainers.commands.columns"]
    modules += [f"trainers.{name}.config" for name in configs]
    code = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_first_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
