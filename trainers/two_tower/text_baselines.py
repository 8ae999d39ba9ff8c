"""Baselines of search: what ranks by words without having learned who answers whom."""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from trainers.data.pairs.pairs import Pairs
from trainers.metrics.ranking import Closeness
from trainers.two_tower.texts import Names, as_matrix, texts_of, word_bags, word_vectors


def text_baselines(pairs: Pairs, names: Names, dim: int) -> dict[str, Closeness]:
    """Return tf-idf, as scikit-learn has it, and LSA.

    dim : components of LSA
    """
    left, right = (texts_of(side, of) for side, of in zip((pairs.left, pairs.right), names,
                                                          strict=True))  # fmt: skip
    vectorizer = TfidfVectorizer()
    there = vectorizer.fit_transform(right)
    asked = vectorizer.transform(left)
    (queries, documents), _ = word_bags(pairs, names)
    words = word_vectors(documents, dim)
    near, far = (normalize(as_matrix(bags) @ words) for bags in (queries, documents))
    return {
        "tfidf": lambda lefts: (asked[lefts] @ there.T).toarray(),
        "lsa": lambda lefts: near[lefts] @ far.T,
    }
