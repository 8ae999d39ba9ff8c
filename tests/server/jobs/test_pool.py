"""Jobs run in worker processes: one per key, bounded, cancelled for real, never left behind.

What the tests wait for are events: a message of the worker, the end of a process. A job is held up
by reading a named pipe until the test opens it for writing.
"""

import os
import random
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import EmbeddingError
from server.jobs.pool import KEPT, JobPool
from server.jobs.status import StageRate

LONG = 60.0  # s; waits end with their event, only a failing test waits so long

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads named pipes and pidfds")


def add(first, second, progress):
    progress("adding", 0.5, "half")
    progress.frame(np.full((3, 2), first))
    progress.frame(np.full((3, 2), second))
    progress("added", 1.0)
    return first + second


def held(path, value, progress):
    progress("held", 0.25, str(os.getpid()))
    progress.frame(np.full((2, 3), 7.0))
    Path(path).read_bytes()
    return value


def burn(progress):
    """Work for ages without ever letting another thread of the process run."""
    progress("burning", 0.0, str(os.getpid()))
    re.match(r"(a+)+$", "a" * 60 + "b")


def refuse(progress):
    raise EmbeddingError("3 rows given, 5 expected; add some")


def divide(progress):
    return 1 / 0


def exhaust(progress):
    raise MemoryError


def die(number, progress):
    os.kill(os.getpid(), number)


def leave_with(code, progress):
    sys.exit(code)


def unpicklable(progress):
    return lambda: None


def chatter(progress):
    sys.stdout.write("on standard output")
    os.write(1, b"on its descriptor")
    return sys.stdin.read()


def total(array, progress):
    return float(array.sum())


def own_pid(progress):
    return os.getpid()


def niceness(progress):
    return os.nice(0)


def read_pipe(path):
    Path(path).read_bytes()


def broken_warm_up():
    raise RuntimeError("cold")


def deadly_warm_up():
    os._exit(3)


@pytest.fixture(scope="module")
def shared() -> Iterator[JobPool]:
    with JobPool() as pool:
        yield pool


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def let_go(path):
    path.write_bytes(b"")


def ended(pid):
    """Wait for the end of a process; say whether it came."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], LONG)[0])
    finally:
        os.close(handle)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def running_pid(job):
    """Return the id of the process in which a held or burning job runs."""
    return int(job.wait(LONG, until=lambda view: view.note or view.finished).note)


def test_result_and_last_report(shared):
    view = shared.submit("add", add, 1, 2, owner="a").wait(LONG)
    assert (view.state, view.result, view.stage, view.done) == ("done", 3, "added", 1.0)
    assert view.finished and view.frame_number == 2 and view.seconds > 0
    assert view.started is not None and view.seconds_left is None


def test_progress_and_latest_frame_while_running(shared, pipe):
    job = shared.submit("held", held, str(pipe), "x", owner="a")
    view = job.wait(LONG, until=lambda view: view.frame_number == 1)
    assert (view.state, view.stage, view.done) == ("running", "held", 0.25)
    assert view.frame.dtype == np.float32 and not view.frame.flags.writeable
    np.testing.assert_array_equal(view.frame, np.full((2, 3), 7.0))
    assert view.note == str(running_pid(job)) and view.seconds > 0
    let_go(pipe)
    assert job.wait(LONG).result == "x"
    assert job.snapshot().frame is None


def test_one_job_for_two_owners(shared, pipe):
    first = shared.submit("same", held, str(pipe), 1, owner="a")
    second = shared.submit("same", held, str(pipe), 2, owner="b")
    assert second is first and shared.get("same") is first
    assert first.snapshot().owners == {"a", "b"}
    pid = running_pid(first)
    shared.cancel("same", "a")
    shared.cancel("same", "a")
    shared.cancel("same", "stranger")
    assert first.snapshot().state == "running" and alive(pid)
    let_go(pipe)
    assert first.wait(LONG).result == 1


def test_cancel_by_the_last_owner_ends_the_work(shared):
    job = shared.submit("burn", burn, owner="a")
    pid = running_pid(job)
    shared.cancel("burn", "a")
    assert job.snapshot().state == "cancelled"
    assert ended(pid)
    fresh = shared.submit("pid", own_pid, owner="a").wait(LONG)
    assert fresh.state == "done" and fresh.result != pid
    assert not alive(pid)  # waited for: not even a zombie


def test_leave_takes_all_interest_away(shared, pipe):
    burning = shared.submit("burn", burn, owner="gone")
    queued = shared.submit("next", held, str(pipe), 1, owner="gone")
    other = shared.submit("other", add, 1, 1, owner="stays")
    joined = shared.submit("next", held, str(pipe), 1, owner="stays")
    running_pid(burning)
    shared.leave("gone")
    assert burning.snapshot().state == "cancelled"
    assert queued is joined and queued.snapshot().owners == {"stays"}
    let_go(pipe)
    assert queued.wait(LONG).state == "done" and other.wait(LONG).result == 2


def test_a_finished_key_starts_anew(shared):
    first = shared.submit("again", add, 1, 2, owner="a")
    first.wait(LONG)
    second = shared.submit("again", add, 3, 4, owner="a")
    assert second is not first and second.wait(LONG).result == 7
    assert first.snapshot().result == 3


def test_a_cancelled_key_starts_anew_at_once(shared):
    first = shared.submit("retry", burn, owner="a")
    running_pid(first)
    shared.cancel("retry", "a")
    assert shared.submit("retry", add, 1, 2, owner="a").wait(LONG).result == 3


def test_errors_of_users_are_told_as_they_are(shared):
    view = shared.submit("refuse", refuse, owner="a").wait(LONG)
    assert (view.state, view.error) == ("failed", "3 rows given, 5 expected; add some")
    assert view.traceback == ""


def test_other_errors_keep_their_traceback(shared, caplog):
    view = shared.submit("divide", divide, owner="a").wait(LONG)
    assert view.state == "failed"
    assert view.error == (
        "an unexpected error ended the work (ZeroDivisionError: division by zero)"
    )
    assert "return 1 / 0" in view.traceback and "return 1 / 0" in caplog.text
    assert "memory" in shared.submit("memory", exhaust, owner="a").wait(LONG).error
    view = shared.submit("lambda", unpicklable, owner="a").wait(LONG)
    assert view.state == "failed" and "pickle" in view.error


@pytest.mark.parametrize(
    ("function", "number", "reason"),
    [
        (die, signal.SIGKILL, "killed, most likely because memory ran out"),
        (die, signal.SIGSEGV, "crashed (SIGSEGV)"),
        (leave_with, 4, "exit code 4"),
    ],
)
def test_a_dead_worker_fails_its_job_and_is_replaced(shared, function, number, reason):
    view = shared.submit("die", function, int(number), owner="a").wait(LONG)
    assert view.state == "failed" and reason in view.error
    assert shared.submit("after", add, 1, 2, owner="a").wait(LONG).result == 3


def test_a_dead_worker_leaves_the_others_alone(pipe):
    with JobPool(workers=2) as pool:
        job = pool.submit("held", held, str(pipe), 5, owner="a")
        pid = running_pid(job)
        assert pool.submit("die", die, 9, owner="a").wait(LONG).state == "failed"
        assert job.snapshot().state == "running" and alive(pid)
        let_go(pipe)
        assert job.wait(LONG).result == 5


def test_an_idle_worker_that_dies_is_replaced(shared):
    pid = shared.submit("pid", own_pid, owner="a").wait(LONG).result
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    view = shared.submit("pid", own_pid, owner="a").wait(LONG)
    if view.state == "failed":  # it was given to the dead one before its thread knew
        view = shared.submit("pid", own_pid, owner="a").wait(LONG)
    assert view.result != pid


def test_no_more_jobs_run_than_there_are_workers(tmp_path):
    pipes = [tmp_path / f"pipe{i}" for i in range(4)]
    for path in pipes:
        os.mkfifo(path)
    with JobPool(workers=2) as pool:
        jobs = [pool.submit(str(i), held, str(pipes[i]), i, owner="a") for i in range(4)]
        for job in jobs[:2]:
            running_pid(job)
        views = [job.snapshot() for job in jobs]
        assert [view.state for view in views] == ["running", "running", "queued", "queued"]
        assert [view.position for view in views] == [None, None, 0, 1]
        assert views[2].stage == "queued" and views[2].started is None
        pool.cancel("2", "a")
        assert jobs[2].snapshot().state == "cancelled" and jobs[3].snapshot().position == 0
        let_go(pipes[0])
        running_pid(jobs[3])
        let_go(pipes[1])
        let_go(pipes[3])
        results = [job.wait(LONG).result for job in jobs]
        assert results == [0, 1, None, 3]


def test_jobs_wait_for_the_warm_up(pipe):
    with JobPool(warm_up=partial(read_pipe, str(pipe))) as pool:
        job = pool.submit("add", add, 1, 2, owner="a")
        assert (job.snapshot().state, job.snapshot().stage) == ("queued", "warming up")
        let_go(pipe)
        assert job.wait(LONG).result == 3


@pytest.mark.parametrize("warm_up", [broken_warm_up, deadly_warm_up])
def test_a_failing_warm_up_does_not_stop_jobs(warm_up, caplog):
    with JobPool(warm_up=warm_up) as pool:
        assert pool.submit("add", add, 1, 2, owner="a").wait(LONG).result == 3
    assert "cold" in caplog.text or "exit code 3" in caplog.text


def test_a_worker_that_cannot_start_fails_jobs_instead_of_holding_them(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with JobPool() as pool:
        assert "exit code" in pool.submit("a", add, 1, 2, owner="a").wait(LONG).error
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        assert "cannot start" in pool.submit("b", add, 1, 2, owner="a").wait(LONG).error
        monkeypatch.undo()
        assert pool.submit("c", add, 1, 2, owner="a").wait(LONG).result == 3


def test_prints_and_reads_of_the_work_do_not_disturb(shared):
    assert shared.submit("chatter", chatter, owner="a").wait(LONG).result == ""
    assert shared.submit("add", add, 1, 2, owner="a").wait(LONG).result == 3


def test_large_arguments(shared):
    array = np.ones((1_000_000, 3), dtype=np.float32)
    assert shared.submit("large", total, array, owner="a").wait(LONG).result == 3_000_000


def test_clicks_come_first(shared):
    assert shared.submit("nice", niceness, owner="a").wait(LONG).result == min(os.nice(0) + 5, 19)


def test_only_the_last_finished_are_kept(shared):
    jobs = [shared.submit(f"kept {i}", own_pid, owner="a") for i in range(KEPT + 3)]
    assert all(job.wait(LONG).state == "done" for job in jobs)
    assert [shared.get(f"kept {i}") for i in range(3)] == [None] * 3
    assert shared.get("kept 3") is jobs[3]


def test_functions_of_a_script_are_refused(shared, monkeypatch):
    monkeypatch.setattr(add, "__module__", "__main__")
    with pytest.raises(ValueError, match="module that can be imported"):
        shared.submit("add", add, 1, 2, owner="a")


def test_close_leaves_no_process():
    pool = JobPool(workers=2)
    job = pool.submit("burn", burn, owner="a")
    idle = pool.submit("pid", own_pid, owner="a").wait(LONG).result
    pids = [running_pid(job), idle]
    pool.close()
    assert not any(alive(pid) for pid in pids)
    assert job.snapshot().state == "cancelled"
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit("add", add, 1, 2, owner="a")
    pool.close()


SERVER = """
import sys
sys.path.insert(0, {tests!r})
print("executed", flush=True)
import test_pool
from server.jobs.pool import JobPool
pool = JobPool()
job = pool.submit("burn", test_pool.burn, owner="a")
print(job.wait(60, until=lambda view: view.note).note, flush=True)
{end}
"""


@pytest.mark.parametrize(
    ("end", "killed"), [("sys.stdin.read()", True), ("sys.exit()", False), ("1 / 0", False)]
)
def test_a_worker_ends_with_its_server_and_never_runs_its_script(tmp_path, end, killed):
    script = tmp_path / "app.py"
    script.write_text(SERVER.format(tests=str(Path(__file__).parent), end=end))
    root = str(Path(__file__).parents[3])
    server = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert server.stdout.readline() == "executed\n"
    worker = int(server.stdout.readline())
    if killed:
        assert alive(worker)
        server.kill()
    output, _ = server.communicate(timeout=LONG)
    assert output == ""  # executed once
    assert ended(worker)


def test_many_sessions_at_once(shared):
    """Threads that submit and cancel at random leave a pool that works, and no lost job."""
    unfinished = []

    def session(number):
        choice = random.Random(number)
        for _ in range(15):
            key, owner = f"key {choice.randrange(3)}", f"owner {number}"
            job = shared.submit(key, burn if choice.random() < 0.3 else own_pid, owner=owner)
            shared.cancel(key, owner) if choice.random() < 0.3 else shared.leave(owner)
            if not job.wait(LONG).finished:
                unfinished.append(key)

    threads = [threading.Thread(target=session, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not unfinished
    assert shared.submit("last", add, 1, 2, owner="a").wait(LONG).result == 3


def test_time_left_follows_the_rate_of_the_stage():
    rate = StageRate()
    assert rate.seconds_left(0.0) is None
    rate.update("graph", None, 0.0)
    rate.update("t-SNE", 0.0, 10.0)
    assert rate.seconds_left(10.0) is None
    rate.update("t-SNE", 0.25, 20.0)  # a quarter takes 10 s
    assert rate.seconds_left(20.0) == 30.0
    assert rate.seconds_left(25.0) == 25.0  # counts down between reports
    assert rate.seconds_left(99.0) == 0.0
    rate.update("quality", 0.5, 30.0)
    assert rate.seconds_left(30.0) is None
    rate.update("quality", 0.75, 32.0)
    assert rate.seconds_left(32.0) == 2.0
    rate.update("quality", 0.1, 33.0)  # begun again
    assert rate.seconds_left(33.0) is None
