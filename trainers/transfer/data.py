"""What transfer learns from: who has taken what on the feed, and who has clicked on which ad.

Read are one table with a column `surface`, or a table for each surface; of impressions with a
column `click` the clicks are kept. The Open Bandit Dataset (Saito et al. 2020) is such a table: its
users are known by their `user_feature_` columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.errors import EmbeddingError
from trainers.data.pairs.pairs import Pairs, number_pairs
from trainers.data.pairs.side_tables import WeightedBags, bags, join
from trainers.data.table_files import read_file, split_names
from trainers.transfer.config import TransferConfig
from trainers.transfer.planted_ads import planted_ads

USERS, ITEMS = ("user", "user_id", "userid"), ("item", "item_id", "itemid", "ad", "ad_id")
"""Names, in any case, of the columns of users and items."""

USER_FEATURES = "user_feature_"
CLICK, SURFACE = "click", "surface"
ADS = ("ad", "ads", "advertisement", "advertising", "sponsored", "promoted")
"""What stands in the column `surface`, in any case, for an ad; all else is the feed."""


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Interactions of the same users on two surfaces.

    Attributes
    ----------
    pairs : users, and items of both surfaces; an item with one name on both is one
    organic, ads : int64, rows of `pairs` that come from the feed and from ads, ascending
    features : tokens of the items, or None
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
    pairs: list[tuple[str, str]]
    surface: list[str] | None
    roles: tuple[str, str]
    source: dict[str, str]
    notes: tuple[str, ...]


def read(config: TransferConfig) -> Surfaces:
    """Read what the settings name, or make the built-in surfaces.

    Raises
    ------
    EmbeddingError
        a file is not what it should be, or a surface has no interaction
    """
    data = _planted(config) if config.data is None else _given(config, config.data)
    if config.items is None:
        return data
    side, notes = join(data.pairs.right, config.items, add_new=False)
    names = split_names(config.features)
    tokens, more = bags(side, names) if names else (None, ())
    pairs = data.pairs.with_notes(*notes, *more, right=side)
    return Surfaces(pairs, data.organic, data.ads, tokens)


def _planted(config: TransferConfig) -> Surfaces:
    pairs, ad = planted_ads(seed=config.seed)
    return Surfaces(pairs, np.flatnonzero(~ad), np.flatnonzero(ad))


def _given(config: TransferConfig, path: Path) -> Surfaces:
    """Read one or two tables, and number their users and items together."""
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
            f"{path.name}: no column `{SURFACE}` that says which rows are ads; add one, or give "
            "the clicks on ads by --ads"
        )
    else:
        on_ad = [value.strip().lower() in ADS for value in feed.surface]
        organic = [pair for pair, ad in zip(feed.pairs, on_ad, strict=True) if not ad]
        ads = [pair for pair, ad in zip(feed.pairs, on_ad, strict=True) if ad]
        notes, source = feed.notes, feed.source
    for what, found in (("the feed", organic), ("ads", ads)):
        if not found:
            raise EmbeddingError(
                f"{source['name']}: no interaction with {what}; in the column `{SURFACE}` ads are "
                f"{', '.join(ADS)}, and all else is the feed"
            )
    pairs = number_pairs([*organic, *ads], path.name.partition(".")[0], feed.roles, source,
                         notes=notes)  # fmt: skip
    return Surfaces(pairs, _rows_of(organic, pairs), _rows_of(ads, pairs))


def _rows_of(found: Sequence[tuple[str, str]], pairs: Pairs) -> np.ndarray:
    """Return the rows of pairs given by their labels: int64, ascending, each once."""
    left = {label: number for number, label in enumerate(pairs.left.labels)}
    right = {label: number for number, label in enumerate(pairs.right.labels)}
    row = {(user, item): number for number, (user, item) in enumerate(pairs.rows.tolist())}
    return np.unique([row[left[user], right[item]] for user, item in found])


def _interactions(path: Path, config: TransferConfig) -> _Interactions:
    """Read a table: users, items and surfaces of the rows that are interactions."""
    table, source = read_file(path)
    names = table.column_names
    users = split_names(config.user) or _by_name(names, USERS) or tuple(
        name for name in names if name.startswith(USER_FEATURES)
    ) or (names[0],)  # fmt: skip
    others = [name for name in names if name not in users]
    items = split_names(config.item) or _by_name(names, ITEMS) or tuple(others[:1])
    for name in (*users, *items):
        if name not in names:
            raise EmbeddingError(f"{path.name}: no column {name!r}; there are {', '.join(names)}")
    if not items or set(items) & set(users):
        raise EmbeddingError(f"{path.name}: no column of items beside {', '.join(users)}")
    notes = [f"{path.name}: users by {', '.join(users)}; items by {', '.join(items)}"]
    if CLICK in names:
        clicked = pc.greater(table[CLICK].cast(pa.float64(), safe=False), 0).fill_null(False)
        shown = table.num_rows
        table = table.filter(clicked)
        notes.append(
            f"{path.name}: {table.num_rows:,} clicks of {shown:,} impressions; the others are no "
            "interactions"
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


def _by_name(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the first column that has one of the names, in any case; nothing where none has."""
    lowered = {name.lower().replace(" ", "_"): name for name in reversed(names)}
    return tuple(lowered[name] for name in wanted if name in lowered)[:1]


def _texts(table: pa.Table, name: str, path: Path) -> list[str]:
    """Return a column as texts; raise EmbeddingError where a cell is empty."""
    values = table[name].to_pylist()
    empty = next((row for row, value in enumerate(values) if value is None), None)
    if empty is not None:
        raise EmbeddingError(
            f"{path.name}, interaction {empty + 1}, column {name}: the value is empty; fill it or "
            "remove the row"
        )
    return [str(value) for value in values]
