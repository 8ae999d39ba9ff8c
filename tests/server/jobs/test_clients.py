"""Clients of a pool take turns, and jobs of a client that has gone make room for others."""

import os
import sys

import pytest

from server.jobs.pool import MAX_WAITING, JobPool
from tests.server.jobs.jobs import (
    LONG,
    add,
    alive,
    burn,
    ended,
    held,
    let_go,
    running_pid,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads named pipes and pidfds")


def test_clients_take_turns(tmp_path):
    pipes = {name: tmp_path / name for name in ("a0", "a1", "a2", "a3", "b0", "b1", "c0")}
    for path in pipes.values():
        os.mkfifo(path)
    with JobPool() as pool:
        for name, path in pipes.items():
            pool.submit(name, held, str(path), name, client=name[0])
        order = ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]
        running_pid(pool, "a0")
        assert [pool.status(name).position for name in order] == [None, 0, 1, 2, 3, 4, 5]
        for name, following in zip(order, [*order[1:], None], strict=True):
            let_go(pipes[name])
            assert pool.wait(name, LONG).result == name
            if following is not None:
                running_pid(pool, following)


def test_a_job_whose_client_has_gone_is_ended():
    present = {"a"}
    with JobPool(is_present=present.__contains__, end_seconds=0.0) as pool:
        pool.submit("burn", burn, client="a")
        pid = running_pid(pool, "burn")
        assert pool.status("burn").state == "running"
        present.clear()
        assert pool.wait("burn", LONG).state == "cancelled"
        assert ended(pid)


def test_a_job_of_which_one_client_is_left_goes_on(pipe):
    present = {"a", "b"}
    with JobPool(is_present=present.__contains__, yield_seconds=0.0, end_seconds=0.0) as pool:
        pool.submit("held", held, str(pipe), 1, client="a")
        pool.submit("held", held, str(pipe), 1, client="b")
        pool.submit("burn", burn, client="a")
        running_pid(pool, "held")
        present.remove("a")
        assert pool.wait("burn", LONG).state == "cancelled"  # the pool has looked
        let_go(pipe)
        assert pool.wait("held", LONG).result == 1


def test_a_job_whose_client_has_gone_makes_room_for_others(tmp_path):
    present = {"a", "b"}
    pool = JobPool(is_present=present.__contains__, yield_seconds=0.0, end_seconds=float("inf"))
    with pool:
        pool.submit("burn", burn, client="a")
        pool.submit("queued", burn, client="a")
        pid = running_pid(pool, "burn")
        present.remove("a")
        assert run_as(pool, "add", "b").result == 3
        assert pool.status("burn").state == "cancelled" and ended(pid)


def test_the_second_job_of_a_client_makes_room_for_others(tmp_path):
    pipes = {name: tmp_path / name for name in ("a0", "a1", "b0")}
    for path in pipes.values():
        os.mkfifo(path)
    with JobPool(workers=2, yield_seconds=0.0) as pool:
        for name in ("a0", "a1"):
            pool.submit(name, held, str(pipes[name]), name, client="a")
        first, second = (running_pid(pool, name) for name in ("a0", "a1"))
        pool.submit("b0", held, str(pipes["b0"]), "b0", client="b")
        running_pid(pool, "b0")
        assert ended(second) and alive(first)
        assert pool.status("a1").state == "queued"
        assert "stopped for others" in pool.status("a1").phase
        let_go(pipes["b0"])
        assert pool.wait("b0", LONG).result == "b0"
        running_pid(pool, "a1")  # again, from the beginning
        for name in ("a0", "a1"):
            let_go(pipes[name])
            assert pool.wait(name, LONG).result == name


def test_a_free_worker_is_for_who_has_none_running(tmp_path):
    pipes = {name: tmp_path / name for name in ("a0", "b0", "a1", "c0")}
    for path in pipes.values():
        os.mkfifo(path)
    with JobPool(workers=2) as pool:
        for name in pipes:
            pool.submit(name, held, str(pipes[name]), name, client=name[0])
        for name in ("a0", "b0"):
            running_pid(pool, name)
        let_go(pipes["b0"])
        running_pid(pool, "c0")
        assert pool.status("a1").state == "queued"


def test_the_waiting_jobs_of_one_client_are_bounded(pipe):
    with JobPool() as pool:
        pool.submit("running", held, str(pipe), 1, client="a")
        running_pid(pool, "running")
        for number in range(MAX_WAITING):
            assert pool.submit(f"a{number}", add, 1, 2, client="a").state == "queued"
        refused = pool.submit("one more", add, 1, 2, client="a")
        assert (
            refused.state == "failed" and f"{MAX_WAITING} of your computations are" in refused.error
        )
        assert pool.status("one more") is None
        assert pool.submit("b", add, 1, 2, client="b").state == "queued"
        assert pool.submit("a0", add, 1, 2, client="a").state == "queued"  # joins its own
        pool.cancel(f"a{MAX_WAITING - 1}", "a")
        assert pool.submit("one more", add, 1, 2, client="a").state == "queued"


def run_as(pool, key, client):
    pool.submit(key, add, 1, 2, client=client)
    return pool.wait(key, LONG)
