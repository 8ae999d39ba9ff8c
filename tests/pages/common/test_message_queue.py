"""What Streamlit's queue keeps of a run when a fragment starts."""

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from pages.common.message_queue import keep_finished_runs


def drawn(fragment: str, position: int) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, position]
    message.delta.fragment_id = fragment
    message.delta.new_element.markdown.body = f"{fragment} {position}"
    return message


def finished(status: ForwardMsg.ScriptFinishedStatus) -> ForwardMsg:
    return ForwardMsg(script_finished=status)


def bodies(queue: ForwardMsgQueue) -> list[str]:
    return [each.delta.new_element.markdown.body for each in queue._queue if each.HasField("delta")]


def test_a_fragment_that_starts_drops_nothing_of_a_run_that_has_finished() -> None:
    keep_finished_runs()
    queue = ForwardMsgQueue()
    queue.enqueue(drawn("map", 0))
    queue.enqueue(finished(ForwardMsg.FINISHED_SUCCESSFULLY))
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["map"])
    queue.enqueue(drawn("map", 0))
    kinds = [message.WhichOneof("type") for message in queue._queue]
    assert kinds == ["delta", "script_finished", "delta"]  # not merged with what came before


def test_what_an_unfinished_run_has_drawn_of_a_fragment_is_dropped_as_before() -> None:
    keep_finished_runs()
    for status in (None, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY):
        queue = ForwardMsgQueue()
        queue.enqueue(drawn("map", 0))
        queue.enqueue(drawn("card", 1))
        if status is not None:
            queue.enqueue(finished(status))
        queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["map"])
        assert bodies(queue) == ["card 1"]


def test_a_run_of_the_page_drops_what_a_finished_run_has_drawn() -> None:
    keep_finished_runs()
    queue = ForwardMsgQueue()
    queue.enqueue(drawn("map", 0))
    queue.enqueue(finished(ForwardMsg.FINISHED_SUCCESSFULLY))
    queue.clear(retain_lifecycle_msgs=True)
    assert bodies(queue) == []


def test_all_is_dropped_where_nothing_is_to_be_retained() -> None:
    keep_finished_runs()
    queue = ForwardMsgQueue()
    queue.enqueue(drawn("map", 0))
    queue.enqueue(finished(ForwardMsg.FINISHED_SUCCESSFULLY))
    queue.clear(fragment_ids_this_run=["map"])
    assert not queue._queue


def test_the_queue_is_corrected_once_however_often_the_app_runs() -> None:
    keep_finished_runs()
    corrected = ForwardMsgQueue.clear
    keep_finished_runs()
    assert ForwardMsgQueue.clear is corrected
