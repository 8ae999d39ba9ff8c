"""The order of the items of a set by their nearness to one of them: all of it, or one end."""

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, check_metric
from embeddings.neighbors.prefilter import Prefilter, select_candidates
from embeddings.neighbors.search import Neighbors, compare_item


def rank_all(embedding_set: EmbeddingSet, row: int, metric: Metric | None = None) -> Neighbors:
    """Return all items, the one in `row` included, nearest to it first.

    Raises
    ------
    EmbeddingError
        if the row number is not in the set
    """
    every = np.arange(len(embedding_set))
    compared, metric = compare_item(embedding_set, row, every, metric)
    order = compared.nearest_first(len(every))
    return Neighbors(order.astype(np.int32), compared.values[order], metric)


def rank_end(
    embedding_set: EmbeddingSet,
    row: int,
    count: int,
    metric: Metric | None = None,
    candidates: np.ndarray | None = None,
    farthest: bool = False,
) -> np.ndarray:
    """Return the first items of the ranking, or the last ones, as `rank_all` orders all of them.

    As in a search for neighbors, float32 scores decide which rows are compared in float64.

    Parameters
    ----------
    count : number of items; no more than there are candidates are returned
    candidates : bool, shape (n,), True for the items that are ranked; None means all
    farthest : True for the last items, the farthest first

    Returns
    -------
    int32, shape (count,); row numbers

    Raises
    ------
    EmbeddingError
        if the row number is not in the set
    """
    compare_item(embedding_set, row, np.array([row]), metric)  # it checks the row number
    metric = check_metric(metric or embedding_set.provenance.metric)
    scores, errors = Prefilter(embedding_set, metric).score_rows(np.array([row]))
    line = -scores[0] if farthest else scores[0]
    if candidates is not None:
        line[~candidates] = -np.inf
        count = min(count, int(np.count_nonzero(candidates)))
    likely = select_candidates(line, min(count, len(line)), 2.0 * errors[0])
    compared, _ = compare_item(embedding_set, row, likely, metric)
    order = compared.nearest_first(len(likely))
    if farthest:
        order = order[::-1]
    found: np.ndarray = likely[order[:count]].astype(np.int32)
    return found
