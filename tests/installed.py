"""The wheel, built and installed away from the checkout, for tests of what people install.

Only the project comes from the wheel; what it depends on comes from the environment of the tests.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Installation:
    """A virtual environment into which the wheel was installed."""

    environment_folder: Path

    @property
    def folder(self) -> Path:
        """The folder of the installed packages."""
        places = {"base": str(self.environment_folder), "platbase": str(self.environment_folder)}
        return Path(sysconfig.get_path("purelib", "venv", places))

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.environment_folder / "bin" / "python"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which Python finds the installed packages alone."""
        own = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        return {**own, "PYTHONSAFEPATH": "1"}

    def arguments(self, words: list[str]) -> list[str]:
        """Return Python's arguments for a command: `python`, or a script of the package."""
        if words[0] == "python":
            return words[1:]
        return [str(self.folder / "bin" / words[0]), *words[1:]]

    def command(self, words: list[str]) -> list[str]:
        """Return the words of a command that starts a process of its own."""
        return [str(self.python), *self.arguments(words)]


def install(folder: Path) -> Installation:
    """Build the wheel and install it into a new virtual environment in `folder`.

    The environment finds the libraries of the tests after its own, as by a .pth file of theirs.
    """
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    installation = Installation(folder / "environment")
    venv.create(installation.environment_folder, symlinks=True)
    target = installation.folder
    command = [*pip, "install", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    libraries = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (target / "libraries.pth").write_text("\n".join(libraries))
    return installation


FORKS = """
import json, os, runpy, sys
import lightning_fabric, numba, pandas, scipy.stats, sklearn.utils, torch._dynamo

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()

request = json.loads(line)
os.chdir(request["folder"])
os.environ |= request["variables"]
for name, number in (("/dev/null", 0), (request["out"], 1), (request["err"], 2)):
    os.dup2(os.open(name, os.O_RDWR), number)
first, *rest = request["arguments"]
if first == "-c":
    sys.argv = ["-c", *rest[1:]]
    exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
elif first == "-m":
    sys.argv = rest
    runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
else:
    sys.argv = [first, *rest]
    runpy.run_path(first, run_name="__main__")
"""
"""Runs each command that comes in on a line in a fork, and prints its exit status.

The libraries that take seconds to import are imported before; the project's own modules, which the
forks import, are not.
"""


class ForkedCommands(AbstractContextManager):
    """Runs commands of an installation, each in a fork of one process.

    The process is that of the installed environment, and a fork ends as a process does: what a
    command leaves behind is on disk alone. Starting a process each costs 4 to 5 s of CPU for a
    trainer, of which all but .3 s is the import of torch and scikit-learn.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._process = subprocess.Popen(
            installation.command(["python", "-c", FORKS]),
            env=installation.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(
        self, words: list[str], folder: Path, variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder, with further environment variables."""
        assert self._process.stdin and self._process.stdout
        with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
            request = {
                "arguments": self.installation.arguments(words),
                "folder": str(folder),
                "variables": variables,
                "out": out.name,
                "err": err.name,
            }
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            return subprocess.CompletedProcess(words, status, out.read(), err.read())
