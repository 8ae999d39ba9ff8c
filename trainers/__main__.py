"""python -m trainers NAME --out FILE.embedding.parquet ...: learn embeddings, write their file.

python -m trainers --list [--json]     the trainers
python -m trainers NAME --help         the settings of one
python -m trainers NAME --schema       the same as JSON
python -m trainers columns TABLE       describe the columns of a table
python -m trainers evaluate TABLE      compare encodings of categorical columns
python -m trainers recommend FILE LABEL | --text T [-k 10] [--json]   items most similar to another
python -m trainers encode RUN --text T | --image P [--json]           the vector of a text or image
python -m trainers decode RUN --vector X Y ... --out P.png            the image of a vector

A user's mistake is one line `error: ...` and exit status 2.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from embeddings.cli.parse import parse
from embeddings.cli.terminal import USER_ERROR, abandon_output, print_error
from embeddings.errors import EmbeddingError
from embeddings.supervision.limited_command import run_command
from embeddings.text import printable
from trainers.core.console import is_main
from trainers.core.signals import Interrupted


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status.

    Parameters
    ----------
    arguments : the command line, which is run in this process; None for the one of this program,
        which is run in a child process, so that it can be ended when it exceeds a limit on reading
    """
    if arguments is None:
        return run_command(lambda: main(sys.argv[1:]), print_error)
    try:
        _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return abandon_output()
    except (EmbeddingError, OSError) as error:
        print_error(error)
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
    # imported by the child process alone: see embeddings.supervision.limited_command
    from trainers.catalog import CONFIGS, MODULES, QUERIES, TABLE_COMMANDS, TRAINERS, schema

    names = ", ".join(TRAINERS)
    if not arguments:
        raise EmbeddingError(f"give the name of a trainer: {names}; see python -m trainers --help")
    name, *rest = arguments
    if name in ("-h", "--help"):
        print(__doc__)
        return
    if name == "--list" and rest in ([], ["--json"]):
        _list(as_json=bool(rest))
        return
    if name not in CONFIGS:
        commands = ", ".join([*TABLE_COMMANDS, *QUERIES])
        raise EmbeddingError(f"no trainer {name!r}; expected one of {names}, or {commands}")
    if "--schema" in rest and name not in QUERIES:
        print(json.dumps(schema(name), indent=2))
        return
    if name in TABLE_COMMANDS and rest and not rest[0].startswith("-"):
        rest = ["--data", *rest]
    config: Any = parse(CONFIGS[name], rest, f"python -m trainers {name}")
    if name in QUERIES:
        for line in importlib.import_module(MODULES[name]).run(config):
            print(printable(line), flush=True)
    else:
        _learn(MODULES[name], config)


def _learn(module: str, config: Any) -> None:
    """Run a trainer or a table command, and print its results as one line of JSON."""
    if (out := getattr(config, "out", None)) is not None:
        _make_folder(out)
    # Idle threads sleep instead of spinning: next to other work, such as a layout in the app, a
    # step took 70 ms instead of 190. The variable is read when torch is first imported: here.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    results = importlib.import_module(module).run(config)
    if is_main():
        print(json.dumps(results))


def _make_folder(out: Path) -> None:
    """Make the folder of the file to write, so that a run that cannot write it does not start."""
    out.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(out.parent, os.W_OK):
        raise EmbeddingError(f"--out {out}: the folder cannot be written; choose another")


def _list(as_json: bool) -> None:
    from trainers.catalog import descriptions

    if as_json:
        listed = [{"name": name, "description": text} for name, text in descriptions().items()]
        print(json.dumps(listed, indent=2))
    else:
        for name, text in descriptions().items():
            print(f"{name}: {text}")


if __name__ == "__main__":
    sys.exit(main())
