"""A correction of Streamlit's queue of messages to the browser: no element vanishes."""

from functools import wraps
from typing import Any

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


def keep_unsent_messages() -> None:
    """Deliver the messages that wait in the queue when a fragment starts, instead of dropping them.

    When a fragment starts, Streamlit 1.67 drops the fragment's unsent messages, since it is about
    to be drawn again, but still delivers the end of the run that sent them. The browser then
    removes the elements that it has not received. If that was a run of the page, the map vanishes
    with its view until the fragment is drawn again, and the elements after the fragment move up by
    one place: the fragment is drawn over the next element, which stays hidden, as the layout
    control did. This happens when a poll or a click arrives before the browser has received the
    end of the run. The correction applies to the whole server process.
    """
    clear: Any = ForwardMsgQueue.clear
    if hasattr(clear, "__wrapped__"):
        return

    @wraps(clear)
    def clear_for_pages(
        queue: ForwardMsgQueue,
        retain_lifecycle_msgs: bool = False,
        fragment_ids_this_run: list[str] | None = None,
    ) -> None:
        if retain_lifecycle_msgs and fragment_ids_this_run:
            queue._delta_index_map = {}  # what the fragment draws comes after what waits
        else:
            clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)

    ForwardMsgQueue.clear = clear_for_pages  # type: ignore[assignment, method-assign]
