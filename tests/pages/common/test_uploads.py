"""Uploads and addresses: what one person uploads cannot take the place of another's."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from embeddings import EmbeddingError
from pages.common import services
from pages.common.sources import Source, opened, paths_of, safe_file_name, store


@pytest.mark.parametrize("choice", ["vector=foo", "leave_out=1", "x", "label=a&label=b"])
def test_a_set_of_the_gallery_has_no_choices(choice: str) -> None:
    with pytest.raises(EmbeddingError, match="no choices to make"):
        Source.of(f"gallery:digits?{choice}")


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a\0b.csv", "ab.csv"), ("\n\x7f", "file"), ("a\udcff.csv", "a?.csv")],
)
def test_the_name_of_an_upload_holds_no_control_characters(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


@dataclass(frozen=True)
class Upload:
    name: str
    content: bytes

    def getbuffer(self) -> memoryview:
        return memoryview(self.content)


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path))
    return tmp_path / "uploads"


def test_names_and_contents_are_told_apart(uploads: Path) -> None:
    cuts = [
        [Upload("a.csv", b"x,y\n1,2\n")],
        [Upload("a.csvx,y\n".replace("\n", ""), b"1,2\n")],
        [Upload("a.csv", b"x,y\n"), Upload("1,2", b"\n")],
        [Upload("a.csv", b"x,y\n1,2\n"), Upload("b", b"")],
        [Upload("a", b".csvx,y\n1,2\n")],
        [Upload("", b"a.csvx,y\n1,2\n")],
    ]
    assert len({store(files).key for files in cuts}) == len(cuts)  # type: ignore[arg-type]


def test_what_lies_in_an_uploads_place_is_compared(uploads: Path) -> None:
    files = [Upload("v.csv", b"a,1,2\n"), Upload("labels.txt", b"a\n")]
    source = store(files)  # type: ignore[arg-type]
    for path in paths_of(source):
        path.write_bytes(b"of somebody else")
    assert store(files) == source  # type: ignore[arg-type]
    assert [path.read_bytes() for path in paths_of(source)] == [each.content for each in files]
    assert [path.name for path in paths_of(source)] == ["v.csv", "labels.txt"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in uploads.iterdir())  # for nobody else


def test_an_upload_that_lost_a_file_is_not_opened(uploads: Path) -> None:
    rows = "".join(f"{i},{i * i},{i % 3}\n" for i in range(9)).encode()
    files = [Upload("v.csv", rows), Upload("labels.txt", b"".join(b"%d\n" % i for i in range(9)))]
    source = store(files)  # type: ignore[arg-type]
    assert opened(source.key).embedding_set.labels[8] == "8"
    services.open_sets().clear()
    paths_of(source)[1].unlink()
    with pytest.raises(EmbeddingError, match="incomplete or damaged; upload them again"):
        opened(source.key)


def test_many_files_stay_in_the_order_of_their_upload(uploads: Path) -> None:
    files = [Upload(f"{number}.txt", b"") for number in range(12, 0, -1)]
    found = paths_of(store(files))  # type: ignore[arg-type]
    assert [path.name for path in found] == [each.name for each in files]
