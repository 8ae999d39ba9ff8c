"""Jobs for the tests of the pool, and what the tests do with them.

A job is held up by reading a named pipe until the test opens it for writing.
"""

import os
import re
import select
import sys
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError

LONG = 60.0  # s; waits end with their event, only a failing test waits so long


def add(first, second, progress):
    progress("adding", 0.5, "half")
    progress.frame(np.full((3, 2), first))
    progress.frame(np.full((3, 2), second))
    progress("added", 1.0)
    return first + second


def held(path, value, progress):
    progress("held", 0.25, str(os.getpid()))
    progress.frame(np.full((2, 3), 7.0))
    Path(path).read_bytes()
    return value


def burn(progress):
    """Work for ages without ever letting another thread of the process run."""
    progress("burning", 0.0, str(os.getpid()))
    re.match(r"(a+)+$", "a" * 60 + "b")


def refuse(progress):
    raise EmbeddingError("3 rows given, 5 expected; add some")


def divide(progress):
    return 1 / 0


def exhaust(progress):
    raise MemoryError


def die(number, progress):
    os.kill(os.getpid(), number)


def leave_with(code, progress):
    sys.exit(code)


def unpicklable(progress):
    return lambda: None


def chatter(progress):
    sys.stdout.write("on standard output")
    os.write(1, b"on its descriptor")
    return sys.stdin.read()


def total(array, progress):
    return float(array.sum())


def own_pid(progress):
    return os.getpid()


def niceness(progress):
    return os.nice(0)


def read_pipe(path):
    Path(path).read_bytes()


def broken_warm_up():
    raise RuntimeError("cold")


def deadly_warm_up():
    os._exit(3)


def let_go(path):
    path.write_bytes(b"")


def ended(pid):
    """Wait for the end of a process; return False if it does not come."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], LONG)[0])
    finally:
        os.close(handle)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def run(pool, key, function, *args):
    """Submit a job and wait for its end; return its status."""
    pool.submit(key, function, *args, client="a")
    return pool.wait(key, LONG)


def running_pid(pool, key):
    """Return the id of the process in which a held or burning job runs."""
    return int(pool.wait(key, LONG, until=lambda job: job.note or job.is_finished).note)
