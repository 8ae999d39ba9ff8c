"""t-SNE: affinities from the neighbor graph, the forces, and the optimization."""

from embeddings.layouts.tsne.optimization import tsne_layout

__all__ = ["tsne_layout"]
