"""How similar one item is to all others: a route of the web server, for the map to color by."""

import weakref

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from embeddings import EmbeddingError, EmbeddingSet, neighbors
from embeddings.metrics import Metric, check_metric, value_kind

PATH = "/similarity/{fingerprint}/{metric}/{row:int}"
"""The path of the route: a set by the hash of its vectors, a metric, a row number."""

LEVELS = 255


class Similarities:
    """The sets whose similarities can be fetched: those that are open, while they are in memory.

    An address contains the hash of the vectors, so only people who have a set can fetch from it.
    """

    def __init__(self) -> None:
        self._sets: weakref.WeakValueDictionary[str, EmbeddingSet] = weakref.WeakValueDictionary()

    def address(self, embedding_set: EmbeddingSet, metric: Metric) -> str:
        """Offer a set; return the address to which a row number is appended."""
        self._sets[embedding_set.fingerprint] = embedding_set
        return f"similarity/{embedding_set.fingerprint}/{metric}/"

    def respond(self, request: Request) -> Response:
        """Answer with the levels of the row, or with what is wrong."""
        given = request.path_params
        embedding_set = self._sets.get(given["fingerprint"])
        if embedding_set is None:
            return PlainTextResponse("The set is not open any more.", 404)
        try:
            metric = check_metric(given["metric"])
            content = similarity_levels(embedding_set, given["row"], metric)
        except EmbeddingError as error:
            return PlainTextResponse(str(error), 404)
        headers = {"cache-control": "private, max-age=86400, immutable"}
        return Response(content, media_type="application/octet-stream", headers=headers)


def similarity_levels(embedding_set: EmbeddingSet, row: int, metric: Metric) -> bytes:
    """Return how near each item is to one, on a scale from the median to the nearest other item.

    Returns
    -------
    Two float32, the similarities or distances at both ends of the scale, and n bytes: 0 for items
    no nearer than the median, 255 for the nearest.
    """
    values = neighbors.compare_with_all(embedding_set, row, metric)
    nearness = values if value_kind(metric) == "similarity" else -values
    others = np.delete(nearness, row)
    low, high = (np.median(others), others.max()) if len(others) else (0.0, 0.0)
    span = high - low if high > low else 1.0
    levels = np.clip(np.round((nearness - low) / span * LEVELS), 0, LEVELS).astype(np.uint8)
    levels[row] = LEVELS
    sign = 1 if value_kind(metric) == "similarity" else -1
    return np.array([sign * low, sign * high], dtype="<f4").tobytes() + levels.tobytes()
