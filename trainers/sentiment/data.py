"""Reviews to learn from: positive and negative texts, read from several formats.

- lines of `text<TAB>label`, without header or quotes (UCI's "sentiment labelled sentences");
- a table with a header: CSV, TSV or Parquet;
- a folder or zip with folders `pos` and `neg` of one review per file (IMDB), or with files of one
  review per line whose extension or name ends in pos or neg (rt-polarity.pos).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.limits import check_bytes
from embeddings.files.members import open_members
from embeddings.files.plain_text import decode_text, is_text
from embeddings.files.tabular.reader import read_table
from embeddings.text import count_noun, listed, shorten

POSITIVE = frozenset({"1", "pos", "positive", "true"})
NEGATIVE = frozenset({"0", "-1", "neg", "negative", "false"})
"""Labels with a known meaning, in lower case."""

TEXT_COLUMNS = ("text", "review", "sentence", "comment", "document", "phrase", "tweet")
LABEL_COLUMNS = ("label", "sentiment", "polarity", "class", "target")

_EXPECTED = (
    "expected lines `text<TAB>label`, a table with a header, or a folder or zip with pos and neg"
)


@dataclass(frozen=True, eq=False)
class Reviews:
    """Texts, and which of them are positive.

    Attributes
    ----------
    name : of the data set
    texts : the reviews
    positive : bool, shape (n,)
    source : name and SHA-256 of what was read
    notes : what the user should know about the reading
    truth : word -> log of how much likelier it is in a positive review, for synthetic data
    """

    name: str
    texts: tuple[str, ...]
    positive: np.ndarray
    source: Mapping[str, str]
    notes: tuple[str, ...] = ()
    truth: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


def read_reviews(
    path: Path, text: str | None = None, label: str | None = None, positive: str | None = None
) -> Reviews:
    """Read reviews of any of the formats above, recognized by content.

    Parameters
    ----------
    path : a file or a folder
    text, label : columns of a table; default: TEXT_COLUMNS and LABEL_COLUMNS, or the only two
        columns
    positive : the label of the positive reviews; default: the one in POSITIVE

    Raises
    ------
    EmbeddingError
        there is no such file, its format is unknown, a row has no text or label, there are not
        exactly two labels, or all reviews have the same
    """
    if not path.exists():
        raise EmbeddingError(f"{path}: no such file or folder; give reviews with --data")
    notes: list[str] = []
    with open_members(path, notes.append) as members:
        if path.is_dir():
            return _read_sides(members, path.resolve().name, notes)
        if len(members) > 1 or (members[0].path != path and _side(members[0].name) is not None):
            return _read_sides(members, path.stem, notes)
        content = members[0].path.read_bytes()
    source = {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    if is_text(content):
        decoded = decode_text(content, notes.append)
        if _has_labels(decoded):
            return _read_lines(decoded, path, source, tuple(notes), positive)
    return _read_table(path, source, text, label, positive)


def _has_labels(text: str) -> bool:
    """Return True if the first line that is not blank ends in a tab and a label."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return "\t" in first and _normalized(first.rpartition("\t")[2]) in POSITIVE | NEGATIVE


def _read_lines(
    text: str, path: Path, source: Mapping[str, str], notes: tuple[str, ...], positive: str | None
) -> Reviews:
    """Read lines of `text<TAB>label`; only \\n ends a line, since texts contain other line ends."""
    texts, labels = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        words, tab, label = line.rpartition("\t")
        if not tab or not words.strip() or not label.strip():
            raise EmbeddingError(
                f"{path.name}, line {number}: {shorten(line, 40)!r} is not text, tab, label"
            )
        texts.append(words.strip())
        labels.append(_normalized(label))
    is_positive = _is_positive(labels, path.name, positive)
    return Reviews(path.stem, tuple(texts), is_positive, source, notes)


def _read_table(
    path: Path,
    source: Mapping[str, str],
    text: str | None,
    label: str | None,
    positive: str | None,
) -> Reviews:
    """Read a table with a header."""
    notes: list[str] = []
    table = read_table(path, note=notes.append)
    text, label = _columns(table, path.name, text, label)
    cells = {name: table.column(name).to_pylist() for name in (text, label)}
    for name, values in cells.items():
        if None in values:
            raise EmbeddingError(
                f"{path.name}, row {values.index(None) + 1}, column {name}: the cell is empty; "
                "fill it or remove the row"
            )
    labels = [_normalized(value) for value in cells[label]]
    others = [name for name in table.column_names if name not in (text, label)]
    if others:
        notes.append(f"columns not used: {', '.join(others)}")
    texts = tuple(str(value) for value in cells[text])
    return Reviews(path.stem, texts, _is_positive(labels, path.name, positive), source,
                   tuple(notes))  # fmt: skip


def _columns(table: pa.Table, name: str, text: str | None, label: str | None) -> tuple[str, str]:
    """Return the columns of text and label: as given, by name, or as the only other column."""
    names = table.column_names
    for given in (text, label):
        if given is not None and given not in names:
            raise EmbeddingError(f"{name}: no column {given!r}; it has {', '.join(names)}")
    lowered = {column.lower(): column for column in reversed(names)}
    text = text or next((lowered[known] for known in TEXT_COLUMNS if known in lowered), None)
    label = label or next((lowered[known] for known in LABEL_COLUMNS if known in lowered), None)
    if len(names) == 2 and (text is None) != (label is None):
        (other,) = [column for column in names if column not in (text, label)]
        text, label = text or other, label or other
    if text is None or label is None or text == label:
        raise EmbeddingError(
            f"{name}: which columns are text and label? It has {', '.join(names)}; name them with "
            f"--text and --label ({_EXPECTED})"
        )
    return text, label


def _is_positive(labels: list[str], name: str, positive: str | None) -> np.ndarray:
    """Return True for the positive labels: bool, shape (n,)."""
    found = list(dict.fromkeys(labels))
    if len(found) != 2:
        raise EmbeddingError(
            f"{name}: {count_noun(len(found), 'different label')} "
            f"({shorten(', '.join(found), 40)}); expected two, of positive and negative reviews"
        )
    if positive is None:
        known = [label for label in found if label in POSITIVE]
        if len(known) != 1 or not any(label in NEGATIVE for label in found):
            raise EmbeddingError(
                f"{name}: which of the labels {found[0]!r} and {found[1]!r} is positive? Give it "
                "with --positive"
            )
        (positive,) = known
    elif _normalized(positive) not in found:
        raise EmbeddingError(
            f"{name}: --positive {positive}: no such label; expected {found[0]!r} or {found[1]!r}"
        )
    return np.array(labels) == _normalized(positive)


def _normalized(label: object) -> str:
    """Return a label in a canonical form: 1.0 and 1 are the same."""
    return str(label).strip().lower().removesuffix(".0")


def _side(name: str) -> tuple[bool, bool] | None:
    """Return whether a file is positive and whether each line is a review; None for others."""
    path = PurePosixPath(name.lower())
    for part, by_line in (
        *((folder, False) for folder in reversed(path.parts[:-1])),
        (path.suffix.removeprefix("."), True),
        (path.stem.rpartition(".")[2], True),
    ):
        if part in ("pos", "positive", "neg", "negative"):
            return part in POSITIVE, by_line
    return None


def _read_sides(members: Sequence[Member], name: str, notes: Sequence[str]) -> Reviews:
    """Read files of one review each, or of one review per line, labeled by their names."""
    sides = {member.name: side for member in members if (side := _side(member.name)) is not None}
    read = [member for member in members if member.name in sides]
    check_bytes(sum(m.path.stat().st_size for m in read), f"{name}: the reviews have")
    texts: list[str] = []
    positive: list[bool] = []
    notes = list(notes)
    empty = 0
    digest = hashlib.sha256()
    for member in read:
        content = member.path.read_bytes()
        digest.update(member.name.encode() + b"\0" + content)
        found: list[str] = []
        text = decode_text(content, found.append)
        notes += [f"{member.name}: {note}" for note in found]
        is_positive, by_line = sides[member.name]
        reviews = [line.strip() for line in (text.split("\n") if by_line else [text])]
        empty += 0 if by_line else reviews.count("")
        reviews = [review for review in reviews if review]
        texts += reviews
        positive += [is_positive] * len(reviews)
    others = [shorten(member.name, 40) for member in members if member.name not in sides]
    if others:
        notes.append(
            f"{count_noun(len(others), 'file')} not read, being neither positive nor negative by "
            f"name: {listed(others, 1)}"
        )
    if empty:
        notes.append(f"left out {count_noun(empty, 'empty file')}")
    if len(set(positive)) < 2:
        kinds = "positive" if positive and positive[0] else "negative"
        which = f"only {kinds} reviews" if positive else "no reviews"
        raise EmbeddingError(f"{name}: {which}; {_EXPECTED}")
    source = {"name": name, "sha256": digest.hexdigest()}
    return Reviews(name, tuple(texts), np.array(positive), source, tuple(notes))
