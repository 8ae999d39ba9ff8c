"""A slice of the fuzz run, and its own eyes: what counts as a fault."""

import json

import pytest

from tests.fuzz.built import KINDS, built
from tests.fuzz.mutations import mutated
from tests.fuzz.run import Command, run
from tests.fuzz.seeds import seeds
from tests.fuzz.worker import fault


def test_a_slice_of_the_run():
    result = run(seed=1, inputs=[("mutated", i) for i in range(200)])
    assert result.failures == [], json.dumps(result.failures, indent=1)
    assert result.inputs == result.opened + result.refused == 200
    assert result.opened >= 10


def test_one_built_input_of_each_kind():
    result = run(seed=1, inputs=[("built", i) for i in range(len(KINDS))], size=400_000)
    assert result.failures == [], json.dumps(result.failures, indent=1)
    assert result.inputs == len(KINDS)


def test_the_command_is_run_within_its_limits(monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_OPEN_FILES", "4")
    result = run(seed=1, inputs=[("mutated", 0)], inspector=Command)
    assert (result.inputs, result.refused, result.failures) == (1, 1, [])
    assert result.slowest[0]["seconds"] > 0.1 and result.largest[0]["memory"] > 2**25


def test_inputs_are_known_by_their_number():
    corpus = seeds()
    assert len({seed.name for seed in corpus}) == len(corpus)
    assert mutated(corpus, 3, 5) == mutated(corpus, 3, 5)
    assert mutated(corpus, 3, 5) != mutated(corpus, 4, 5)
    for index in range(len(KINDS)):
        assert built(3, index, 20_000) == built(3, index, 20_000)
    assert built(3, 0, 20_000) != built(4, 0, 20_000)


@pytest.mark.parametrize(
    ("status", "out", "err", "found"),
    [
        (0, '{"rows": 1}\n', "a note\n", ""),
        (2, "", "a note\nerror: v.csv: no rows\n", ""),
        (2, "", "error: one\nerror: two\n", "not one line of error"),
        (2, "", "v.csv: no rows\n", "not one line of error"),
        (2, "{", "error: one\n", "not one line of error"),
        (0, '{"rows": NaN}', "", "no JSON document: NaN is no JSON"),
        (0, '{"rows": 1}\n{}', "", "no JSON document: Extra data: line 2 column 1 (char 12)"),
        (0, '{"rows": 0}', "", "no rows"),
        (1, "", "", "status 1"),
        (None, "", "Traceback (most recent call last):\nMemoryError\n", "traceback or warning"),
        (0, '{"rows": 1}', "a.py:1: RuntimeWarning: overflow\n", "traceback or warning"),
    ],
)
def test_what_is_a_fault(status, out, err, found):
    assert fault(status, out, err) == found
