"""Pairs of items of a left and a right side: numbered, each pair once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError


@dataclass(frozen=True, eq=False)
class Side:
    """The items of one side of the pairs.

    Attributes
    ----------
    role : what an item is: book, link, user, ...
    labels : names of the items, each once
    columns : properties of the items: name -> an array with one value per item
    """

    role: str
    labels: tuple[str, ...]
    columns: Mapping[str, pa.Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which left items go with which right items.

    Attributes
    ----------
    name : of the data set
    left, right : the items of each side, in order of first appearance
    rows : int64, shape (p, 2); the left and the right item's number of each pair, each pair once,
        sorted by left, then by right item
    time_rank : int64, shape (p,); the pair's position in order of time, ties in file order
    has_times : whether times were given; if not, file order counts as order of time
    weight : float32, shape (p,), above 0; None: all pairs have the same weight
    part : int8, shape (p,), the part of a split that came with the data: 0 training, 1 validation,
        2 test; None: there is none
    triples : whether a left item is a head and a relation, and the right item the tail
    undirected : whether both sides are the same nodes, see undirected.py
    source : name and SHA-256 of what was read
    notes : what the user should know about the reading: items left out, files not understood
    """

    name: str
    left: Side
    right: Side
    rows: np.ndarray
    time_rank: np.ndarray
    source: Mapping[str, str]
    has_times: bool = False
    weight: np.ndarray | None = None
    part: np.ndarray | None = None
    triples: bool = False
    undirected: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """The number of left and of right items."""
        return len(self.left), len(self.right)

    def with_notes(self, *notes: str, **changes: object) -> "Pairs":
        """Return a copy with more notes, and with other fields changed."""
        return replace(self, notes=(*self.notes, *notes), **changes)  # type: ignore[arg-type]


def number_pairs(
    pairs: Sequence[tuple[str, str]],
    name: str,
    roles: tuple[str, str],
    source: Mapping[str, str],
    *,
    min_count: int = 1,
    weight: Sequence[float] | None = None,
    time: Sequence[float] | None = None,
    part: Sequence[int] | None = None,
    left_items: Iterable[str] | None = None,
    left_columns: Mapping[str, Mapping[str, str | None]] | None = None,
    right_columns: Mapping[str, Mapping[str, str | None]] | None = None,
    notes: tuple[str, ...] = (),
) -> Pairs:
    """Drop rare right items, number the rest in order of appearance, and keep each pair once.

    Parameters
    ----------
    pairs : left and right label of each occurrence
    name : of the data set
    roles : of the left and of the right items
    source : name and SHA-256 of what was read
    min_count : right items with fewer occurrences are dropped; repeated pairs count
    weight, time, part : of each occurrence. The weights of a pair's occurrences are added; its last
        time and its first part are used
    left_items : all left items, to note how many are dropped; default: those in `pairs`
    left_columns, right_columns : column -> label -> value
    notes : earlier notes, to which this adds its own

    Raises
    ------
    EmbeddingError
        no pair is left
    """
    if not pairs:
        raise EmbeddingError(f"{source['name']}: no pairs; give at least two")
    # Labels to codes, in order of first appearance.
    left_code = {label: code for code, label in enumerate(dict.fromkeys(a for a, _ in pairs))}
    right_code = {label: code for code, label in enumerate(dict.fromkeys(b for _, b in pairs))}
    codes = np.array([(left_code[a], right_code[b]) for a, b in pairs], dtype=np.int64)
    seen = np.bincount(codes[:, 1])
    keep = seen[codes[:, 1]] >= min_count
    if not keep.any():
        raise EmbeddingError(
            f"{source['name']}: none of {role_count(len(seen), roles[1])} occurs {min_count} times "
            "or more, so no pair is left; give more pairs or lower --min-count"
        )
    numbers, sides = [], []
    for side, (labels, columns) in enumerate(
        ((tuple(left_code), left_columns), (tuple(right_code), right_columns))
    ):
        used, first, number = np.unique(codes[keep, side], return_index=True, return_inverse=True)
        appearance = np.argsort(first)  # which may change when pairs are dropped
        rank = np.empty(len(used), dtype=np.int64)
        rank[appearance] = np.arange(len(used))
        numbers.append(rank[number])
        names = tuple(labels[code] for code in used[appearance])
        arrays = {
            column: pa.array([values.get(label) for label in names], pa.string())
            for column, values in (columns or {}).items()
        }
        sides.append(Side(roles[side], names, arrays))
    left, right = sides
    all_left = len(set(left_items)) if left_items is not None else len(left_code)
    all_notes = list(notes)
    if len(right) < len(seen):
        all_notes.append(
            f"using {len(right):,} of {role_count(len(seen), roles[1])}: those that occur "
            f"{min_count} times or more"
        )
    if len(left) < all_left:
        all_notes.append(
            f"left out {all_left - len(left):,} of {role_count(all_left, roles[0])}: those without "
            f"a remaining {roles[1]}"
        )
    rows, owner = np.unique(np.stack(numbers, axis=1), axis=0, return_inverse=True)
    owner = owner.ravel()
    times = np.asarray(time, dtype=np.float64)[keep] if time is not None else None
    weights = None
    if weight is not None:
        weights = np.bincount(owner, np.asarray(weight)[keep]).astype(np.float32)
    parts = None
    if part is not None:
        parts = np.full(len(rows), max(part), dtype=np.int8)
        np.minimum.at(parts, owner, np.asarray(part, dtype=np.int8)[keep])
    if len(rows) < len(owner):
        how = "" if weight is None else ", with the sum of their weights"
        repeats = len(owner) - len(rows)
        all_notes.append(f"merged repeated pairs{how}: {role_count(repeats, 'repeat')}")
    return Pairs(
        name,
        left,
        right,
        rows,
        _time_ranks(owner, times),
        dict(source),
        has_times=time is not None,
        weight=weights,
        part=parts,
        notes=tuple(all_notes),
    )


def _time_ranks(owner: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    """Return the position of each pair in order of its last time: int64, shape (p,).

    Parameters
    ----------
    owner : int64, shape (n,), the pair of each occurrence, in file order
    times : float64, shape (n,), the times of the occurrences; None: file order
    """
    order = np.arange(len(owner)) if times is None else np.argsort(times, kind="stable")
    rank = np.empty(len(owner), dtype=np.int64)
    rank[order] = np.arange(len(owner))
    last = np.zeros(owner.max() + 1, dtype=np.int64)
    np.maximum.at(last, owner, rank)
    return np.argsort(np.argsort(last))


def distinct_titles(titles: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Return the titles, with the key appended where a title repeats; the key where it is empty."""
    counts = Counter(titles)
    return [
        (title if counts[title] == 1 else f"{title} [{key}]") if title else key
        for title, key in zip(titles, keys, strict=True)
    ]


def role_count(count: int, role: str) -> str:
    """Return a number of items in words: "1,399 books", "1 book", "20 queries"."""
    return f"{count:,} {role if count == 1 else plural(role)}"


def plural(role: str) -> str:
    """Return the plural of a role: books, queries, keys; a role that ends in s stays as it is."""
    if role.endswith("s"):
        return role
    if role.endswith("y") and role[-2:-1] not in ("a", "e", "o", "u"):
        return role[:-1] + "ies"
    return role + "s"
