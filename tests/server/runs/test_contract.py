"""The contract between the app and the trainers: each name is written once, and it is true."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from server.runs import contract
from server.runs.contract import (
    BEST_CHECKPOINT,
    CAPABILITIES,
    CHECKPOINT_HASH,
    Capabilities,
    read_checkpoint_hash,
    record_checkpoint_hash,
)
from trainers.catalog import LOADERS

ROOT = Path(__file__).parents[3]
CONTRACT = Path(contract.__file__)
MODULES = [path for package in ("server", "trainers", "pages")
           for path in sorted((ROOT / package).rglob("*.py")) if path != CONTRACT]  # fmt: skip

WRITTEN_ONCE = {
    contract.BEST_CHECKPOINT,
    contract.LAST_CHECKPOINT,
    contract.CHECKPOINT_HASH,
    contract.METRICS_LOG,
    contract.RESULT_PATTERN,
    contract.TRAINING_FOLDER,
    contract.REFIT_STAGE,
    contract.CHECKPOINT_SETTING,
    contract.KNOWN_COLUMN,
    contract.ERROR_PREFIX,
    contract.FOLD_STARTED,
    contract.SCORED,
    contract.SKIPPED,
    contract.ZIP_STARTED,
}
"""Without the names that are common words: "train", "epoch", "start", "stopped", "data"."""

EVENT_CALLS = {"log", "note", "noted", "write"}
"""Functions that take the name of an event first."""


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the texts of a module, except for docstrings and other texts that are statements."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in alone:
            yield node


def repeated_names(path: Path) -> list[str]:
    """Return where a module writes a name of the contract itself."""
    tree = ast.parse(path.read_text())
    found = [text for text in texts(tree) if text.value in WRITTEN_ONCE]
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and call.args:
            called = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
            event = call.args[0]
            if called in EVENT_CALLS and isinstance(event, ast.Constant):
                found += [event] if str(event.value).isidentifier() else []
    return [f"{path}:{each.lineno}: {each.value!r}" for each in found]


def server_imports(path: Path) -> set[str]:
    """Return the modules of `server` that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.split(".")[0] == "server"}


def test_names_of_the_contract_are_written_nowhere_else():
    assert [each for path in MODULES for each in repeated_names(path)] == []


def test_the_check_finds_repeated_names(tmp_path):
    module = tmp_path / "module.py"
    module.write_text('"""best.pt"""\nPATH = folder / "best.pt"\nsession.log("epoch", loss=1)\n')
    assert [each.split(":", 1)[1] for each in repeated_names(module)] == [
        "2: 'best.pt'", "3: 'epoch'",
    ]  # fmt: skip


def test_trainers_import_nothing_else_of_the_server():
    trainers = [path for path in MODULES if path.is_relative_to(ROOT / "trainers")]
    assert set().union(*map(server_imports, trainers)) == {"server.runs.contract"}


def test_the_contract_needs_neither_torch_nor_streamlit():
    code = "import sys, server.runs.contract; print(*{'torch', 'streamlit'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n")


def test_capabilities_match_the_models():
    functions: dict[str, set[str]] = {}
    for path in sorted((ROOT / "trainers").glob("*/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Codec":
                names = {keyword.arg for keyword in node.keywords}
                functions.setdefault(path.parent.name, set()).update(names)
    found = {
        trainer: Capabilities(
            encodes=tuple(kind for kind in ("text", "image") if f"encode_{kind}" in names),
            decodes="decode" in names,
        )
        for trainer, names in functions.items()
    }
    assert found == CAPABILITIES
    assert set(LOADERS) == set(CAPABILITIES)
    assert contract.capabilities("word2vec") == contract.capabilities(None) == Capabilities()


def test_a_hash_counts_as_long_as_the_checkpoint_is_the_same(tmp_path):
    assert read_checkpoint_hash(tmp_path) is None
    (tmp_path / BEST_CHECKPOINT).write_bytes(b"abc")
    assert read_checkpoint_hash(tmp_path) is None
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    assert record_checkpoint_hash(tmp_path) == read_checkpoint_hash(tmp_path) == expected
    later = (tmp_path / CHECKPOINT_HASH).stat().st_mtime_ns + 1
    os.utime(tmp_path / BEST_CHECKPOINT, ns=(later, later))
    assert read_checkpoint_hash(tmp_path) is None
