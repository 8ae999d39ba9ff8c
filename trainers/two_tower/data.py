"""The data of two_tower: pairs, the metadata of their items, and features made from it."""

from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.text import split_names
from trainers.core.console import print_progress
from trainers.data.pairs.datasets import read_pairs, read_parts
from trainers.data.pairs.pairs import Pairs, role_count
from trainers.data.pairs.side_tables import WeightedBags, feature_bags, join
from trainers.data.pairs.splits import Split, given_split, split_pairs
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.cranfield import is_collection, read_collection
from trainers.two_tower.pair_weights import with_weights
from trainers.two_tower.python_modules import MIN_COUNT, read_python_modules
from trainers.two_tower.texts import word_bags
from trainers.two_tower.undirected import as_undirected, common_labels_note, split_edges

Features = tuple[WeightedBags | None, WeightedBags | None]
"""Tokens of the left and of the right items; None for a side without features."""


def read(config: TwoTowerConfig) -> Pairs:
    """Read the pairs, and join the metadata tables to their items.

    Raises
    ------
    EmbeddingError
        a file cannot be read, or has another form than expected
    """
    if config.data is None:
        pairs = read_python_modules(config.min_count or MIN_COUNT)
    else:
        pairs = _read_path(config.data, config)
    if config.undirected:
        pairs = as_undirected(pairs)
    elif note := common_labels_note(pairs):
        pairs = pairs.with_notes(note)
    if config.left_metadata is not None:
        add_new = bool(config.left_features) and not config.undirected
        side, notes = join(pairs.left, config.left_metadata, add_new, config.left_text_options)
        pairs = pairs.with_notes(
            *notes, left=side, right=side if config.undirected else pairs.right
        )
    if config.right_metadata is not None:
        add_new = bool(config.right_features)
        side, notes = join(pairs.right, config.right_metadata, add_new, config.right_text_options)
        pairs = pairs.with_notes(*notes, right=side)
    return with_weights(pairs, config.weight)


def _read_path(path: Path, config: TwoTowerConfig) -> Pairs:
    """Read a file, or a folder: a collection in the Cranfield format, or the parts of a split."""
    min_count = config.min_count or 1
    names, columns = split_names(config.names), split_names(config.columns)
    if not path.is_dir():
        return read_pairs(path, min_count, names, columns, config.text_options)
    if is_collection(path):
        return read_collection(path, (bool(config.left_features), bool(config.right_features)))
    return read_parts(path, min_count, names, columns, config.text_options)


def feature_names(config: TwoTowerConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that are features, of the left and of the right side."""
    left = split_names(config.left_features)
    return left, left if config.undirected else split_names(config.right_features)


def read_features(pairs: Pairs, config: TwoTowerConfig) -> Features:
    """Turn the feature columns into tokens, and log how each column was interpreted.

    Raises
    ------
    EmbeddingError
        a column does not exist, or a side has neither features nor vectors of its own
    """
    columns = feature_names(config)
    if config.words == "lsa":
        if not all(columns):
            raise EmbeddingError("--words lsa needs --left-features and --right-features: columns "
                                 "of text")  # fmt: skip
        shared, notes = word_bags(pairs, columns)
        for note in notes:
            print_progress(note, config.quiet)
        return shared
    features: list[WeightedBags | None] = []
    for side, names, has_ids, flag in (
        (pairs.left, columns[0], config.left_ids, "left"),
        (pairs.right, columns[1], config.right_ids, "right"),
    ):
        if not names:
            if not has_ids:
                raise EmbeddingError(f"--no-{flag}-ids needs features: give --{flag}-features")
            features.append(None)
            continue
        bags, notes = feature_bags(side, names)
        for note in notes:
            print_progress(note, config.quiet)
        features.append(bags)
    return features[0], features[1]


def split_of(pairs: Pairs, config: TwoTowerConfig) -> Split:
    """Return the split that comes with the data, or else the one that `--split` names."""
    if pairs.part is None:
        # Without left IDs the towers are for new left items, so whole left items are held out.
        whole = not config.left_ids and not pairs.triples
        fraction = config.validation_fraction

        def split(rows: np.ndarray, time_rank: np.ndarray) -> Split:
            undirected = pairs.undirected
            return split_pairs(
                config.split, rows, time_rank, fraction, config.seed, whole, undirected
            )

        return split_edges(pairs, split) if pairs.undirected else split(pairs.rows, pairs.time_rank)
    if config.split != "none":
        raise EmbeddingError(
            f"--split {config.split}: the data come with a split of their own; leave --split out, "
            "or put all pairs into one file"
        )
    return given_split(pairs.part)


def describe(pairs: Pairs) -> str:
    """Return the sizes in words: "1,399 books, 1,635 links, 12,034 pairs"."""
    sides = [role_count(len(side), side.role) for side in (pairs.left, pairs.right)]
    return f"{', '.join(sides)}, {len(pairs):,} pairs"
