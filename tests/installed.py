"""The wheel, built and installed away from the checkout, for tests of what people install.

Only the project comes from the wheel; what it depends on comes from the environment of the tests.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Installation:
    """A folder into which the wheel was installed."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which Python finds the installed packages, and no checkout."""
        return {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1"}

    def command(self, words: list[str]) -> list[str]:
        """Return a command whose first word is `python` or one of the package's scripts."""
        if words[0] == "python":
            return [sys.executable, *words[1:]]
        return [sys.executable, str(self.folder / "bin" / words[0]), *words[1:]]


def install(folder: Path) -> Installation:
    """Build the wheel and install it into `folder`."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    command = [*pip, "install", "--no-deps", "--no-compile", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return Installation(target)
