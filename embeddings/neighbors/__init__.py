"""Nearest neighbors in the original space: exact search, and the graph that all layouts share."""

from embeddings.neighbors.graph import (
    GRAPH_NEIGHBORS,
    NeighborGraph,
    build_graph,
    load_cached,
    load_or_build,
)
from embeddings.neighbors.nearness_order import rank_all, rank_end
from embeddings.neighbors.search import (
    Neighbors,
    compare_with,
    compare_with_all,
    query,
    query_vectors,
)

__all__ = [
    "GRAPH_NEIGHBORS",
    "NeighborGraph",
    "Neighbors",
    "build_graph",
    "compare_with",
    "compare_with_all",
    "load_cached",
    "load_or_build",
    "query",
    "query_vectors",
    "rank_all",
    "rank_end",
]
