"""Texts of both sides as bags of the same words, weighted by tf-idf; the words' first vectors.

What is learned of a word on one side serves the other: a query finds documents by vectors of words
that documents have taught. The first ones are those of latent semantic analysis (Deerwester et al.,
"Indexing by latent semantic analysis", JASIS 1990): the right singular vectors of the documents'
tf-idf matrix. Before anything is learned, a vector is thus that of LSA.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.extmath import randomized_svd

from embeddings.errors import EmbeddingError
from trainers.data.pairs.pairs import Pairs, Side, role_count
from trainers.data.pairs.side_tables import WeightedBags

Names = tuple[Sequence[str], Sequence[str]]
"""The columns of text of the left and of the right side."""


def texts_of(side: Side, names: Sequence[str]) -> list[str]:
    """Return the text of each item: its columns of these names, one after the other.

    Raises
    ------
    EmbeddingError
        there is no such column
    """
    for name in names:
        if name not in side.columns:
            have = ", ".join(side.columns) or "none"
            raise EmbeddingError(
                f"no column {name!r} of the {side.role} side for its words; its columns: {have}"
            )
    columns = [side.columns[name].cast(pa.string()).to_pylist() for name in names]
    return [" ".join(value or "" for value in values) for values in zip(*columns, strict=True)]


def word_bags(
    pairs: Pairs, names: Names
) -> tuple[tuple[WeightedBags, WeightedBags], tuple[str, ...]]:
    """Return the words of both sides, and notes; the words are those of the right side.

    A word weighs (1 + log count) * idf; the weights of an item have length 1.

    Raises
    ------
    EmbeddingError
        there is no such column, or the right side has no word
    """
    left, right = (texts_of(side, of) for side, of in zip((pairs.left, pairs.right), names,
                                                          strict=True))  # fmt: skip
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    if not any(vectorizer.build_analyzer()(text) for text in right):
        raise EmbeddingError(
            f"no {pairs.right.role} has a word in {', '.join(names[1])}; words have two letters"
        )
    there = vectorizer.fit_transform(right).astype(np.float32)
    asked = vectorizer.transform(left).astype(np.float32)
    vocabulary = tuple(vectorizer.get_feature_names_out())
    notes = [f"{len(vocabulary):,} words of {role_count(2, pairs.right.role)[2:]}"]
    for side, matrix in ((pairs.left, asked), (pairs.right, there)):
        empty = int((np.diff(matrix.indptr) == 0).sum())
        if empty:
            notes.append(f"{role_count(empty, side.role)} without any of the words: vectors of 0")
    return (_bags(asked, vocabulary), _bags(there, vocabulary)), tuple(notes)


def word_vectors(documents: WeightedBags, width: int) -> np.ndarray:
    """Return the first vectors of words, float32 of shape (words, width), by LSA.

    Further columns than there are singular vectors are 0.
    """
    matrix = as_matrix(documents)
    rank = min(width, *(count - 1 for count in matrix.shape))
    found = np.zeros((matrix.shape[1], width), dtype=np.float32)
    if rank > 0:
        found[:, :rank] = randomized_svd(matrix, rank, random_state=0)[2].T
    return found


def idf(documents: WeightedBags) -> np.ndarray:
    """Return log((1 + documents) / (1 + those with the word)) + 1 of each word: float32."""
    count = len(documents.offsets) - 1
    having = np.bincount(documents.tokens, minlength=len(documents.vocabulary))
    return (np.log((1 + count) / (1 + having)) + 1).astype(np.float32)


def as_matrix(bags: WeightedBags) -> sparse.csr_matrix:
    """Return the bags as a matrix, float32: a row an item, a column a word."""
    shape = (len(bags.offsets) - 1, len(bags.vocabulary))
    return sparse.csr_matrix((bags.weights, bags.tokens, bags.offsets), shape=shape)


def _bags(matrix: sparse.csr_matrix, vocabulary: tuple[str, ...]) -> WeightedBags:
    matrix.sort_indices()
    return WeightedBags(
        vocabulary,
        matrix.indices.astype(np.int64),
        matrix.indptr.astype(np.int64),
        matrix.data.astype(np.float32),
    )
