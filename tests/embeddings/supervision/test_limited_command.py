"""A command is watched by its parent, which ends it when reading exceeds a limit."""

import hashlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.limits import read_limits
from embeddings.supervision.limited_command import limited
from embeddings.supervision.read_limits import ReadLimits
from embeddings.supervision.watched_process import processor_seconds_of

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
    assert read_limits([path], trusted=False).seconds == 9.0
    assert read_limits([path], trusted=False, bytes_per_second=MIB / 2).seconds == 21.0
    assert read_limits([path] * 11, trusted=False).seconds == pytest.approx(5 + 11 * 4 + 0.05)
    for name, value in (("MEMORY", 2**31), ("SECONDS", 7), ("OPEN_FILES", 9)):
        monkeypatch.setenv(f"EMBEDDING_MAX_{name}", str(value))
    assert read_limits([path], trusted=True) == ReadLimits(2**31, 7, 9, 256 * MIB)
    monkeypatch.setenv("EMBEDDING_MAX_SECONDS", "soon")
    with pytest.raises(EmbeddingError, match="EMBEDDING_MAX_SECONDS is 'soon'; expected a number"):
        read_limits([path], trusted=False)


def test_time_is_what_it_computes_unless_it_waits_for_ages() -> None:
    limits = ReadLimits(2**34, 10.0, 512, 2**30)
    assert "longer than the limit of 10 s" in limits.exceeded(0, processor=10.5, elapsed=10.5)
    assert not limits.exceeded(0, processor=18.0, elapsed=9.5)  # in two threads
    assert not limits.exceeded(0, processor=2.0, elapsed=299.0)  # a slow disk, or a busy machine
    message = limits.exceeded(0, processor=2.0, elapsed=301.0)
    assert "has not ended after 301 s, 2 s of them computing; copy the file to" in message


def test_processor_time_is_that_of_all_threads() -> None:
    before = processor_seconds_of(os.getpid())
    threads = [threading.Thread(target=hash_for, args=(0.1,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert processor_seconds_of(os.getpid()) - before >= 0.15


def hash_for(seconds: float) -> None:
    """Compute for some seconds of this thread's processor time."""
    started = time.thread_time()
    while time.thread_time() - started < seconds:
        hashlib.sha256(bytes(2**20))


COMMAND = """
import os, re, signal, sys, tempfile
from embeddings.cli.terminal import print_error
from embeddings.errors import EmbeddingError
from embeddings.supervision.read_limits import ReadLimits
from embeddings.supervision.limited_command import limited, run_command

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
        ({"seconds": 0.5}, "re.match(r'(a+)+$', 'a' * 60 + 'b')", "longer than the limit"),
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


def test_a_block_within_another_has_an_effect_if_it_allows_less_time() -> None:
    fill = "taken = [bytes(2**20) + b'x' for _ in range(10**6)]"
    burn = "re.match(r'(a+)+$', 'a' * 60 + 'b')"
    more = "limited(ReadLimits(2**34, 700.0, 64, 2**30), 'y.csv')"
    less = "limited(ReadLimits(2**34, 0.5, 64, 2**30), 'y.csv')"
    too_much, too_long = "reading it takes more memory", "reading it takes longer than the limit"
    ended = run(f"with {more}: {fill}", memory=128 * MIB)
    assert ended.stderr.startswith(f"error: x.csv: {too_much}")
    ended = run(f"with {less}: {burn}")
    assert ended.stderr.startswith(f"error: y.csv: {too_long}")
    ended = run(f"\n            with {less}: pass\n            {fill}", memory=128 * MIB)
    assert ended.stderr.startswith(f"error: x.csv: {too_much}")


def test_ctrl_c_is_for_the_command_which_decides() -> None:
    body = "os.kill(0, signal.SIGINT); signal.pause()"  # as a terminal does, to the whole group
    code = COMMAND.format(body=body, after="pass", memory=2**34, seconds=600.0)
    code = code.replace("except EmbeddingError as error", "except KeyboardInterrupt as error")
    code = code.replace("print_error(error)", "print('stopped')").replace("return 2", "return 130")
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, start_new_session=True
    )
    assert (ended.returncode, ended.stdout) == (130, "stopped\n")


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
