"""Reviews to learn from: texts that are positive or negative, from files of several forms.

- `text<TAB>label` lines, without header or quotes (UCI's "sentiment labelled sentences");
- a table with a header: CSV, TSV or Parquet;
- a folder, or a zip, in which `pos` and `neg` are folders of one review a file (IMDB's), or the
  ends or names of files of one review a line (rt-polarity.pos).
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.compression import compression
from embeddings.files.limits import check_bytes, error_context, shorten
from trainers.data.table_files import read_file

POSITIVE = frozenset({"1", "pos", "positive", "true"})
NEGATIVE = frozenset({"0", "-1", "neg", "negative", "false"})
"""Labels that speak for themselves, in lower case."""

TEXT_COLUMNS = ("text", "review", "sentence", "comment", "document", "phrase", "tweet")
LABEL_COLUMNS = ("label", "sentiment", "polarity", "class", "target")

_FORMS = (
    "expected lines `text<TAB>label`, a table with a header, or a folder or zip with pos and neg"
)


@dataclass(frozen=True, eq=False)
class Reviews:
    """Texts, and which of them are positive.

    Attributes
    ----------
    name : what the data is called
    texts : the reviews
    positive : bool, shape (n,)
    source : name and sha256 of what was read
    notes : what a person should know about the reading
    truth : by word, what was planted: the log of how much likelier it is in a positive review
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
    """Read reviews of one of the forms above, told apart by content.

    Parameters
    ----------
    text, label : columns of a table; default: TEXT_COLUMNS and LABEL_COLUMNS, or what two columns
        hold
    positive : the label of the positive reviews; default: those of POSITIVE

    Raises
    ------
    EmbeddingError
        no such file, none of the forms, a row without text or label, labels that are not two, or
        reviews of one kind only
    """
    if path.is_dir():
        return _read_sides(path.resolve().name, _folder(path))
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file or folder; give reviews by --data")
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] == b"PK\x03\x04":
        with error_context(path):
            return _read_sides(path.stem, _zipped(path))
    if head[:4] != b"PAR1" and compression(head) is None:
        check_bytes(path.stat().st_size, f"{path.name}: the file has")
        content = path.read_bytes()
        decoded, notes = _decoded(content, path.name)
        if _is_labelled(decoded):
            source = {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}
            return _read_lines(decoded, path, source, notes, positive)
    return _read_table(path, text, label, positive)


def _is_labelled(text: str) -> bool:
    """Say whether the first line that is not blank ends in a tab and a label."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return "\t" in first and _tidy(first.rpartition("\t")[2]) in POSITIVE | NEGATIVE


def _read_lines(
    text: str, path: Path, source: Mapping[str, str], notes: tuple[str, ...], positive: str | None
) -> Reviews:
    """Read `text<TAB>label` lines; only \\n ends one (the texts hold other ends of line)."""
    texts, labels = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        words, tab, label = line.rpartition("\t")
        if not tab or not words.strip() or not label.strip():
            raise EmbeddingError(
                f"{path.name}, line {number}: {shorten(line)!r} is not text, tab, label"
            )
        texts.append(words.strip())
        labels.append(_tidy(label))
    which = _which_are_positive(labels, path.name, positive)
    return Reviews(path.stem, tuple(texts), which, source, notes)


def _read_table(path: Path, text: str | None, label: str | None, positive: str | None) -> Reviews:
    """Read a table with a header."""
    table, source = read_file(path)
    text, label = _columns(table, path.name, text, label)
    cells = {name: table.column(name).to_pylist() for name in (text, label)}
    for name, values in cells.items():
        if None in values:
            raise EmbeddingError(
                f"{path.name}, row {values.index(None) + 1}, column {name}: the cell is empty; "
                "fill it or remove the row"
            )
    labels = [_tidy(value) for value in cells[label]]
    others = [name for name in table.column_names if name not in (text, label)]
    notes = (f"columns not used: {', '.join(others)}",) if others else ()
    texts = tuple(str(value) for value in cells[text])
    return Reviews(path.stem, texts, _which_are_positive(labels, path.name, positive), source,
                   notes)  # fmt: skip


def _columns(table: pa.Table, name: str, text: str | None, label: str | None) -> tuple[str, str]:
    """Return the columns of text and label: those given, or known by name, or the only other."""
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
            f"{name}: which columns are text and label? It has {', '.join(names)}; name them by "
            f"--text and --label ({_FORMS})"
        )
    return text, label


def _which_are_positive(labels: list[str], name: str, positive: str | None) -> np.ndarray:
    """Return which labels are the positive one: bool, shape (n,)."""
    found = list(dict.fromkeys(labels))
    if len(found) != 2:
        raise EmbeddingError(
            f"{name}: {len(found)} different labels ({shorten(', '.join(found))}); expected two, "
            "of positive and negative reviews"
        )
    if positive is None:
        known = [label for label in found if label in POSITIVE]
        if len(known) != 1 or not any(label in NEGATIVE for label in found):
            raise EmbeddingError(
                f"{name}: which of the labels {found[0]!r} and {found[1]!r} is positive? Say it "
                "by --positive"
            )
        (positive,) = known
    elif _tidy(positive) not in found:
        raise EmbeddingError(
            f"{name}: --positive {positive}: no such label; expected {found[0]!r} or {found[1]!r}"
        )
    return np.array(labels) == _tidy(positive)


def _tidy(label: object) -> str:
    """Return a label as text: 1.0 and 1 are one."""
    return str(label).strip().lower().removesuffix(".0")


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a folder's files that are of a side, or whose content is not read.

    Hidden files are passed over.
    """
    size = 0
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and not any(part.startswith(".") for part in Path(name).parts):
            is_read = _side(name) is not None
            size += is_read * file.stat().st_size
            check_bytes(size, "the reviews have at least")
            yield name, file.read_bytes() if is_read else b""


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in a zip, as _folder does."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            sides = [info for info in infos if _side(info.filename)]
            check_bytes(sum(info.file_size for info in sides), "the reviews unpacked have")
            for info in sorted(infos, key=lambda info: info.filename):
                if not info.filename.startswith("__MACOSX/"):
                    yield info.filename, archive.read(info) if info in sides else b""
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise EmbeddingError(f"not readable as a zip ({error})") from error


def _side(name: str) -> tuple[bool, bool] | None:
    """Say of a file by its name whether it is positive, and whether a line is a review."""
    path = PurePosixPath(name.lower())
    for part, is_line in (
        *((folder, False) for folder in reversed(path.parts[:-1])),
        (path.suffix.removeprefix("."), True),
        (path.stem.rpartition(".")[2], True),
    ):
        if part in ("pos", "positive", "neg", "negative"):
            return part in POSITIVE, is_line
    return None


def _read_sides(name: str, files: Iterable[tuple[str, bytes]]) -> Reviews:
    """Read files of one review each, or of one a line, the side of each said by its name."""
    texts: list[str] = []
    positive: list[bool] = []
    others: list[str] = []
    notes: list[str] = []
    empty = 0
    digest = hashlib.sha256()
    for file, content in files:
        side = _side(file)
        if side is None:
            others.append(file)
            continue
        digest.update(file.encode() + b"\0" + content)
        text, said = _decoded(content, file)
        notes += said
        is_positive, is_line = side
        found = [line.strip() for line in (text.split("\n") if is_line else [text])]
        empty += 0 if is_line else found.count("")
        found = [line for line in found if line]
        texts += found
        positive += [is_positive] * len(found)
    if others:
        notes.append(f"{len(others):,} files are of no side and not read: {shorten(others[0])}")
    if empty:
        notes.append(f"{empty:,} files are empty and left out")
    if len(set(positive)) < 2:
        kinds = "positive" if positive and positive[0] else "negative"
        which = f"only {kinds} reviews" if positive else "no reviews"
        raise EmbeddingError(f"{name}: {which} in it; {_FORMS}")
    source = {"name": name, "sha256": digest.hexdigest()}
    return Reviews(name, tuple(texts), np.array(positive), source, tuple(notes))


def _decoded(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Decode UTF-8, or else Latin-1, which is noted."""
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        return content.decode("latin-1"), (f"{name} is not UTF-8; it is read as Latin-1",)
