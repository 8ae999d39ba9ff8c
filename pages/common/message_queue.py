"""A correction of Streamlit's queue of messages to the browser: the map does not vanish."""

from functools import wraps
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


def keep_finished_runs() -> None:
    """Keep the queue when a fragment starts while the end of a run of the page waits in it.

    Streamlit 1.67 drops what that run has drawn of the fragment, since the fragment draws it anew,
    but still delivers the run's end. The browser then removes the elements that it has not
    received: the map vanishes, with its view, until the fragment has drawn it again. This happens
    when a poll or a click arrives during a run. The correction holds for the server process.
    """
    clear: Any = ForwardMsgQueue.clear
    if hasattr(clear, "__wrapped__"):
        return

    @wraps(clear)
    def clear_unfinished(
        queue: ForwardMsgQueue,
        retain_lifecycle_msgs: bool = False,
        fragment_ids_this_run: list[str] | None = None,
    ) -> None:
        is_finished = any(
            message.WhichOneof("type") == "script_finished"
            and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            for message in queue._queue
        )
        if retain_lifecycle_msgs and fragment_ids_this_run and is_finished:
            queue._delta_index_map = {}  # what the fragment draws comes after the end of the run
        else:
            clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)

    ForwardMsgQueue.clear = clear_unfinished  # type: ignore[assignment, method-assign]
