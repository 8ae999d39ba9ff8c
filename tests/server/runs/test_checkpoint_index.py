"""The run of an embedding file is found by the content of its checkpoint, and by nothing else."""

import json
import os
import shutil
from pathlib import Path

import pytest

from server.runs import checkpoint_index, contract
from server.runs.checkpoint_index import CheckpointIndex, record_missing_hashes
from server.runs.contract import record_checkpoint_hash, sha256_of


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path))
    return tmp_path


def make_run(
    runs: Path, number: int, content: bytes | None, trainer: str = "image_text", stage: str = ""
) -> Path:
    """Write a run of a release that did not record hashes; return its checkpoint."""
    folder = runs / f"20260101-00000{number}-abcdef"
    checkpoint = folder / "training" / stage / "best.pt"
    checkpoint.parent.mkdir(parents=True)
    about = {"folder": folder.name, "trainer": trainer, "arguments": [], "settings": {},
             "data": "shapes", "created": float(number)}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    if content is not None:
        checkpoint.write_bytes(content)
    return checkpoint


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were hashed."""
    paths: list[Path] = []

    def counting(path: Path) -> str:
        paths.append(path)
        return sha256_of(path)

    monkeypatch.setattr(contract, "sha256_of", counting)
    return paths


def test_the_latest_run_with_the_same_content_is_found(runs: Path) -> None:
    made = [make_run(runs, number, content)
            for number, content in enumerate([b"one", None, b"two", b"three", b"one"])]  # fmt: skip
    index = CheckpointIndex()
    assert index.find(sha256_of(made[2])) is None
    record_missing_hashes()
    assert index.find(sha256_of(made[2])) == made[2].parent
    assert index.find(sha256_of(made[0])) == made[4].parent


def test_checkpoints_are_hashed_once_and_never_by_a_search(runs: Path, hashed: list[Path]) -> None:
    made = make_run(runs, 0, b"one")
    index, expected = CheckpointIndex(), sha256_of(made)
    assert index.find(expected) is None and hashed == []
    record_missing_hashes()
    record_missing_hashes()
    assert index.find(expected) == made.parent
    assert hashed == [made]


def test_runs_are_listed_again_only_after_a_change(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_run(runs, 0, b"one")
    record_missing_hashes()
    index, expected = CheckpointIndex(), sha256_of(made)
    assert index.find(expected) == made.parent
    listed = []
    list_runs = checkpoint_index.list_runs
    monkeypatch.setattr(checkpoint_index, "list_runs", lambda: listed.append(1) or list_runs())
    assert index.find(expected) == made.parent and index.find("0" * 64) is None
    assert listed == []
    record_checkpoint_hash(make_run(runs, 1, b"one").parent)
    assert index.find(expected) == runs / "20260101-000001-abcdef" / "training"
    assert listed == [1]
    shutil.rmtree(runs / "20260101-000001-abcdef")
    assert index.find(expected) == made.parent


def test_the_end_of_a_run_is_noticed(runs: Path) -> None:
    made = make_run(runs, 0, b"one")
    index, expected = CheckpointIndex(), sha256_of(made)
    assert index.find(expected) is None
    record_checkpoint_hash(made.parent)  # by the trainer, which does not change the runs' folder
    assert index.find(expected) is None
    (runs / ".ended").write_text("\n")
    assert index.find(expected) == made.parent


def test_weights_of_a_stage_are_found(runs: Path) -> None:
    make_run(runs, 0, b"first")
    stage = runs / "20260101-000000-abcdef" / "training" / "refit"
    stage.mkdir()
    (stage / "best.pt").write_bytes(b"all")
    record_missing_hashes()
    assert CheckpointIndex().find(sha256_of(stage / "best.pt")) == stage


def test_an_overwritten_checkpoint_is_not_found_by_its_old_content(runs: Path) -> None:
    made = make_run(runs, 0, b"before")
    record_missing_hashes()
    index, before = CheckpointIndex(), sha256_of(made)
    assert index.find(before) is not None
    made.write_bytes(b"afterwards")
    later = made.with_name("best.pt.sha256").stat().st_mtime_ns + 1
    os.utime(made, ns=(later, later))
    assert index.find(before) is None
    record_missing_hashes()
    assert index.find(before) is None
    assert index.find(sha256_of(made)) == made.parent


def test_only_ended_runs_of_models_that_encode_are_hashed(
    runs: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(runs, 0, b"words", trainer="word2vec")
    active, ended = make_run(runs, 1, b"active"), make_run(runs, 2, b"ended")
    status = checkpoint_index.process.status
    monkeypatch.setattr(
        checkpoint_index.process, "status",
        lambda folder: checkpoint_index.process.ProcessStatus(True, False, None, 0.0)
        if folder == active.parents[1] else status(folder),
    )  # fmt: skip
    record_missing_hashes()
    assert hashed == [ended]


@pytest.mark.parametrize("sha256", ["", "0" * 64, "../../etc/passwd", "best.pt"])
def test_what_is_not_the_content_of_a_run_finds_nothing(
    runs: Path, monkeypatch: pytest.MonkeyPatch, sha256: str
) -> None:
    make_run(runs, 0, b"one")
    record_missing_hashes()
    assert CheckpointIndex().find(sha256) is None
    monkeypatch.setenv("EMBEDDING_RUNS", str(runs / "nowhere"))
    assert CheckpointIndex().find(sha256) is None
