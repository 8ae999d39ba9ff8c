"""Layouts: coordinates in 2D or 3D for the items of a set; a plain dict of name -> function.

A method is a function (embedding_set, graph, params, dims, seed, report) -> float32 (n, dims).
PCA and "none" need no graph; t-SNE and UMAP take the set's NeighborGraph, computed once.
"""

from embeddings.layouts.layout import Layout
from embeddings.layouts.pca import pca

__all__ = ["Layout", "pca"]
