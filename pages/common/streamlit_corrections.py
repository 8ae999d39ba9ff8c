"""Corrections of Streamlit: no element vanishes, and no page takes the place of the one opened.

Each applies to the whole server process.
"""

from dataclasses import replace
from functools import wraps
from typing import Any

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType


def keep_unsent_messages() -> None:
    """Deliver the messages that wait in the queue when a fragment starts, instead of dropping them.

    When a fragment starts, Streamlit 1.67 drops the fragment's unsent messages, since it is about
    to be drawn again, but still delivers the end of the run that sent them. The browser then
    removes the elements that it has not received. If that was a run of the page, the map vanishes
    with its view until the fragment is drawn again, and the elements after the fragment move up by
    one place: the fragment is drawn over the next element, which stays hidden, as the layout
    control did. This happens when a poll or a click arrives before the browser has received the
    end of the run.
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


def ignore_other_pages() -> None:
    """Ignore fragments of the last page that the browser draws again while it opens another one.

    The panels of Explore poll while work runs. A poll on its way when a person opens another page
    carries the name of the last page, and Streamlit 1.67 takes it as a request for that page:

    - If the script of the new page has not begun, it merges the two requests under the last page's
      name, and the click on the link is lost.
    - If it has begun, the fragment is to be drawn after it. It does not exist any more, so nothing
      is drawn, but the browser takes it for a run of the last page and removes the new one.
    """
    request: Any = ScriptRequests._request_rerun_locked
    run: Any = ScriptRunner._run_script
    if hasattr(request, "__wrapped__"):
        return

    @wraps(request)
    def request_for_page(requests: ScriptRequests, new: RerunData) -> bool:
        waiting = requests._rerun_data
        is_page_waiting = (
            requests._state == ScriptRequestType.RERUN and not waiting.fragment_id_queue
        )
        if is_page_waiting and new.fragment_id and new.page_script_hash != waiting.page_script_hash:
            new = replace(
                new,
                page_script_hash=waiting.page_script_hash,
                page_name=waiting.page_name,
                query_string=waiting.query_string,
            )
        accepted: bool = request(requests, new)
        return accepted

    @wraps(run)
    def run_what_exists(runner: ScriptRunner, data: RerunData) -> None:
        wanted = data.fragment_id_queue
        if not wanted or any(map(runner._fragment_storage.contains, wanted)):
            run(runner, data)

    ScriptRequests._request_rerun_locked = request_for_page  # type: ignore[assignment, method-assign]
    ScriptRunner._run_script = run_what_exists  # type: ignore[assignment, method-assign]
