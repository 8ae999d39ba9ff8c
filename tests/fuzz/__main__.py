"""python -m tests.fuzz [--seed 0] [--count 2000] [--first 0] [--jobs 2]: run it, print JSON.

Each input is known by the run's seed and its index: --first INDEX --count 1 runs one again.
"""

import argparse
import json
import sys

from tests.fuzz.run import run


def main() -> int:
    """Return 1 where any input failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    indices = range(options.first, options.first + options.count)
    result = run(options.seed, indices, options.jobs)
    sys.stdout.write(json.dumps({"seed": options.seed} | result.as_json(), indent=1) + "\n")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
