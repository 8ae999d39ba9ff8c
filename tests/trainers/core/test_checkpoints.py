"""Checkpoints: the hash is recorded for the final weights, and removed with earlier ones."""

from pathlib import Path

import pytest
import torch
from torch import nn

from embeddings import EmbeddingError
from server.runs.contract import read_checkpoint_hash, sha256_of
from trainers.core import checkpoints


def module(value: float) -> nn.Module:
    layer = nn.Linear(1, 1)
    nn.init.constant_(layer.weight, value)
    return layer


def test_the_hash_of_the_final_weights_is_recorded(tmp_path: Path) -> None:
    checkpoints.write_best(tmp_path, module(1.0), {"dim": 2})
    assert read_checkpoint_hash(tmp_path) is None  # a better epoch may follow
    found = checkpoints.finalize_best(tmp_path, module(2.0), {"dim": 2}, best_epoch=1)
    assert found == read_checkpoint_hash(tmp_path) == sha256_of(tmp_path / "best.pt")
    assert checkpoints.read_weights(tmp_path)[1]["weight"].item() == 1.0


def test_without_validation_the_last_weights_are_written(tmp_path: Path) -> None:
    checkpoints.finalize_best(tmp_path, module(2.0), {"dim": 2}, best_epoch=0)
    settings, weights = checkpoints.read_weights(tmp_path)
    assert settings == {"dim": 2} and torch.equal(weights["weight"], torch.tensor([[2.0]]))


def test_overwriting_or_clearing_removes_the_hash(tmp_path: Path) -> None:
    checkpoints.finalize_best(tmp_path, module(1.0), {}, best_epoch=0)
    checkpoints.write_best(tmp_path, module(2.0), {})
    assert not (tmp_path / "best.pt.sha256").exists()
    checkpoints.finalize_best(tmp_path, module(2.0), {}, best_epoch=1)
    (tmp_path / "notes.txt").touch()
    checkpoints.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_only_the_first_process_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert checkpoints.finalize_best(tmp_path, module(1.0), {}, best_epoch=0) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_checkpoint_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"contains no best\.pt or last\.pt"):
        checkpoints.read_weights(tmp_path)
