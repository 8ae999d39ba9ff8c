"""Search: new queries find documents by the meaning of words."""

import numpy as np

from embeddings import load
from tests.trainers.two_tower.search_data import search_config, write_topics
from trainers.two_tower.train import run


def test_new_queries_find_pages_without_any_of_their_words(tmp_path):
    write_topics(tmp_path)
    settings = search_config(tmp_path)
    metrics = run(settings)
    assert metrics["judged_on"] == "test" and metrics["judged_pairs"] == 14  # 7 of 36 queries
    assert metrics["recall@10"] == metrics["hit@10"] == 1
    assert metrics["baselines"]["tfidf"]["mrr"] < 0.5 and metrics["baselines"]["lsa"]["mrr"] < 0.5
    assert set(metrics["baselines"]) == {"popularity", "tfidf", "lsa"}
    made = load(settings.out)
    role = np.array(made.metadata["role"].to_pylist())
    left, right = made.vectors[role == "query"], made.vectors[role == "page"]
    labels = np.array(made.labels)
    assert made.provenance.metric == "cosine" and len(right) == 19  # all pages, in a pair or not
    right, pages = right[:-1], labels[role == "page"][:-1]  # the glossary is in no batch
    for query, vector in zip(labels[role == "query"], left, strict=True):
        first = pages[np.argsort(-(right @ vector))[:3]]
        assert {page[:2] for page in first} == {f"p{query[1]}"}


def test_search_with_the_same_seed_writes_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    write_topics(tmp_path)
    files = []
    for _ in range(2):
        settings = search_config(tmp_path, "--max-steps", "3")
        run(settings)
        files.append(settings.out.read_bytes())
    assert files[0] == files[1]
