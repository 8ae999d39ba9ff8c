"""What all benchmarks need: options, clocks, and the JSON document that each prints."""

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from typing_extensions import Doc

Options = TypeVar("Options")


@dataclass(frozen=True)
class SizeOptions:
    """The options of benchmarks at several sizes."""

    sizes: Annotated[tuple[int, ...], Doc("Numbers of rows")]
    repeat: Annotated[int, Doc("Runs of each contender")]


def _default_data() -> Path:
    return Path(os.environ.get("EMBEDDING_DATA", "../shared/data"))


@dataclass(frozen=True)
class DataOptions:
    """The options of benchmarks on data from outside the project."""

    data: Annotated[Path, Doc("Folder of the data")] = field(default_factory=_default_data)

    def find(self, *names: str) -> Path:
        """Return a file or folder in the data folder; exit with an error if it does not exist."""
        path = self.data.joinpath(*names)
        if not path.exists():
            raise SystemExit(
                f"error: {path}: no such file or folder; give with --data the folder that "
                f"contains {names[0]}/"
            )
        return path


def parse_options(text: str | None, defaults: Options) -> Options:
    """Parse the command line of a benchmark.

    Parameters
    ----------
    text : the module's docstring, for --help
    defaults : a dataclass, each field of which is an option
    """
    import tyro  # not needed by the contenders' processes, which import this module as well

    return tyro.cli(type(defaults), description=text, default=defaults)


def hardware() -> dict[str, Any]:
    """Return the available cores, CPU model, memory in GiB, and load average."""
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
    """Measures the wall time and this process's CPU time, on all cores, since its creation."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Return "wall s" and "CPU s"."""
        wall, cpu = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        return {"wall s": wall, "CPU s": cpu}


def spread(name: str, values: Sequence[float] | np.ndarray, digits: int = 3) -> dict[str, float]:
    """Return the median as `name`, and the quartiles if there are at least four values."""
    found = {name: round(float(np.median(values)), digits)}
    if len(values) >= 4:
        low, high = np.percentile(values, [25, 75])
        found[f"{name} p25"], found[f"{name} p75"] = round(low, digits), round(high, digits)
    return found


def target(
    what: str, value: float, at_most: float | None = None, at_least: float | None = None
) -> dict[str, Any]:
    """Return a target: its bounds, the measured value, and whether the target is met."""
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
    started : hardware(), as returned before the first measurement
    results : the rows of the table: one flat dict per contender and size
    targets : see target
    libraries : distributions whose versions are reported
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


def print_progress(text: str) -> None:
    """Print a line to standard error; standard output is for the document."""
    print(f"  {text}", file=sys.stderr, flush=True)
