"""The built-in pairs: the Python modules installed on this machine x the names that each one uses.

The syntax tree of every module of the standard library and of this environment's site-packages
yields

- the modules that it imports: `numpy`, `scipy.sparse`;
- what it uses of them, by full name: `numpy.linalg.norm`, `os.path.join`;
- the attributes that it uses of anything else: `.append`, `.shape`.

Folders named test or tests are skipped: they would pair every test with what it tests.
"""

import ast
import hashlib
import os
import sysconfig
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from trainers.datasets import Pairs, number_pairs

MIN_COUNT = 4
"""Names used by fewer modules are left out, unless told otherwise."""

_SKIPPED_FOLDERS = frozenset({"test", "tests", "site-packages", "__pycache__"})
_FILES_PER_TASK = 50


@dataclass(frozen=True)
class _Source:
    """A module's dotted name and its file."""

    module: str
    file: str

    @property
    def is_package(self) -> bool:
        return os.path.basename(self.file) == "__init__.py"


def read_python_modules(
    min_count: int | None = None,
    roots: Sequence[Path] | None = None,
    processes: int | None = None,
) -> Pairs:
    """Pair every installed module with the names that it imports and uses.

    About 11,000 modules take 20 seconds on two cores. Files that do not parse are counted, with
    the reason for the first, in the notes. Both sides have the column `package`: the first part
    of a dotted name, None for an attribute of an unknown object.

    Parameters
    ----------
    min_count : names used by fewer modules are left out; default 4
    roots : folders of top-level modules; default: the standard library and site-packages
    processes : how many parse at once; default: as many as there are processors
    """
    unordered = _sources(installed_roots() if roots is None else roots)
    sources = sorted(unordered, key=lambda source: source.module)
    processes = processes or os.cpu_count() or 1
    if processes == 1 or len(sources) <= _FILES_PER_TASK:
        found = [_names_or_reason(source) for source in sources]
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(_names_or_reason, sources, chunksize=_FILES_PER_TASK))
    pairs = [
        (source.module, name)
        for source, names in zip(sources, found, strict=True)
        if not isinstance(names, str)
        for name in names
    ]
    reasons = [reason for reason in found if isinstance(reason, str)]
    notes = []
    if reasons:
        notes.append(
            f"{len(reasons):,} of {len(sources):,} files do not parse, the first: {reasons[0]}"
        )
    digest = hashlib.sha256("\n".join(f"{module}\t{name}" for module, name in pairs).encode())
    return number_pairs(
        pairs,
        "python_modules",
        ("module", "name"),
        {"name": "Python modules installed", "sha256": digest.hexdigest()},
        min_count=MIN_COUNT if min_count is None else min_count,
        left_columns={"package": {module: package_of(module) for module, _ in pairs}},
        right_columns={"package": {name: package_of(name) for _, name in pairs}},
        notes=tuple(notes),
    )


def installed_roots() -> list[Path]:
    """Return the folders of the standard library and of this environment's site-packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return list(dict.fromkeys(Path(sysconfig.get_path(name)) for name in names))


def package_of(name: str) -> str | None:
    """Return the top-level package of a dotted name; None for an attribute such as `.append`."""
    return name.partition(".")[0] or None


def _sources(roots: Sequence[Path]) -> Iterator[_Source]:
    """Yield every module below the roots, once; folders that are no identifiers hold none."""
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
                module = ".".join(package if stem == "__init__" else (*package, stem))
                if module and module not in known:
                    known.add(module)
                    yield _Source(module, os.path.join(folder, file))


def _names_or_reason(source: _Source) -> list[str] | str:
    """Return the sorted names that a file uses, or the reason why it does not parse."""
    with open(source.file, "rb") as file:
        content = file.read()
    try:
        return sorted(names_used(content, source.module, source.is_package))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"{source.module} ({str(error) or type(error).__name__})"


def names_used(content: bytes, module: str, is_package: bool) -> set[str]:
    """Return the names that a module imports and uses, from its source text.

    Parameters
    ----------
    content : the source file
    module : its dotted name, from which relative imports are resolved
    is_package : whether the file is an __init__.py

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        the source does not parse
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's invalid escapes
        nodes = list(ast.walk(ast.parse(content)))
    parents = module.split(".") if is_package else module.split(".")[:-1]
    names: set[str] = set()
    bound: dict[str, str] = {}  # local name -> the full name that it was imported as
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names.add(alias.name)
                first = alias.name.partition(".")[0]
                bound[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            above = parents[: len(parents) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names.add(origin)
            for alias in node.names:
                if alias.name != "*":
                    bound[alias.asname or alias.name] = f"{origin}.{alias.name}"
                    names.add(f"{origin}.{alias.name}")
    names.update(
        _full_name(node, bound) or f".{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute)
    )
    return names - {""}


def _full_name(node: ast.expr, bound: dict[str, str]) -> str | None:
    """Return the full name of a chain of attributes of an imported name, or None."""
    if isinstance(node, ast.Name):
        return bound.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _full_name(node.value, bound)
        return owner and f"{owner}.{node.attr}"
    return None
