"""The space that a layout sees: which measure, and the points as that measure compares them."""

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, inverse_norms


def layout_metric(embedding_set: EmbeddingSet) -> Metric:
    """Return the measure by which a set is laid out: its own, but cosine for dot.

    Dot is no distance: a long vector is nearer to everything, itself not being its nearest.
    """
    metric = embedding_set.provenance.metric
    return "cosine" if metric == "dot" else metric


def points(embedding_set: EmbeddingSet) -> np.ndarray:
    """Return the vectors as the layout's measure compares them: float32, shape (n, d).

    Cosine sees directions only, so its points are the rows at unit length (zero rows stay zero);
    between those the squared euclidean distance is 2 - 2 cos, and euclidean methods apply.
    """
    if layout_metric(embedding_set) != "cosine":
        return embedding_set.vectors
    scale = inverse_norms(embedding_set.norms).astype(np.float32)
    return embedding_set.vectors * scale[:, None]
