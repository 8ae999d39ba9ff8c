"""The face of Embedding Explorer: its version, its command, and `explore` for notebooks."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedding_explorer.notebook import explore

__all__ = ["__version__", "explore"]

try:
    __version__ = version("embedding-explorer")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0+checkout"


def __getattr__(name: str) -> Any:
    """Import `explore` when it is first used, so that `--version` answers quickly."""
    if name == "explore":
        from embedding_explorer.notebook import explore

        return explore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
