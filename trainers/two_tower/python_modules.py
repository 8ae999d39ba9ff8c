"""The built-in pairs: the Python modules installed on this machine and the names that each uses.

The modules are those of the standard library and of this environment's site-packages. The syntax
tree of a module yields

- the modules that it imports: `numpy`, `scipy.sparse`;
- what it uses from them, by full name: `numpy.linalg.norm`, `os.path.join`;
- the attributes that it uses of anything else: `.append`, `.shape`.

Folders named test or tests are skipped, since they would pair every test with what it tests.
"""

import ast
import hashlib
from collections.abc import Sequence
from pathlib import Path

from trainers.data.installed import Module, installed_modules, of_each, syntax_tree
from trainers.data.pairs.pairs import Pairs, number_pairs

MIN_COUNT = 4
"""By default, names used by fewer modules are left out."""


def read_python_modules(
    min_count: int | None = None,
    roots: Sequence[Path] | None = None,
    processes: int | None = None,
) -> Pairs:
    """Pair every installed module with the names that it imports and uses.

    About 11,000 modules take 20 seconds on two cores. A note has the number of files that do not
    parse, and the reason for the first. Both sides have the column `package`: the first part of a
    dotted name, None for an attribute of an unknown object.

    Parameters
    ----------
    min_count : names used by fewer modules are left out; default 4
    roots : folders of top-level modules; default: the standard library and site-packages
    processes : number of parallel processes; default: the number of processors
    """
    modules = installed_modules(roots)
    found = of_each(_names_or_reason, modules, processes)
    pairs = [
        (module.name, name)
        for module, names in zip(modules, found, strict=True)
        if not isinstance(names, str)
        for name in names
    ]
    reasons = [reason for reason in found if isinstance(reason, str)]
    notes = []
    if reasons:
        notes.append(
            f"{len(reasons):,} of {len(modules):,} files do not parse, the first: {reasons[0]}"
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


def package_of(name: str) -> str | None:
    """Return the top-level package of a dotted name; None for an attribute such as `.append`."""
    return name.partition(".")[0] or None


def _names_or_reason(module: Module) -> list[str] | str:
    """Return the sorted names that a file uses, or the reason why it does not parse."""
    with open(module.file, "rb") as file:
        content = file.read()
    try:
        return sorted(names_used(content, module.name, module.is_package))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"{module.name} ({str(error) or type(error).__name__})"


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
    nodes = list(ast.walk(syntax_tree(content)))
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
