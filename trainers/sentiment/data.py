"""Texts with labels to learn from, read from several formats.

- lines of `text<TAB>label`, without header or quotes (UCI's "sentiment labelled sentences");
- lines of fastText, `__label__positive text`;
- a table: CSV, TSV, Parquet, Arrow, JSON or JSON Lines;
- a folder or zip with a folder for each label, such as `pos` and `neg`, of one text per file (IMDB,
  20 newsgroups), or with files of one text per line whose extension or name ends in pos or neg
  (rt-polarity.pos).
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.limits import check_bytes, error_context, limited_reading
from embeddings.files.members import open_members
from embeddings.files.plain_text import decode_text, is_text
from embeddings.files.tabular.reader import read_table
from embeddings.text import count_noun, listed, shorten
from trainers.data.text_source import describes_others
from trainers.data.text_tables import (
    cells_of,
    check_column,
    column_names,
    find_text_column,
    text_columns,
)
from trainers.sentiment.reviews import NEGATIVE, POSITIVE, Reviews, label_reviews, normalized

LABEL_COLUMNS = ("label", "sentiment", "polarity", "class", "target")
"""Names of columns of labels, in lower case, the most certain first."""

_EXPECTED = (
    "expected lines `text<TAB>label` or `__label__LABEL text`, a table, or a folder or zip with a "
    "folder for each label, such as pos and neg"
)
Labeled = tuple[Sequence[str | None], Sequence[str | None]]
"""Texts, and the label of each as it is written."""

_FASTTEXT = re.compile(r"((?:__label__\S+\s*)+)(.*)", re.DOTALL)


def read_reviews(
    path: Path,
    text: str | None = None,
    label: str | None = None,
    positive: str | None = None,
    options: TextOptions = DETECTED,
) -> Reviews:
    """Read texts with labels, of any of the formats above, recognized by content.

    Texts without a word are left out, and so are rows without a label.

    Parameters
    ----------
    path : a file or a folder
    text, label : columns of a table; default: by their names, or the only two columns
    positive : which of two labels is that of the positive texts; default: the one in POSITIVE
    options : how a table of text is written; if given, the file is a table

    Raises
    ------
    EmbeddingError
        there is no such file, its format is unknown, or the labels are not those of classes
    """
    if not path.exists():
        raise EmbeddingError(f"{path}: no such file or folder; give reviews with --data")
    with limited_reading([path]):
        return _read(path, text, label, positive, options)


def _read(
    path: Path, text: str | None, label: str | None, positive: str | None, options: TextOptions
) -> Reviews:
    notes: list[str] = []
    with open_members(path, notes.append) as members:
        if path.is_dir():
            return _read_files(members, path.resolve(), notes, positive)
        if len(members) > 1 or (members[0].path != path and _side(members[0].name) is not None):
            return _read_files(members, path, notes, positive)
        content = members[0].path.read_bytes()
    source = {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    is_lines = is_text(content) and not options.stated
    found = _read_lines(content, path.name, notes) if is_lines else None
    if found is None:
        notes = []  # the reader of tables notes the encoding again
        table = read_table(path, options=options, note=notes.append)
        with error_context(path):
            found = _table_columns(table, text, label, notes)
    with error_context(path):
        return label_reviews(path.stem, *found, source, notes, positive)


def _read_lines(content: bytes, name: str, notes: list[str]) -> Labeled | None:
    """Return the texts and labels of lines that have both; None for a table."""
    text = decode_text(content, notes.append)
    first = next((line for line in text.split("\n") if line.strip()), "")
    if first.startswith("__label__"):
        return _fasttext_lines(text, name, notes)
    if "\t" in first and normalized(first.rpartition("\t")[2]) in POSITIVE | NEGATIVE:
        return _tab_lines(text, name)
    return None


def _tab_lines(text: str, name: str) -> Labeled:
    """Return texts and labels of lines; only \\n ends a line, since texts contain other ends."""
    texts, labels = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        words, tab, label = line.rpartition("\t")
        if not tab or not label.strip():
            raise EmbeddingError(
                f"{name}, line {number}: {shorten(line, 40)!r} is not text, tab, label"
            )
        texts.append(words)
        labels.append(label)
    return texts, labels


def _fasttext_lines(text: str, name: str, notes: list[str]) -> Labeled:
    """Return texts and labels of the lines of fastText; of several labels the first is used."""
    texts, labels = [], []
    several = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        found = _FASTTEXT.fullmatch(line.strip())
        if found is None:
            raise EmbeddingError(
                f"{name}, line {number}: {shorten(line, 40)!r} does not begin with __label__"
            )
        first, *others = found[1].split()
        several += bool(others)
        labels.append(first.removeprefix("__label__"))
        texts.append(found[2])
    if several:
        notes.append(f"{count_noun(several, 'line')} with several labels: the first is used")
    return texts, labels


def _table_columns(
    table: pa.Table, text: str | None, label: str | None, notes: list[str]
) -> Labeled:
    """Return the texts and labels of a table: columns as given, by name, or the only others."""
    names = table.column_names
    if label is not None:
        check_column(table, label)
    else:
        lowered = {column.lower(): column for column in reversed(names)}
        label = next((lowered[known] for known in LABEL_COLUMNS if known in lowered), None)
        label = None if label == text else label
    others = table if label is None else table.drop_columns([label])
    text = find_text_column(others if text is None else table, text)
    if text is None and len(others.column_names) == 1 and text_columns(others):
        text = others.column_names[0]
    if label is None and text is not None and len(names) == 2:
        label = next(name for name in names if name != text)
    if text is None or label is None or text == label:
        raise EmbeddingError(
            f"which columns are text and label? It has {column_names(table)}; name them with "
            f"--text and --label ({_EXPECTED})"
        )
    unused = [name for name in names if name not in (text, label)]
    if unused:
        notes.append(f"text: {text}, label: {label}; columns not used: {listed(unused)}")
    return cells_of(table, text), cells_of(table, label)


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


def _labels_of_files(members: Sequence[Member]) -> tuple[dict[str, tuple[str, bool]], bool]:
    """Return the label of each file by its name, and whether each of its lines is a text.

    If no name is positive or negative, and the files are in at least two folders, these are the
    labels.

    Returns
    -------
    labels, are_sides : the latter is True if the labels are "1" and "0"
    """
    sides = {member.name: side for member in members if (side := _side(member.name)) is not None}
    if sides:
        return {name: (str(int(side)), by_line) for name, (side, by_line) in sides.items()}, True
    names = [member.name for member in members if not describes_others(member.name)]
    folders = {name: PurePosixPath(name).parent.name for name in names}
    inside = {name: (folder, False) for name, folder in folders.items() if folder}
    return (inside if len({folder for folder, _ in inside.values()}) > 1 else {}), False


def _read_files(
    members: Sequence[Member], path: Path, notes: Sequence[str], positive: str | None
) -> Reviews:
    """Read files of one text each, or of one text per line, labeled by their names."""
    label_of, are_sides = _labels_of_files(members)
    read = [member for member in members if member.name in label_of]
    texts: list[str] = []
    labels: list[str] = []
    notes = list(notes)
    digest = hashlib.sha256()
    with error_context(path):
        check_bytes(sum(member.path.stat().st_size for member in read), "the reviews have")
    for member in read:
        content = member.path.read_bytes()
        digest.update(member.name.encode() + b"\0" + content)
        found: list[str] = []
        text = decode_text(content, found.append)
        notes += [f"{member.name}: {note}" for note in found]
        label, by_line = label_of[member.name]
        parts = [line for line in text.split("\n") if line.strip()] if by_line else [text]
        texts += parts
        labels += [label] * len(parts)
    others = [shorten(member.name, 40) for member in members if member.name not in label_of]
    if others:
        notes.append(
            f"{count_noun(len(others), 'file')} not read, having no label by name: "
            f"{listed(others, 1)}"
        )
    name = path.name if path.is_dir() else path.stem
    if len(set(labels)) < 2:
        kinds = "positive" if labels and labels[0] == "1" else "negative"
        which = f"only {kinds} reviews" if labels else "no reviews"
        raise EmbeddingError(f"{name}: {which}; {_EXPECTED}")
    source = {"name": name, "sha256": digest.hexdigest()}
    with error_context(path):
        return label_reviews(name, texts, labels, source, notes, None if are_sides else positive)
