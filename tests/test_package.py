"""The installed package: commands, the app and declared dependencies, without the checkout."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.installed import ROOT, Installation

PACKAGES = ("embedding_explorer", "embeddings", "server", "components", "pages", "trainers")

OPTIONAL = {
    "sentence_transformers": "bert --pretrained reads its folders by transformers alone",
    "tensorboard": "--tensorboard says what to install",
    "timm": "cnn --pretrained NAME says what to install",
}
"""Imported only where the user installed them, with an error that names them otherwise."""

APP = """
import json, sys
from streamlit.testing.v1 import AppTest
from embedding_explorer.command import script
app = AppTest.from_file(str(script()), default_timeout=120).run()
print(json.dumps({"errors": len(app.exception) + len(app.error), "script": str(script()),
                  "chosen": app.session_state.open_set.key}))
"""


def run(installed: Installation, folder: Path, *words: str) -> str:
    environment = {
        **installed.environment,
        "EMBEDDING_CACHE": str(folder / "cache"),
        "EMBEDDING_RUNS": str(folder / "runs"),
    }
    done = subprocess.run(
        installed.command([*words]), cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_command_prints_its_version(installed: Installation, tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run(installed, tmp_path, "embedding-explorer", "--version").strip() == version


def test_the_library_comes_from_the_wheel(installed: Installation, tmp_path: Path) -> None:
    code = "import embeddings; print(embeddings.__file__)"
    place = Path(run(installed, tmp_path, "python", "-c", code).strip())
    assert place.is_relative_to(installed.folder)


def test_a_trainer_makes_a_file_that_the_library_inspects(
    installed: Installation, tmp_path: Path
) -> None:
    data = str(ROOT / "docs" / "examples" / "visits.csv")
    out = ("--out", "x.embedding.parquet")
    run(installed, tmp_path, "trainers", "two_tower", "--data", data, *out, "--max-steps", "20")
    facts = run(installed, tmp_path, "embeddings", "inspect", "x.embedding.parquet", "--json")
    assert json.loads(facts)["dimensions"] == 50


def test_the_app_opens_on_the_gallery(installed: Installation, tmp_path: Path) -> None:
    seen = json.loads(run(installed, tmp_path, "python", "-c", APP).splitlines()[-1])
    assert Path(seen["script"]).is_relative_to(installed.folder)
    assert seen["errors"] == 0
    assert seen["chosen"].startswith("gallery:")


def test_the_wheel_has_what_is_no_python(installed: Installation) -> None:
    assert all((installed.folder / package / "py.typed").exists() for package in PACKAGES)
    assert list((installed.folder / "embeddings" / "gallery").glob("*.embedding.parquet"))
    assert list((installed.folder / "components").rglob("*.js"))
    assert (installed.folder / "embedding_explorer" / ".streamlit" / "config.toml").exists()
    assert (installed.folder / "pages" / "common" / "icon.png").exists()


def names_in(path: Path) -> set[str]:
    """Return the names of a requirements file's packages, normalized."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return {normalized(re.split(r"[\[<>=~! ;]", line)[0]) for line in lines if line}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_import_is_declared() -> None:
    declared = names_in(ROOT / "requirements.txt") | names_in(ROOT / "requirements-pretrained.txt")
    distributions = packages_distributions()
    undeclared = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names = {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = {node.module.partition(".")[0]}
                else:
                    continue
                for name in names - set(sys.stdlib_module_names) - set(PACKAGES) - set(OPTIONAL):
                    owners = {normalized(owner) for owner in distributions.get(name, [name])}
                    if not owners & declared:
                        undeclared[name] = str(path.relative_to(ROOT))
    assert undeclared == {}


def test_the_lock_pins_what_is_declared() -> None:
    locked = names_in(ROOT / "requirements.lock")
    for path in ROOT.glob("requirements*.txt"):
        assert names_in(path) <= locked, path.name
