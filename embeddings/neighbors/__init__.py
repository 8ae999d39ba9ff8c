"""Exact nearest neighbors in the original space, and the neighbor graph that all layouts use."""

from embeddings.neighbors.search import (
    GRAPH_NEIGHBORS,
    NeighborGraph,
    Neighbors,
    build_graph,
    query,
    query_vectors,
)

__all__ = [
    "GRAPH_NEIGHBORS",
    "NeighborGraph",
    "Neighbors",
    "build_graph",
    "query",
    "query_vectors",
]
