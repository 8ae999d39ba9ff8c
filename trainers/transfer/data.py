"""The data of transfer: interactions of users with a feed, and their clicks on ads.

The input is one table with a column `surface`, or a table for each surface. Of impressions with a
column `click` only the clicks are used. The Open Bandit Dataset (Saito et al., 2020) is such a
table: its users are identified by their `user_feature_` columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.errors import EmbeddingError
from embeddings.text import split_names
from trainers.data.pairs.pairs import Pairs, number_pairs, role_count
from trainers.data.pairs.side_tables import WeightedBags, feature_bags, join
from trainers.data.table_files import read_file
from trainers.transfer.config import TransferConfig
from trainers.transfer.synthetic import synthetic_ads

USERS, ITEMS = ("user", "user_id", "userid"), ("item", "item_id", "itemid", "ad", "ad_id")
"""Names of the columns of users and items, in any case."""

USER_FEATURES = "user_feature_"
CLICK, SURFACE = "click", "surface"
ADS = ("ad", "ads", "advertisement", "advertising", "sponsored", "promoted")
"""Values of the column `surface` that mean an ad, in any case; all others mean the feed."""


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Interactions of the same users on two surfaces.

    Attributes
    ----------
    pairs : users, and items of both surfaces; equal names are the same item
    organic, ads : int64, row numbers of `pairs` from the feed and from ads, ascending
    features : tokens of the items; None: items have no features
    """

    pairs: Pairs
    organic: np.ndarray
    ads: np.ndarray
    features: WeightedBags | None = None

    @property
    def catalogue(self) -> np.ndarray:
        """Numbers of the items that are ads: int64, ascending."""
        return np.unique(self.pairs.rows[self.ads, 1])


@dataclass(frozen=True, eq=False)
class _Interactions:
    """The interactions in one table.

    Attributes
    ----------
    pairs : user and item of each
    surface : the surface of each; None: not in the table
    roles : of users and items
    source : name and SHA-256 of the table
    notes : how it was read
    """

    pairs: list[tuple[str, str]]
    surface: list[str] | None
    roles: tuple[str, str]
    source: dict[str, str]
    notes: tuple[str, ...]


def read(config: TransferConfig) -> Surfaces:
    """Read the files that the settings name, or generate the built-in surfaces.

    Raises
    ------
    EmbeddingError
        a file cannot be read or has another form than expected, or a surface has no interactions
    """
    data = _synthetic(config) if config.data is None else _read_tables(config, config.data)
    if config.items is None:
        return data
    side, notes = join(data.pairs.right, config.items, False, config.items_text_options)
    names = split_names(config.features)
    features, feature_notes = feature_bags(side, names) if names else (None, ())
    pairs = data.pairs.with_notes(*notes, *feature_notes, right=side)
    return Surfaces(pairs, data.organic, data.ads, features)


def _synthetic(config: TransferConfig) -> Surfaces:
    pairs, is_ad = synthetic_ads(seed=config.seed)
    return Surfaces(pairs, np.flatnonzero(~is_ad), np.flatnonzero(is_ad))


def _read_tables(config: TransferConfig, path: Path) -> Surfaces:
    """Read one or two tables, with one numbering of their users and items."""
    feed = _interactions(path, config)
    if config.ads is not None:
        clicks = _interactions(config.ads, config)
        organic, ads, notes = feed.pairs, clicks.pairs, (*feed.notes, *clicks.notes)
        source = {
            "name": f"{feed.source['name']}, {clicks.source['name']}",
            "sha256": f"{feed.source['sha256']} {clicks.source['sha256']}",
        }
    elif feed.surface is None:
        raise EmbeddingError(
            f"{path.name}: no column `{SURFACE}` for the rows that are ads; add one, or give "
            "the clicks on ads with --ads"
        )
    else:
        is_ad = [value.strip().lower() in ADS for value in feed.surface]
        organic = [pair for pair, ad in zip(feed.pairs, is_ad, strict=True) if not ad]
        ads = [pair for pair, ad in zip(feed.pairs, is_ad, strict=True) if ad]
        notes, source = feed.notes, feed.source
    for what, interactions in (("the feed", organic), ("ads", ads)):
        if not interactions:
            raise EmbeddingError(
                f"{source['name']}: no interaction with {what}; in the column `{SURFACE}` "
                f"{', '.join(ADS)} mean ads, and all other values mean the feed"
            )
    ads, note = _ads_apart(organic, ads, feed.roles[1], config.separate_items)
    notes = (*notes, *note)
    pairs = number_pairs([*organic, *ads], path.name.partition(".")[0], feed.roles, source,
                         notes=notes)  # fmt: skip
    return Surfaces(pairs, _rows_of(organic, pairs), _rows_of(ads, pairs))


def _ads_apart(
    organic: Sequence[tuple[str, str]], ads: list[tuple[str, str]], role: str, apart: bool
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Return the clicks on ads, and a note on items that occur on both surfaces.

    apart : whether they are different items; those that are ads are then called "ID (ad)"
    """
    common = {item for _, item in organic} & {item for _, item in ads}
    if not common:
        return ads, ()
    count = role_count(len(common), role)
    if apart:
        renamed = [(user, f"{item} (ad)" if item in common else item) for user, item in ads]
        return renamed, (f"{count} on both surfaces are different items: the ads end in (ad)",)
    note = (
        f"{count} on both surfaces, such as {min(common)!r}, are the same items; if their ids mean "
        "others there, give --separate-items"
    )
    return ads, (note,)


def _rows_of(interactions: Sequence[tuple[str, str]], pairs: Pairs) -> np.ndarray:
    """Return the row numbers of pairs of labels: int64, ascending, each once."""
    left = {label: number for number, label in enumerate(pairs.left.labels)}
    right = {label: number for number, label in enumerate(pairs.right.labels)}
    row = {(user, item): number for number, (user, item) in enumerate(pairs.rows.tolist())}
    return np.unique([row[left[user], right[item]] for user, item in interactions])


def _interactions(path: Path, config: TransferConfig) -> _Interactions:
    """Read a table; impressions that were not clicked are not interactions."""
    notes: list[str] = []
    table, source = read_file(path, split_names(config.names), notes.append, config.text_options)
    names = table.column_names
    user, item = _columns(config, names, path)
    users = split_names(user) or _by_name(names, USERS) or tuple(
        name for name in names if name.startswith(USER_FEATURES)
    ) or (names[0],)  # fmt: skip
    others = [name for name in names if name not in users]
    items = split_names(item) or _by_name(names, ITEMS) or tuple(others[:1])
    for name in (*users, *items):
        if name not in names:
            raise EmbeddingError(f"{path.name}: no column {name!r}; there are {', '.join(names)}")
    if not items or set(items) & set(users):
        raise EmbeddingError(f"{path.name}: no column of items in addition to {', '.join(users)}")
    notes = [f"{path.name}: {sentence}" for sentence in notes]
    notes += [f"{path.name}: users from {', '.join(users)}; items from {', '.join(items)}"]
    if CLICK in names:
        clicked = pc.greater(table[CLICK].cast(pa.float64(), safe=False), 0).fill_null(False)
        impressions = table.num_rows
        table = table.filter(clicked)
        notes.append(
            f"{path.name}: {table.num_rows:,} clicks of {impressions:,} impressions; only clicks "
            "are used"
        )
    columns = [_texts(table, name, path) for name in (*users, *items)]
    rows = list(zip(*columns, strict=True))
    return _Interactions(
        pairs=[(" ".join(row[: len(users)]), " ".join(row[len(users) :])) for row in rows],
        surface=_texts(table, SURFACE, path) if SURFACE in names else None,
        roles=(users[0] if len(users) == 1 else "user", items[0] if len(items) == 1 else "item"),
        source=source,
        notes=tuple(notes),
    )


def _columns(
    config: TransferConfig, names: Sequence[str], path: Path
) -> tuple[str | None, str | None]:
    """Return the columns of the user and of the item that were given, by name or by number."""
    chosen = split_names(config.columns)
    if not chosen:
        return config.user, config.item
    if len(chosen) != 2:
        raise EmbeddingError(f"--columns {config.columns}: expected two columns, such as user,item")
    user, item = (
        names[int(each) - 1]
        if each not in names and each.isdecimal() and 1 <= int(each) <= len(names)
        else each
        for each in chosen
    )
    for name in (user, item):
        if name not in names:
            raise EmbeddingError(f"{path.name}: no column {name!r}; there are {', '.join(names)}")
    return config.user or user, config.item or item


def _by_name(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the column with the first of the names that occurs, in any case, or an empty tuple."""
    lowered = {name.lower().replace(" ", "_"): name for name in reversed(names)}
    return tuple(lowered[name] for name in wanted if name in lowered)[:1]


def _texts(table: pa.Table, name: str, path: Path) -> list[str]:
    """Return a column as texts.

    Raises
    ------
    EmbeddingError
        a cell is empty
    """
    values = table[name].to_pylist()
    empty = next((row for row, value in enumerate(values) if value is None), None)
    if empty is not None:
        raise EmbeddingError(
            f"{path.name}, interaction {empty + 1}, column {name}: the value is empty; fill it or "
            "remove the row"
        )
    return [str(value) for value in values]
