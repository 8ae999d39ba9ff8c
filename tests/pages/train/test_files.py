"""The data of a run: uploads are written, and an earlier run's files are shared."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pages.train.files import DataSource
from server.runs.contract import DATA_FOLDER


def upload(name: str, content: bytes) -> Any:
    """Return what Streamlit's uploader would."""
    return SimpleNamespace(name=name, getbuffer=lambda: memoryview(content))


def test_one_file_is_a_file_and_several_are_a_folder(tmp_path: Path) -> None:
    data = DataSource(
        {
            "data": [upload("a.csv", b"a"), upload("../b.csv", b"b")],
            "items": [upload("c.csv", b"c")],
        }
    )
    values = data.write(tmp_path)
    folder = tmp_path / DATA_FOLDER
    assert values == {"data": folder / "data", "items": folder / "items" / "c.csv"}
    assert sorted(path.name for path in (folder / "data").iterdir()) == ["a.csv", "b.csv"]
    assert values["items"].read_bytes() == b"c"
    assert data.placeholders.keys() == values.keys()
    assert data.title == "a.csv, ../b.csv, c.csv"


def test_the_files_of_an_earlier_run_outlive_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    DataSource({"data": [upload("a.csv", b"a")]}).write(first)
    earlier: Any = SimpleNamespace(folder=first, data="a.csv")
    data = DataSource(earlier=earlier)
    assert data.placeholders.keys() == {"data"} and data.title == "a.csv"
    values = data.write(second)
    old = first / DATA_FOLDER / "data" / "a.csv"
    assert values["data"].samefile(old)  # the same bytes on disk
    old.unlink()
    assert values["data"].read_bytes() == b"a"


def test_built_in_data_needs_no_files(tmp_path: Path) -> None:
    assert DataSource().write(tmp_path) == {} and DataSource().title == "built-in"
    assert list(tmp_path.iterdir()) == []
