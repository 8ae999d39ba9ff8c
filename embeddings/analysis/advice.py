"""Plain sentences on a set's health: only what helps a person decide, with the numbers.

The thresholds are ours; where a paper says what is usual, it is named beside the threshold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from embeddings.analysis.health import Health
from embeddings.analysis.neighborhoods import NeighborHealth

Severity = Literal["note", "warning"]

_LISTED = 10
_LONGEST_LABEL = 40
_PICTURE = 3  # dimensions that are coordinates already
_CONE = 0.3  # mean cosine; BERT's contextual vectors reach 0.4, GPT-2's 0.99 (Ethayarajh 2019)
_NARROW_CONE = 0.6
_SPREAD = 1.5  # 95th percentile of the norms over the 5th
_FILLED = 0.25  # effective rank over dimensions
_SINGLE = 0.99  # share of the variance in one dimension
_FEWEST_ROWS = 100  # for shares of neighbors to say something
_SHARED_NEAREST = 0.05
_SHARED_ROWS = 5
_SKEWED = 2.0  # of N_10; above 1.4 is strong hubness (Radovanovic et al. 2010 have up to 20)
_UNLISTED = 0.2
_CLOSE_DIRECTIONS = 8  # effective dimensions below which near points are there by chance
_DISAGREE = 0.9


@dataclass(frozen=True)
class Advice:
    """One sentence, and whether it needs care before the set is used (a warning) or not."""

    severity: Severity
    text: str


def advice(
    health: Health,
    neighbors: NeighborHealth | None = None,
    labels: Sequence[str] = (),
    left_out: Sequence[int] | np.ndarray = (),
) -> list[Advice]:
    """Say what follows from a set's health, warnings first.

    Parameters
    ----------
    neighbors : what examine_neighbors found, where it has run
    labels : of the set, to name rows by; may be left out
    left_out : rows of the file that are not in the set, as they are not finite; other rows are
        then named by their numbers in the file
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
    return sorted(found, key=lambda one: one.severity != "warning")


def numbers_in_file(count: int, left_out: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the row number in its file of each of `count` rows that remained: int64."""
    return np.delete(np.arange(count + len(left_out)), np.asarray(left_out, dtype=np.int64))


@dataclass(frozen=True)
class _Rows:
    """How rows are named in sentences."""

    labels: Sequence[str]
    numbers: np.ndarray

    def name(self, row: int) -> str:
        """Return e.g. 'cat' (row 7); row 7 where it has no label of its own."""
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
            f"{_count(len(left_out), 'row')} of the file with NaN or infinite numbers "
            f"{_are(len(left_out))} left out here: {_listed(left_out, len(left_out))}",
        )
    if health.zero_rows:
        listed = _listed(rows.numbers[list(health.first_zero_rows)], health.zero_rows)
        yield Advice(
            "warning" if health.metric in ("cosine", "dot") else "note",
            f"{_count(health.zero_rows, 'row')} {_are(health.zero_rows)} zero, without a direction "
            f"({listed}): cosine with a zero row is 0",
        )
    copies = health.copies
    if copies.largest_row is not None:
        share = copies.repeats / health.rows
        yield Advice(
            "warning" if share >= 0.01 else "note",
            f"{_count(copies.repeats, 'row')} ({_percent(share)}) {_are(copies.repeats)} "
            f"{'an exact copy of another' if copies.repeats == 1 else 'exact copies of others'}; "
            f"the largest group: {rows.name(copies.largest_row)} and {copies.largest - 1:,} more",
        )
    if health.rows == 1:
        yield Advice("warning", "one row only: it has no neighbors")


def _about_lengths(health: Health, neighbors: NeighborHealth | None) -> Iterator[Advice]:
    norms = health.norms
    if health.normalized and not norms.unit:
        yield Advice(
            "warning",
            "the file says that its vectors have length 1, but their lengths run from "
            f"{norms.shortest:.3g} to {norms.max:.3g}: normalize them, or correct the file",
        )
    if health.metric == "manhattan" or norms.max == 0 or _is_picture(health):
        return
    if norms.unit:
        yield Advice(
            "note", "vectors have unit length: cosine, dot and euclidean give the same order"
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
        f"dot product and cosine disagree here: norms vary by {times} "
        f"({norms.shortest:.3g} to {norms.max:.3g})"
    )
    if measured and neighbors:
        text += (
            f"; of the {neighbors.k} nearest by one, {_percent(measured.overlap)} are so by the "
            f"other ({_count(measured.rows, 'row')} asked)"
        )
    severe = measured.overlap < 0.5 if measured else spread >= 2 * _SPREAD
    yield Advice("warning" if severe else "note", text + "; use the one they were trained for")


def _about_directions(health: Health) -> Iterator[Advice]:
    mean = health.mean_cosine
    if mean is None or mean < _CONE or health.metric not in ("cosine", "dot"):
        return
    if _is_picture(health):
        return
    narrow = mean >= _NARROW_CONE
    yield Advice(
        "warning" if narrow else "note",
        f"{'all vectors point the same way' if narrow else 'vectors lean to one side'} (mean "
        f"cosine of all pairs {mean:.2f}): judge a cosine beside that number, not beside 0; "
        "subtracting the mean vector spreads them",
    )


def _about_dimensions(health: Health) -> Iterator[Advice]:
    dimensions, spectrum = health.dimensions, health.spectrum
    if dimensions <= _PICTURE:
        words = ("one dimension", "two dimensions", "three dimensions")[dimensions - 1]
        text = f"{words} already: can be shown as given, without a layout"
        if _is_picture(health):
            text += f"; coordinates are compared by euclidean distance, not by {health.metric}"
        yield Advice("note", text)
    elif 0 < spectrum.effective_rank < _FILLED * min(dimensions, spectrum.rows):
        sampled = f" ({spectrum.rows:,} rows sampled)" if spectrum.rows < health.rows else ""
        yield Advice(
            "note",
            f"the vectors fill few of their {dimensions:,} dimensions: effective rank "
            f"{spectrum.effective_rank:.3g}; 90 % of the variance is in "
            f"{_count(spectrum.components_90, 'principal component')}{sampled}",
        )
    if dimensions > health.rows > 1:
        yield Advice(
            "note",
            f"{dimensions:,} dimensions for {health.rows:,} rows: they differ in "
            f"{_count(health.rows - 1, 'direction')} at most, and no measure of spread is firm",
        )
    yield from _about_odd_dimensions(health)


def _about_odd_dimensions(health: Health) -> Iterator[Advice]:
    """Name the dimensions that may be no components of a vector."""
    constant, spectrum = health.constant_dimensions, health.spectrum
    place, whole = spectrum.largest_dimension, health.whole_dimensions
    varying = health.dimensions - len(constant)
    if constant and health.rows > 1:
        yield Advice(
            "note",
            f"{len(constant):,} of {_count(health.dimensions, 'dimension')} "
            f"{_are(len(constant))} constant ({_listed(constant, len(constant))}): "
            "no row differs there",
        )
    if varying > 1 and spectrum.largest_share > _SINGLE:
        numbers = " and holds whole numbers only" if place in whole else ""
        yield Advice(
            "warning",
            f"dimension {place} (from 0) carries {_percent(spectrum.largest_share)} of the "
            f"variance{numbers}: it may be an id, a count or other metadata and no component of "
            "the vector; leave it out or rescale it",
        )
        whole = tuple(dimension for dimension in whole if dimension != place)
    if 0 < len(whole) <= varying // 2:
        yield Advice(
            "note",
            f"{_count(len(whole), 'dimension')} ({_listed(whole, len(whole))}) of "
            f"{health.dimensions:,} with whole numbers only, unlike the others: ids or counts may "
            "be among the components",
        )


def _about_labels(health: Health) -> Iterator[Advice]:
    if health.empty_labels:
        yield Advice("warning", f"{_count(health.empty_labels, 'row')} without a label")
    if health.common_label is not None and health.common_label.strip():
        yield Advice(
            "note",
            f"labels repeat: {health.rows - health.repeated_labels:,} different ones for "
            f"{_count(health.rows, 'row')}, most often {_quoted(health.common_label)} "
            f"({health.common_label_rows:,} times): name such rows by number",
        )


def _about_neighbors(health: Health, neighbors: NeighborHealth, rows: _Rows) -> Iterator[Advice]:
    if neighbors.rows_asked < _FEWEST_ROWS or _is_picture(health):
        return
    hubs, near = neighbors.hubs, neighbors.near_duplicates
    all_asked = neighbors.rows_asked + health.zero_rows >= health.rows
    asked = "" if all_asked else f" ({neighbors.rows_asked:,} rows asked)"
    enough = max(_SHARED_NEAREST, _SHARED_ROWS / neighbors.rows_asked)
    if hubs.nearest_row is not None and hubs.nearest_share >= enough:
        yield Advice(
            "warning" if hubs.nearest_share >= 2 * _SHARED_NEAREST else "note",
            f"{_percent(hubs.nearest_share)} of the points have the same nearest neighbor: "
            f"{rows.name(hubs.nearest_row)}{asked}",
        )
    if hubs.skewness > _SKEWED and hubs.unlisted_share > _UNLISTED:
        yield Advice(
            "warning" if hubs.unlisted_share > 2 * _UNLISTED else "note",
            f"hubs crowd the lists of neighbors: {_percent(hubs.unlisted_share)} of the points are "
            f"among the {neighbors.k} nearest of none (skewness {hubs.skewness:.1f}, among "
            f"{hubs.rows:,} rows), {rows.name(hubs.hub_row)} among those of "
            f"{_percent(hubs.hub_share)}{asked}",
        )
    if near.count and health.spectrum.effective_rank >= _CLOSE_DIRECTIONS:
        yield Advice(
            "note",
            f"{_percent(near.share)} of the rows have a near duplicate ({near.metric} distance up "
            f"to {near.limit:.2g}): {near.count:,} of {near.rows_asked:,} asked",
        )


def _is_picture(health: Health) -> bool:
    """Say whether these are coordinates, of which directions from the origin tell little."""
    by_direction = health.metric in ("cosine", "dot") and not health.norms.unit
    return by_direction and health.dimensions <= _PICTURE


def _percent(share: float) -> str:
    percent = 100 * share
    if percent >= 10 and (percent <= 99 or percent == 100):
        return f"{percent:.0f} %"
    return f"{percent:.2g} %" if percent < 10 else f"{min(percent, 99.9):.1f} %"


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" + "s" * (count != 1)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _listed(numbers: Sequence[int] | np.ndarray, count: int) -> str:
    """Return the first few of `count` numbers."""
    shown = ", ".join(str(number) for number in numbers[:_LISTED])
    return shown + (f" and {count - _LISTED:,} more" if count > _LISTED else "")


def _quoted(label: str) -> str:
    short = label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 3] + "..."
    return repr(short)
