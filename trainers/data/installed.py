"""The Python modules installed on this machine: their names and files, in a fixed order.

Folders named test or tests are skipped: tests repeat what they test.
"""

import ast
import gc
import os
import sysconfig
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_SKIPPED_FOLDERS = frozenset({"test", "tests", "site-packages", "__pycache__"})
_FILES_PER_TASK = 50


@dataclass(frozen=True)
class Module:
    """A module's dotted name and its source file."""

    name: str
    file: str

    @property
    def is_package(self) -> bool:
        """Whether the file is an __init__.py."""
        return os.path.basename(self.file) == "__init__.py"


def installed_roots() -> list[Path]:
    """Return the folders of the standard library and of this environment's site-packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return list(dict.fromkeys(Path(sysconfig.get_path(name)) for name in names))


def installed_modules(roots: Sequence[Path] | None = None) -> list[Module]:
    """Return every module below the roots, once, in order of name.

    roots : folders of top-level modules; default: the standard library and site-packages
    """
    unordered = _modules(installed_roots() if roots is None else roots)
    return sorted(unordered, key=lambda module: module.name)


def _modules(roots: Sequence[Path]) -> Iterator[Module]:
    """Yield every module below the roots, once, but in folders whose names are identifiers only."""
    known: set[str] = set()
    for root in roots:
        for folder, subfolders, files in os.walk(root):
            subfolders[:] = [
                name for name in subfolders if name.isidentifier() and name not in _SKIPPED_FOLDERS
            ]
            package = Path(folder).relative_to(root).parts
            for file in files:
                stem, extension = os.path.splitext(file)
                if extension != ".py" or not stem.isidentifier():
                    continue
                name = ".".join(package if stem == "__init__" else (*package, stem))
                if name and name not in known:
                    known.add(name)
                    yield Module(name, os.path.join(folder, file))


def syntax_tree(content: bytes) -> ast.Module:
    """Return the syntax tree of a module's source.

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        the source does not parse
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's invalid escapes
        return ast.parse(content)


def of_each(
    read: Callable[[Module], T], modules: Sequence[Module], processes: int | None = None
) -> list[T]:
    """Return the result of `read`, a function that can be sent to a process, for each module.

    processes : number of processes; default: the number of processors
    """
    processes = processes or os.cpu_count() or 1
    if processes == 1 or len(modules) <= _FILES_PER_TASK:
        return [read(module) for module in modules]
    # Syntax trees have no cycles: looking for some takes a seventh of the time.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=gc.disable
    ) as pool:
        return list(pool.map(read, modules, chunksize=_FILES_PER_TASK))
