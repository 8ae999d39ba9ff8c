"""python -m trainers NAME --out FILE.embedding.parquet ...: learn embeddings, write their file.

python -m trainers --list [--json]     the trainers
python -m trainers NAME --schema       the settings of one, as JSON
python -m trainers NAME --help         the settings of one, to read
python -m trainers columns TABLE       what the columns of a table hold
python -m trainers evaluate TABLE      compare embeddings with other features of a table
python -m trainers recommend FILE LABEL | --text T [-k 10] [--json]   top items from two_tower
python -m trainers encode RUN --text T | --image P [--json]  the vector of a text or picture
python -m trainers decode RUN --vector X Y ... --out P.png   the picture of a vector

Exit status 2 and one line `error: ...` for anything that the user got wrong.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.settings import SettingError
from server.runs.contract import ERROR_PREFIX, USER_ERROR
from trainers.catalog import COMMANDS, RUNS, TRAINERS
from trainers.commands import recommend
from trainers.commands.config import DecodeConfig, EncodeConfig, RecommendConfig
from trainers.core.progress import is_main
from trainers.core.schema import parse, schema
from trainers.core.signals import Interrupted

CODING = {"encode": EncodeConfig, "decode": DecodeConfig}
"""Commands that use a run that was saved: trainers/commands/encode_decode.py."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        _run(arguments)
    except SettingError as error:
        print(f"{ERROR_PREFIX}{error.for_command_line}", file=sys.stderr)
        return USER_ERROR
    except (EmbeddingError, OSError) as error:
        print(f"{ERROR_PREFIX}{' '.join(str(error).split())}", file=sys.stderr)
        return USER_ERROR
    except Interrupted as stopped:
        if is_main():
            print(stopped, file=sys.stderr)
        return 128 + stopped.signal
    except KeyboardInterrupt:
        print("interrupted; no file was written", file=sys.stderr)
        return 130
    return 0


def _run(arguments: list[str]) -> None:
    names = ", ".join(TRAINERS)
    if not arguments:
        raise EmbeddingError(f"give the name of a trainer: {names}; see python -m trainers --help")
    first, *rest = arguments
    if first in ("-h", "--help"):
        print(__doc__)
    elif first == "--list" and rest in ([], ["--json"]):
        _list(as_json=bool(rest))
    elif first == "recommend":
        print(recommend.run(parse(first, RecommendConfig, rest)))
    elif first in CODING:
        config: Any = parse(first, CODING[first], rest)
        for line in importlib.import_module("trainers.commands.encode_decode").run(config):
            print(line, flush=True)
    elif first not in TRAINERS and first not in COMMANDS:
        commands = ", ".join(COMMANDS)
        raise EmbeddingError(f"no trainer {first!r}; expected one of {names}, or {commands}")
    elif "--schema" in rest:
        print(json.dumps(schema(first, {**TRAINERS, **COMMANDS}[first]), indent=2))
    else:
        if first in COMMANDS and rest and not rest[0].startswith("-"):
            rest = ["--data", *rest]
        config = parse(first, {**TRAINERS, **COMMANDS}[first], rest)
        if (out := getattr(config, "out", None)) is not None:
            _make_place(out)
        # Threads that wait asleep, not spinning: beside other work, such as a layout in the app, a
        # step took 70 ms instead of 190. It is read when torch is first imported, which is here.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        metrics = importlib.import_module(RUNS[first]).run(config)
        if is_main():
            print(json.dumps(metrics))


def _make_place(out: Path) -> None:
    """Make the folder of the file to come, so that what cannot be written fails before training."""
    out.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(out.parent, os.W_OK):
        raise EmbeddingError(f"--out {out}: the folder cannot be written; choose another")


def _list(as_json: bool) -> None:
    described = [
        {"name": name, "description": schema(name, config)["description"]}
        for name, config in TRAINERS.items()
    ]
    if as_json:
        print(json.dumps(described, indent=2))
    else:
        for trainer in described:
            print(f"{trainer['name']}: {trainer['description']}")


if __name__ == "__main__":
    sys.exit(main())
