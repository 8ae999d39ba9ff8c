"""Queries written as text: how expressions are read, their vectors, and pasted vectors."""

import re

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, neighbors
from embeddings.analysis.algebra import evaluate, is_vector, parse_expression, parse_vector

LABELS = ["king", "man", "woman", "well-known", "well", "known", "New York", "-", "a - b", 'x "y"',
          "+5", "bank", "bank", "o'clock", "#3", "man-made"]  # fmt: skip


def read(text, labels=LABELS):
    """Return the signs and labels of an expression as one text: +king -man."""
    terms = parse_expression(text, labels).terms
    return " ".join(f"{'+-'[term.sign < 0]}{term.items.name}" for term in terms)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("king - man + woman", "+king -man +woman"),
        ("  king-man+woman ", "+king -man +woman"),
        ("king \N{MINUS SIGN} man", "+king -man"),
        ("- man + king", "-man +king"),
        ("-man+king", "-man +king"),
        ("king", "+king"),
        ("well-known - king", "+well-known -king"),
        ("well - known", "+well -known"),
        ("king-well-known", "+king -well-known"),  # the first label is as long as possible
        ("well-known-king", "+well-known -king"),
        ("man-made-man", "+man-made -man"),
        ("New York - king", "+New York -king"),
        ('"New York"-king', "+New York -king"),
        ('king - "a - b"', "+king -a - b"),
        ("a - b", "+a - b"),  # the whole text is a label
        ("“New York” + king", "+New York +king"),
        ('"x ""y""" - king', '+x "y" -king'),
        ('king - x "y"', '+king -x "y"'),
        ("king - - + man", "+king -- +man"),
        ("+5 - king", "++5 -king"),
        ("king - #1 + #3", "+king -#1 +#3"),
        ("o'clock + KING", "+o'clock +KING"),
        ("king + king - man", "+king +king -man"),
    ],
)
def test_expressions_are_read(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty expression"),
        ("king -", "ends with a sign"),
        ("king - knig", "no item has the label 'knig'; close to it: king"),
        ("king-knig", "no item has the label 'king-knig'"),
        ('king - "New York', "the quotation mark before 'New York' is not closed"),
        ('"king" man', "expected + or - before 'man'"),
        ("-".join(["king"] * 40), "no item has the label"),
    ],
)
def test_mistakes_name_the_operand(text, message):
    with pytest.raises(EmbeddingError, match=re.escape(message)):
        parse_expression(text, LABELS)


def test_the_text_of_an_expression_reads_back():
    random = np.random.default_rng(0)
    labels = [label for label in LABELS if label != "a - b"]
    for _ in range(200):
        names = random.choice(labels, random.integers(1, 5))
        quoted = ['"{}"'.format(name.replace('"', '""')) for name in names]
        signs = random.choice(["+", "-"], len(names))
        text = " ".join(f"{sign} {name}" for sign, name in zip(signs, quoted, strict=True))
        expression = parse_expression(text, labels)
        assert parse_expression(expression.text, labels) == expression


def test_by_cosine_operands_have_unit_length():
    vectors = np.array([[3, 4, 0], [0, 0.5, 0], [0, 0, 7], [1, 1, 1]], dtype=np.float32)
    embedding_set = EmbeddingSet.of(vectors, ["a", "b", "c", "d"], metric="cosine")
    query = evaluate(embedding_set, parse_expression("a - b + c", embedding_set.labels))
    np.testing.assert_allclose(query.vector, [0.6, 0.8 - 1.0, 1.0], rtol=1e-6)
    assert query.excluded.tolist() == [0, 1, 2]
    assert query.candidates(4).tolist() == [False, False, False, True]
    assert (query.metric, query.notes) == (
        "cosine", ("operands are scaled to unit length and left out of the answer",),
    )  # fmt: skip


def test_the_answer_maximizes_the_sum_of_cosines():
    """3CosAdd, written out: cos(x, a) - cos(x, b) + cos(x, c) over all x but a, b and c."""
    random = np.random.default_rng(1)
    vectors = (random.normal(size=(40, 6)) * random.uniform(0.1, 9, size=(40, 1))).astype(
        np.float32
    )
    embedding_set = EmbeddingSet.of(vectors, metric="cosine")
    query = evaluate(embedding_set, parse_expression("#3 - #7 + #9", ["x"] * 40))
    found = neighbors.query_vectors(
        embedding_set, query.vector, 5, query.metric, query.candidates(40)
    )
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    score = cosines[:, 3] - cosines[:, 7] + cosines[:, 9]
    score[[3, 7, 9]] = -np.inf
    assert found.rows.tolist() == np.argsort(-score)[:5].tolist()


def test_by_a_distance_operands_are_not_scaled():
    vectors = np.array([[10, 0], [10, 10], [30, 0], [30, 9], [1, 1]], dtype=np.float32)
    embedding_set = EmbeddingSet.of(vectors, list("abcde"), metric="euclidean")
    query = evaluate(embedding_set, parse_expression("b - a + c", embedding_set.labels))
    np.testing.assert_array_equal(query.vector, [30, 10])
    found = neighbors.query_vectors(embedding_set, query.vector, 1, None, query.candidates(5))
    assert found.rows.tolist() == [3]
    assert query.notes == ("operands are not scaled and left out of the answer",)
    assert evaluate(
        embedding_set, parse_expression("b - a + c", embedding_set.labels), "cosine"
    ).notes == ("operands are scaled to unit length and left out of the answer",)


def test_a_repeated_label_is_the_mean_direction_of_its_items():
    vectors = np.array([[2, 0], [0, 8], [1, 0.1]], dtype=np.float32)
    embedding_set = EmbeddingSet.of(vectors, ["bank", "bank", "river"], metric="cosine")
    query = evaluate(embedding_set, parse_expression("bank", embedding_set.labels))
    np.testing.assert_allclose(query.vector, [0.5**0.5] * 2, rtol=1e-6)
    assert query.excluded.tolist() == [0, 1]
    assert query.notes[1:] == ("bank: mean of 2 items",)


def test_operands_without_a_direction_are_refused():
    vectors = np.array([[0, 0], [1, 0], [-1, 0]], dtype=np.float32)
    embedding_set = EmbeddingSet.of(vectors, ["zero", "two", "two"], metric="cosine")
    for text, message in (
        ("two - two", "'two' cancel out"),
        ("zero + two", "'zero' is a zero vector"),
        ("#1 - #1", "#1 - #1: the operands cancel out"),
    ):
        with pytest.raises(EmbeddingError, match=message):
            evaluate(embedding_set, parse_expression(text, embedding_set.labels))


def test_king_minus_man_plus_woman_is_queen(data):
    folder = data / "emb" / "glove"
    glove = load(folder / "glove_6B_50d_top10k.npy", [folder / "glove_6B_50d_top10k_labels.tsv"])
    query = evaluate(glove, parse_expression("king - man + woman", glove.labels))
    rows, _ = neighbors.query_vectors(glove, query.vector, 3, None, query.candidates(len(glove)))
    assert glove.labels[rows[0]] == "queen"


@pytest.mark.parametrize(
    "text",
    ["1, -2.5, 3e2", "1 -2.5 300", "[1, -2.5, 300]", "[ 1.  -2.5\n 300. ]", "1;-2.5;300",
     "(1.0,\t-2.50, 3e+2)\n"],
)  # fmt: skip
def test_a_pasted_vector_is_read(text):
    found = parse_vector(text, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [1, -2.5, 300])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1, 2", True), ("[0.5 -1e3]", True), ("1 nan", True), ("1", False), ("", False),
     ("1 - 2", False), ("king - man", False)],
)  # fmt: skip
def test_two_numbers_and_more_are_a_vector(text, expected):
    assert is_vector(text) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1, 2", "a vector of 2 numbers; the set has 3 dimensions"),
        ("1 2 3 4", "a vector of 4 numbers; the set has 3 dimensions"),
        ("", "a vector of 0 numbers"),
        ("1, two, 3", "number 2 of the vector is 'two'; expected numbers"),
        ("1, nan, 3", "number 2 of the vector is nan; expected a finite number"),
        ("1, 2, 1e39", "number 3 of the vector is 1e39; expected a finite number"),
    ],
)
def test_a_vector_that_does_not_fit_is_refused(text, message):
    with pytest.raises(EmbeddingError, match=message):
        parse_vector(text, 3)
