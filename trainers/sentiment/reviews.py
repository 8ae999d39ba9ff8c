"""Texts of two or more classes. Of two classes one is positive: reviews."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.text import count_noun, listed

POSITIVE = frozenset({"1", "pos", "positive", "true"})
NEGATIVE = frozenset({"0", "-1", "neg", "negative", "false"})
"""Labels with a known meaning, in lower case."""

MIN_TEXTS = 5
"""Mean number of texts per label from which labels are classes, not the numbers of rows."""


@dataclass(frozen=True, eq=False)
class Reviews:
    """Texts, and the class of each.

    Attributes
    ----------
    name : of the data set
    texts : the reviews
    target : int64, shape (n,), the class of each; of two classes 1 is the positive one
    classes : the labels
    source : name and SHA-256 of what was read
    notes : what the user should know about the reading
    truth : word -> log of how much likelier it is in a positive review, for synthetic data
    """

    name: str
    texts: tuple[str, ...]
    target: np.ndarray
    classes: tuple[str, ...]
    source: Mapping[str, str]
    notes: tuple[str, ...] = ()
    truth: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


def label_reviews(
    name: str,
    texts: Sequence[str | None],
    labels: Sequence[str | None],
    source: Mapping[str, str],
    notes: Sequence[str] = (),
    positive: str | None = None,
) -> Reviews:
    """Return texts with their classes, without empty texts and without texts that lack a label.

    Parameters
    ----------
    labels : of the texts, as they are written
    positive : which of two labels is that of the positive texts; default: the one in POSITIVE

    Raises
    ------
    EmbeddingError
        there are fewer than two labels, nearly as many as texts, or two of unknown meaning
    """
    notes = list(notes)
    rows = []
    left_out: Counter[str] = Counter()
    for text, label in zip(texts, labels, strict=True):
        text, label = (text or "").strip(), normalized(label)
        if text and label:
            rows.append((text, label))
        else:
            left_out["text without a label" if text else "empty text"] += 1
    for reason, count in left_out.items():
        plural = reason.replace("text", "texts", 1)
        notes.append(f"left out {count_noun(count, reason, plural)}")
    counts = Counter(label for _, label in rows)
    classes = _classes(counts, positive)
    number_of = {label: number for number, label in enumerate(classes)}
    target = np.array([number_of[label] for _, label in rows], dtype=np.int64)
    if len(classes) > 2:
        notes.append(f"{len(classes)} classes: {listed(counts, 20)}")
    return Reviews(name, tuple(text for text, _ in rows), target, classes, source, tuple(notes))


def normalized(label: object) -> str:
    """Return a label in a canonical form, "" if it is missing: 1.0 and 1 are the same."""
    return "" if label is None else str(label).strip().lower().removesuffix(".0")


def _classes(counts: Mapping[str, int], positive: str | None) -> tuple[str, ...]:
    """Return the labels in the order of their numbers: of two, the positive one is the second."""
    found = tuple(counts)
    texts = sum(counts.values())
    if len(found) < 2 or (len(found) > 2 and texts < MIN_TEXTS * len(found)):
        raise EmbeddingError(
            f"{count_noun(len(found), 'different label')} in {count_noun(texts, 'text')} "
            f"({listed(found, 3)}); expected two or more, each of several texts: name their column "
            "with --label"
        )
    if len(found) > 2:
        if positive is not None:
            raise EmbeddingError(
                f"--positive {positive}: expected two labels; there are {len(found)} "
                f"({listed(found, 5)}), each learned as a class of its own without --positive"
            )
        return tuple(sorted(found))
    if positive is None:
        known = [label for label in found if label in POSITIVE]
        if len(known) != 1 or not any(label in NEGATIVE for label in found):
            raise EmbeddingError(
                f"which of the labels {found[0]!r} and {found[1]!r} is positive? Give it with "
                "--positive"
            )
        (positive,) = known
    elif normalized(positive) not in found:
        raise EmbeddingError(
            f"--positive {positive}: no such label; expected {found[0]!r} or {found[1]!r}"
        )
    (negative,) = (label for label in found if label != normalized(positive))
    return negative, normalized(positive)
