"""What every benchmark prints: one JSON document with machine, versions, data, results, targets."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def parser(text: str | None) -> argparse.ArgumentParser:
    """Return a parser of a script's options; `text` is its docstring."""
    return argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def data_parser(text: str | None) -> argparse.ArgumentParser:
    """Return a parser that has --data, the folder of the data that are not the project's own."""
    made = parser(text)
    default = Path(os.environ.get("EMBEDDING_DATA", "../shared/data"))
    made.add_argument("--data", type=Path, default=default, help="folder of the data")
    return made


def data(options: argparse.Namespace, *names: str) -> Path:
    """Return a file or folder of --data; end with what to give where it is not there."""
    path = options.data.joinpath(*names)
    if not path.exists():
        raise SystemExit(
            f"error: {path}: not there; give by --data the folder that has {names[0]}/"
        )
    return path


def arguments(text: str | None, sizes: Sequence[int], repeat: int) -> argparse.Namespace:
    """Read --sizes and --repeat; `text` is the script's docstring."""
    made = parser(text)
    made.add_argument("--sizes", type=int, nargs="+", default=list(sizes), help="rows")
    made.add_argument("--repeat", type=int, default=repeat, help="runs of each contender")
    return made.parse_args()


def hardware() -> dict[str, Any]:
    """Return cores that this process may use, CPU model, memory in GiB, and who else is at work."""
    facts = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":")[1].strip() for line in facts.splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": cores(),
        "cpu": models[0] if models else platform.processor(),
        "memory_gib": round(memory / 2**30, 1),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


class Clock:
    """Seconds since it was made: of wall time, and of this process's CPU time on all cores."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Return "wall s" and "CPU s"."""
        wall, cpu = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        return {"wall s": wall, "CPU s": cpu}


def spread(name: str, values: Sequence[float] | np.ndarray, digits: int = 3) -> dict[str, float]:
    """Return the median under `name`, and the quartiles beside it where there are four or more."""
    found = {name: round(float(np.median(values)), digits)}
    if len(values) >= 4:
        low, high = np.percentile(values, [25, 75])
        found[f"{name} p25"], found[f"{name} p75"] = round(low, digits), round(high, digits)
    return found


def target(
    what: str, value: float, at_most: float | None = None, at_least: float | None = None
) -> dict[str, Any]:
    """Return what was promised beside what was measured."""
    met = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    bound = {"at_most": at_most, "at_least": at_least}
    given = {name: limit for name, limit in bound.items() if limit is not None}
    return {"target": what, "measured": round(value, 4), **given, "met": bool(met)}


def show(
    text: str | None,
    started: dict[str, Any],
    data: dict[str, Any],
    results: Sequence[dict[str, Any]],
    targets: Sequence[dict[str, Any]],
    libraries: Sequence[str],
) -> None:
    """Print the document.

    Parameters
    ----------
    text : the script's docstring; its first line is the question
    started : hardware(), as it was before the first measurement
    results : one flat dict per contender and shape: a row of the table
    targets : see target
    libraries : distributions whose versions matter
    """
    document = {
        "question": (text or "").splitlines()[0],
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": started,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in sorted({"numpy", *libraries}, key=str.lower)},
        },
        "data": data,
        "results": list(results),
        "targets": list(targets),
    }
    print(json.dumps(document, indent=1, ensure_ascii=False))


def say(text: str) -> None:
    """Print progress to standard error; standard output holds the document."""
    print(f"  {text}", file=sys.stderr, flush=True)
