"""Items named by text: the rows that have a label, and labels that resemble a text."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from embeddings.errors import EmbeddingError
from embeddings.text import count_noun, listed

_ROW = re.compile(r"#(\d{1,9})")
_MOST_COMPARED = 20_000  # labels among which close ones are sought: about 0.1 s


@dataclass(frozen=True)
class NamedItems:
    """The items that a name stands for.

    Attributes
    ----------
    name : as it was given
    rows : their row numbers, ascending; several if the label is repeated
    note : a phrase for the screen where the name is not the label of exactly one item, or ""
    """

    name: str
    rows: tuple[int, ...]
    note: str = ""


def rows_with_labels(labels: Sequence[str], wanted: Collection[str]) -> dict[str, list[int]]:
    """Return the rows of each wanted label that occurs, in one pass over the labels."""
    found: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        if label in wanted:
            found.setdefault(label, []).append(row)
    return found


def find_items(labels: Sequence[str], names: Iterable[str]) -> dict[str, NamedItems]:
    """Return the items that each name stands for.

    A name is a label; or else #12 for row 12; or else a label in another case, if it is the only
    one.

    Parameters
    ----------
    labels : n strings
    names : one or more; all are found in one pass over the labels, or two

    Raises
    ------
    EmbeddingError
        a name stands for no item, or for several labels that differ in case; the message lists
        these, or close labels
    """
    wanted = dict.fromkeys(names)
    exact = rows_with_labels(labels, wanted.keys())
    others = [name for name in wanted if name not in exact]
    by_case = _labels_in_other_case(labels, others) if others else {}
    found = {}
    for name in wanted:
        if name in exact:
            rows = exact[name]
            note = f"{name}: mean of {count_noun(len(rows), 'item')}" if len(rows) > 1 else ""
            found[name] = NamedItems(name, tuple(rows), note)
        else:
            found[name] = _row_number(labels, name) or _in_other_case(labels, name, by_case)
    return found


def close_labels(labels: Sequence[str], text: str, count: int = 5) -> list[str]:
    """Return the labels most similar to a text, ignoring case, most similar first.

    In a large set they are sought among the labels with the same first letter.
    """
    text = text.casefold()
    candidates = (
        dict.fromkeys(labels) if len(labels) <= _MOST_COMPARED else _same_start(labels, text)
    )
    folded = {label.casefold(): label for label in candidates}
    return [folded[key] for key in get_close_matches(text, folded, n=count)]


def _same_start(labels: Sequence[str], folded: str) -> Iterable[str]:
    """Return up to 20,000 labels with the first letter of a text in lower case."""
    matching = (label for label in labels if label[:1].casefold() == folded[:1])
    return dict.fromkeys(islice(matching, _MOST_COMPARED))


def _row_number(labels: Sequence[str], name: str) -> NamedItems | None:
    """Return the item of a name such as #12; None if the name is no row number."""
    match = _ROW.fullmatch(name)
    if match is None:
        return None
    row = int(match[1])
    if row >= len(labels):
        raise EmbeddingError(f"{name}: the set has rows 0 to {len(labels) - 1:,}")
    return NamedItems(name, (row,), f"{name}: {labels[row]}")


def _labels_in_other_case(
    labels: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, list[int]]]:
    """Return by case-folded name the labels that equal it but for their case, with their rows."""
    wanted = {name.casefold() for name in names}
    found: dict[str, dict[str, list[int]]] = {}
    for row, label in enumerate(labels):
        folded = label.casefold()
        if folded in wanted:
            found.setdefault(folded, {}).setdefault(label, []).append(row)
    return found


def _in_other_case(
    labels: Sequence[str], name: str, by_case: Mapping[str, Mapping[str, list[int]]]
) -> NamedItems:
    """Return the items of the only label that equals a name but for its case."""
    found = by_case.get(name.casefold(), {})
    if len(found) == 1:
        ((label, rows),) = found.items()
        several = f", mean of {count_noun(len(rows), 'item')}" if len(rows) > 1 else ""
        return NamedItems(name, tuple(rows), f"{name}: {label}{several}")
    if found:
        raise EmbeddingError(
            f"{name!r} could be any of {listed(found)}: write the label exactly as it is"
        )
    close = close_labels(labels, name)
    hint = f"; close to it: {', '.join(close)}" if close else ""
    raise EmbeddingError(f"no item has the label {name!r}{hint}")
