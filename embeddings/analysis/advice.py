"""Advice on a set: short sentences about what may need the user's attention, with the numbers.

The thresholds are our own; where a paper reports usual values, it is cited beside the threshold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from embeddings.analysis.health import Health
from embeddings.analysis.neighborhoods import NeighborHealth
from embeddings.text import count_noun, listed, shorten

Severity = Literal["note", "warning"]

_LONGEST_LABEL = 40  # characters
_MAP_DIMENSIONS = 3  # vectors of up to this many dimensions are coordinates already
_CONE = 0.3  # mean cosine; BERT's contextual vectors reach 0.4, GPT-2's 0.99 (Ethayarajh 2019)
_NARROW_CONE = 0.9  # sentence models reach 0.7, and their cosines still tell texts apart
_SPREAD = 1.5  # 95th percentile of the norms over the 5th
_FILLED = 0.25  # effective rank over dimensions
_DOMINANT = 0.99  # fraction of the variance in one dimension
_FEWEST_ROWS = 100  # for fractions of neighbors to be meaningful
_SHARED_NEAREST = 0.05
_SHARED_ROWS = 5
_SKEWED = 2.0  # of N_10; above 1.4 is strong hubness (Radovanovic et al. 2010 have up to 20)
_ANTIHUBS = 0.2
_CLOSE_DIRECTIONS = 8  # effective dimensions below which points are near by chance
_DISAGREE = 0.9
_MANY_DUPLICATES = 0.1  # fraction of the rows from which they fill lists of neighbors


@dataclass(frozen=True)
class Advice:
    """A sentence for the user.

    Attributes
    ----------
    severity : "warning" if the set should not be used before this is looked at, since its
        neighbors mislead as they are, else "note"
    text : the sentence, without a capital letter and a full stop
    """

    severity: Severity
    text: str


def advice(
    health: Health,
    neighbors: NeighborHealth | None = None,
    labels: Sequence[str] = (),
    left_out: Sequence[int] | np.ndarray = (),
) -> list[Advice]:
    """Derive advice from the statistics of a set; warnings come first.

    Parameters
    ----------
    neighbors : the result of examine_neighbors, if it has been run
    labels : n strings, to name rows by; may be empty
    left_out : row numbers in the file of rows that are not in the set because they are not finite;
        other rows are then named by their row numbers in the file
    """
    rows = _Rows(labels, numbers_in_file(health.rows, left_out))
    found = [
        *_about_rows(health, rows, left_out),
        *_about_lengths(health, neighbors),
        *_about_directions(health),
        *_about_dimensions(health),
        *_about_labels(health),
    ]
    if neighbors:
        found += _about_neighbors(health, neighbors, rows)
    return sorted(found, key=lambda each: each.severity != "warning")


def numbers_in_file(count: int, left_out: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the row numbers in the file of the `count` rows of a set: int64, shape (count,)."""
    return np.delete(np.arange(count + len(left_out)), np.asarray(left_out, dtype=np.int64))


@dataclass(frozen=True)
class _Rows:
    """The names of rows in sentences."""

    labels: Sequence[str]
    numbers: np.ndarray

    def name(self, row: int) -> str:
        """Return, for example, 'cat' (row 7), or row 7 if the row has no label of its own."""
        number = f"row {self.numbers[row]}"
        label = self.labels[row].strip() if self.labels else ""
        if not label or label == str(self.numbers[row]):
            return number
        return f"{_quoted(label)} ({number})"


def _about_rows(
    health: Health, rows: _Rows, left_out: Sequence[int] | np.ndarray
) -> Iterator[Advice]:
    if len(left_out):
        yield Advice(
            "warning",
            f"{count_noun(len(left_out), 'row')} of the file with NaN or infinite values "
            f"{_was(len(left_out))} dropped: {listed(left_out)}",
        )
    if health.zero_rows:
        numbers = listed(rows.numbers[list(health.first_zero_rows)], total=health.zero_rows)
        yield Advice(
            "warning" if health.metric in ("cosine", "dot") else "note",
            f"{count_noun(health.zero_rows, 'row')} {_is(health.zero_rows)} zero ({numbers}): a "
            "zero vector has no direction, and its cosine with any other is 0",
        )
    duplicates = health.duplicates
    if duplicates.largest_row is not None:
        fraction = duplicates.repeats / health.rows
        one = duplicates.repeats == 1
        yield Advice(
            "warning" if fraction >= _MANY_DUPLICATES else "note",
            f"{count_noun(duplicates.repeats, 'row')} ({_percent(fraction)}) "
            f"{'is an exact duplicate of another' if one else 'are exact duplicates of others'}; "
            "the largest group is "
            f"{rows.name(duplicates.largest_row)} and {duplicates.largest - 1:,} more",
        )
    if health.rows == 1:
        yield Advice("warning", "the set has only one row, so there are no neighbors")


def _about_lengths(health: Health, neighbors: NeighborHealth | None) -> Iterator[Advice]:
    norms = health.norms
    if health.normalized and not norms.unit:
        yield Advice(
            "warning",
            "the file declares its vectors as normalized, but their norms range from "
            f"{norms.shortest:.3g} to {norms.max:.3g}: normalize them or correct the file",
        )
    if health.metric == "manhattan" or norms.max == 0 or _are_coordinates(health):
        return
    if norms.unit:
        yield Advice(
            "note",
            "all vectors have unit length: cosine, dot product and euclidean distance rank "
            "neighbors alike",
        )
    elif health.metric != "euclidean":
        yield from _about_dot_and_cosine(health, neighbors)


def _about_dot_and_cosine(health: Health, neighbors: NeighborHealth | None) -> Iterator[Advice]:
    norms = health.norms
    measured = neighbors.dot_and_cosine if neighbors else None
    spread = norms.p95 / norms.p5
    if measured.overlap >= _DISAGREE if measured else spread < _SPREAD:
        return
    factor = norms.max / norms.shortest
    times = f"{factor:,.0f}x" if factor >= 10 else f"{factor:.1f}x"
    text = (
        f"dot product and cosine rank neighbors differently: norms vary by {times} "
        f"({norms.shortest:.3g} to {norms.max:.3g})"
    )
    if measured and neighbors:
        text += (
            f"; {_percent(measured.overlap)} of the {neighbors.k} nearest by one are among the "
            f"{neighbors.k} nearest by the other ({count_noun(measured.rows, 'sampled row')})"
        )
    yield Advice("note", text + "; use the metric that they were trained for")


def _about_directions(health: Health) -> Iterator[Advice]:
    mean = health.mean_cosine
    if mean is None or mean < _CONE or health.metric not in ("cosine", "dot"):
        return
    if _are_coordinates(health):
        return
    narrow = mean >= _NARROW_CONE
    yield Advice(
        "warning" if narrow else "note",
        f"the vectors {'all point in similar directions' if narrow else 'share a common direction'}"
        f" (mean cosine of all pairs {mean:.2f}): compare a cosine with that value, not with 0; "
        "subtracting the mean vector spreads the directions",
    )


def _about_dimensions(health: Health) -> Iterator[Advice]:
    dimensions, spectrum = health.dimensions, health.spectrum
    if dimensions <= _MAP_DIMENSIONS:
        words = ("one dimension", "two dimensions", "three dimensions")[dimensions - 1]
        text = f"the vectors have {words}: they can be drawn as they are, without a layout method"
        if _are_coordinates(health):
            text += f"; compare coordinates by euclidean distance, not by {health.metric}"
        yield Advice("note", text)
    elif 0 < spectrum.effective_rank < _FILLED * min(dimensions, spectrum.rows):
        sampled = f" ({spectrum.rows:,} sampled rows)" if spectrum.rows < health.rows else ""
        yield Advice(
            "note",
            f"the vectors use few of their {dimensions:,} dimensions: the effective rank is "
            f"{spectrum.effective_rank:.3g}, and 90 % of the variance is in "
            f"{count_noun(spectrum.components_90, 'principal component')}{sampled}",
        )
    if dimensions > health.rows > 1:
        yield Advice(
            "note",
            f"{dimensions:,} dimensions for {health.rows:,} rows: the rows span at most "
            f"{count_noun(health.rows - 1, 'direction')}, so statistics of directions are "
            "unreliable",
        )
    yield from _about_unusual_dimensions(health)


def _about_unusual_dimensions(health: Health) -> Iterator[Advice]:
    """Name the dimensions that may not be components of a vector."""
    constant, spectrum = health.constant_dimensions, health.spectrum
    largest, whole = spectrum.largest_dimension, health.whole_dimensions
    varying = health.dimensions - len(constant)
    if constant and health.rows > 1:
        yield Advice(
            "note",
            f"{len(constant):,} of {count_noun(health.dimensions, 'dimension')} "
            f"{_is(len(constant))} constant: {listed(constant)}",
        )
    if varying > 1 and spectrum.largest_fraction > _DOMINANT:
        numbers = " and holds whole numbers only" if largest in whole else ""
        yield Advice(
            "warning",
            f"dimension {largest} (counted from 0) carries {_percent(spectrum.largest_fraction)} "
            f"of the variance{numbers}: it may be an id, a count or other metadata instead of a "
            "component of the vector; drop or rescale it",
        )
        whole = tuple(dimension for dimension in whole if dimension != largest)
    if 0 < len(whole) <= varying // 2:
        yield Advice(
            "note",
            f"{len(whole):,} of {count_noun(health.dimensions, 'dimension')} "
            f"{'holds' if len(whole) == 1 else 'hold'} whole numbers only, unlike the others "
            f"({listed(whole)}): ids or counts may be among the components",
        )


def _about_labels(health: Health) -> Iterator[Advice]:
    if health.empty_labels:
        have = "has" if health.empty_labels == 1 else "have"
        yield Advice("warning", f"{count_noun(health.empty_labels, 'row')} {have} no label")
    if health.common_label is not None and health.common_label.strip():
        distinct = health.rows - health.repeated_labels
        yield Advice(
            "note",
            f"labels repeat: {count_noun(distinct, 'distinct label')} for "
            f"{count_noun(health.rows, 'row')}; the most frequent is "
            f"{_quoted(health.common_label)} ({health.common_label_rows:,} rows); refer to such "
            "rows by number",
        )


def _about_neighbors(health: Health, neighbors: NeighborHealth, rows: _Rows) -> Iterator[Advice]:
    if neighbors.sampled_rows < _FEWEST_ROWS or _are_coordinates(health):
        return
    hubs, near = neighbors.hubs, neighbors.near_duplicates
    complete = neighbors.sampled_rows + health.zero_rows >= health.rows
    sampled = "" if complete else f" ({neighbors.sampled_rows:,} sampled rows)"
    enough = max(_SHARED_NEAREST, _SHARED_ROWS / neighbors.sampled_rows)
    if hubs.nearest_row is not None and hubs.nearest_fraction >= enough:
        yield Advice(
            "warning" if hubs.nearest_fraction >= 2 * _SHARED_NEAREST else "note",
            f"{_percent(hubs.nearest_fraction)} of the rows have the same nearest neighbor, "
            f"{rows.name(hubs.nearest_row)}{sampled}",
        )
    if hubs.skewness > _SKEWED and hubs.antihub_fraction > _ANTIHUBS:
        yield Advice(
            "warning" if hubs.antihub_fraction > 2 * _ANTIHUBS else "note",
            f"hubs dominate the neighbor lists: {_percent(hubs.antihub_fraction)} of the rows are "
            f"among the {neighbors.k} nearest neighbors of no row (skewness {hubs.skewness:.1f} "
            f"over {count_noun(hubs.rows, 'row')}), {rows.name(hubs.hub_row)} among those of "
            f"{_percent(hubs.hub_fraction)}{sampled}",
        )
    if near.count and health.spectrum.effective_rank >= _CLOSE_DIRECTIONS:
        yield Advice(
            "note",
            f"{_percent(near.fraction)} of the rows have a near duplicate ({near.metric} distance "
            f"up to {near.limit:.2g}): {near.count:,} of {near.sampled_rows:,} rows examined",
        )


def _are_coordinates(health: Health) -> bool:
    """Return True for coordinates, whose direction from the origin means little."""
    by_direction = health.metric in ("cosine", "dot") and not health.norms.unit
    return by_direction and health.dimensions <= _MAP_DIMENSIONS


def _percent(fraction: float) -> str:
    percent = 100 * fraction
    if percent >= 10 and (percent <= 99 or percent == 100):
        return f"{percent:.0f} %"
    return f"{percent:.2g} %" if percent < 10 else f"{min(percent, 99.9):.1f} %"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _quoted(label: str) -> str:
    return repr(shorten(label, _LONGEST_LABEL))
