"""Interest: a user's vector excludes the target, and the file ranks as the dot product does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embeddings import EmbeddingError, EmbeddingSet, load, save
from trainers.core.devices import start
from trainers.data.bags import Bags
from trainers.data.pairs.pairs import distinct_titles
from trainers.interest.config import InterestConfig
from trainers.interest.data import read
from trainers.interest.train import InterestTask, run, train

CLICKS = "user,item\n" + "".join(
    f"u{user},{item}\n" for user in range(6) for item in range(8) if (user + item) % 2
)
ITEMS = "item,year,title\n" + "".join(
    f"{item},{2000 + item},{'even' if item % 2 == 0 else 'odd'} word{item}\n" for item in range(9)
)


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return InterestConfig(out=tmp_path / "out.embedding.parquet", **changes)


@pytest.fixture(autouse=True)
def work_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "clicks.csv").write_text(CLICKS)
    (tmp_path / "items.csv").write_text(ITEMS)
    return config(
        tmp_path, data=tmp_path / "clicks.csv", titles=tmp_path / "items.csv", dim=4, epochs=3
    )


def task_of(settings) -> InterestTask:
    clicks = read(settings)
    return InterestTask(clicks, clicks.pairs.rows, clicks.pairs.rows[:0], settings)


def words_of_titles(task, documents) -> torch.Tensor:
    return task.module.titles.take(torch.as_tensor(documents)).items


def test_a_users_vector_excludes_the_target(settings):
    """It is the mean of the other documents read, whatever the words of the target."""
    task = task_of(settings)
    batch = task.batch(0, 0)
    table = task.module.learned.detach()
    user, document = task.module.vectors(batch["users"], batch["documents"])
    for row, (who, shown) in enumerate(zip(batch["users"], batch["documents"], strict=True)):
        read_before = [
            item for reader, item in task.train_clicks if reader == who and item != shown[0]
        ]
        assert len(read_before) == (task.train_clicks[:, 0] == who.item()).sum() - 1
        expected = table[words_of_titles(task, read_before)].mean(dim=0)
        torch.testing.assert_close(user[row], expected)
        for column, item in enumerate(shown):
            expected = table[words_of_titles(task, [item])].mean(dim=0)
            torch.testing.assert_close(document[row, column], expected)

    target = batch["documents"][0, 0]
    (own,) = [word for word in words_of_titles(task, [target]) if word not in words_of_titles(
        task, [other for other in range(9) if other != target])]  # fmt: skip
    with torch.no_grad():
        task.module.learned[own] += 100
    other, moved = task.module.vectors(batch["users"], batch["documents"])
    torch.testing.assert_close(other[0], user[0], atol=1e-4, rtol=0)
    assert (moved[0, 0] - document[0, 0]).min() > 40


def test_a_users_vector_excludes_held_out_clicks(settings):
    clicks = read(settings)
    rows = clicks.pairs.rows
    task = InterestTask(clicks, rows[1:], rows[:1], settings)
    user, _ = task.module.means(task.module.reads)
    read_before = rows[1:][rows[1:, 0] == rows[0, 0], 1]
    assert rows[0, 1] not in read_before
    expected = task.module.learned.detach()[words_of_titles(task, read_before)].mean(dim=0)
    torch.testing.assert_close(user[rows[0, 0]], expected)


def test_negatives_are_documents_that_the_user_has_not_read(settings):
    task = task_of(replace(settings, negatives=7))
    known = {tuple(row) for row in task.train_clicks.tolist()}
    for step in range(task.steps_per_epoch):
        batch = task.batch(0, step)
        for user, (clicked, *others) in zip(
            batch["users"].tolist(), batch["documents"].tolist(), strict=True
        ):
            assert (user, clicked) in known and len(others) == 7
            assert not any((user, other) in known for other in others)


def test_the_network_ranks_all_documents_as_it_rates_pairs(settings):
    task = task_of(settings)
    user, document = task.module.means(task.module.reads)
    users = np.array([4, 1])
    for name, rate in (("network", task.module.by_network), ("dot product", task.module.by_dot)):
        found = task.score_functions()[name](users)
        with torch.no_grad():
            expected = rate(user[users][:, None], document[None])  # (2, documents)
        difference = expected.numpy() - found
        if name == "network":  # all but the bias of the last layer
            np.testing.assert_allclose(difference, difference[0, 0], atol=1e-5)
        np.testing.assert_array_equal(np.argsort(-expected.numpy()), np.argsort(-found))


def test_the_file_ranks_as_the_dot_product_does(settings):
    clicks = read(settings)
    made, _ = train(clicks, settings, start(settings))
    users, documents = clicks.pairs.shape
    assert len(made) == users + documents and made.provenance.metric == "dot"
    assert made.metadata.column("role").to_pylist() == ["user"] * users + ["item"] * documents
    table = made.vectors[:users] @ made.vectors[users:].T
    task = InterestTask(clicks, clicks.pairs.rows, clicks.pairs.rows[:0], settings)
    state = torch.load(settings.run_folder / "best.pt", weights_only=False)
    task.module.load_state_dict(next(value for value in state.values() if isinstance(value, dict)))
    np.testing.assert_allclose(
        task.score_functions()["dot product"](np.arange(users)), table, atol=1e-6
    )


def test_the_file_holds_titles_and_known_documents(settings):
    metrics = run(settings)
    made = load(settings.out)
    columns = made.metadata.to_pydict()
    assert made.labels[:2] == ("u0", "u1") and "even word8" in made.labels
    row = made.labels.index("even word8")  # nobody has clicked it
    assert columns["count"][row] == 0 and columns["key"][row] == "8"
    assert columns["year"][row] == 2008 and columns["year"][0] is None
    assert set(columns["known"][0]) == {f"odd word{item}" for item in (1, 3, 5, 7)}
    assert metrics["items"] == {"user": 6, "item": 9} and metrics["clicks"] == 24
    assert {f"{what} of {who}" for what in ("auc", "ndcg@10")
            for who in ("dot product", "network", "popularity")} <= metrics.keys()  # fmt: skip


def test_pretrained_words_stay_fixed_and_missing_ones_are_learned(settings, tmp_path):
    vectors = np.eye(3, dtype=np.float32)
    save(EmbeddingSet.of(vectors, ["Even", "odd", "other"]), tmp_path / "w.embedding.parquet")
    settings = replace(settings, words=tmp_path / "w.embedding.parquet", dim=50)
    clicks = read(settings)
    assert clicks.words[-2:] == ("even", "odd") or clicks.words[-2:] == ("odd", "even")
    assert "2 of 11 words of the titles have a vector in --words" in clicks.pairs.notes[-2]
    task = task_of(settings)
    assert task.dim == 3 and task.module.learned.shape == (9, 3) and not task.module.learned.any()
    metrics = run(settings)
    state = torch.load(settings.run_folder / "best.pt", weights_only=False)
    state = next(value for value in state.values() if isinstance(value, dict))
    assert state["learned"].any()
    np.testing.assert_array_equal(state["given"].numpy(), vectors[:2][::1 if
        clicks.words[-2] == "even" else -1])  # fmt: skip
    assert metrics["words_given"] == 2
    tuned = task_of(replace(settings, tune=True))
    assert tuned.module.learned.shape == (11, 3) and len(tuned.module.given) == 0
    with pytest.raises(EmbeddingError, match="tune = True; expected --words"):
        config(tune=True)


def test_word_vectors_that_match_no_title_are_refused(settings, tmp_path):
    save(EmbeddingSet.of(np.eye(2), ["x", "y"]), tmp_path / "w.embedding.parquet")
    with pytest.raises(EmbeddingError, match=r"none of the 11 words of the titles.*'x'"):
        read(replace(settings, words=tmp_path / "w.embedding.parquet"))


def test_titles_that_match_no_click_are_refused(settings, tmp_path):
    (tmp_path / "items.csv").write_text("item,title\na,one two\nb,three\n")
    with pytest.raises(EmbeddingError, match="none of the clicked documents has a title"):
        read(settings)
    with pytest.raises(EmbeddingError, match="no column 'name'; it has title"):
        read(replace(settings, title="name"))


def test_without_titles_the_keys_are_the_titles(settings):
    clicks = read(replace(settings, titles=None))
    assert clicks.pairs.right.labels[0] == "1" and "1" in clicks.words


def test_labels_are_distinct():
    assert distinct_titles(["Emma", "Emma", "", "One"], ["1", "2", "3", "4"]) == [
        "Emma [1]", "Emma [2]", "3", "One",
    ]  # fmt: skip


def test_a_user_who_read_everything_has_no_training_examples(settings, tmp_path):
    clicks = "user,item\n" + "".join(f"all,{item}\n" for item in range(9)) + "one,1\none,2\n"
    (tmp_path / "clicks.csv").write_text(clicks)
    task = task_of(settings)
    assert task.clicks.tolist() == [[1, 1], [1, 2]] and len(task.train_clicks) == 11


def test_synthetic_topics_are_recovered(tmp_path):
    metrics = run(config(tmp_path, epochs=3))
    assert metrics["auc of dot product"] >= 0.9 and metrics["auc of network"] >= 0.9
    assert metrics["auc of popularity"] < 0.6
    made = load(tmp_path / "out.embedding.parquet")
    topic = np.array(made.metadata.column("topic").to_pylist())
    role = np.array(made.metadata.column("role").to_pylist())
    near = made.vectors[role == "user"] @ made.vectors[role == "document"].T
    first = topic[role == "document"][near.argmax(axis=1)]
    assert (first == topic[role == "user"]).mean() >= 0.9


def test_users_without_words_have_a_zero_vector(settings):
    task = task_of(settings)
    without_words = Bags.grouped(np.empty((0, 2), np.int64), 6)
    user, _ = task.module.means(without_words)
    assert not user.any()
