"""The face of Embedding Explorer: its version, its command, and `explore` for notebooks."""

from typing import TYPE_CHECKING, Any

from embedding_explorer.version import __version__

if TYPE_CHECKING:
    from embedding_explorer.notebook import View, explore, stop

__all__ = ["View", "__version__", "explore", "stop"]


def __getattr__(name: str) -> Any:
    """Import what notebooks use only when it is used, so that the command starts quickly."""
    if name in ("View", "explore", "stop"):
        from embedding_explorer import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
