"""Run the command line: python -m embeddings COMMAND ..."""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning costs tenfold on a busy machine

from embeddings import cli
from embeddings.cli.terminal import print_error
from embeddings.supervision.limited_command import run_command


def main() -> int:
    """Run the command in a child process, which is ended when it exceeds a limit on reading."""
    return run_command(cli.main, print_error)


if __name__ == "__main__":
    sys.exit(main())
