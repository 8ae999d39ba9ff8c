"""Queries written as text: arithmetic over labels, king - man + woman, and pasted vectors.

Arithmetic follows Mikolov, Yih and Zweig (2013, "Linguistic Regularities in Continuous Space Word
Representations"): the operands are scaled to unit length, added and subtracted, and are not among
the answers. By cosine this is 3CosAdd of Levy and Goldberg (2014, "Linguistic Regularities in
Sparse and Explicit Word Representations"). Sets with a distance as their metric are not scaled:
there the sum of unit vectors would be nowhere near the items.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.labels import NamedItems, find_items, rows_with_labels
from embeddings.metrics import Metric, check_metric, value_kind
from embeddings.text import shorten

_SIGNS = {"+": 1, "-": -1, "\N{MINUS SIGN}": -1}
_QUOTES = {'"': '"', "\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}"}
_SIGN = "[+\\-\N{MINUS SIGN}]"
_SPACED_SIGN = re.compile(rf"\s+(?={_SIGN}(?:\s|[{''.join(_QUOTES)}]|$))")
_MOST_SIGNS = 12  # in an operand that is divided at its signs
_CANCELLED = 1e-6  # length of a sum, in lengths of its longest operand, that is rounding error
_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Term:
    """One operand of an expression.

    Attributes
    ----------
    sign : 1 or -1
    items : the items of the operand's label
    """

    sign: int
    items: NamedItems


@dataclass(frozen=True)
class Expression:
    """A sum and difference of items.

    Attributes
    ----------
    terms : at least one
    """

    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        """The expression with a blank around each sign, and quotes where a label needs them."""
        signs = ["-" if term.sign < 0 else "+" for term in self.terms]
        parts = [
            f"{sign} {_quoted(term.items.name)}"
            for sign, term in zip(signs, self.terms, strict=True)
        ]
        return " ".join(parts).removeprefix("+ ")


@dataclass(frozen=True, eq=False)
class ExpressionQuery:
    """The query vector of an expression.

    Attributes
    ----------
    vector : float32, shape (d,)
    excluded : int64, the rows of the operands, ascending, which are not among the answers
    metric : the metric to search by
    notes : phrases for the screen: how operands were scaled, and what repeated labels mean
    """

    vector: np.ndarray
    excluded: np.ndarray
    metric: Metric
    notes: tuple[str, ...]

    def candidates(self, count: int) -> np.ndarray:
        """Return which of `count` items may be answers: bool, shape (count,)."""
        allowed = np.ones(count, dtype=bool)
        allowed[self.excluded] = False
        return allowed


def parse_expression(text: str, labels: Sequence[str]) -> Expression:
    """Read an expression such as: king - man + woman.

    A label stands as it is, also with blanks (New York - America). It is put in double quotes if it
    contains a sign between blanks, or begins with one; a quotation mark in it is doubled. A sign
    without blanks around it belongs to a label if there is such a label (well-known); otherwise it
    separates two (king-man+woman). A text that is itself a label stands for this label.

    Parameters
    ----------
    labels : n strings, the labels of the set; see find_items for what an operand may be

    Raises
    ------
    EmbeddingError
        an operand is missing, not closed by its quotation mark, or no label, or stands for several
        labels; the message names it
    """
    text = text.strip()
    if not text:
        raise EmbeddingError("an empty expression; expected labels, as in king - man + woman")
    operands = list(_operands(text))
    divisible = [operand for _, operand, is_quoted in operands if not is_quoted]
    wanted = {text}.union(*map(_parts, divisible), (operand for _, operand, _ in operands))
    known = rows_with_labels(labels, wanted)
    if text in known:
        operands = [(1, text, True)]
    signed: list[tuple[int, str]] = []
    for sign, operand, is_quoted in operands:
        divided = [] if is_quoted or operand in known else _divide(operand, known.keys())
        first, *others = divided or [(1, operand)]
        signed += [(sign * first[0], first[1]), *others]
    found = find_items(labels, [name for _, name in signed])
    return Expression(tuple(Term(sign, found[name]) for sign, name in signed))


def evaluate(
    embedding_set: EmbeddingSet, expression: Expression, metric: Metric | None = None
) -> ExpressionQuery:
    """Return the query vector of an expression, and the rows that are not among its answers.

    A repeated label means the mean of its items.

    Parameters
    ----------
    expression : of the set's labels
    metric : the set's own by default

    Raises
    ------
    EmbeddingError
        by cosine or dot product: an operand is a zero vector, or the operands cancel out
    """
    metric = check_metric(metric or embedding_set.provenance.metric)
    scaled = value_kind(metric) == "similarity"
    total, longest = np.zeros(embedding_set.dimensions), 0.0
    for term in expression.terms:
        operand = _mean(embedding_set, term.items, scaled)
        total += term.sign * operand
        longest = max(longest, float(np.linalg.norm(operand)))
    if scaled and np.linalg.norm(total) <= _CANCELLED * longest:
        raise EmbeddingError(
            f"{expression.text}: the operands cancel out; nothing is left to search"
        )
    rows = {row for term in expression.terms for row in term.items.rows}
    scaling = "scaled to unit length" if scaled else "not scaled"
    repeated = dict.fromkeys(term.items.note for term in expression.terms if term.items.note)
    notes = (f"operands are {scaling} and left out of the answer", *repeated)
    return ExpressionQuery(total.astype(np.float32), np.array(sorted(rows)), metric, notes)


def is_vector(text: str) -> bool:
    """Return True for two numbers or more, separated as `parse_vector` reads them."""
    parts = _numbers(text)
    try:
        return len([float(part) for part in parts]) > 1
    except ValueError:
        return False


def parse_vector(text: str, dimensions: int) -> np.ndarray:
    """Read a pasted vector: numbers separated by commas, semicolons or blanks, or a JSON list.

    Returns
    -------
    float32, shape (dimensions,)

    Raises
    ------
    EmbeddingError
        a part is not a finite number in the range of float32, or there are more or fewer numbers
        than dimensions
    """
    parts = _numbers(text)
    vector = np.empty(len(parts), dtype=np.float32)
    for i, part in enumerate(parts):
        try:
            with np.errstate(over="ignore"):
                vector[i] = float(part)
        except ValueError:
            raise EmbeddingError(
                f"number {i + 1} of the vector is {shorten(part)!r}; expected numbers separated by "
                "commas or blanks"
            ) from None
        if not np.isfinite(vector[i]):
            raise EmbeddingError(
                f"number {i + 1} of the vector is {shorten(part)}; expected a finite number"
            )
    if len(vector) != dimensions:
        raise EmbeddingError(
            f"a vector of {len(vector):,} numbers; the set has {dimensions:,} dimensions"
        )
    return vector


def _numbers(text: str) -> list[str]:
    """Return the parts of a text that should be numbers."""
    return [part for part in _SEPARATORS.split(text.strip().strip("[]()")) if part]


def _mean(embedding_set: EmbeddingSet, items: NamedItems, scaled: bool) -> np.ndarray:
    """Return the mean of some items: float64, shape (d,).

    Scaled, it is the unit vector along the mean of their unit vectors.
    """
    rows = list(items.rows)
    vectors = embedding_set.vectors[rows].astype(np.float64)
    if not scaled:
        return vectors.mean(axis=0)
    norms = embedding_set.norms[rows]
    if not norms.all():
        raise EmbeddingError(f"{items.name!r} is a zero vector, which has no direction")
    mean = (vectors / norms[:, None]).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length <= _CANCELLED:
        raise EmbeddingError(f"the items with the label {items.name!r} cancel out")
    return mean / length


def _operands(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield sign, text and whether it is in quotes of each operand between spaced signs."""
    rest, is_first = text, True
    while rest or is_first:
        sign = 1
        if rest[:1] in _SIGNS and (not is_first or _is_spaced(rest)):
            sign, rest = _SIGNS[rest[0]], rest[1:].lstrip()
        elif not is_first:
            raise EmbeddingError(
                f"expected + or - before {shorten(rest)!r}; put a label with quotation marks in "
                "quotes, with its own doubled"
            )
        if not rest:
            raise EmbeddingError(f"{shorten(text)!r} ends with a sign; expected a label after it")
        if rest[0] in _QUOTES:
            operand, rest = _read_quoted(rest)
            yield sign, operand, True
        else:
            operand, *others = _SPACED_SIGN.split(rest, maxsplit=1)
            rest = "".join(others)
            yield sign, operand.strip(), False
        rest, is_first = rest.lstrip(), False


def _is_spaced(text: str) -> bool:
    """Return True if a blank or a quotation mark follows the sign at the start of a text."""
    return text[1:2].isspace() or text[1:2] in _QUOTES


def _read_quoted(text: str) -> tuple[str, str]:
    """Return the label in the quotes at the start of a text, and what follows them."""
    close = _QUOTES[text[0]]
    end = 1
    while True:
        end = text.find(close, end)
        if end < 0:
            raise EmbeddingError(f"the quotation mark before {shorten(text[1:])!r} is not closed")
        if text[end + 1 : end + 2] != close:
            return text[1:end].replace(2 * close, close), text[end + 1 :]
        end += 2


def _parts(operand: str) -> set[str]:
    """Return every text between two signs of an operand that may be a label."""
    pieces = re.split(f"({_SIGN})", operand)
    if len(pieces) > 2 * _MOST_SIGNS + 1:
        return set()
    starts = range(0, len(pieces), 2)
    return {"".join(pieces[i : j + 1]).strip() for i in starts for j in starts if i <= j}


def _divide(operand: str, known: Collection[str]) -> list[tuple[int, str]]:
    """Return sign and label of each part of an operand without blanks around its signs.

    Every part is a known label, the first ones as long as possible; [] if there is no such way.
    """
    pieces = re.split(f"({_SIGN})", operand)
    if len(pieces) > 2 * _MOST_SIGNS + 1:
        return []

    def read(start: int, sign: int) -> list[tuple[int, str]]:
        for end in range(len(pieces), start, -2):
            label = "".join(pieces[start:end]).strip()
            if label not in known:
                continue
            if end == len(pieces):
                return [(sign, label)]
            if rest := read(end + 1, _SIGNS[pieces[end]]):
                return [(sign, label), *rest]
        return []

    begins_with_sign = len(pieces) > 1 and not pieces[0].strip()
    return read(2, _SIGNS[pieces[1]]) if begins_with_sign else read(0, 1)


def _quoted(label: str) -> str:
    """Return a label as an expression has it: in quotes if it would be read otherwise."""
    is_plain = label and label == label.strip() and label[0] not in {*_SIGNS, *_QUOTES}
    if is_plain and not _SPACED_SIGN.search(label):
        return label
    return '"{}"'.format(label.replace('"', '""'))
