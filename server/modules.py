"""Starting modules of this project in other processes, from a checkout or an installed package."""

import os
import sys


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `python -m MODULE ARGUMENTS` with this interpreter.

    Run it with `module_environment()`: the module is then found whatever the working folder is, and
    nothing in that folder (-P) can take its place.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def module_environment(**variables: str) -> dict[str, str]:
    """Return the environment of such a process: it imports what this process can import.

    Parameters
    ----------
    **variables : str
        Values for variables that are not set.
    """
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**variables, **os.environ, "PYTHONPATH": path}
