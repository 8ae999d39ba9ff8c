"""Pairs: which items of a left side go with which of a right, as numbers, each pair once."""

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
    labels : its items' names, each once
    columns : further properties, arrays of one value per item
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
    name : what the data is called
    left, right : the items of each side, in order of their first appearance
    rows : int64, shape (p, 2); the left and the right item's number of each pair, each pair once,
        in order of left, then right
    when : int64, shape (p,); the pair's place in the order of time, ties in the order of the file
    timed : whether times were given; without, that of the file is taken for the order of time
    weight : float32, shape (p,), above 0; None: all pairs weigh the same
    part : int8, shape (p,), what the data say that a pair is for: 0 training, 1 validation, 2 test;
        None: they say nothing
    triples : whether a left item is a head and a relation, and the right one the tail
    source : name and sha256 of what was read
    notes : what a person should know about the reading: items left out, files not understood
    """

    name: str
    left: Side
    right: Side
    rows: np.ndarray
    when: np.ndarray
    source: Mapping[str, str]
    timed: bool = False
    weight: np.ndarray | None = None
    part: np.ndarray | None = None
    triples: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """How many left and right items there are."""
        return len(self.left), len(self.right)

    def with_notes(self, *notes: str, **changes: object) -> "Pairs":
        """Return these pairs with more notes, and other changes."""
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
    """Drop the rare right items, number the rest in order of appearance, keep each pair once.

    Parameters
    ----------
    pairs : left and right label of each occurrence; repeats count for `min_count`
    weight, time, part : of each occurrence; the weights of a pair's occurrences are added, the last
        time and the first part are kept
    left_items : all left items, to say how many are left out; default: those in `pairs`
    left_columns, right_columns : per column the value of each label

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
    kept = seen[codes[:, 1]] >= min_count
    if not kept.any():
        raise EmbeddingError(
            f"{source['name']}: of {role_count(len(seen), roles[1])} none is seen {min_count} "
            "times or more, so no pair is left; give more pairs or lower --min-count"
        )
    numbers, sides = [], []
    for side, (labels, columns) in enumerate(
        ((tuple(left_code), left_columns), (tuple(right_code), right_columns))
    ):
        used, first, number = np.unique(codes[kept, side], return_index=True, return_inverse=True)
        appearance = np.argsort(first)  # dropping pairs may change who appears first
        rank = np.empty(len(used), dtype=np.int64)
        rank[appearance] = np.arange(len(used))
        numbers.append(rank[number])
        names = tuple(labels[code] for code in used[appearance])
        arrays = {
            column: pa.array([of.get(label) for label in names], pa.string())
            for column, of in (columns or {}).items()
        }
        sides.append(Side(roles[side], names, arrays))
    left, right = sides
    all_left = len(set(left_items)) if left_items is not None else len(left_code)
    said = list(notes)
    if len(right) < len(seen):
        said.append(
            f"{role_count(len(right), roles[1])} seen {min_count} times or more are kept, "
            f"of {len(seen):,}"
        )
    if len(left) < all_left:
        said.append(
            f"{role_count(all_left - len(left), roles[0])} of {all_left:,} have none of "
            "those and are left out"
        )
    rows, owner = np.unique(np.stack(numbers, axis=1), axis=0, return_inverse=True)
    owner = owner.ravel()
    moments = np.asarray(time, dtype=np.float64)[kept] if time is not None else None
    weights = None
    if weight is not None:
        weights = np.bincount(owner, np.asarray(weight)[kept]).astype(np.float32)
    parts = None
    if part is not None:
        parts = np.full(len(rows), max(part), dtype=np.int8)
        np.minimum.at(parts, owner, np.asarray(part, dtype=np.int8)[kept])
    if len(rows) < len(owner):
        how = "count once" if weight is None else "count once, with the sum of their weights"
        said.append(f"{len(owner) - len(rows):,} pairs are repeated and {how}")
    return Pairs(
        name,
        left,
        right,
        rows,
        _places(owner, moments),
        dict(source),
        timed=time is not None,
        weight=weights,
        part=parts,
        notes=tuple(said),
    )


def _places(owner: np.ndarray, moments: np.ndarray | None) -> np.ndarray:
    """Return the places of pairs in the order of time: int64, shape (p,).

    Parameters
    ----------
    owner : int64, shape (n,), the pair of each occurrence, in the order of the file
    moments : float64, shape (n,), their times; None: the order of the file
    """
    order = np.arange(len(owner))
    if moments is not None:
        order = np.argsort(moments, kind="stable")
    place = np.empty(len(owner), dtype=np.int64)
    place[order] = np.arange(len(owner))
    last = np.zeros(owner.max() + 1, dtype=np.int64)
    np.maximum.at(last, owner, place)
    return np.argsort(np.argsort(last))


def distinct_titles(titles: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Return the titles; those that stand more than once, or are empty, with their key."""
    counts = Counter(titles)
    return [
        (title if counts[title] == 1 else f"{title} [{key}]") if title else key
        for title, key in zip(titles, keys, strict=True)
    ]


def role_count(count: int, role: str) -> str:
    """Say how many: "1,399 books", "1 book", "20 queries"."""
    if count == 1 or role.endswith("s"):
        plural = role
    elif role.endswith("y") and role[-2:-1] not in ("a", "e", "o", "u"):
        plural = role[:-1] + "ies"
    else:
        plural = role + "s"
    return f"{count:,} {plural}"
