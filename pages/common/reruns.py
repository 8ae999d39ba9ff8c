"""Two corrections of how Streamlit reruns the app; they hold for the whole server process."""

from functools import wraps
from typing import Any

from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


def correct_reruns() -> None:
    """Run a session's reruns one after another, and deliver what a finished run has drawn."""
    # By default, a rerun starts in a second thread while the first still runs up to its next call
    # of Streamlit: both would change the session's objects, and clicks that wait would be dropped.
    config.set_option("runner.fastReruns", False)
    if not hasattr(ForwardMsgQueue.clear, "__wrapped__"):
        ForwardMsgQueue.clear = _keep_finished_runs(ForwardMsgQueue.clear)  # type: ignore[method-assign]


def _keep_finished_runs(clear: Any) -> Any:
    """Keep the queue when a fragment starts while the end of a whole run waits in it.

    Streamlit would drop what that run has drawn of the fragment, since the fragment draws it anew,
    but would still deliver the run's end: the browser then removes the elements that it has not
    received, and the map vanishes, with its view, until the fragment has drawn it again.
    """

    @wraps(clear)
    def kept(
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

    return kept
