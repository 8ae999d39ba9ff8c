"""Everything one does with embedding vectors: open, compare, lay out, cluster, judge."""

from embeddings import layouts, neighbors
from embeddings.embedding_set import EmbeddingSet, Provenance
from embeddings.errors import EmbeddingError
from embeddings.files import load, save

__all__ = ["EmbeddingError", "EmbeddingSet", "Provenance", "layouts", "load", "neighbors", "save"]
