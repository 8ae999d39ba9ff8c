"""What Streamlit's queue keeps of a run when the next starts; a page that was left stays away."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from pages.common.streamlit_corrections import ignore_other_pages, keep_unsent_messages

ENDS = (
    None,
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
    ForwardMsg.FINISHED_EARLY_FOR_RERUN,
)


def drawn(fragment: str, position: int) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, position]
    message.delta.fragment_id = fragment
    message.delta.new_element.markdown.body = f"{fragment} {position}"
    return message


def waiting(end: ForwardMsg.ScriptFinishedStatus | None) -> ForwardMsgQueue:
    """Return a queue that holds the map and the card of a run, and its end."""
    keep_unsent_messages()
    queue = ForwardMsgQueue()
    queue.enqueue(drawn("map", 0))
    queue.enqueue(drawn("card", 1))
    if end is not None:
        queue.enqueue(ForwardMsg(script_finished=end))
    return queue


def bodies(queue: ForwardMsgQueue) -> list[str]:
    return [each.delta.new_element.markdown.body for each in queue._queue if each.HasField("delta")]


@pytest.mark.parametrize("end", ENDS)
def test_a_fragment_that_starts_drops_nothing_that_waits(
    end: ForwardMsg.ScriptFinishedStatus | None,
) -> None:
    queue = waiting(end)
    before = list(queue._queue)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["map"])
    queue.enqueue(drawn("map", 0))
    assert queue._queue == [*before, drawn("map", 0)]  # not merged with what came before


def test_a_run_of_the_page_drops_what_waits() -> None:
    queue = waiting(ForwardMsg.FINISHED_SUCCESSFULLY)
    queue.clear(retain_lifecycle_msgs=True)
    assert bodies(queue) == []


def test_all_is_dropped_where_nothing_is_to_be_retained() -> None:
    queue = waiting(ForwardMsg.FINISHED_SUCCESSFULLY)
    queue.clear(fragment_ids_this_run=["map"])
    assert not queue._queue


def test_the_queue_is_corrected_once_however_often_the_app_runs() -> None:
    keep_unsent_messages()
    corrected = ForwardMsgQueue.clear
    keep_unsent_messages()
    assert ForwardMsgQueue.clear is corrected


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Correct Streamlit for one test."""
    for owner, name in ((ScriptRequests, "_request_rerun_locked"), (ScriptRunner, "_run_script")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # restored at the end
    ignore_other_pages()


@pytest.mark.usefixtures("guarded")
def test_a_poll_of_the_last_page_does_not_undo_a_click_on_a_link() -> None:
    requests = ScriptRequests()
    requests.request_rerun(RerunData(page_script_hash="evaluate", page_name="Evaluate"))
    poll = RerunData("set=1", page_script_hash="explore", fragment_id="map", is_auto_rerun=True)
    assert requests.request_rerun(poll)
    run = requests.on_scriptrunner_ready().rerun_data
    assert (run.page_script_hash, run.page_name) == ("evaluate", "Evaluate")
    assert (run.query_string, run.fragment_id_queue) == ("", [])


@pytest.mark.usefixtures("guarded")
def test_a_click_on_the_page_keeps_its_address() -> None:
    requests = ScriptRequests()
    requests.request_rerun(RerunData("set=1", page_script_hash="explore"))
    requests.request_rerun(RerunData("set=2", page_script_hash="explore", fragment_id="map"))
    assert requests.on_scriptrunner_ready().rerun_data.query_string == "set=2"


def test_a_fragment_that_is_gone_starts_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(ScriptRequests, "_request_rerun_locked", lambda requests, new: True)
    monkeypatch.setattr(
        ScriptRunner, "_run_script", lambda runner, data: ran.append(data.fragment_id_queue)
    )
    ignore_other_pages()
    storage = MemoryFragmentStorage()
    storage.register("table", lambda: None)
    runner: Any = SimpleNamespace(_fragment_storage=storage)
    for wanted in (["map"], ["table"], ["map", "table"], []):
        ScriptRunner._run_script(runner, RerunData(fragment_id_queue=wanted))
    assert ran == [["table"], ["map", "table"], []]
