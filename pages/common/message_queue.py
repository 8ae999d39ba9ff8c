"""A correction of Streamlit's queue of messages to the browser: no element vanishes."""

from functools import wraps
from typing import Any

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


def keep_unsent_messages() -> None:
    """Keep what waits in the queue when a fragment starts.

    Streamlit 1.67 drops what waits in it of the same fragment, since the fragment draws it anew,
    but still delivers the end of the run that drew it. The browser then removes the elements that
    it has not received. If that was a run of the page, the map vanishes with its view until the
    fragment has drawn it again, and what follows the fragment moves up by one place: the fragment
    is then drawn over the element after it, which stays hidden, as the choice of the layout did.
    This happens when a poll or a click arrives before the browser has the end of the run. With
    all messages delivered in their order, the browser sees what it sees of a queue that is never
    full. The correction holds for the server process.
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
