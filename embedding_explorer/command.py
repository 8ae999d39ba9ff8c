"""The command `embedding-explorer [FILE ...] [--root DIR] [--port N] [--host A]`: it opens the app.

The app is a Streamlit script: `app.py` beside this module in the installed package, and in the root
of a checkout, where `streamlit run app.py` works too.
"""

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psutil
from annotated_types import Ge, Le
from typing_extensions import Doc

from embedding_explorer.version import __version__
from embeddings.cli.parse import parse
from embeddings.cli.terminal import print_error
from embeddings.errors import EmbeddingError
from embeddings.settings import POSITIONAL, Metavar, check

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
"""Names by which a browser on this machine may always reach the app."""

_EVERYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Open the app in the browser; with files, open the set that they make up."""

    # fmt: off

    files: Annotated[tuple[Path, ...], POSITIONAL, Metavar("[FILE ...]"), Doc(
        "Files that make up one set: vectors, labels, metadata")] = ()
    root: Annotated[Path | None, Metavar("DIR"), Doc(
        "Folder below which the app may open files")] = None
    port: Annotated[int, Ge(0), Le(65535), Doc("Port on which the app listens")] = 8501
    host: Annotated[str, Doc(
        "Address on which the app listens; by default, only this machine can reach it"
        )] = LOCAL_NAMES[0]
    names: Annotated[str | None, Doc(
        "Further names by which browsers may reach the app, separated by commas, such as that of a "
        "proxy; all but the names of this machine are refused"
        )] = None
    headless: Annotated[bool, Doc("Do not open a browser")] = False
    version: Annotated[bool, Doc("Print the version and exit")] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status, 2 for a user's error."""
    try:
        given = sys.argv[1:] if arguments is None else arguments
        options = parse(Options, given, "embedding-explorer")
        if options.version:
            print(__version__)
            return 0
        return _run(streamlit_arguments(options))
    except EmbeddingError as error:
        print_error(error)
        return 2


def streamlit_arguments(options: Options) -> list[str]:
    """Return the arguments of `streamlit` that start the app.

    Raises
    ------
    EmbeddingError
        a file or the root that does not exist
    """
    for path in options.files:
        if not path.exists():
            raise EmbeddingError(f"{path}: no such file")
    if options.root is not None and not options.root.is_dir():
        raise EmbeddingError(f"--root {options.root}: no such folder")
    root = [] if options.root is None else ["--root", str(options.root.resolve())]
    return [
        "run",
        str(script()),
        f"--server.port={options.port}",
        f"--server.address={options.host}",
        *(f"--server.allowedHosts={name}" for name in allowed_names(options)),
        f"--server.headless={str(options.headless).lower()}",
        "--logger.hideWelcomeMessage=true",
        "--",
        *(str(path.absolute()) for path in options.files),
        *root,
    ]


def allowed_names(options: Options) -> list[str]:
    """Return the names in a browser's address under which the app answers.

    A web page that a person visits can have its own name lead to this machine (DNS rebinding), and
    would then drive the app: any other name is refused.
    """
    names = [*LOCAL_NAMES]
    if options.host in _EVERYWHERE:
        cards = psutil.net_if_addrs().values()
        names += [socket.gethostname(), socket.getfqdn()]
        names += [each.address.partition("%")[0] for card in cards for each in card
                  if each.family in (socket.AF_INET, socket.AF_INET6)]  # fmt: skip
    elif options.host not in names:
        names.append(options.host)
    names += [name.strip() for name in (options.names or "").split(",") if name.strip()]
    return list(dict.fromkeys(names))


def script() -> Path:
    """Return the app's script, of the installed package or of the checkout."""
    here = Path(__file__).parent
    installed = here / "app.py"
    return installed if installed.exists() else here.parent / "app.py"


def _run(arguments: list[str]) -> int:
    """Run Streamlit in this process until the app ends; return its exit status."""
    from streamlit.web import cli  # imports for a second

    try:
        cli.main(arguments, prog_name="streamlit")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
