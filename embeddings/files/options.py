"""How one set of files is read: the choices made beforehand, and what the reader reports back.

A reader never prompts. Where a file can be read in more than one way, it selects the best
candidate, says so and records the choice, so that the app and the command line can offer the other
candidates; the file is then read again with a selection.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import Provenance
from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from embeddings.files.limits import configured_max_bytes
from embeddings.text import listed, split_names

TextChoice = Literal["separator", "header", "encoding", "decimal", "quotes"]
"""How a table of text is written: the fields of TextOptions."""

ColumnChoice = Literal["ignore", "category", "number", "text"]
"""Columns that are left out, or are read as categories, numbers or text; names are separated by
commas."""

ChoiceName = Literal["vector", "label", "split", "dimensions"] | TextChoice | ColumnChoice
"""What can be chosen: the column or array of the vectors, the column of the labels, the split of a
data set, the length of a vector where a file holds bare numbers; how text is written; and what
columns are."""

TEXT_CHOICES: tuple[TextChoice, ...] = get_args(TextChoice)
COLUMN_CHOICES: tuple[ColumnChoice, ...] = get_args(ColumnChoice)
CHOICE_NAMES: tuple[ChoiceName, ...] = (
    "vector", "label", "split", "dimensions", *TEXT_CHOICES, *COLUMN_CHOICES
)  # fmt: skip

Note = Callable[[str], None]
"""Receives what a reader assumed or left out, one sentence per call."""

log_note: Note = logging.getLogger("embeddings.files").warning
"""The default Note: Python's log."""

_LISTED = 20


@dataclass(frozen=True)
class Choice:
    """A choice that came up while reading.

    Attributes
    ----------
    name : what was chosen
    candidates : what could be selected, in the order of the file
    selected : the candidate that was read; None for none of them
    certain : True where the caller selected it, or where the file itself determines it, such as
        by a column called `label`; False for a guess
    place : where in the file that is, in words: "line 3" for a header; "" for nothing to say
    """

    name: ChoiceName
    candidates: tuple[str, ...]
    selected: str | None
    certain: bool = False
    place: str = ""


class NotFinite(EmbeddingError):
    """Some rows hold NaN or infinite numbers; reading with `leave_out` skips them.

    Attributes
    ----------
    rows : int64, the numbers of these rows, from 0
    count : number of rows in the file
    """

    def __init__(self, message: str, rows: np.ndarray, count: int):
        super().__init__(message)
        self.rows, self.count = rows, count


class NothingFinite(EmbeddingError):
    """Every row holds NaN or infinite numbers, so that no row would remain.

    Attributes
    ----------
    rows, dimensions : shape of the vectors
    metadata : a pyarrow Table of that many rows
    provenance : the provenance stored in the file
    """

    def __init__(self, shape: tuple[int, int], metadata: pa.Table, provenance: Provenance):
        self.rows, self.dimensions = shape
        self.metadata, self.provenance = metadata, provenance
        super().__init__(
            f"none of its {self.rows:,} vectors is finite (all hold NaN or inf); compute them again"
        )


class ChoiceRequired(EmbeddingError):
    """A choice has no default: the file cannot be read until the caller selects a candidate.

    Attributes
    ----------
    choice : the choice, with its candidates
    """

    def __init__(self, message: str, choice: Choice):
        super().__init__(message)
        self.choice = choice


@dataclass
class ReadContext:
    """What a reader needs beside the path, and where it records what it did.

    Attributes
    ----------
    note : receives what was assumed or left out, one sentence per call
    selections : choices made beforehand; the reader selects the best candidate for all others
    leave_out : True to skip rows that hold NaN or infinite numbers; False to refuse them
    trusted : True for files that the person who started the program named: they may be mapped into
        memory instead of read, and the size limit does not apply to them
    copy : returns a private copy of a file, which is mapped in its place: a map of a file that is
        cut ends the process. None to map the file itself
    choices : the choices that came up, by name; filled by the reader
    columns : names of the columns of the table that was read; filled by the reader of a table
    left_out : int64, numbers of the rows that were skipped; filled by `read`
    """

    note: Note = log_note
    selections: Mapping[ChoiceName, str] = field(default_factory=dict)
    leave_out: bool = False
    trusted: bool = False
    copy: Callable[[Path], Path] | None = None
    choices: dict[ChoiceName, Choice] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    left_out: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def choose(
        self,
        name: ChoiceName,
        candidates: Sequence[str],
        default: str | None,
        assumed: str = "",
        accepts: Callable[[str], bool] = lambda selection: False,
        certain: bool = False,
    ) -> str | None:
        """Return the caller's selection, or the default where there is none; record the choice.

        Parameters
        ----------
        candidates : what can be selected
        default : the best candidate; None for none of them
        assumed : sentence to note where the default is returned
        accepts : returns True for a selection that is valid although it is not a candidate
        certain : True where the file itself shows that the default is right

        Raises
        ------
        EmbeddingError
            the selection is not a candidate
        """
        selection = self.selections.get(name)
        selected = default if selection is None else selection
        self.choices[name] = Choice(
            name, tuple(candidates), selected, certain or selection is not None
        )
        if selection is None:
            if assumed:
                self.note(assumed)
        elif selection not in candidates and not accepts(selection):
            found = listed(candidates, _LISTED) or "nothing to choose from"
            raise EmbeddingError(f"{name} {selection!r}: no such choice; the file has {found}")
        return selected

    @property
    def text_options(self) -> TextOptions:
        """How the caller states that text is written.

        Raises
        ------
        EmbeddingError
            a value that an option cannot have
        """
        return TextOptions.of({str(name): value for name, value in self.selections.items()})

    def selected_columns(self, *names: ColumnChoice) -> set[str]:
        """Return the columns that the caller selected under any of these choices."""
        return {each for name in names for each in split_names(self.selections.get(name, ""))}

    def should_map(self, path: Path) -> bool:
        """Return True if a file is to be mapped into memory: trusted, and beyond the size limit."""
        return self.trusted and path.stat().st_size > configured_max_bytes()

    def path_to_map(self, path: Path) -> Path:
        """Return the file to map for one that is to be mapped: its private copy, or the file."""
        return path if self.copy is None else self.copy(path)

    def trial(self) -> "Trial":
        """Return a context with the same settings whose notes and choices can be discarded."""
        return Trial(self.selections, self.leave_out, self.trusted, self.copy)

    def check_selections_used(self) -> None:
        """Raise EmbeddingError for a selection whose choice never came up."""
        for name, selection in self.selections.items():
            if name not in self.choices:
                raise EmbeddingError(
                    f"{name} {selection!r}: there is no {name} to choose in this file; leave it out"
                )


class Trial(ReadContext):
    """A context that holds its notes back until its reading turns out to be the right one."""

    def __init__(
        self,
        selections: Mapping[ChoiceName, str],
        leave_out: bool,
        trusted: bool,
        copy: Callable[[Path], Path] | None,
    ):
        self.notes: list[str] = []
        super().__init__(self.notes.append, selections, leave_out, trusted, copy)

    def merge_into(self, other: ReadContext) -> None:
        """Pass the notes and the choices on to another context."""
        for sentence in self.notes:
            other.note(sentence)
        other.choices |= self.choices
        other.columns = other.columns or self.columns
