"""What a reader and the person say to each other: notes, open choices, and their answers.

A reader never stops to ask. It takes the best candidate, says so, and the question is recorded, so
that the app and the command line can offer the others; the file is then read again with an answer.
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
from embeddings.files.limits import configured_max_bytes

What = Literal["vector", "label", "split", "dimensions"]
"""What may be chosen: column or array of the vectors, column of the labels, part of a data set,
length of a vector where the file holds bare numbers."""

CHOICES: tuple[What, ...] = get_args(What)

Note = Callable[[str], None]
"""Receives what a reader assumed or left out, one sentence a call."""

log_note: Note = logging.getLogger("embeddings.files").warning
"""The Note of whoever gives none: Python's log."""

_LISTED = 20


@dataclass(frozen=True)
class Question:
    """A choice that was open, its candidates in the file's order, and which one was taken.

    It is sure where the file itself tells, as by a column called `label`.
    """

    what: What
    candidates: tuple[str, ...]
    taken: str | None
    sure: bool = False


class NotFinite(EmbeddingError):
    """Some rows hold NaN or infinite numbers; they may be left out.

    Attributes
    ----------
    rows : int64, the numbers of these rows, from 0
    count : rows of the file
    """

    def __init__(self, message: str, rows: np.ndarray, count: int):
        super().__init__(message)
        self.rows, self.count = rows, count


class NothingFinite(EmbeddingError):
    """No row would remain: all hold NaN or infinite numbers.

    Attributes
    ----------
    rows, dimensions : shape of the vectors
    metadata : a pyarrow Table of that many rows
    provenance : what the file says about itself
    """

    def __init__(self, shape: tuple[int, int], metadata: pa.Table, provenance: Provenance):
        self.rows, self.dimensions = shape
        self.metadata, self.provenance = metadata, provenance
        super().__init__(
            f"none of its {self.rows:,} vectors is finite (all hold NaN or inf); compute them again"
        )


class Unanswered(EmbeddingError):
    """A choice without a default: the file cannot be read before somebody makes it."""

    def __init__(self, message: str, question: Question):
        super().__init__(message)
        self.question = question


@dataclass
class Dialogue:
    """One reading of one set.

    Attributes
    ----------
    note : receives sentences
    answers : choices made beforehand; the reader finds the best for all others
    leave_out : whether rows that are not finite are left out rather than refused
    trusted : whether the file lies on this machine by the will of whoever started the program,
        so that it may be mapped into memory instead of copied, and the size limit does not hold
    questions : the choices that came up, filled by the reader
    left_out : numbers of the rows that were left out, filled by load()
    """

    note: Note = log_note
    answers: Mapping[What, str] = field(default_factory=dict)
    leave_out: bool = False
    trusted: bool = False
    questions: dict[What, Question] = field(default_factory=dict)
    left_out: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def choose(
        self,
        what: What,
        candidates: Sequence[str],
        default: str | None,
        assumed: str = "",
        accepts: Callable[[str], bool] = lambda answer: False,
        sure: bool = False,
    ) -> str | None:
        """Return the answer given beforehand, else the default.

        Parameters
        ----------
        candidates : what may be chosen
        default : the best of them; None: none of them
        assumed : the sentence that is said where nobody has answered
        accepts : says whether an answer that is no candidate will do as well
        sure : whether the default is what the file itself tells

        Raises
        ------
        EmbeddingError
            an answer that is none of the candidates
        """
        answer = self.answers.get(what)
        taken = default if answer is None else answer
        self.questions[what] = Question(what, tuple(candidates), taken, sure or answer is not None)
        if answer is None:
            if assumed:
                self.note(assumed)
        elif answer not in candidates and not accepts(answer):
            listed = ", ".join(candidates[:_LISTED]) or "nothing to choose from"
            more = f" and {len(candidates) - _LISTED:,} more" if len(candidates) > _LISTED else ""
            raise EmbeddingError(f"{what} {answer!r}: no such choice; the file has {listed}{more}")
        return taken

    def mapped(self, path: Path) -> bool:
        """Say whether a file is to be mapped into memory: it is trusted, and beyond the limit."""
        return self.trusted and path.stat().st_size > configured_max_bytes()

    def trial(self) -> "Trial":
        """Return a dialogue with the same answers that is told, not heard: see `tell`."""
        return Trial(answers=self.answers, leave_out=self.leave_out, trusted=self.trusted)

    def check_answers_used(self) -> None:
        """Raise EmbeddingError for an answer to a question that never came up."""
        for what, answer in self.answers.items():
            if what not in self.questions:
                raise EmbeddingError(
                    f"{what} {answer!r}: there is no {what} to choose in this file; leave it out"
                )


class Trial(Dialogue):
    """A dialogue whose sentences wait until the reading turns out to be the right one."""

    def __init__(self, answers: Mapping[What, str], leave_out: bool, trusted: bool):
        self.sentences: list[str] = []
        super().__init__(self.sentences.append, answers, leave_out, trusted)

    def tell(self, other: Dialogue) -> None:
        """Pass on what was said and asked."""
        for sentence in self.sentences:
            other.note(sentence)
        other.questions |= self.questions
