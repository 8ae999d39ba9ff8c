"""python -m tests.fuzz [--seed 0] [--mutated 2000] [--built 300]: run it, print JSON.

Each input is known by the run's seed, its kind and its index: `--mutated 0 --built 1 --first INDEX`
runs one again.
"""

import argparse
import json
import sys

from tests.fuzz.built import SIZE
from tests.fuzz.run import Command, Worker, run


def main() -> int:
    """Return 1 where any input failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutated", type=int, default=2000)
    parser.add_argument("--built", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--size", type=int, default=SIZE, help="of built inputs, in bytes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--command", action="store_true", help="by the command, within its limits")
    options = parser.parse_args()
    counts = {"mutated": options.mutated, "built": options.built}
    first = options.first
    inputs = [(kind, i) for kind, n in counts.items() for i in range(first, first + n)]
    inspector = Command if options.command else Worker
    result = run(options.seed, inputs, options.jobs, options.size, inspector)
    sys.stdout.write(json.dumps({"seed": options.seed} | result.as_json(), indent=1) + "\n")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
