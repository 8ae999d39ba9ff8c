"""Files of this machine: those named at the start and those below the root, and no others."""

from pathlib import Path

import pytest

from embeddings import EmbeddingError
from pages.common.local_files import Local


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "inner").mkdir(parents=True)
    (tmp_path / "root" / "inner" / "a.npy").touch()
    (tmp_path / "root" / ".hidden.npy").touch()
    (tmp_path / "root" / "notes.docx").touch()
    (tmp_path / "secret.npy").touch()
    (tmp_path / "root" / "link.npy").symlink_to(tmp_path / "secret.npy")
    (tmp_path / "rooted").mkdir()
    (tmp_path / "rooted" / "b.npy").touch()
    return (tmp_path / "root").resolve()


def test_a_file_below_the_root_is_found(root: Path) -> None:
    assert Local(root=root).paths("inner/a.npy") == [root / "inner" / "a.npy"]


@pytest.mark.parametrize(
    "name", ["../secret.npy", "inner/../../secret.npy", "link.npy", "../rooted/b.npy", "", "."]
)
def test_a_name_that_leaves_the_root_is_refused(root: Path, name: str) -> None:
    with pytest.raises(EmbeddingError, match="not a file that this server may open"):
        Local(root=root).paths(name)


def test_an_absolute_path_is_refused(root: Path) -> None:
    with pytest.raises(EmbeddingError, match="not a file that this server may open"):
        Local(root=root).paths(str(root.parent / "secret.npy"))


def test_without_a_root_only_the_named_files_open(root: Path) -> None:
    files = (root / "inner" / "a.npy", root.parent / "secret.npy")
    assert Local(files).paths("a.npy") == list(files)
    with pytest.raises(EmbeddingError, match="not a file that this server may open"):
        Local(files).paths("inner/a.npy")


def test_files_that_look_like_embeddings_are_listed(root: Path) -> None:
    names, count = Local(root=root).names()
    assert "inner/a.npy" in names
    assert ".hidden.npy" not in names
    assert "notes.docx" not in names
    assert count == len(names)
