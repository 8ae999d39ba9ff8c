"""Run trainers one after another in one process.

    python -m tests.trainers.core.in_turn '[[NAME, ...]]'

The processes that torchrun starts take seconds to import torch: here they do so once for all.
"""

import json
import sys

from trainers.__main__ import main

if __name__ == "__main__":
    sys.exit(max(main(arguments) for arguments in json.loads(sys.argv[1])))
