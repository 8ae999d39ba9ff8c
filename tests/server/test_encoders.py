"""Processes that answer for trained models: kept, replaced, and what they say is wrong."""

import sys
import threading
from pathlib import Path

import pytest

from embeddings import EmbeddingError
from server.encoders import KEPT, Coders

ANSWERS = """
import json, os, sys
print(json.dumps({"dim": 2}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("text") == "end":
        sys.exit("error: asked to end")
    if asked.get("text") == "never":
        continue
    found = {"error": "no such thing"} if asked.get("text") == "bad" else {"process": os.getpid()}
    found |= {"was": asked, "run": sys.argv[1], "long": "x" * 200_000}
    print(json.dumps(found), flush=True)
"""


@pytest.fixture
def coders():
    made = Coders(lambda run: [sys.executable, "-c", ANSWERS, str(run)])
    yield made
    made.close()


def test_a_process_is_kept_for_the_next_question(coders):
    first, second = (coders.ask(Path("a"), {"text": text}) for text in ("one", "two"))
    assert first["process"] == second["process"]
    assert second["was"] == {"text": "two"} and second["run"] == "a"


def test_the_latest_used_are_kept(coders):
    runs = [Path(str(number)) for number in range(KEPT + 1)]
    first = [coders.ask(run, {})["process"] for run in runs]
    again = [coders.ask(run, {})["process"] for run in reversed(runs)]
    assert again[:KEPT] == first[:0:-1]
    assert again[-1] != first[0]


def test_what_is_wrong_is_told_and_the_process_goes_on(coders):
    before = coders.ask(Path("a"), {})["process"]
    with pytest.raises(EmbeddingError, match="no such thing"):
        coders.ask(Path("a"), {"text": "bad"})
    assert coders.ask(Path("a"), {})["process"] == before


def test_a_process_that_ends_says_why_and_is_replaced(coders):
    with pytest.raises(EmbeddingError, match="the model cannot be used: asked to end"):
        coders.ask(Path("a"), {"text": "end"})
    assert coders.ask(Path("a"), {})["was"] == {}


def test_a_process_that_never_answers_is_ended(coders):
    before = coders.ask(Path("a"), {})["process"]
    with pytest.raises(EmbeddingError, match="did not answer in time"):
        coders.ask(Path("a"), {"text": "never"}, patience=0.2)
    assert coders.ask(Path("a"), {})["process"] != before


def test_a_run_that_cannot_be_read_is_an_error(tmp_path):
    command = [sys.executable, "-c", "import sys; print('error: no run', file=sys.stderr)"]
    with pytest.raises(EmbeddingError, match="the model cannot be used: no run"):
        Coders(lambda run: command).ask(tmp_path, {})


def test_threads_wait_for_their_turn(coders):
    answers: dict[int, dict] = {}

    def ask(number: int) -> None:
        answers[number] = coders.ask(Path("a"), {"text": str(number)})

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answers[number]["was"] == {"text": str(number)} for number in range(8))
