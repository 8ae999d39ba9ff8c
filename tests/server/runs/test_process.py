"""Whether a process is alive and how it ended, by its files and its lock."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.runs import process

ENVIRONMENT = dict(os.environ)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "run"
    path.mkdir()
    yield path
    process.stop(path, force=True)


def launch(folder: Path, *command: str) -> None:
    process.launch(folder, command, ENVIRONMENT, folder.parent / ".ended")


def wait(folder: Path) -> None:
    """Wait until no process of the folder is alive, that is, until its lock is released."""
    with (folder / "alive").open("rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)


def hold_lock(folder: Path) -> int:
    """Lock the folder as its process would; return the descriptor, which closes the lock."""
    handle = os.open(folder / "alive", os.O_CREAT | os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def test_a_process_that_was_never_started(folder: Path) -> None:
    assert process.status(folder) == process.ProcessStatus(False, False, None, 0.0)
    process.stop(folder)
    assert list(folder.iterdir()) == []


def test_a_process_is_alive_until_it_ends(folder: Path, pipe: Path) -> None:
    launch(folder, "sh", "-c", f"pwd; read line < {pipe}; exit 3")
    status = process.status(folder)
    assert (status.is_alive, status.stop_requested, status.exit_code) == (True, False, None)
    pipe.write_text("go\n")
    wait(folder)
    status = process.status(folder)
    assert (status.is_alive, status.exit_code) == (False, 3)
    assert (folder / process.OUTPUT).read_text() == f"{folder}\n"  # its working folder
    assert (folder.parent / ".ended").read_text() == "\n"


def test_an_exit_code_counts_though_a_child_still_holds_the_lock(folder: Path) -> None:
    handle = hold_lock(folder)
    assert process.status(folder).is_alive
    (folder / "exit").write_text("0\n")
    status = process.status(folder)
    assert (status.is_alive, status.exit_code) == (False, 0)
    os.close(handle)


def test_a_released_lock_without_an_exit_code_is_a_process_that_was_killed(folder: Path) -> None:
    os.close(hold_lock(folder))
    status = process.status(folder)
    assert (status.is_alive, status.exit_code) == (False, None)


def test_a_process_that_ends_while_its_status_is_read_has_its_exit_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(path: Path) -> bool:
        (folder / "exit").write_text("0\n")
        return False

    monkeypatch.setattr(process, "_is_locked", end)
    status = process.status(folder)
    assert (status.is_alive, status.exit_code) == (False, 0)


def test_only_the_lock_determines_whether_a_process_is_alive(folder: Path) -> None:
    about = {"group": os.getpgrp(), "started": 0, "before": 0}  # this process is alive
    (folder / "process.json").write_text(json.dumps(about))
    (folder / "stderr.txt").touch()
    assert not process.status(folder).is_alive
    process.stop(folder, force=True)  # does not kill this process
    assert not (folder / "asked_to_stop").exists()


def test_the_command_gets_the_signal_and_the_shell_reports_its_exit_code(
    folder: Path, pipe: Path
) -> None:
    script = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); "
    script += f"open({str(pipe)!r}, 'w').close(); signal.pause()"
    launch(folder, sys.executable, "-c", script)
    pipe.read_text()
    process.stop(folder)
    assert process.status(folder).stop_requested
    wait(folder)
    assert process.status(folder).exit_code == 7


def test_force_kills_the_whole_process_group(folder: Path, pipe: Path) -> None:
    launch(folder, "sh", "-c", f"trap : TERM; (sleep 100000) & echo > {pipe}; wait; wait; wait")
    pipe.read_text()
    process.stop(folder, force=True)
    wait(folder)  # the child had the lock, too
    assert process.status(folder).exit_code is None


def test_a_restart_removes_the_marks_and_adds_up_the_time(folder: Path) -> None:
    launch(folder, "sh", "-c", "exit 5")
    wait(folder)
    first = process.status(folder)
    (folder / "asked_to_stop").touch()
    launch(folder, "sh", "-c", "exit 6")
    wait(folder)
    status = process.status(folder)
    assert (status.exit_code, status.stop_requested) == (6, False)
    assert status.seconds > first.seconds > 0
    assert (folder.parent / ".ended").read_text() == "\n\n"


def test_a_process_outlives_the_one_that_started_it(folder: Path, pipe: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from server.runs import process; "
        "folder = Path(sys.argv[1]); "
        "process.launch(folder, ['sh', '-c', f'read line < {sys.argv[2]}; exit 0'], "
        "dict(os.environ), folder.parent / '.ended')"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code, str(folder), str(pipe)], cwd=root, check=True)
    assert process.status(folder).is_alive
    pipe.write_text("go\n")
    wait(folder)
    assert process.status(folder).exit_code == 0


def test_the_command_gives_way_to_the_app(folder: Path) -> None:
    launch(folder, sys.executable, "-c", "import os; print(os.nice(0))")
    wait(folder)
    assert int((folder / process.OUTPUT).read_text()) == min(os.nice(0) + 5, 19)


def test_the_end_of_a_long_output_is_found(tmp_path: Path) -> None:
    (tmp_path / "stderr.txt").write_text("x" * 200_000 + "\nlast")
    assert process.tail(tmp_path / "stderr.txt").splitlines()[-1] == "last"
    assert process.tail(tmp_path / "none") == ""


def test_stopped_and_killed_are_the_shells_exit_codes() -> None:
    assert process.STOPPED == (130, 143) and process.KILLED == 128 + signal.SIGKILL


def test_a_full_disk_leaves_no_exit_code_rather_than_an_empty_one(folder: Path, pipe: Path) -> None:
    (folder / "exit.part").symlink_to("/dev/full")  # where each write fails, as on a full disk
    (folder.parent / ".ended").symlink_to("/dev/full")
    launch(folder, "sh", "-c", f"read line < {pipe}; echo 'error: no space' >&2; exit 1")
    pipe.write_text("go\n")
    wait(folder)
    assert not os.path.lexists(folder / "exit")
    assert process.tail(folder / process.LOG) == "error: no space\n"
    status = process.status(folder)
    assert (status.is_alive, status.exit_code, status.damage) == (False, None, "")
