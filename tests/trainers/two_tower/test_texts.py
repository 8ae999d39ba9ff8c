"""Texts as bags of words: weights and initial vectors equal plain references."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from embeddings import EmbeddingError
from tests.trainers.two_tower.search_data import search_config, write_topics
from trainers.data.pairs.pairs import number_pairs
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import read
from trainers.two_tower.model import initial_model
from trainers.two_tower.text_baselines import best_tfidf, text_baselines, tfidf_scores
from trainers.two_tower.texts import as_matrix, word_bags, word_vectors
from trainers.two_tower.train import run


def some_texts():
    texts = {"a b": "alpha beta", "c": "gamma unknown", "b d": "beta delta delta",
             "b c": "beta gamma gamma gamma", "a c": "alpha gamma", "d": "delta"}  # fmt: skip
    return number_pairs(
        [("a b", "b c"), ("c", "a c"), ("b d", "d")], "t", ("l", "r"), {"name": "t"},
        left_columns={"text": texts}, right_columns={"text": texts},
    )  # fmt: skip


def test_word_weights_equal_scikit_learns():
    pairs = some_texts()
    (left, right), notes = word_bags(pairs, (["text"], ["text"]))
    texts = pairs.right.columns["text"].to_pylist()
    vectorizer = TfidfVectorizer(sublinear_tf=True).fit(texts)
    assert left.vocabulary == right.vocabulary == ("alpha", "beta", "delta", "gamma")
    np.testing.assert_allclose(as_matrix(right).toarray(), vectorizer.transform(texts).toarray())
    expected = vectorizer.transform(pairs.left.columns["text"].to_pylist()).toarray()
    np.testing.assert_allclose(as_matrix(left).toarray(), expected, atol=1e-6)
    assert notes == ("4 words of rs",)


def test_initial_vectors_equal_lsa():
    pairs = some_texts()
    bags, _ = word_bags(pairs, (["text"], ["text"]))
    matrix = as_matrix(bags[1]).toarray()
    words = np.linalg.svd(matrix)[2][:2].T
    near, far = (normalize(as_matrix(each) @ words) for each in bags)
    settings = TwoTowerConfig(out=Path("o.parquet"), words="lsa", similarity="cosine", dim=2,
                           left_ids=False, right_ids=False)  # fmt: skip
    model = initial_model(pairs, bags, settings)
    assert model.left.words is model.right.words
    left, right = model.vectors()
    np.testing.assert_allclose(left @ right.T, near @ far.T, atol=1e-5)
    lsa = text_baselines(pairs, (["text"], ["text"]), 2, pairs.rows)[0]["lsa"](np.arange(3))
    np.testing.assert_allclose(lsa, near @ far.T, atol=1e-5)


def test_dimensions_beyond_the_number_of_documents_are_0():
    bags, _ = word_bags(some_texts(), (["text"], ["text"]))
    assert word_vectors(bags[1], 8)[:, 2:].any() == np.False_


def test_tf_idf_equals_scikit_learns():
    pairs = some_texts()
    vectorizer = TfidfVectorizer()
    right = vectorizer.fit_transform(pairs.right.columns["text"].to_pylist())
    left = vectorizer.transform(pairs.left.columns["text"].to_pylist())
    texts = (each.columns["text"].to_pylist() for each in (pairs.left, pairs.right))
    found = tfidf_scores(TfidfVectorizer(), *texts)(np.array([2, 0]))
    np.testing.assert_allclose(found, (left @ right.T).toarray()[[2, 0]])


def test_the_settings_of_tf_idf_are_those_that_rank_the_training_pairs_best():
    """A stop word that only wrong documents share misleads, unless it is left out."""
    lefts = ["the alpha", "the beta"]
    rights = ["alpha one two three four", "beta one two three four", "the", "the"]
    pairs = np.array([[0, 0], [1, 1]])
    score, settings = best_tfidf(lefts, rights, pairs)
    assert settings == "1 + log(count), without stop words, all words"
    assert score(np.arange(2)).argmax(axis=1).tolist() == [0, 1]
    toward_the = np.array([[0, 2], [0, 3], [1, 2], [1, 3]])
    assert "with stop words" in best_tfidf(lefts, rights, toward_the)[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--left-features", "body"], "no column 'body' on the query side for its words"),
        (["--left-features", ""], "--words lsa needs --left-features and --right-features"),
    ],
)
def test_missing_feature_columns_are_refused(tmp_path, changes, message):
    write_topics(tmp_path)
    with pytest.raises(EmbeddingError, match=message):
        run(search_config(tmp_path, *changes))


def test_items_with_words_need_no_pair_and_items_without_are_0(tmp_path):
    write_topics(tmp_path)
    with (tmp_path / "pages.csv").open("a") as file:
        file.write("blank,?\n")
    settings = search_config(tmp_path, "--max-steps", "1")
    pairs = read(settings)
    assert pairs.right.labels[-1] == "blank"
    bags, notes = word_bags(pairs, (["text"], ["text"]))
    with torch.no_grad():
        assert (
            not initial_model(pairs, bags, settings)
            .right(torch.tensor([len(pairs.right) - 1]))
            .any()
        )
    assert "1 page without any of the words: zero vectors" in notes
