"""Search: new queries find documents by the meaning of words."""

import numpy as np

from embeddings import load
from tests.trainers.two_tower.search_data import search_config, write_topics
from trainers.two_tower.train import run


def test_queries_never_seen_find_pages_with_which_they_share_no_word(tmp_path):
    write_topics(tmp_path)
    given = search_config(tmp_path)
    told = run(given)
    assert told["judged_on"] == "test" and told["judged_pairs"] == 14  # 7 of 36 queries
    assert told["recall@10"] == told["hit@10"] == 1
    assert told["baselines"]["tfidf"]["mrr"] < 0.5 and told["baselines"]["lsa"]["mrr"] < 0.5
    assert set(told["baselines"]) == {"popularity", "tfidf", "lsa"}
    made = load(given.out)
    role = np.array(made.metadata["role"].to_pylist())
    left, right = made.vectors[role == "query"], made.vectors[role == "page"]
    labels = np.array(made.labels)
    assert made.provenance.metric == "cosine" and len(right) == 19  # all pages, judged or not
    right, pages = right[:-1], labels[role == "page"][:-1]  # the glossary is in no batch
    for query, vector in zip(labels[role == "query"], left, strict=True):
        first = pages[np.argsort(-(right @ vector))[:3]]
        assert {page[:2] for page in first} == {f"p{query[1]}"}


def test_same_seed_same_bytes_of_search(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    write_topics(tmp_path)
    files = []
    for _ in range(2):
        given = search_config(tmp_path, "--max-steps", "3")
        run(given)
        files.append(given.out.read_bytes())
    assert files[0] == files[1]
