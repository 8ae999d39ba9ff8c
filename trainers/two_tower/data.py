"""What two_tower learns from: the pairs, the tables of their items, and features made of these."""

from pathlib import Path

from embeddings.errors import EmbeddingError
from trainers.core.progress import say
from trainers.data.pairs.datasets import read_pairs, read_parts
from trainers.data.pairs.pairs import Pairs, role_count
from trainers.data.pairs.side_tables import WeightedBags, bags, join
from trainers.data.pairs.splits import Split, given_split, split_pairs
from trainers.data.table_files import split_names
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.judgments import is_collection, read_collection
from trainers.two_tower.python_modules import MIN_COUNT, read_python_modules
from trainers.two_tower.texts import word_bags

Features = tuple[WeightedBags | None, WeightedBags | None]
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
        pairs = _given(config.data, config)
    if config.left_metadata is not None:
        side, notes = join(pairs.left, config.left_metadata, bool(config.left_features))
        pairs = pairs.with_notes(*notes, left=side)
    if config.right_metadata is not None:
        side, notes = join(pairs.right, config.right_metadata, bool(config.right_features))
        pairs = pairs.with_notes(*notes, right=side)
    return pairs


def _given(path: Path, config: TwoTowerConfig) -> Pairs:
    """Read a file, or a folder: a collection in Cranfield's form, or the parts of a split."""
    names, min_count = split_names(config.names), config.min_count or 1
    if not path.is_dir():
        return read_pairs(path, min_count, names)
    if is_collection(path):
        return read_collection(path, (bool(config.left_features), bool(config.right_features)))
    return read_parts(path, min_count, names)


def feature_names(config: TwoTowerConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns from which vectors are made, of the left and of the right side."""
    return split_names(config.left_features), split_names(config.right_features)


def read_features(pairs: Pairs, config: TwoTowerConfig) -> Features:
    """Make tokens of the columns that are to be features, and say how they were taken.

    Raises
    ------
    EmbeddingError
        there is no such column, or a side has neither features nor vectors of its own
    """
    given = feature_names(config)
    if config.words == "lsa":
        if not all(given):
            raise EmbeddingError("--words lsa needs --left-features and --right-features: columns "
                                 "of text")  # fmt: skip
        shared, notes = word_bags(pairs, given)
        for note in notes:
            say(note, config.quiet)
        return shared
    made: list[WeightedBags | None] = []
    for side, names, ids, flag in (
        (pairs.left, given[0], config.left_ids, "left"),
        (pairs.right, given[1], config.right_ids, "right"),
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


def split_of(pairs: Pairs, config: TwoTowerConfig) -> Split:
    """Return the split that the data have, or else the one that was asked for."""
    if pairs.part is None:
        whole = not config.left_ids and not pairs.triples  # then new left items are what counts
        fraction = config.validation_fraction
        return split_pairs(config.split, pairs.rows, pairs.when, fraction, config.seed, whole)
    if config.split != "none":
        raise EmbeddingError(
            f"--split {config.split}: the data have a split of their own; leave it out, or put the "
            "parts into one file"
        )
    return given_split(pairs.part)


def describe(pairs: Pairs) -> str:
    """Say how many: "1,399 books, 1,635 links, 12,034 pairs"."""
    sides = [role_count(len(side), side.role) for side in (pairs.left, pairs.right)]
    return f"{', '.join(sides)}, {len(pairs):,} pairs"
