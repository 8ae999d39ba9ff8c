"""Texts find the images that they describe, also of combinations not seen in training."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embeddings import EmbeddingError, load
from server.runs.contract import sha256_of
from trainers.__main__ import main
from trainers.commands import load_run
from trainers.image_text.config import ImageTextConfig
from trainers.image_text.data import captioned_digits, hold_out
from trainers.image_text.metrics import candidates, recalls
from trainers.image_text.model import MIN_TEMPERATURE, Towers, contrastive
from trainers.image_text.synthetic import synthetic_shapes
from trainers.image_text.train import ImageTextTask, run

ROOT = Path(__file__).parents[3]


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return ImageTextConfig(out=tmp_path / "out.embedding.parquet", **changes)


def by_hand(images, texts, temperature, alike):
    """Return the loss of each pair, written out: float64, shape (n,)."""
    losses = []
    for i in range(len(images)):
        others = [j for j in range(len(images)) if j == i or not alike[i][j]]
        halves = []
        for one, other in ((images, texts), (texts, images)):
            exponentials = [math.exp(float(one[i] @ other[j]) / temperature) for j in others]
            halves.append(-math.log(exponentials[others.index(i)] / sum(exponentials)))
        losses.append(sum(halves) / 2)
    return np.array(losses)


def unit(seed, rows=5, dim=3):
    vectors = np.random.default_rng(seed).normal(size=(rows, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


MEANING = [0, 1, 0, 2, 3]
ALIKE = np.equal.outer(MEANING, MEANING)


def test_the_loss_equals_a_formula_written_out_by_hand():
    images, texts = unit(0), unit(1)
    for alike in (np.eye(5, dtype=bool), ALIKE):
        expected = by_hand(images, texts, 0.2, alike)
        batch = [torch.from_numpy(each) for each in (images, texts, np.array(5.0), alike)]
        for own in (slice(0, 5), slice(0, 2), slice(2, 5)):
            assert contrastive(*batch, own).item() == pytest.approx(expected[own].sum(), rel=1e-12)


TWO = """
import json, sys, torch, torch.distributed as dist
from trainers.core.devices import all_gather_with_grad
from trainers.image_text.model import contrastive
torch.set_default_dtype(torch.float64)
batch = {name: torch.tensor(values) for name, values in json.loads(sys.argv[1]).items()}
dist.init_process_group("gloo")
own = [slice(0, 2), slice(2, 5)][dist.get_rank()]
vectors = torch.cat([batch["images"], batch["texts"]], dim=1).requires_grad_()
log_scale = torch.tensor(5.0).log().requires_grad_()
whole = all_gather_with_grad(torch.tanh(vectors[own]), own, 5)
loss = contrastive(*whole.chunk(2, dim=1), log_scale.exp(), batch["alike"], own)
loss.backward()
results = [loss.detach(), vectors.grad, log_scale.grad]
for each in results:
    dist.all_reduce(each)
if dist.get_rank() == 0:
    print(json.dumps([each.tolist() for each in results]))
dist.destroy_process_group()
"""


def test_two_processes_have_the_loss_and_gradient_of_the_whole_batch(tmp_path):
    (tmp_path / "two.py").write_text(TWO)
    images, texts = unit(0), unit(1)
    batch = json.dumps({"images": images.tolist(), "texts": texts.tolist(),
                        "alike": ALIKE.tolist()})  # fmt: skip
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2",
               "--standalone", str(tmp_path / "two.py"), batch]  # fmt: skip
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    two_loss, *two = json.loads(done.stdout)
    vectors = torch.from_numpy(np.hstack([images, texts])).requires_grad_()
    log_scale = torch.tensor(5.0, dtype=torch.float64).log().requires_grad_()
    whole = torch.tanh(vectors).chunk(2, dim=1)
    loss = contrastive(*whole, log_scale.exp(), torch.from_numpy(ALIKE), slice(0, 5))
    loss.backward()
    one_loss, one = loss.item(), [vectors.grad.numpy(), log_scale.grad.numpy()]
    expected = by_hand(np.tanh(images), np.tanh(texts), 0.2, ALIKE).sum()
    assert one_loss == pytest.approx(expected, rel=1e-12)
    assert two_loss == pytest.approx(expected, rel=1e-12)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-10, atol=1e-12)
    assert np.abs(one[0]).min() > 0  # every row has a gradient


def test_the_loss_of_a_batch_follows_from_its_vectors():
    task = ImageTextTask(captioned_digits(), config(dim=8))
    batch = task.batch(0, 0)
    size = len(batch["pixels"])
    with torch.no_grad():
        loss, count = task.loss_sum(batch, slice(0, size))
    order = task._order[1][0]
    images = task.image_vectors(task.pairs.image[order])
    texts = task.text_vectors(task.words.take(torch.from_numpy(order)))
    meaning = task.pairs.meaning[order]
    expected = by_hand(images, texts, 0.07, np.equal.outer(meaning, meaning))
    assert count == size and loss.item() == pytest.approx(expected.sum(), rel=1e-4)


def test_a_batch_of_one_meaning_has_no_loss():
    pairs = captioned_digits()
    task = ImageTextTask(replace(pairs, meaning=np.zeros_like(pairs.meaning)), config(dim=8))
    batch = task.batch(0, 0)
    loss, _ = task.loss_sum(batch, slice(0, len(batch["pixels"])))
    assert loss.item() == 0


def test_the_temperature_stays_within_bounds():
    task = ImageTextTask(captioned_digits(), config(dim=8))
    assert task.module.log_scale.exp().item() == pytest.approx(1 / 0.07)
    task.module.log_scale.data.fill_(9.0)
    batch = task.batch(0, 0)
    task.loss_sum(batch, slice(0, len(batch["pixels"])))
    assert task.module.log_scale.exp().item() == pytest.approx(1 / MIN_TEMPERATURE)
    decays = [group["weight_decay"] for group in task.optimizer().param_groups]
    assert decays == [0.05, 0.0]


def test_batches_hold_each_pair_once_and_differ_by_one():
    task = ImageTextTask(captioned_digits(), config(dim=8, batch_size=100))
    batches = [task.batch(3, step) for step in range(task.steps_per_epoch)]
    seen = np.concatenate([batch["image"].numpy() for batch in batches])
    assert np.array_equal(np.sort(seen), task.trained)
    sizes = {len(batch["pixels"]) for batch in batches}
    assert max(sizes) <= 100 and max(sizes) - min(sizes) <= 1


def test_recall_counts_the_nearest():
    images = np.eye(6, dtype=np.float32)
    texts = images[[0, 1, 3, 2, 4, 5]]
    found = recalls(images, texts)
    assert found["recall@1"] == pytest.approx(4 / 6) and found["recall@5 text to image"] == 1 / 1.5
    same = np.ones((6, 2), dtype=np.float32)
    assert recalls(same, same)["recall@5 image to text"] == 0  # all equally near: none is found


def test_candidates_are_of_different_meanings():
    meaning = np.repeat(np.arange(700), 3)
    chosen = candidates(np.arange(len(meaning)), meaning, seed=0)
    assert len(chosen) == len(set(meaning[chosen])) == 500
    assert len(candidates(np.arange(9), meaning, seed=0)) == 3


def test_every_meaning_except_the_unseen_ones_is_trained_on():
    pairs = synthetic_shapes(renderings=2)
    held_out = hold_out(pairs, 0.5, seed=0)
    trained = ~pairs.unseen
    trained[held_out] = False
    assert not pairs.unseen[held_out].any() and len(held_out) > 1_000
    assert set(pairs.meaning[trained]) == set(pairs.meaning[~pairs.unseen])


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    settings = config(tmp_path_factory.mktemp("digits"), builtin="digits", epochs=15, dim=16)
    return settings, run(settings), load(settings.out)


def test_captions_find_their_digits(digits):
    _, metrics, made = digits
    assert metrics["candidates"] == 10 and metrics["recall@5 text to image"] == 1
    about = made.provenance
    assert (about.role, about.trainer, about.metric) == (
        "image and caption",
        "image_text",
        "cosine",
    )
    np.testing.assert_allclose(np.linalg.norm(made.vectors, axis=1), 1, atol=1e-5)
    columns = made.metadata.to_pydict()
    role, digit = np.array(columns["role"]), np.array(columns["digit"])
    images, captions = np.flatnonzero(role == "image"), np.flatnonzero(role == "caption")
    assert (len(images), len(captions)) == (1797, 50)
    assert [made.labels[row] for row in captions] == [columns["caption"][row] for row in captions]
    near = (made.vectors[captions] @ made.vectors[images].T).argsort(axis=1)[:, -10:]
    assert (digit[images][near] == digit[captions, None]).mean() >= 0.95
    thumbnails = columns["image"]
    assert thumbnails[0]["bytes"].startswith(b"\x89PNG") and thumbnails[-1] is None
    assert set(columns["split"]) == {"train", "withheld"}


def test_the_file_names_its_checkpoint_and_the_run_gives_the_same_vectors(digits):
    settings, _, made = digits
    best = settings.run_folder / "best.pt"
    assert made.provenance.config["checkpoint_sha256"] == sha256_of(best)
    coder = load_run.load(settings.run_folder)
    columns = made.metadata.to_pydict()
    row = columns["role"].index("caption")
    np.testing.assert_allclose(coder.encode_text(made.labels[row]), made.vectors[row], atol=1e-5)
    thumbnail = columns["image"][3]["bytes"]  # enlarged four times, without change
    vector = coder.encode_image(thumbnail, "3.png")
    assert vector @ made.vectors[3] >= 0.95
    with pytest.raises(EmbeddingError, match="none of its words is in the vocabulary"):
        coder.encode_text("Qwertz!")


def test_encode_prints_the_vector_of_a_text(digits, capsys):
    settings, _, made = digits
    capsys.readouterr()
    command = ["encode", str(settings.run_folder), "--json", "--text"]
    assert main([*command, "a handwritten three"]) == 0
    vector = json.loads(capsys.readouterr().out)["vector"]
    row = made.labels.index("a handwritten three")
    np.testing.assert_allclose(vector, made.vectors[row], atol=1e-5)
    assert main([*command, "a handwritten three, qwertz"]) == 0
    response = json.loads(capsys.readouterr().out)
    assert response == {"vector": vector, "unknown": ["qwertz"]}
    assert main([*command, "qwertz"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: 'qwertz': none of its words") and error.count("\n") == 1


def test_without_validation_the_checkpoint_holds_the_last_weights(tmp_path, capsys):
    settings = config(
        tmp_path, builtin="digits", epochs=1, dim=8, validation_fraction=0, quiet=False
    )
    metrics = run(settings)
    expected = "1,797 pairs of 1,797 images of 1 x 8 x 8, 0 held out; 29 words, 0 occurrences of"
    assert capsys.readouterr().err.startswith(expected)
    made = load(settings.out)
    assert "candidates" not in metrics and metrics["best_epoch"] == 0
    coder = load_run.load(settings.run_folder)
    row = made.metadata.column("role").to_pylist().index("caption")
    np.testing.assert_allclose(coder.encode_text(made.labels[row]), made.vectors[row], atol=1e-5)
    assert made.provenance.config["checkpoint_sha256"] == sha256_of(settings.run_folder / "best.pt")


def test_unseen_combinations_are_found(tmp_path):
    metrics = run(config(tmp_path, epochs=3))
    assert metrics["candidates"] == metrics["unseen candidates"] == 500
    for name in ("recall@1 text to image", "recall@1 image to text"):
        assert metrics[name] >= 0.9 and metrics[f"unseen {name}"] >= 0.6
    for before in ("", "unseen "):
        linear = metrics[f"{before}recall@1 of ridge on tf-idf"]
        assert 10 * metrics[f"{before}chance"] < linear < 0.5
    splits = load(tmp_path / "out.embedding.parquet").metadata.column("split").to_pylist()
    assert splits.count("unseen") >= 1_000  # 500 images and their captions


def test_unknown_words_are_left_out():
    module = Towers((1, 8, 8), ("red", "ring"), dim=4, width=4, seed=0)
    bags = module.bags_of(["a red, red ring", "qwertz", "ring"])
    assert bags.items.tolist() == [1, 1, 2, 0, 2] and bags.starts.tolist() == [0, 3, 4, 5]


@pytest.mark.parametrize(("width", "side"), [(4, 8), (5, 9), (6, 33), (7, 2)])
def test_images_of_any_size_have_vectors_of_length_1(width, side):
    module = Towers((3, side, side), ("red",), dim=6, width=width, seed=0)
    vectors = module.images(torch.rand(2, 3, side, side))
    assert vectors.shape == (2, 6)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))
