"""Runs inputs through worker processes, and reports crashes, hangs and untidy output."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from tests.fuzz.built import SIZE, built
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import ROOT, seeds
from tests.fuzz.worker import fault

SECONDS = 15.0
"""CPU time that one input may take."""

_STILL = 600.0  # seconds without an answer: it waits for something that never comes
_BATCH = 250  # inputs that one process takes
_LIMIT = 256 * 2**20  # EMBEDDING_MAX_BYTES
_LISTED = 5


@dataclass
class Result:
    """What a run found.

    Attributes
    ----------
    inputs, opened, refused : how many there were, ended with status 0, and with one error
    failures : for each of the others its index, what it was, how it failed, and its files
    slowest, largest : seconds of CPU time and bytes of memory of the worst, and which they are
    """

    inputs: int = 0
    opened: int = 0
    refused: int = 0
    failures: list[dict] = field(default_factory=list)
    slowest: list[dict] = field(default_factory=list)
    largest: list[dict] = field(default_factory=list)

    def as_json(self) -> dict:
        """Return it as plain values."""
        return asdict(self)


class Worker:
    """A process that inspects one input after the other, restarted when one ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen | None = None
        self.taken = 0

    def inspect(self, paths: Sequence[Path]) -> dict:
        """Return the worker's answer; `fault` describes what is wrong; empty for nothing."""
        if self.process is None or self.taken == _BATCH:
            self.close()
            self._start()
        assert self.process and self.process.stdin and self.process.stdout
        self.taken += 1
        self.process.stdin.write(json.dumps([str(path) for path in paths]) + "\n")
        self.process.stdin.flush()
        line = self._answer(self.process)
        if line:
            return json.loads(line)
        status = self.process.poll()
        how = "hang" if status is None else f"crash, status {status}"
        error = (self.folder / "stderr").read_bytes().decode("utf-8", "replace")[-2000:]
        self.close()
        return {"status": status, "fault": how, "error": error, "seconds": SECONDS, "memory": 0}

    def _answer(self, process: subprocess.Popen) -> str:
        """Wait for a line; nothing where the process ended, or takes longer than it may."""
        watched, started = psutil.Process(process.pid), time.monotonic()
        first = sum(watched.cpu_times()[:2])
        while not select.select([process.stdout], [], [], 1.0)[0]:
            used = sum(watched.cpu_times()[:2]) - first
            if used > SECONDS + 2 or time.monotonic() - started > _STILL:
                return ""
        line = process.stdout.readline()
        if not line:
            process.wait()
        return line

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.worker", str(self.folder)],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {
                "EMBEDDING_MAX_BYTES": str(_LIMIT), "OMP_WAIT_POLICY": "passive",
                # so that the address space is what is used, without reserves
                "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2",
            },
        )  # fmt: skip
        self.taken = 0
        self.inspect([ROOT / "embeddings" / "gallery" / "digits.embedding.parquet"])

    def close(self) -> None:
        """End the process."""
        if self.process:
            self.process.kill()
            self.process.communicate()
        self.process = None


class Command:
    """Inspects each input as a person does: by the command, within its limits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def inspect(self, paths: Sequence[Path]) -> dict:
        """Return what Worker.inspect returns; times and memory are those of both processes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        outputs = [self.folder / "stdout", self.folder / "stderr"]
        with outputs[0].open("wb") as out, outputs[1].open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "embeddings", "inspect", *map(str, paths), "--json"],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=os.environ | {"EMBEDDING_MAX_BYTES": str(_LIMIT)},
            )  # fmt: skip
            _, ended, used = os.wait4(process.pid, 0)
        process.returncode = status = os.waitstatus_to_exitcode(ended)
        texts = [output.read_bytes().decode("utf-8", "replace") for output in outputs]
        return {
            "status": status,
            "fault": fault(status, *texts),
            "error": texts[1][-2000:],
            "seconds": used.ru_utime + used.ru_stime,
            "memory": 1024 * used.ru_maxrss,
        }

    def close(self) -> None:
        """Do nothing: every input had a process of its own."""


Input = tuple[str, int]
"""The kind of an input, "mutated" or "built", and its number."""


def run(
    seed: int,
    inputs: Sequence[Input],
    jobs: int = 1,
    size: int = SIZE,
    inspector: type[Worker | Command] = Worker,
) -> Result:
    """Inspect the inputs; the files of failures stay on disk.

    Parameters
    ----------
    size : bytes of built inputs, about
    inspector : Worker, which is fast and limits memory alone, or Command
    """
    corpus = seeds()
    make = {
        "mutated": lambda index: mutated(corpus, seed, index),
        "built": lambda index: built(seed, index, size),
    }
    result = Result()
    folder = Path(tempfile.mkdtemp(prefix="embedding-fuzz-"))
    with ThreadPoolExecutor(jobs) as pool:
        for part in [
            pool.submit(_run_part, inputs[job::jobs], make, inspector(folder / str(job)), result)
            for job in range(jobs)
        ]:
            part.result()
    if not any(folder.rglob("input/*")):
        shutil.rmtree(folder)
    for worst, by in ((result.slowest, "seconds"), (result.largest, "memory")):
        worst.sort(key=lambda each: each[by], reverse=True)
        del worst[_LISTED:]
    result.failures.sort(key=lambda failure: (failure["kind"], failure["index"]))
    return result


def _run_part(
    inputs: Sequence[Input],
    make: dict[str, Callable[[int], tuple[str, dict[str, bytes]]]],
    worker: Worker | Command,
    result: Result,
) -> None:
    for kind, index in inputs:
        what, files = make[kind](index)
        place = worker.folder / f"{kind}-{index}" / "input"
        paths = [place / name for name in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        answer = worker.inspect(paths)
        result.inputs += 1
        result.opened += not answer["fault"] and answer["status"] == 0
        result.refused += not answer["fault"] and answer["status"] == 2
        about = {"kind": kind, "index": index, "input": what}
        result.slowest.append(about | {"seconds": round(answer["seconds"], 3)})
        result.largest.append(about | {"memory": answer["memory"]})
        if answer["seconds"] > SECONDS:
            answer["fault"] = answer["fault"] or "hang"
        if answer["fault"]:
            shown = {"fault": answer["fault"], "error": answer["error"]}
            failure = about | shown | {"files": [str(path) for path in paths]}
            result.failures.append(failure)
            sys.stderr.write(json.dumps(failure) + "\n")  # at once: a run takes long
        else:
            shutil.rmtree(place.parent)
        del files
    worker.close()
