"""Jobs run in worker processes: one per key, bounded, cancelled for real, never left behind.

What the tests wait for are events: a message of the worker, the end of a process.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from server.jobs.pool import MAX_FINISHED, JobPool
from server.jobs.status import PhaseRate
from tests.server.jobs.jobs import (
    LONG,
    add,
    alive,
    broken_warm_up,
    burn,
    chatter,
    deadly_warm_up,
    die,
    divide,
    ended,
    exhaust,
    held,
    leave_with,
    let_go,
    niceness,
    own_pid,
    read_pipe,
    refuse,
    run,
    running_pid,
    total,
    unpicklable,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads named pipes and pidfds")


def test_result_and_last_progress(shared):
    job = run(shared, "add", add, 1, 2)
    assert (job.state, job.result, job.phase, job.fraction) == ("done", 3, "added", 1.0)
    assert job.is_finished and job.frame_number == 2 and job.seconds > 0
    assert job.started is not None and job.seconds_left is None


def test_progress_and_latest_frame_while_running(shared, pipe):
    submitted = shared.submit("held", held, str(pipe), "x", client="a")
    assert submitted.key == "held" and submitted.clients == {"a"}
    job = shared.wait("held", LONG, until=lambda job: job.frame_number == 1)
    assert (job.state, job.phase, job.fraction) == ("running", "held", 0.25)
    assert job.frame.dtype == np.float32 and not job.frame.flags.writeable
    np.testing.assert_array_equal(job.frame, np.full((2, 3), 7.0))
    assert job.note == str(running_pid(shared, "held")) and job.seconds > 0
    let_go(pipe)
    assert shared.wait("held", LONG).result == "x"
    assert shared.status("held").frame is None


def test_clients_share_a_job(shared, pipe):
    shared.submit("same", held, str(pipe), 1, client="a")
    shared.submit("same", held, str(pipe), 2, client="b")
    assert shared.status("same").clients == {"a", "b"}
    pid = running_pid(shared, "same")
    shared.cancel("same", "a")
    shared.cancel("same", "a")
    shared.cancel("same", "stranger")
    assert shared.status("same").state == "running" and alive(pid)
    let_go(pipe)
    assert shared.wait("same", LONG).result == 1


def test_cancelling_by_the_last_client_kills_the_worker(shared):
    shared.submit("burn", burn, client="a")
    pid = running_pid(shared, "burn")
    shared.cancel("burn", "a")
    assert shared.status("burn").state == "cancelled"
    assert ended(pid)
    fresh = run(shared, "pid", own_pid)
    assert fresh.state == "done" and fresh.result != pid
    assert not alive(pid)  # waited for: not even a zombie


def test_a_finished_key_starts_over(shared):
    first = run(shared, "again", add, 1, 2)
    assert run(shared, "again", add, 3, 4).result == 7
    assert first.result == 3


def test_a_cancelled_key_starts_over(shared):
    shared.submit("retry", burn, client="a")
    running_pid(shared, "retry")
    shared.cancel("retry", "a")
    assert run(shared, "retry", add, 1, 2).result == 3


def test_an_unknown_key_has_no_status(shared):
    assert shared.status("unknown") is None
    shared.cancel("unknown", "a")
    with pytest.raises(KeyError):
        shared.wait("unknown")


def test_a_wait_ends_with_its_time(shared, pipe):
    shared.submit("held", held, str(pipe), 1, client="a")
    assert shared.wait("held", timeout=0.01).state in ("queued", "running")
    let_go(pipe)
    assert shared.wait("held", LONG).result == 1


def test_mistakes_of_users_are_quoted(shared):
    job = run(shared, "refuse", refuse)
    assert (job.state, job.error) == ("failed", "3 rows given, 5 expected; add some")
    assert job.traceback == ""


def test_other_errors_keep_their_traceback(shared, caplog):
    job = run(shared, "divide", divide)
    assert job.state == "failed"
    assert job.error == "unexpected error (ZeroDivisionError: division by zero)"
    assert "return 1 / 0" in job.traceback and "return 1 / 0" in caplog.text
    assert "memory" in run(shared, "memory", exhaust).error
    job = run(shared, "lambda", unpicklable)
    assert job.state == "failed" and "pickle" in job.error


@pytest.mark.parametrize(
    ("function", "number", "reason"),
    [
        (die, signal.SIGKILL, "killed, most likely because memory ran out"),
        (die, signal.SIGSEGV, "crashed (SIGSEGV)"),
        (leave_with, 4, "exit code 4"),
    ],
)
def test_a_dead_worker_fails_its_job_and_is_replaced(shared, function, number, reason):
    job = run(shared, "die", function, int(number))
    assert job.state == "failed" and reason in job.error
    assert run(shared, "after", add, 1, 2).result == 3


def test_a_dead_worker_leaves_the_others_alone(pipe):
    with JobPool(workers=2) as pool:
        pool.submit("held", held, str(pipe), 5, client="a")
        pid = running_pid(pool, "held")
        assert run(pool, "die", die, 9).state == "failed"
        assert pool.status("held").state == "running" and alive(pid)
        let_go(pipe)
        assert pool.wait("held", LONG).result == 5


def test_an_idle_worker_that_dies_is_replaced(shared):
    pid = run(shared, "pid", own_pid).result
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    job = run(shared, "pid", own_pid)
    if job.state == "failed":  # the dead worker got it before its thread noticed
        job = run(shared, "pid", own_pid)
    assert job.result != pid


def test_no_more_jobs_run_than_there_are_workers(tmp_path):
    pipes = [tmp_path / f"pipe{i}" for i in range(4)]
    for path in pipes:
        os.mkfifo(path)
    with JobPool(workers=2) as pool:
        keys = [pool.submit(str(i), held, str(pipes[i]), i, client="a").key for i in range(4)]
        for key in keys[:2]:
            running_pid(pool, key)
        jobs = [pool.status(key) for key in keys]
        assert [job.state for job in jobs] == ["running", "running", "queued", "queued"]
        assert [job.position for job in jobs] == [None, None, 0, 1]
        assert jobs[2].phase == "queued" and jobs[2].started is None
        pool.cancel("2", "a")
        assert pool.status("2").state == "cancelled" and pool.status("3").position == 0
        let_go(pipes[0])
        running_pid(pool, "3")
        let_go(pipes[1])
        let_go(pipes[3])
        assert [pool.wait(key, LONG).result for key in keys] == [0, 1, None, 3]


def test_jobs_wait_for_the_warm_up(pipe):
    with JobPool(warm_up=partial(read_pipe, str(pipe))) as pool:
        job = pool.submit("add", add, 1, 2, client="a")
        assert (job.state, job.phase) == ("queued", "warming up")
        let_go(pipe)
        assert pool.wait("add", LONG).result == 3


@pytest.mark.parametrize("warm_up", [broken_warm_up, deadly_warm_up])
def test_a_failing_warm_up_does_not_stop_jobs(warm_up, caplog):
    with JobPool(warm_up=warm_up) as pool:
        assert run(pool, "add", add, 1, 2).result == 3
    assert "cold" in caplog.text or "exit code 3" in caplog.text


def test_a_worker_that_cannot_start_fails_jobs_instead_of_blocking_them(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with JobPool() as pool:
        assert "exit code" in run(pool, "a", add, 1, 2).error
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        assert "cannot start" in run(pool, "b", add, 1, 2).error
        monkeypatch.undo()
        assert run(pool, "c", add, 1, 2).result == 3


def test_prints_and_reads_of_a_job_do_not_interfere(shared):
    assert run(shared, "chatter", chatter).result == ""
    assert run(shared, "add", add, 1, 2).result == 3


def test_large_arguments(shared):
    array = np.ones((1_000_000, 3), dtype=np.float32)
    assert run(shared, "large", total, array).result == 3_000_000


def test_clicks_come_first(shared):
    assert run(shared, "nice", niceness).result == min(os.nice(0) + 5, 19)


def test_only_the_latest_finished_jobs_are_kept(shared):
    for i in range(MAX_FINISHED + 3):
        assert run(shared, f"kept {i}", own_pid).state == "done"
    assert [shared.status(f"kept {i}") for i in range(3)] == [None] * 3
    assert shared.status("kept 3").state == "done"


def test_functions_of_a_script_are_refused(shared, monkeypatch):
    monkeypatch.setattr(add, "__module__", "__main__")
    with pytest.raises(ValueError, match="module that can be imported"):
        shared.submit("add", add, 1, 2, client="a")


def test_close_leaves_no_process():
    pool = JobPool(workers=2)
    pool.submit("burn", burn, client="a")
    idle = run(pool, "pid", own_pid).result
    pids = [running_pid(pool, "burn"), idle]
    pool.close()
    assert not any(alive(pid) for pid in pids)
    assert pool.status("burn").state == "cancelled"
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit("add", add, 1, 2, client="a")
    pool.close()


SERVER = """
import sys
sys.path.insert(0, {tests!r})
print("executed", flush=True)
import test_pool
from server.jobs.pool import JobPool
pool = JobPool()
pool.submit("burn", test_pool.burn, client="a")
print(pool.wait("burn", 60, until=lambda job: job.note).note, flush=True)
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


def test_many_sessions_at_the_same_time(shared):
    """Threads that submit and cancel at random leave a pool that works, and no unfinished job."""
    unfinished = []

    def session(number):
        choice = random.Random(number)
        for _ in range(15):
            key, client = f"key {choice.randrange(3)}", f"client {number}"
            shared.submit(key, burn if choice.random() < 0.3 else own_pid, client=client)
            shared.cancel(key, client)
            if not shared.wait(key, LONG).is_finished:
                unfinished.append(key)

    threads = [threading.Thread(target=session, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not unfinished
    assert run(shared, "last", add, 1, 2).result == 3


def test_time_left_follows_the_rate_of_the_stage():
    rate = PhaseRate()
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
