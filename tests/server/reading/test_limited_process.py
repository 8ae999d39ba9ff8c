"""Functions are called in a process that is ended when it exceeds a limit."""

import faulthandler
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from embeddings.embedding_set import Provenance
from embeddings.errors import EmbeddingError
from embeddings.files.options import Choice, ChoiceRequired, NotFinite, NothingFinite
from embeddings.supervision.read_limits import ReadLimits
from server.reading.limited_process import MOST_IDLE, LimitedProcess, ReaderFault

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and named pipes")

AMPLE = ReadLimits(memory=2**34, seconds=600.0, open_files=512, max_bytes=2**30)
MIB = 2**20


PROCESS = LimitedProcess()


def call(function, *args, limits=AMPLE, temporary=Path("unused")):
    return PROCESS.call(function, *args, limits=limits, name="x.csv", temporary=temporary)


@pytest.fixture(autouse=True, scope="module")
def no_process_is_left() -> Iterator[None]:
    yield
    PROCESS.close()


def own_pid():
    return os.getpid()


def fill(size):
    """Take memory for ever, some MiB at a time."""
    taken = []
    while True:
        taken.append(np.ones(size, np.uint8))


def burn():
    """Work for ages without letting another thread of the process run."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def open_many(path):
    return [Path(path).open() for _ in range(10_000)]


def open_many_and_blame_the_file(path):
    try:
        open_many(path)
    except OSError as error:
        raise EmbeddingError("damaged") from error


def refuse(error):
    raise error


def divide():
    return 1 / 0


def kill_self(number):
    faulthandler.disable()
    os.kill(os.getpid(), number)


def exit_with(code):
    os._exit(code)


def limit_of_bytes():
    return os.environ["EMBEDDING_MAX_BYTES"]


def test_a_function_is_called_in_another_process_and_its_result_is_returned() -> None:
    assert call(own_pid) != os.getpid()
    array = np.arange(10**6)
    assert np.array_equal(call(np.negative, array), -array)  # more than a pipe holds


def test_the_process_is_used_again_unless_it_has_grown() -> None:
    first = call(own_pid)
    assert call(own_pid) == first
    call(keep, MOST_IDLE + 64 * MIB)
    assert call(own_pid) != first


def keep(size):
    global kept
    kept = np.ones(size, np.uint8)


def test_a_reader_that_takes_too_much_memory_is_ended() -> None:
    limits = ReadLimits(256 * MIB, 600.0, 512, 2**30)
    with pytest.raises(EmbeddingError, match=r"^x\.csv: reading it takes more memory than the"):
        call(fill, 8 * MIB, limits=limits)
    message = limits.exceeded(2**40, 0.0, 0.0)
    assert "limit of 256 MiB" in message and "raise EMBEDDING_MAX_MEMORY" in message


def test_mapped_files_do_not_count_as_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.ones((64 * MIB // 4, 4), np.float32))  # 256 MiB
    limits = ReadLimits(200 * MIB, 600.0, 512, 2**30)
    assert call(sum_of_mapped, path, limits=limits) == 64 * MIB


def sum_of_mapped(path):
    return float(np.load(path, mmap_mode="r").sum(dtype=np.float64))


def test_a_reader_that_never_lets_go_is_ended_when_its_time_is_over() -> None:
    limits = ReadLimits(2**34, 0.2, 512, 2**30)
    with pytest.raises(EmbeddingError, match=r"^x\.csv: reading it takes longer than the limit"):
        call(burn, limits=limits)
    message = ReadLimits(2**34, 10.0, 512, 2**30).exceeded(0, 11.0, 11.0)
    assert "limit of 10 s" in message and "raise EMBEDDING_MAX_SECONDS" in message


@pytest.mark.parametrize("function", [open_many, open_many_and_blame_the_file])
def test_a_reader_that_opens_too_many_files_is_told_how_many_it_may(
    tmp_path: Path, function
) -> None:
    (tmp_path / "x").touch()
    limits = ReadLimits(2**34, 600.0, 64, 2**30)
    with pytest.raises(EmbeddingError) as caught:
        call(function, tmp_path / "x", limits=limits)
    assert "x.csv: reading it needs more open files than the limit of 64;" in str(caught.value)
    assert "raise EMBEDDING_MAX_OPEN_FILES" in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        EmbeddingError("x.csv: row 3"),
        NotFinite("x.csv: row 3", np.array([3]), 5),
        ChoiceRequired("x.csv: which?", Choice("vector", ("a", "b"), None)),
        NothingFinite((2, 3), None, Provenance()),
    ],
)
def test_an_error_comes_back_with_its_attributes(error: EmbeddingError) -> None:
    with pytest.raises(type(error)) as caught:
        call(refuse, error)
    assert str(caught.value) == str(error)
    assert repr(vars(caught.value)) == repr(vars(error))


def test_a_programming_error_is_no_mistake_of_the_user() -> None:
    with pytest.raises(ReaderFault, match=r"^ZeroDivisionError: division by zero$") as caught:
        call(divide)
    assert "in divide" in caught.value.details


@pytest.mark.parametrize(
    ("function", "argument", "reason"),
    [
        (kill_self, signal.SIGKILL, "was killed, most likely because memory ran out"),
        (kill_self, signal.SIGSEGV, r"crashed \(SIGSEGV\)"),
        (exit_with, 3, "ended with exit code 3"),
    ],
)
def test_the_end_of_the_process_is_explained(function, argument, reason: str) -> None:
    with pytest.raises(EmbeddingError, match=rf"^x\.csv: the process that read it {reason}"):
        call(function, argument)
    assert call(own_pid)


def test_the_configured_size_limit_is_the_callers() -> None:
    assert call(limit_of_bytes) == str(2**30)


def test_temporary_files_are_in_the_folder_that_the_caller_removes(tmp_path: Path) -> None:
    limits = ReadLimits(2**34, 0.2, 512, 2**30)
    with pytest.raises(EmbeddingError, match="longer"):
        call(unpack_and_burn, limits=limits, temporary=tmp_path)
    assert [each.name[:2] for each in tmp_path.iterdir()] == ["x-"]


def unpack_and_burn():
    tempfile.mkdtemp(prefix="x-")
    burn()
