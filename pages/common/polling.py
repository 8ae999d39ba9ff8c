"""Polling: a fragment that is drawn again and again while work runs."""

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState


def poll(seconds: float | None) -> None:
    """Have the running fragment drawn again every so many seconds, or no longer for None.

    `st.fragment(run_every=...)` sets the interval when the page runs, so that polling could begin
    and end only with a rerun of the whole page. A fragment that calls this function each time it is
    drawn changes its own interval, with the messages that Streamlit itself sends to the browser.
    """
    context, fragment = get_script_run_ctx(), ThreadState.get().fragment_id
    assert context is not None and fragment is not None, "called outside of a fragment"
    message = ForwardMsg()
    if seconds is None:
        message.stop_auto_rerun.fragment_ids.append(fragment)
    else:
        message.auto_rerun.interval = seconds
        message.auto_rerun.fragment_id = fragment
    context.enqueue(message)
