"""Texts of both sides as tf-idf bags of shared words, and initial word vectors from LSA.

Both sides share one vector per word, so a query can find documents through words that only
documents taught. The vectors start as those of latent semantic analysis (Deerwester et al.,
"Indexing by latent semantic analysis", JASIS 1990): the right singular vectors of the documents'
tf-idf matrix. Before training, the vector of a text is therefore its LSA vector.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.extmath import randomized_svd

from embeddings.errors import EmbeddingError
from trainers.data.pairs.pairs import Pairs, Side, plural, role_count
from trainers.data.pairs.side_tables import WeightedBags

TextColumns = tuple[Sequence[str], Sequence[str]]
"""Names of the text columns of the left and of the right side."""


def texts_of(side: Side, columns: Sequence[str]) -> list[str]:
    """Return the text of each item: its text columns, joined by spaces.

    Raises
    ------
    EmbeddingError
        a column does not exist
    """
    for name in columns:
        if name not in side.columns:
            existing = ", ".join(side.columns) or "none"
            raise EmbeddingError(
                f"no column {name!r} on the {side.role} side for its words; its columns: {existing}"
            )
    values = [side.columns[name].cast(pa.string()).to_pylist() for name in columns]
    return [" ".join(value or "" for value in row) for row in zip(*values, strict=True)]


def word_bags(
    pairs: Pairs, columns: TextColumns
) -> tuple[tuple[WeightedBags, WeightedBags], tuple[str, ...]]:
    """Return the bags of words of both sides, and notes. The vocabulary is the right side's.

    A word has the weight (1 + log count) * idf; the weights of an item have Euclidean length 1.

    Raises
    ------
    EmbeddingError
        a column does not exist, or the right side has no words
    """
    left_texts, right_texts = texts_of(pairs.left, columns[0]), texts_of(pairs.right, columns[1])
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    if not any(vectorizer.build_analyzer()(text) for text in right_texts):
        raise EmbeddingError(
            f"no {pairs.right.role} has a word in {', '.join(columns[1])}; words have at least two "
            "letters"
        )
    right = vectorizer.fit_transform(right_texts).astype(np.float32)  # (rights, words)
    left = vectorizer.transform(left_texts).astype(np.float32)  # (lefts, words)
    vocabulary = tuple(vectorizer.get_feature_names_out())
    notes = [f"{len(vocabulary):,} words of {plural(pairs.right.role)}"]
    for side, matrix in ((pairs.left, left), (pairs.right, right)):
        empty = int((np.diff(matrix.indptr) == 0).sum())
        if empty:
            notes.append(f"{role_count(empty, side.role)} without any of the words: zero vectors")
    return (_bags(left, vocabulary), _bags(right, vocabulary)), tuple(notes)


def word_vectors(documents: WeightedBags, width: int) -> np.ndarray:
    """Return the LSA vectors of the words: float32, shape (words, width).

    Columns beyond the number of singular vectors are 0.
    """
    matrix = as_matrix(documents)  # (documents, words)
    rank = min(width, *(count - 1 for count in matrix.shape))
    vectors = np.zeros((matrix.shape[1], width), dtype=np.float32)
    if rank > 0:
        vectors[:, :rank] = randomized_svd(matrix, rank, random_state=0)[2].T
    return vectors


def idf(documents: WeightedBags) -> np.ndarray:
    """Return log((1 + documents) / (1 + documents with the word)) + 1: float32, shape (words,)."""
    count = len(documents.offsets) - 1
    with_word = np.bincount(documents.tokens, minlength=len(documents.vocabulary))  # (words,)
    return (np.log((1 + count) / (1 + with_word)) + 1).astype(np.float32)


def as_matrix(bags: WeightedBags) -> sparse.csr_matrix:
    """Return the bags as a matrix with a row per item and a column per word: float32."""
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
