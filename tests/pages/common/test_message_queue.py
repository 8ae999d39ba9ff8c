"""What Streamlit's queue keeps of a run when the next one starts."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from pages.common.message_queue import keep_unsent_messages

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
