"""python -m embeddings COMMAND ...: open, evaluate and convert embedding files.

inspect FILE [FILE ...] [--json]           what a set is and what is wrong with it
convert IN [IN ...] OUT                    write a set in another format
neighbors FILE LABEL | --row N [-k 10]     the exact nearest neighbors of an item, or, with
                                           --expression, of king - man + woman
layout FILE --out OUT.parquet              lay a set out in 2D or 3D: UMAP, t-SNE, PCA
quality FILE LAYOUT.parquet                measure the quality of a layout
place FILE NEW --layout LAYOUT.parquet --out OUT.parquet
                                           place new vectors into a layout
cluster FILE --out OUT.parquet             find the clusters of a layout

COMMAND --help lists the settings of a command. Several files are the parts of one set.

Results go to standard output; with --json they are one JSON document and nothing else. Progress
and notes go to standard error. A user's mistake is one line `error: ...` and exit status 2.
"""

import sys
from collections.abc import Sequence

from embeddings.cli.terminal import USER_ERROR, abandon_output, print_error, write
from embeddings.errors import EmbeddingError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status, 2 for a user's mistake."""
    try:
        _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        return abandon_output()
    except (EmbeddingError, OSError) as error:
        print_error(error)
        return USER_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130
    return 0


def _run(arguments: list[str]) -> None:
    if arguments[:1] in (["-h"], ["--help"]):
        write(__doc__ or "")
        return
    from embeddings.cli.commands import COMMANDS, run  # imports numpy and pyarrow
    from embeddings.cli.parse import parse

    names = ", ".join(COMMANDS)
    if not arguments:
        raise EmbeddingError(f"give a command: {names}; see python -m embeddings --help")
    name, *rest = arguments
    if name not in COMMANDS:
        raise EmbeddingError(f"no command {name!r}; expected one of {names}")
    run(name, parse(COMMANDS[name][0], rest, f"python -m embeddings {name}"))
