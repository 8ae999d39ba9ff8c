"""Whose job runs next, and whose has to make room."""

import pytest

from server.jobs.fair_queue import FairQueue


def queue(*jobs: str) -> FairQueue[str]:
    """Return a queue of jobs, each named by its clients and a number: "ab1" is one of a and b."""
    made = FairQueue[str](lambda job: {each for each in job if each.isalpha()})
    for job in jobs:
        made.append(job)
    return made


@pytest.mark.parametrize(
    ("waiting", "running", "expected"),
    [
        (["b1"], ["a1", "a2"], "a2"),  # the last to begin
        (["b1"], ["a2", "a1"], "a1"),
        (["b1"], ["a1", "c1"], None),  # each has one
        (["a3"], ["a1", "a2"], None),  # nobody else waits
        (["a3", "b2"], ["a1", "a2", "b1"], None),  # who waits has one running
        (["a3", "c1"], ["a1", "a2", "b1"], "a2"),
        (["c1"], ["a1", "ab2"], "a1"),  # the other is the first of b
        (["c1"], ["a1", "ab2", "b3"], "b3"),
        (["bc1"], ["a1", "a2", "b1"], "a2"),  # one of those who wait has none
        ([], ["a1", "a2"], None),
    ],
)
def test_the_second_job_of_a_client_makes_room(
    waiting: list[str], running: list[str], expected: str | None
) -> None:
    assert queue().to_put_back(running, waiting) == expected


def test_a_job_that_was_put_back_is_the_first_of_its_client() -> None:
    jobs = queue("a3", "b1", "a4")
    jobs.put_back("a2")
    assert [jobs.pop() for _ in range(4)] == ["a2", "b1", "a3", "a4"]


def test_who_has_fewest_running_comes_first() -> None:
    jobs = queue("a2", "b2", "c1")
    assert [jobs.pop(["a1", "b1"]), jobs.pop(["a1", "b1"]), jobs.pop(["a1"])] == ["c1", "a2", "b2"]
