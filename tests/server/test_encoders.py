"""Processes that serve the models of runs: kept, replaced, and quoted when they report an error."""

import os
import sys
import threading
from pathlib import Path

import pytest

from embeddings import EmbeddingError
from server.encoders import MAX_IDLE, EncoderPool, encode_command

SERVER = """
import json, os, sys
print(json.dumps({"dim": 2}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request.get("text") == "end":
        sys.exit("error: told to end")
    if request.get("text") == "half":
        sys.stdout.write('{"vector": [1')
        sys.stdout.flush()
        os._exit(3)
    if request.get("text") == "never":
        continue
    if "image" in request:
        open(request["image"], "w").close()  # the request is being handled
        open(request["image"] + ".go").read()
    found = {"error": "no such thing"} if request.get("text") == "bad" else {"process": os.getpid()}
    found |= {"request": request, "run": sys.argv[1], "long": "x" * 200_000}
    print(json.dumps(found), flush=True)
"""


@pytest.fixture
def encoders():
    pool = EncoderPool(lambda run: [sys.executable, "-c", SERVER, str(run)])
    yield pool
    pool.close()


def test_a_process_is_kept_for_further_requests(encoders):
    first, second = (encoders.request(Path("a"), {"text": text}) for text in ("one", "two"))
    assert first["process"] == second["process"]
    assert second["request"] == {"text": "two"} and second["run"] == "a"


def test_the_most_recently_used_are_kept(encoders):
    runs = [Path(str(number)) for number in range(MAX_IDLE + 1)]
    first = [encoders.request(run, {})["process"] for run in runs]
    again = [encoders.request(run, {})["process"] for run in reversed(runs)]
    assert again[:MAX_IDLE] == first[:0:-1]
    assert again[-1] != first[0]


def test_a_process_with_a_pending_request_is_not_ended(encoders, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    os.mkfifo(f"{pipe}.go")
    responses = []
    busy = Path("busy")
    before = encoders.request(busy, {})["process"]
    thread = threading.Thread(
        target=lambda: responses.append(encoders.request(busy, {"image": str(pipe)}))
    )
    thread.start()
    pipe.read_bytes()
    for number in range(MAX_IDLE + 1):
        encoders.request(Path(str(number)), {})
    threading.Thread(target=Path(f"{pipe}.go").write_bytes, args=(b"",), daemon=True).start()
    thread.join()
    assert responses[0]["process"] == before


def test_an_error_is_quoted_and_the_process_continues(encoders):
    before = encoders.request(Path("a"), {})["process"]
    with pytest.raises(EmbeddingError, match="no such thing"):
        encoders.request(Path("a"), {"text": "bad"})
    assert encoders.request(Path("a"), {})["process"] == before


@pytest.mark.parametrize(("text", "reason"), [("end", "told to end"), ("half", "exit status 3")])
def test_a_process_that_ends_is_explained_and_replaced(encoders, text, reason):
    with pytest.raises(EmbeddingError, match=f"the model cannot be used: {reason}"):
        encoders.request(Path("a"), {"text": text})
    assert encoders.request(Path("a"), {})["request"] == {}


def test_a_process_that_never_responds_is_ended(encoders):
    before = encoders.request(Path("a"), {})["process"]
    with pytest.raises(EmbeddingError, match="did not respond in time"):
        encoders.request(Path("a"), {"text": "never"}, timeout=0.2)
    assert encoders.request(Path("a"), {})["process"] != before


def test_a_run_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the trainers are found from any folder
    (tmp_path / "trainers.py").write_text("raise SystemExit('a file of the user')")
    with pytest.raises(EmbeddingError, match=r"cannot be used: .*contains no best\.pt"):
        EncoderPool(encode_command).request(tmp_path, {"text": "x"})


def test_threads_wait_for_their_turn(encoders):
    answers: dict[int, dict] = {}

    def send(number: int) -> None:
        answers[number] = encoders.request(Path("a"), {"text": str(number)})

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answers[number]["request"] == {"text": str(number)} for number in range(8))
