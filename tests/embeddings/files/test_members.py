"""The files at a path: of folders, archives and compressed files, or the file itself."""

import gzip
import zipfile

import pytest

from embeddings import EmbeddingError
from embeddings.files.members import open_members, open_single


def zipped(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def names(path):
    with open_members(path, print) as members:
        return [member.name for member in members]


def test_a_folder_has_its_visible_files_in_order_of_their_paths(tmp_path):
    for name in ("b.txt", "a/2", "a/1", ".git/config", "a/.hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == ["a/1", "a/2", "b.txt"]


def test_an_archive_has_its_members_in_order_of_their_names(tmp_path):
    assert names(zipped(tmp_path / "a.zip", z="1", b="2")) == ["b", "z"]


def test_any_other_file_is_itself(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    assert names(tmp_path / "a.txt") == ["a.txt"]
    with open_single(tmp_path / "a.txt", print) as path:
        assert path == tmp_path / "a.txt"


def test_a_single_file_is_decompressed(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x"))
    for path in (tmp_path / "a.csv.gz", zipped(tmp_path / "b.zip", **{"a.csv": "x"})):
        with open_single(path, print) as single:
            assert (single.name, single.read_text()) == ("a.csv", "x")


def test_several_files_are_not_a_single_one(tmp_path):
    path = zipped(tmp_path / "a.zip", one="1", two="2")
    with (
        pytest.raises(EmbeddingError, match=r"^a\.zip: an archive of 2 files \(one, two\); expe"),
        open_single(path, print),
    ):
        pass
