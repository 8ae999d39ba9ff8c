"""The Evaluate screen: a table, what to compare on it, and what the comparison found."""

import streamlit as st

from embeddings import runs
from pages.parts import frame
from pages.parts.evaluate import form, result, running, starting, table


def main() -> None:
    """Draw the controls on the left; the table, the progress or the result beside them."""
    run = starting.current()
    with st.sidebar:
        given = table.choose(changed=lambda: starting.show(None))
        wanted = form.choose(given)
        if wanted is not None:
            starting.offer(given, wanted)
    with st.container(key="evaluate"):
        starting.choose_earlier(run)
        if run is None:
            st.markdown("Choose a table, its target and columns on the left, and compare.")
            table.show_rows(given, wanted.roles if wanted else {})
            return
        view = runs.look(run)
        if view.lives:
            running.show(run)
        elif view.state == "done":
            result.show(run, view)
        else:
            running.show_end(run, view)


frame.require()
main()
