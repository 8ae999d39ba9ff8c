"""One process of the fuzz run: inspects one input after the other under a limit of memory.

It reads a line of JSON for each input, a list of paths, and answers with a line of JSON.
"""

import json
import os
import re
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = 2**30
"""Bytes that one input may take above what the process held before it."""

_ERROR = re.compile(r"error: [^\n]*\n")
_UNTIDY = re.compile(r"Traceback \(most recent|\w+Warning: |^Exception ignored", re.MULTILINE)


def main() -> None:
    """Answer until there is nothing more to read."""
    answers = os.fdopen(os.dup(1), "w")  # what the command prints goes elsewhere
    scratch = Path(sys.argv[1])
    warm_up = True
    for line in sys.stdin:
        paths = json.loads(line)
        with _limited(not warm_up):
            answer = _inspect(paths, scratch)
        warm_up = False
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _inspect(paths: list[str], scratch: Path) -> dict[str, object]:
    """Run the command; return how it ended, its CPU time in s and its memory in bytes."""
    from embeddings.cli import main as command

    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    started, originals, status = time.process_time(), (os.dup(1), os.dup(2)), None
    outputs = [scratch / "stdout", scratch / "stderr"]
    for number, output in enumerate(outputs, 1):
        with output.open("w") as file:
            os.dup2(file.fileno(), number)
    try:
        status = command(["inspect", *paths, "--json"])
    except BaseException:
        traceback.print_exc()
    finally:
        for number, stream in enumerate((sys.stdout, sys.stderr), 1):
            stream.flush()
            os.dup2(originals[number - 1], number)
            os.close(originals[number - 1])
    out, err = (output.read_bytes().decode("utf-8", "replace") for output in outputs)
    return {
        "status": status,
        "fault": fault(status, out, err),
        "error": err[-2000:],
        "seconds": time.process_time() - started,
        "memory": max(0, _memory("VmHWM") - before),
    }


def fault(status: int | None, out: str, err: str) -> str:
    """Return what is wrong with how the command ended; empty for nothing.

    Status 0 and one JSON document, or status 2 and a last line `error: ...`, the only such line;
    neither a traceback nor a library's warning.
    """
    if _UNTIDY.search(err):
        return "traceback or warning"
    if status == 2:
        last = err.splitlines(keepends=True)[-1:] or [""]
        errors = sum(line.startswith("error:") for line in err.splitlines())
        if errors != 1 or not _ERROR.fullmatch(last[0]) or out:
            return "not one line of error"
        return ""
    if status != 0:
        return f"status {status}"
    try:
        document = json.loads(out, parse_constant=_refuse)
    except ValueError as error:
        return f"no JSON document: {error}"
    return "" if isinstance(document, dict) and document.get("rows") else "no rows"


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@contextmanager
def _limited(limited: bool) -> Iterator[None]:
    """Let the process take MEMORY more than it has."""
    soft = _memory("VmSize") + MEMORY if limited else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_AS, (soft, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)


def _memory(name: str) -> int:
    """Return a line of the kernel's account of this process, in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return 1024 * int(found[1])


if __name__ == "__main__":
    main()
