"""A file's run is found by the content of its checkpoint, and by nothing else."""

import json
from pathlib import Path

import pytest

from server.runs import checkpoints
from server.runs.checkpoints import find_weights
from server.runs.contract import sha256_of


def make_run(runs: Path, number: int, content: bytes | None) -> Path:
    folder = runs / f"20260101-00000{number}-abcdef"
    (folder / "training").mkdir(parents=True)
    about = {"folder": folder.name, "trainer": "image_text", "arguments": [], "settings": {},
             "data": "shapes", "created": float(number)}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    if content is not None:
        (folder / "training" / "best.pt").write_bytes(content)
    return folder


@pytest.fixture
def counted(monkeypatch) -> list[Path]:
    read: list[Path] = []

    def counting(path: Path) -> str:
        read.append(path)
        return sha256_of(path)

    monkeypatch.setattr(checkpoints, "sha256_of", counting)
    return read


def test_the_run_with_the_same_content_is_found(tmp_path, counted):
    for number, content in enumerate([b"one", None, b"two", b"three", b"one"]):
        make_run(tmp_path, number, content)
    wanted = sha256_of(tmp_path / "20260101-000002-abcdef" / "training" / "best.pt")
    found = find_weights(tmp_path, wanted)
    assert found == tmp_path / "20260101-000002-abcdef" / "training"
    of_two = sha256_of(tmp_path / "20260101-000000-abcdef" / "training" / "best.pt")
    latest = find_weights(tmp_path, of_two)
    assert latest == tmp_path / "20260101-000004-abcdef" / "training"
    assert len(counted) == 3  # each was read once, one never


def test_weights_of_a_stage_are_found(tmp_path):
    stage = make_run(tmp_path, 0, b"first") / "training" / "refit"
    stage.mkdir()
    (stage / "best.pt").write_bytes(b"all")
    assert find_weights(tmp_path, sha256_of(stage / "best.pt")) == stage


def test_a_changed_checkpoint_is_read_again(tmp_path):
    path = make_run(tmp_path, 0, b"before") / "training" / "best.pt"
    before = sha256_of(path)
    assert find_weights(tmp_path, before) is not None
    path.write_bytes(b"afterwards")
    assert find_weights(tmp_path, before) is None
    assert find_weights(tmp_path, sha256_of(path)) is not None


@pytest.mark.parametrize("name", ["", "0" * 64, "../../etc/passwd", "best.pt"])
def test_what_is_no_content_of_a_run_finds_nothing(tmp_path, name):
    make_run(tmp_path, 0, b"one")
    assert find_weights(tmp_path, name) is None
    assert find_weights(tmp_path / "nowhere", name) is None
