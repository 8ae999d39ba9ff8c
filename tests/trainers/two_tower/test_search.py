"""Search: collections are read exactly; queries never seen find documents by what words mean."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from embeddings import EmbeddingError, load
from server.runs.contract import sha256_of
from trainers.__main__ import main
from trainers.commands import saved_run
from trainers.core.schema import parse
from trainers.data.pairs.pairs import number_pairs
from trainers.two_tower.baselines import text_baselines
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.cranfield import read_collection
from trainers.two_tower.data import read
from trainers.two_tower.model import initial_model
from trainers.two_tower.texts import as_matrix, word_bags, word_vectors
from trainers.two_tower.train import run

DOCUMENTS = """.I 1
.T
on wings
.A
ann
.B
j. 1
.W
wings lift
  planes .
.I 2
.T
on heat
.W
heat in slabs
.I 3
.T
.W
"""
QUERIES = ".I 001\n.W\nwhat lifts\nplanes\n.I 004\n.W\nwhat heats slabs\n"


def collection(folder, queries=QUERIES, judged="1 0 1 3\r\n2 0 2 4\r\n"):
    (folder / "x.all").write_text(DOCUMENTS)
    (folder / "x.qry").write_text(queries)
    (folder / "qrels").write_text(judged)
    return folder


def test_a_collection_is_cut_at_its_ids(tmp_path):
    pairs = read_collection(collection(tmp_path))
    assert pairs.rows.tolist() == [[0, 0], [1, 1]]
    assert pairs.left.labels == ("what lifts planes", "what heats slabs")
    assert pairs.left.columns["id"].to_pylist() == ["1", "2"]
    assert pairs.right.labels == ("on wings", "on heat", "3")
    columns = {name: values.to_pylist() for name, values in pairs.right.columns.items()}
    assert columns == {
        "id": ["1", "2", "3"], "title": ["on wings", "on heat", ""], "author": ["ann", None, None],
        "bibliography": ["j. 1", None, None], "text": ["wings lift planes .", "heat in slabs", ""],
    }  # fmt: skip
    assert pairs.notes == (
        "qrels numbers the queries in the order of x.qry", "1 document without a judgment"
    )  # fmt: skip


def test_ids_are_taken_where_the_judgments_have_them(tmp_path):
    pairs = read_collection(collection(tmp_path, judged="4 1 2\n1 3 2\n"))
    assert [pairs.left.columns["id"][row].as_py() for row in pairs.rows[:, 0]] == ["4", "1"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"judged": "1 0 9 3\n"}, "qrels, line 1: there is no document 9"),
        ({"judged": "1 0 1 3\n7 0 1 3\n"}, "qrels, line 2: there is no query 7"),
        ({"judged": "1\n"}, "qrels, line 1: expected `query 0 document grade`; got '1'"),
        ({"queries": "what\n.I 1\n"}, "x.qry, line 1: expected `.I id`"),
        ({"queries": ".I 1\n.W\na\n.I 1\n"}, "x.qry, line 4: a second record with id 1"),
    ],
)
def test_errors_name_file_and_line(tmp_path, changes, message):
    with pytest.raises(EmbeddingError) as error:
        read_collection(collection(tmp_path, **changes))
    assert message in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    collection(tmp_path)
    (tmp_path / "qrels").unlink()
    with pytest.raises(EmbeddingError, match="expected one file of judgments, such as cranqrel"):
        read_collection(tmp_path)


def planted(folder, topics=6):
    """Write pages and questions of topics that share no word; return what a question's topic is.

    A question has two of its topic's four words; these stand on one page, a glossary of no topic.
    Each topic has three pages, of which the last is never judged.
    """
    asked = {t: [f"ask{t}{letter}" for letter in "abcd"] for t in range(topics)}
    pages = [f"p{t}{i},{' '.join(f'tell{t}{j} common{i}' for j in range(3))}"
             for t in range(topics) for i in range(3)]  # fmt: skip
    pages.append("glossary," + " ".join(word for words in asked.values() for word in words))
    questions = [f"q{t}{n},{a} {b} please" for t, words in asked.items()
                 for n, (a, b) in enumerate(combinations(words, 2))]  # fmt: skip
    pairs = [f"q{t}{n},p{t}{i}" for t in range(topics) for n in range(6) for i in (0, 1)]
    for name, header, lines in (("pairs", "query,page", pairs), ("pages", "page,text", pages),
                                ("queries", "query,text", questions)):  # fmt: skip
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")


def settings(folder, *more):
    return parse("two_tower", TwoTowerConfig, [
        "--data", str(folder / "pairs.csv"), "--out", str(folder / "o.embedding.parquet"),
        "--preset", "search", "--left-metadata", str(folder / "queries.csv"),
        "--right-metadata", str(folder / "pages.csv"), "--right-features", "text", "--dim", "16",
        "--batch-size", "32", "--epochs", "40", "--patience", "0", "--device", "cpu",
        "--threads", "1", "--quiet", *more,
    ])  # fmt: skip


def test_queries_never_seen_find_pages_with_which_they_share_no_word(tmp_path):
    planted(tmp_path)
    given = settings(tmp_path)
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
    planted(tmp_path)
    files = []
    for _ in range(2):
        given = settings(tmp_path, "--max-steps", "3")
        run(given)
        files.append(given.out.read_bytes())
    assert files[0] == files[1]


def some_texts():
    texts = {"a b": "alpha beta", "c": "gamma unknown", "b d": "beta delta delta",
             "b c": "beta gamma gamma gamma", "a c": "alpha gamma", "d": "delta"}  # fmt: skip
    return number_pairs(
        [("a b", "b c"), ("c", "a c"), ("b d", "d")], "t", ("l", "r"), {"name": "t"},
        left_columns={"text": texts}, right_columns={"text": texts},
    )  # fmt: skip


def test_words_weigh_as_in_scikit_learn():
    pairs = some_texts()
    (left, right), notes = word_bags(pairs, (["text"], ["text"]))
    texts = pairs.right.columns["text"].to_pylist()
    vectorizer = TfidfVectorizer(sublinear_tf=True).fit(texts)
    assert left.vocabulary == right.vocabulary == ("alpha", "beta", "delta", "gamma")
    np.testing.assert_allclose(as_matrix(right).toarray(), vectorizer.transform(texts).toarray())
    asked = vectorizer.transform(pairs.left.columns["text"].to_pylist()).toarray()
    np.testing.assert_allclose(as_matrix(left).toarray(), asked, atol=1e-6)
    assert notes == ("4 words of rs",)


def test_the_first_vectors_are_those_of_lsa():
    pairs = some_texts()
    bags, _ = word_bags(pairs, (["text"], ["text"]))
    matrix = as_matrix(bags[1]).toarray()
    words = np.linalg.svd(matrix)[2][:2].T
    near, far = (normalize(as_matrix(each) @ words) for each in bags)
    given = TwoTowerConfig(out=Path("o.parquet"), words="lsa", similarity="cosine", dim=2,
                           left_ids=False, right_ids=False)  # fmt: skip
    model = initial_model(pairs, bags, given)
    assert model.left.words is model.right.words
    left, right = model.vectors()
    np.testing.assert_allclose(left @ right.T, near @ far.T, atol=1e-5)
    lsa = text_baselines(pairs, (["text"], ["text"]), 2)["lsa"](np.arange(3))
    np.testing.assert_allclose(lsa, near @ far.T, atol=1e-5)


def test_fewer_documents_than_dimensions_leave_the_others_at_0():
    bags, _ = word_bags(some_texts(), (["text"], ["text"]))
    assert word_vectors(bags[1], 8)[:, 2:].any() == np.False_


def test_tf_idf_is_that_of_scikit_learn():
    pairs = some_texts()
    vectorizer = TfidfVectorizer()
    right = vectorizer.fit_transform(pairs.right.columns["text"].to_pylist())
    left = vectorizer.transform(pairs.left.columns["text"].to_pylist())
    found = text_baselines(pairs, (["text"], ["text"]), 2)["tfidf"](np.array([2, 0]))
    np.testing.assert_allclose(found, (left @ right.T).toarray()[[2, 0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--left-features", "body"], "no column 'body' on the query side for its words"),
        (["--left-features", ""], "--words lsa needs --left-features and --right-features"),
    ],
)
def test_errors_say_which_columns_there_are(tmp_path, changes, message):
    planted(tmp_path)
    with pytest.raises(EmbeddingError, match=message):
        run(settings(tmp_path, *changes))


def test_what_has_words_needs_no_pair_and_what_has_none_is_0(tmp_path):
    planted(tmp_path)
    with (tmp_path / "pages.csv").open("a") as file:
        file.write("blank,?\n")
    given = settings(tmp_path, "--max-steps", "1")
    pairs = read(given)
    assert pairs.right.labels[-1] == "blank"
    bags, notes = word_bags(pairs, (["text"], ["text"]))
    with torch.no_grad():
        assert (
            not initial_model(pairs, bags, given).right(torch.tensor([len(pairs.right) - 1])).any()
        )
    assert "1 page without any of the words: zero vectors" in notes


def test_cranfield(data):
    pairs = read_collection(data / "7_query_page" / "cranfield")
    assert pairs.shape == (225, 1400) and len(pairs) == 1837
    assert pairs.notes[1:] == ("476 documents without a judgment",)
    asked = dict(zip(pairs.left.columns["id"].to_pylist(), pairs.left.labels, strict=True))
    assert asked["3"].startswith("what problems of heat conduction in composite slabs")


@pytest.mark.parametrize("tower", ["table", "network"])
def test_a_new_text_has_the_vector_of_a_query_with_its_words(tmp_path, tower, capsys):
    planted(tmp_path)
    given = settings(tmp_path, "--max-steps", "9", "--tower", tower)
    run(given)
    made = load(given.out)
    text = "ASK2a, ask2c!! please?"  # those of q21, and one that no page has
    vector = saved_run.load(tmp_path / "o.run").encode_text(text)
    np.testing.assert_allclose(vector, made.vectors[made.labels.index("q21")], atol=1e-6)
    assert main(["recommend", str(given.out), "--text", text, "-k", "3", "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == "ignored, not in the vocabulary: please\n"
    found = json.loads(said.out)
    pages = np.array(made.metadata["role"].to_pylist()) == "page"
    expected = np.sort(made.vectors[pages] @ vector)[::-1][:3]
    np.testing.assert_allclose([item["similarity"] for item in found], expected, atol=1e-5)
    assert main(["encode", str(tmp_path / "o.run"), "--text", "unheard of"]) == 2
    assert "none of the words of 'unheard of'" in capsys.readouterr().err


def test_a_text_needs_the_run_that_made_the_file(tmp_path, capsys):
    planted(tmp_path)
    run(settings(tmp_path, "--max-steps", "1", "--run-dir", str(tmp_path / "other.run")))
    run(settings(tmp_path, "--max-steps", "1", "--seed", "1"))
    asked = ["recommend", str(tmp_path / "o.embedding.parquet"), "--text", "ask2a"]
    assert main(asked) == 0
    assert main([*asked, "--run-dir", str(tmp_path / "other.run")]) == 2
    assert "not the run that made the file" in capsys.readouterr().err
    assert main(asked[:2]) == 2
    assert "expected either a label or --text" in capsys.readouterr().err


def test_the_run_of_all_pairs_is_found_within_its_own(tmp_path):
    planted(tmp_path)
    given = settings(tmp_path, "--epochs", "2", "--split", "none", "--validation-fraction", "0.1")
    run(given)
    made = load(given.out)
    vector = saved_run.load(tmp_path / "o.run").encode_text("ask2a ask2c please")
    np.testing.assert_allclose(vector, made.vectors[made.labels.index("q21")], atol=1e-6)
    checkpoint = tmp_path / "o.run" / "refit" / "best.pt"
    assert made.provenance.config["checkpoint_sha256"] == sha256_of(checkpoint)
    assert main(["recommend", str(given.out), "--text", "ask2a"]) == 0
    checkpoint.unlink()  # as if it had been stopped before
    with pytest.raises(EmbeddingError, match="has not been trained on all pairs yet; continue it"):
        saved_run.load(tmp_path / "o.run")


def test_a_run_without_words_makes_no_vectors_of_texts(tmp_path):
    planted(tmp_path)
    run(TwoTowerConfig(data=tmp_path / "pairs.csv", out=tmp_path / "o.embedding.parquet",
                       max_steps=1, device="cpu", quiet=True, validation_fraction=0))  # fmt: skip
    with pytest.raises(EmbeddingError, match="cannot encode texts; give one made with"):
        saved_run.load(tmp_path / "o.run")
