"""Runs with one damaged file each: every file that a run has, damaged in every way we know."""

import json
from pathlib import Path

RUN_ID = "20260101-000000-{:06x}"
START = {"event": "start", "step": 0, "steps": 4, "epoch": 1}
EPOCH = {"event": "epoch", "step": 4, "epoch": 1, "loss": 0.5, "seconds": 2.0}
RECORD = {
    "folder": "x", "trainer": "two_tower", "arguments": ["--dim=8"], "settings": {"dim": 8},
    "data": "pairs.csv", "created": 1_790_000_000.0,
}  # fmt: skip
PROCESS = {"group": 4_000_000, "started": 1_790_000_000.0, "before": 0.0}

BYTES = {
    "empty": b"",
    "text": b"no json",
    "binary": bytes(range(256)),
    "an object": b"{}",
    "null": b"null",
    "a list": b"[1, 2]",
    "a number": b"3",
    "many digits": b"9" * 5_000,
    "deep": b"[" * 100_000,
    "cut": b'{"event": "train", "ste',
}
"""Contents that any file may have after a fault."""

FILES = (
    "run.json", "process.json", "exit", "stdout.txt", "stderr.txt", "alive", "asked_to_stop",
    "pairs.embedding.parquet", "training/metrics.jsonl", "training/refit/metrics.jsonl",
    "training/last.pt", "training/best.pt", "training/best.pt.sha256", "data/data/pairs.csv",
)  # fmt: skip

LINES = {
    "a list in a line": [1],
    "no event": {"step": 3},
    "no step": {"event": "epoch", "loss": 1.0},
    "a text as step": {"event": "epoch", "step": "3", "loss": 1.0},
    "a text as seconds": {**EPOCH, "seconds": "2"},
    "an event that is a list": {"event": ["epoch"], "step": 3},
    "a huge step": {**EPOCH, "step": 10**400},
    "steps that are text": {**START, "steps": "many"},
    "a huge loss": {**EPOCH, "loss": 10**400},
}
"""Lines of the log that are JSON, and no event or no usable one."""

FIELDS = {
    "created is text": {"created": "yesterday"},
    "created is huge": {"created": 1e300},
    "created is true": {"created": True},
    "no trainer": {"trainer": None},
    "trainer is a list": {"trainer": ["two_tower"]},
    "arguments are text": {"arguments": "--dim=8"},
    "arguments are numbers": {"arguments": [8]},
    "settings are a list": {"settings": [8]},
    "data is a number": {"data": 8},
}
"""Fields of run.json with values that no version wrote."""

STARTS = {"started is text": {"started": "now"}, "group is text": {"group": "1"},
          "group is everybody": {"group": 0}, "started is huge": {"started": 1e300},
          "before is null": {"before": None}}  # fmt: skip
"""Fields of process.json with such values."""

DAMAGES = (
    *((file, name) for file in FILES for name in (*BYTES, "missing", "a folder")),
    *(("run.json", name) for name in FIELDS),
    *(("process.json", name) for name in STARTS),
    *(("training/metrics.jsonl", name) for name in LINES),
)
"""(file, damage) of all the runs that `damage` makes."""


def make_run(runs: Path, number: int, **fields: object) -> Path:
    """Write a run that is done, with each of its files; return its folder."""
    folder = runs / RUN_ID.format(number)
    for part in ("training/refit", "data/data"):
        (folder / part).mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({**RECORD, **fields}))
    (folder / "process.json").write_text(json.dumps(PROCESS))
    (folder / "exit").write_text("0\n")
    (folder / "stdout.txt").write_text('words\n{"loss": 0.5}\n')
    log = f"{json.dumps(START)}\n{json.dumps(EPOCH)}\n"
    for name in FILES:
        if name.endswith("metrics.jsonl"):
            (folder / name).write_text(log)
        elif not (folder / name).exists():
            (folder / name).write_bytes(b"")
    return folder


def damage(folder: Path, file: str, name: str) -> None:
    """Damage a file of a run."""
    path = folder / file
    if name == "missing":
        path.unlink()
    elif name == "a folder":
        path.unlink()
        path.mkdir()
    elif name in LINES:
        path.write_text(f"{path.read_text()}{json.dumps(LINES[name])}\n")
    elif name in FIELDS:
        path.write_text(json.dumps({**RECORD, **FIELDS[name]}))
    elif name in STARTS:
        path.write_text(json.dumps({**PROCESS, **STARTS[name]}))
    else:
        path.write_bytes(BYTES[name])


def make_damaged_runs(runs: Path) -> list[Path]:
    """Write a run for each damage; return their folders."""
    folders = []
    for number, (file, name) in enumerate(DAMAGES, start=1):
        folders.append(make_run(runs, number))
        damage(folders[-1], file, name)
    return folders
