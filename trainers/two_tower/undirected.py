"""Undirected graphs: pairs within one set of nodes, where both directions are the same edge.

Both sides then have all nodes, in the same order, and `rows` has both directions of each edge. They
always are in the same part of a split: the reverse of a training pair tells all about a pair.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from embeddings.errors import EmbeddingError
from trainers.data.pairs.pairs import Pairs, Side, role_count
from trainers.data.pairs.splits import Split

ROLE = "node"


def as_undirected(pairs: Pairs) -> Pairs:
    """Return pairs of one set of nodes, with both directions of each edge.

    The weight of an edge is the largest of its pairs' weights, its time the latest, and its part of
    a given split the first. Pairs of a node with itself are left out.

    Raises
    ------
    EmbeddingError
        triples, or no edge between two nodes
    """
    if pairs.triples:
        raise EmbeddingError("--undirected: triples have a direction; leave it out")
    nodes = tuple(dict.fromkeys([*pairs.left.labels, *pairs.right.labels]))
    number_of = {label: number for number, label in enumerate(nodes)}
    numbers = [np.array([number_of[label] for label in side.labels])
               for side in (pairs.left, pairs.right)]  # fmt: skip
    ends = np.stack([numbers[side][pairs.rows[:, side]] for side in (0, 1)], axis=1)  # (p, 2)
    is_loop = ends[:, 0] == ends[:, 1]
    if is_loop.all():
        raise EmbeddingError(f"{pairs.source['name']}: no edge between two nodes")
    used = np.flatnonzero(~is_loop)
    edges, owner = np.unique(np.sort(ends[used], axis=1), axis=0, return_inverse=True)
    owner = owner.ravel()  # the edge of each pair
    rank = np.zeros(len(edges), dtype=np.int64)
    np.maximum.at(rank, owner, pairs.time_rank[used])
    rank = np.argsort(np.argsort(rank, kind="stable"), kind="stable")
    weight = part = None
    if pairs.weight is not None:
        weight = np.zeros(len(edges), dtype=np.float32)
        np.maximum.at(weight, owner, pairs.weight[used])
    if pairs.part is not None:
        part = np.full(len(edges), 2, dtype=np.int8)
        np.minimum.at(part, owner, pairs.part[used])
    rows = np.concatenate([edges, edges[:, ::-1]])
    order = np.lexsort(rows.T[::-1])
    edge = np.tile(np.arange(len(edges)), 2)[order]
    notes = [f"undirected: {role_count(len(nodes), ROLE)}, {len(edges):,} edges"]
    if is_loop.any():
        notes.append(f"left out {is_loop.sum():,} pairs of a node with itself")
    side = Side(ROLE, nodes)
    return replace(
        pairs,
        left=side,
        right=side,
        rows=rows[order],
        time_rank=2 * rank[edge] + (rows[order, 0] > rows[order, 1]),
        weight=None if weight is None else weight[edge],
        part=None if part is None else part[edge],
        undirected=True,
        notes=(*pairs.notes, *notes),
    )


def split_edges(pairs: Pairs, split: Callable[[np.ndarray, np.ndarray], Split]) -> Split:
    """Split the edges of an undirected graph; both directions are in the same part.

    Parameters
    ----------
    split : from rows, with the smaller node first, and their time ranks to their split
    """
    rows, count = pairs.rows, len(pairs.left)
    forward = np.flatnonzero(rows[:, 0] < rows[:, 1])
    codes = rows[:, 0] * count + rows[:, 1]  # ascending, since rows are sorted
    backward = np.searchsorted(codes, rows[forward, 1] * count + rows[forward, 0])
    found = split(rows[forward], pairs.time_rank[forward])
    return Split(*(
        np.sort(np.concatenate([forward[part], backward[part]]))
        for part in (found.train, found.validation, found.test)
    ))  # fmt: skip


def loops(count: int) -> np.ndarray:
    """Return each node with itself, which no ranking is to contain: int64, shape (count, 2)."""
    return np.repeat(np.arange(count), 2).reshape(-1, 2)


def common_labels_note(pairs: Pairs) -> str:
    """Return a note if the sides of directed pairs seem to be one set of nodes, else ""."""
    common = set(pairs.left.labels) & set(pairs.right.labels)
    if pairs.triples or len(common) < min(pairs.shape) / 2:
        return ""
    numbers = {label: number for number, label in enumerate(pairs.right.labels)}
    same = np.array([numbers.get(label, -1) for label in pairs.left.labels])  # as a right item
    left_of = np.full(len(pairs.right), -1)
    left_of[same[same >= 0]] = np.flatnonzero(same >= 0)
    lefts, rights = pairs.rows.T
    codes = lefts * len(pairs.right) + rights
    is_both = (left_of[rights] >= 0) & (same[lefts] >= 0) & (same[lefts] != rights)
    reverse = left_of[rights[is_both]] * len(pairs.right) + same[lefts[is_both]]
    both = int(np.isin(reverse, codes).sum())
    note = f"{len(common):,} labels are on both sides, each with a vector for either"
    if both:
        note += (
            f"; {both:,} pairs occur in both directions, so that validation and test know some "
            "of their pairs from training"
        )
    return f"{note}; if the pairs have no direction, give --undirected: one vector for each node"
