"""What two_tower learns from: the pairs, the tables of their items, and features made of these."""

from embeddings.errors import EmbeddingError
from trainers.configs import TwoTowerConfig
from trainers.datasets import read_pairs
from trainers.pairs import Pairs, role_count
from trainers.progress import say
from trainers.python_modules import MIN_COUNT, read_python_modules
from trainers.side_tables import Bags, bags, join
from trainers.table_files import split_names

Features = tuple[Bags | None, Bags | None]
"""Tokens of the left and of the right items, where features were asked for."""


def read(config: TwoTowerConfig) -> Pairs:
    """Read the pairs, and give their items the columns of the metadata tables.

    Raises
    ------
    EmbeddingError
        a file is not what it should be
    """
    if config.data is None:
        pairs = read_python_modules(config.min_count or MIN_COUNT)
    else:
        pairs = read_pairs(config.data, config.min_count or 1)
    if config.left_metadata is not None:
        side, notes = join(pairs.left, config.left_metadata, bool(config.left_features))
        pairs = pairs.with_notes(*notes, left=side)
    if config.right_metadata is not None:
        side, notes = join(pairs.right, config.right_metadata, bool(config.right_features))
        pairs = pairs.with_notes(*notes, right=side)
    return pairs


def read_features(pairs: Pairs, config: TwoTowerConfig) -> Features:
    """Make tokens of the columns that are to be features, and say how they were taken.

    Raises
    ------
    EmbeddingError
        there is no such column, or a side has neither features nor vectors of its own
    """
    made: list[Bags | None] = []
    for side, names, ids, flag in (
        (pairs.left, split_names(config.left_features), config.left_ids, "left"),
        (pairs.right, split_names(config.right_features), config.right_ids, "right"),
    ):
        if not names:
            if not ids:
                raise EmbeddingError(f"--no-{flag}-ids needs features: give --{flag}-features")
            made.append(None)
            continue
        tokens, notes = bags(side, names)
        for note in notes:
            say(note, config.quiet)
        made.append(tokens)
    return made[0], made[1]


def describe(pairs: Pairs) -> str:
    """Say how many: "1,399 books, 1,635 links, 12,034 pairs"."""
    sides = [role_count(len(side), side.role) for side in (pairs.left, pairs.right)]
    return f"{', '.join(sides)}, {len(pairs):,} pairs"
