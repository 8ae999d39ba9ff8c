"""The command line of the app, up to the arguments that Streamlit is started with."""

from pathlib import Path

import pytest

from embedding_explorer import __version__
from embedding_explorer.command import Options, main, script, streamlit_arguments
from embeddings import EmbeddingError


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_files_and_root_reach_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.npy").touch()
    monkeypatch.chdir(tmp_path)
    options = Options(files=(Path("a.npy"),), root=tmp_path, port=9000)
    arguments = streamlit_arguments(options)
    split = arguments.index("--")
    assert arguments[:2] == ["run", str(script())]
    assert "--server.port=9000" in arguments[:split]
    assert arguments[split + 1 :] == [str(tmp_path / "a.npy"), "--root", str(tmp_path)]


def test_the_app_listens_on_this_machine_by_default() -> None:
    assert "--server.address=localhost" in streamlit_arguments(Options())
    assert "--server.address=0.0.0.0" in streamlit_arguments(Options(host="0.0.0.0"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.npy"], "absent.npy: no such file"),
        (["--root", "absent"], "--root absent: no such folder"),
        (["--port", "x"], "--port x: expected a whole number of at least 0 and at most 65,535"),
        (["--prot", "9"], "Unrecognized options: --prot, 9; see embedding-explorer --help"),
    ],
)
def test_what_does_not_exist_is_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_the_script_is_the_app() -> None:
    assert script().name == "app.py"
    with pytest.raises(EmbeddingError, match="no such file"):
        streamlit_arguments(Options(files=(Path("absent.npy"),)))
