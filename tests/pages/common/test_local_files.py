"""What the app may open on this machine: the files named at the start and those below the root."""

import os
from pathlib import Path

import pytest

from embeddings import EmbeddingError
from pages.common import local_files
from pages.common.local_files import Local, Names, allowed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("data/a.npy", "data/.hidden.npy", "data/notes.md", "data/sub/b.csv", "secret.npy",
                 "data/.git/d.npy",
                 "data2/c.npy"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "data"


def test_the_arguments_name_files_and_a_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert allowed([], {}) == Local()
    assert allowed(["a.npy", "sub/b.csv", "--root", "."], {}) == Local(
        (root / "a.npy", root / "sub" / "b.csv"), root.resolve()
    )
    assert allowed([], {"EMBEDDING_ROOT": str(root)}).root == root.resolve()
    assert allowed(["--root", "sub"], {"EMBEDDING_ROOT": "."}).root == (root / "sub").resolve()
    assert allowed([], {"EMBEDDING_ROOT": ""}).root is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.npy"], "absent.npy: no such file"),
        (["--root", "absent"], "--root absent: no such folder"),
        (["--help"], r"Unrecognized options: --help; usage: streamlit run app.py -- \[FILE ...\]"),
        (["--root"], r"Missing value .*; usage: "),
    ],
)
def test_wrong_arguments_are_explained(arguments: list[str], message: str) -> None:
    with pytest.raises(EmbeddingError, match=message):
        allowed(arguments, {})


def test_names_below_the_root_are_listed_but_not_hidden_ones(root: Path) -> None:
    assert Local(root=root).names() == Names(("a.npy", str(Path("sub/b.csv"))), 2)
    assert Local((Path("c.npy"),)).names() == Names(("c.npy",))
    assert Local(root=root).names().note == ""


def test_a_name_that_is_not_utf_8_is_left_out_and_counted(root: Path) -> None:
    path = os.fsencode(root) + b"/bad\xff.csv"
    Path(os.fsdecode(path)).touch()
    names = Local(root=root).names()
    assert names.listed == ("a.npy", str(Path("sub/b.csv")))
    assert "1 files below the root have names that are not UTF-8" in names.note
    with pytest.raises(EmbeddingError, match=r"bad�\.csv: the name of this file is not UTF-8"):
        allowed([os.fsdecode(path)], {})


@pytest.mark.parametrize("name", ["\0", "a\0.npy", "a" * 300, "a/" * 5_000])
def test_a_name_that_no_file_can_have_is_refused_like_any_other(root: Path, name: str) -> None:
    with pytest.raises(EmbeddingError, match="not a file that this server may open") as caught:
        Local(root=root).paths(name)
    assert len(str(caught.value)) < 300


def test_of_many_files_the_first_ones_are_listed_beside_the_named_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_files, "LISTED", 1)
    assert Local((Path("c.npy"),), root).names() == Names(("c.npy", "a.npy"), 2)


def test_nothing_outside_of_the_root_is_opened(root: Path) -> None:
    local = Local(root=root.resolve())
    assert local.paths("sub/b.csv") == [root.resolve() / "sub" / "b.csv"]
    (root / "link.npy").symlink_to(root.parent / "secret.npy")
    for name in ("../secret.npy", "sub/../../secret.npy", "link.npy", "../data2/c.npy", ".", "",
                 str(root.parent / "secret.npy")):  # fmt: skip
        with pytest.raises(EmbeddingError, match="not a file that this server may open"):
            local.paths(name)


def test_without_a_root_only_the_named_files_are_opened(root: Path) -> None:
    local = Local((root / "a.npy", root / "sub" / "b.csv"))
    assert local.paths("a.npy") == [root / "a.npy", root / "sub" / "b.csv"]
    for name in ("b.csv", "sub/b.csv", str(root / "a.npy")):
        with pytest.raises(EmbeddingError, match="not a file that this server may open"):
            local.paths(name)
