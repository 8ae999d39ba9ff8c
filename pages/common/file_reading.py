"""Reading files of users from a page: in another process, with progress and a button to cancel."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

from embeddings import EmbeddingError
from embeddings.files.options import ReadContext
from pages.common import services
from pages.common.formatting import duration, plain
from server.reading.reader import StillReading
from server.reading.stored_set import ReadResult

WAIT_SECONDS = 0.5
"""How long a page waits before it shows progress: most files are read by then."""

POLL_SECONDS = 0.5

_CANCELLED = "cancelled_reading"


def read_set(key: str, paths: Sequence[Path], context: ReadContext) -> ReadResult:
    """Read the set that files make up.

    Parameters
    ----------
    key : identifies the files and the choices in reading them

    Raises
    ------
    StillReading
        it takes longer than WAIT_SECONDS; call again to wait for it
    EmbeddingError
        the files cannot be read, or this session cancelled the reading
    """
    _refuse_cancelled(key, paths)
    return services.reader().read_set(
        key, paths, context, services.cache(), services.session_id(), _wait_seconds()
    )


def call(key: str, function: Callable[..., Any], *args: Any, paths: Sequence[Path]) -> Any:
    """Return what a function makes of files; see `read_set`.

    Parameters
    ----------
    function : importable; it returns something small
    """
    _refuse_cancelled(key, paths)
    return services.reader().call(
        key, function, *args, paths=paths, trusted=False, cache=services.cache(),
        client=services.session_id(), seconds=_wait_seconds(),
    )  # fmt: skip


def show_progress(reading: StillReading) -> None:
    """Show the progress of a reading and a button to cancel it; rerun the page at its end."""
    st.fragment(_draw, run_every=POLL_SECONDS)(reading)


def stop_until_read(reading: StillReading) -> NoReturn:
    """Show the progress of a reading without which the page has nothing else to show."""
    show_progress(reading)
    st.stop()


def _draw(reading: StillReading) -> None:
    job = services.reader().status(reading.key)
    if job is None or job.is_finished:
        st.rerun()  # the whole page, which takes the result
    with st.container(key="reading", horizontal=True, vertical_alignment="center"):
        what = f"Reading {reading.name}… {duration(job.seconds)}"
        if job.state == "queued":
            what = f"Waiting to read {reading.name}…"
        st.markdown(plain(what), width="stretch")
        if st.button("Cancel", key="cancel_reading", on_click=cancel, args=(reading.key,)):
            st.rerun()


def cancel(key: str) -> None:
    """Cancel a reading for this session; the next call with its key says so."""
    st.session_state[_CANCELLED] = key
    withdraw(key)


def withdraw(key: str) -> None:
    """End a reading, unless other sessions wait for it."""
    services.reader().cancel(key, services.session_id())


def _wait_seconds() -> float | None:
    """Return how long to wait; None for as long as it takes where no browser would ask again."""
    return WAIT_SECONDS if services.has_browsers() else None


def _refuse_cancelled(key: str, paths: Sequence[Path]) -> None:
    """Raise EmbeddingError, once, if this session cancelled the reading of a key."""
    if st.session_state.get(_CANCELLED) == key:
        st.session_state[_CANCELLED] = None
        raise EmbeddingError(f"{paths[0].name}: the reading was cancelled")
