"""Run the command line: python -m embeddings COMMAND ..."""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning costs tenfold on a busy machine

from embeddings.cli import main

if __name__ == "__main__":
    sys.exit(main())
