"""A command is watched by its parent, which ends it when reading exceeds a limit."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.limits import read_limits
from embeddings.read_limits import ReadLimits
from embeddings.supervision import limited

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and named pipes")

MIB = 2**20


def test_without_a_parent_nothing_is_limited() -> None:
    with limited(ReadLimits(1, 0.0, 4, 2**30), "x.csv"):
        assert np.ones(MIB).sum() == MIB


def test_limits_follow_the_size_of_the_files_unless_they_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(256 * MIB))
    path = tmp_path / "x.csv"
    path.write_bytes(bytes(8 * MIB))
    assert read_limits([path], trusted=False).memory <= 1024 * MIB
    assert read_limits([path], trusted=False).seconds == 11.0
    for name, value in (("MEMORY", 2**31), ("SECONDS", 7), ("OPEN_FILES", 9)):
        monkeypatch.setenv(f"EMBEDDING_MAX_{name}", str(value))
    assert read_limits([path], trusted=True) == ReadLimits(2**31, 7, 9, 256 * MIB)
    monkeypatch.setenv("EMBEDDING_MAX_SECONDS", "soon")
    with pytest.raises(EmbeddingError, match="EMBEDDING_MAX_SECONDS is 'soon'; expected a number"):
        read_limits([path], trusted=False)


COMMAND = """
import os, re, signal, sys, tempfile
from embeddings.cli.terminal import print_error
from embeddings.errors import EmbeddingError
from embeddings.read_limits import ReadLimits
from embeddings.supervision import limited, run_command

def command():
    limits = ReadLimits({memory}, {seconds}, 64, 2**30)
    try:
        with limited(limits, "x.csv"):
            {body}
    except EmbeddingError as error:
        print_error(error)
        return 2
    {after}
    print("done")
    return 5

sys.exit(run_command(command, print_error))
"""


def run(body="pass", variables=None, *, after="pass", memory=2**34, seconds=600.0):
    code = COMMAND.format(body=body, after=after, memory=memory, seconds=seconds)
    environment = {**os.environ, **(variables or {})}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_a_command_within_its_limits_ends_as_without_them() -> None:
    ended = run()
    assert (ended.returncode, ended.stdout, ended.stderr) == (5, "done\n", "")


@pytest.mark.parametrize(
    ("limits", "body", "message"),
    [
        ({"memory": 128 * MIB}, "taken = [bytes(2**20) + b'x' for _ in range(10**6)]", "more mem"),
        ({"seconds": 0.2}, "re.match(r'(a+)+$', 'a' * 60 + 'b')", "longer than the limit"),
        ({}, "files = [open('/dev/null') for _ in range(100)]", "more open files than"),
        ({}, "os.kill(os.getpid(), signal.SIGSEGV)", "crashed (SIGSEGV)"),
    ],
)
def test_a_command_that_exceeds_a_limit_in_reading_ends_with_one_line(
    limits: dict, body: str, message: str, tmp_path: Path
) -> None:
    body = f"tempfile.mkdtemp(); {body}"
    ended = run(body, {"TMPDIR": str(tmp_path)}, **limits)
    assert list(tmp_path.iterdir()) == []
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.startswith("error: x.csv: ") and ended.stderr.count("\n") == 1
    assert message in ended.stderr


def test_after_reading_a_command_may_take_what_it_needs() -> None:
    ended = run(after="taken = b'x' * 2**28", memory=128 * MIB, seconds=600.0)
    assert ended.returncode == 5


def test_a_command_dies_with_its_parent_and_of_its_signals(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    for number in (signal.SIGTERM, signal.SIGKILL):
        wait = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); signal.pause()"
        code = COMMAND.format(body=wait, after="pass", memory=2**34, seconds=600.0)
        parent = subprocess.Popen([sys.executable, "-c", code])
        child = int((tmp_path / "pid").read_text())
        handle = os.pidfd_open(child)
        parent.send_signal(number)
        assert parent.wait() in (128 + number, -number)
        assert select.select([handle], [], [], 60.0)[0]
        os.close(handle)
