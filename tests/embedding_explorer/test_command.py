"""The command line of the app, up to the arguments that Streamlit is started with."""

import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

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


def allowed(**given: str) -> set[str]:
    flag = "--server.allowedHosts="
    arguments = streamlit_arguments(Options(**given))  # type: ignore[arg-type]
    return {each.removeprefix(flag) for each in arguments if each.startswith(flag)}


def test_only_the_names_of_this_machine_reach_the_app() -> None:
    local = {"localhost", "127.0.0.1", "::1"}
    assert allowed() == local
    assert allowed(host="10.1.2.3") == {*local, "10.1.2.3"}
    assert allowed(names="app.example.org, b.example.org") == {
        *local, "app.example.org", "b.example.org",
    }  # fmt: skip
    everywhere = allowed(host="0.0.0.0")
    assert everywhere > local and socket.gethostname() in everywhere
    assert "*" not in everywhere


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1:8501", True), ("localhost:8501", True), ("[::1]:8501", True),
     ("evil.example:8501", False), ("", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_streamlit_refuses_a_page_of_another_name(
    host: str, answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for names in (sorted(allowed()), config_of_the_checkout()["server"]["allowedHosts"]):
        monkeypatch.setattr(config, "get_option", {"server.allowedHosts": names}.__getitem__)
        assert is_host_allowed(host) is answer


def config_of_the_checkout() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())


def test_the_script_alone_is_as_safe_as_the_command() -> None:
    server = config_of_the_checkout()["server"]
    assert server["address"] == "localhost"
    assert server["enableCORS"] is True and server["enableXsrfProtection"] is True


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
