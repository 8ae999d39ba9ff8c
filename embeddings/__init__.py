"""Embeddings: open and save them, search neighbors, lay out, cluster and evaluate them.

    from embeddings import EmbeddingSet, layouts, load, neighbors, save

What needs heavy libraries is imported when it is first used, so that `import embeddings` is fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

from embeddings.errors import EmbeddingError

if TYPE_CHECKING:
    from embeddings import layouts, neighbors
    from embeddings.embedding_set import EmbeddingSet, Provenance
    from embeddings.features import EmbeddingEncoder
    from embeddings.files import load, save

__all__ = [
    "EmbeddingEncoder",
    "EmbeddingError",
    "EmbeddingSet",
    "Provenance",
    "layouts",
    "load",
    "neighbors",
    "save",
]

_MODULES = {
    "EmbeddingEncoder": "embeddings.features",
    "EmbeddingSet": "embeddings.embedding_set",
    "Provenance": "embeddings.embedding_set",
    "load": "embeddings.files",
    "save": "embeddings.files",
}
_PACKAGES = ("layouts", "neighbors")


def __getattr__(name: str) -> Any:
    """Import a name of `__all__` on first use (PEP 562)."""
    if name in _PACKAGES:
        return importlib.import_module(f"embeddings.{name}")
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
