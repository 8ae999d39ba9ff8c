"""Atomic writes: all of a file or none of it, readable by everybody, nothing left behind."""

import stat

import pytest

from embeddings.files.atomic import atomic_path


def test_a_file_appears_whole_and_readable_when_the_block_ends(tmp_path):
    path = tmp_path / "folder" / "a.parquet"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent and temporary.suffix == ".parquet"
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyError), atomic_path(path) as temporary:
        temporary.write_text("new")
        raise KeyError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
