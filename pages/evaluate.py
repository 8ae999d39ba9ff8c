"""The Evaluate screen: a table, the features to compare on it, and the result.

It opens with the result of the built-in table, which comes with the app.
"""

import streamlit as st

from pages.common import navigation_guard, services
from pages.evaluate import form, result, run_control, running, table_source
from pages.evaluate.page_state import BUILT_IN, page_state
from pages.explore import opening
from server.runs import records as runs


def main() -> None:
    """Draw the controls on the left, and the table, the progress or the result beside them."""
    opening.follow_request()
    services.reader()  # its workers warm up before a table is uploaded
    page = page_state()
    table_source.take_choice(page)
    run = run_control.current(page)
    main_area = st.container(key="evaluate")
    with main_area:
        run_control.choose_earlier(page, run)
        if run is None and page.table == BUILT_IN:
            result.show_built_in()  # first: its table is read only for the controls
    with st.sidebar:
        source = table_source.choose(page)
        spec = form.choose(source, page.form)
        if spec is not None:
            run_control.draw_start(page, source, spec)
    with main_area:
        if run is None:
            if source.place != BUILT_IN:
                st.markdown("Choose the target and the columns on the left, then compare.")
            table_source.show_rows(source, spec.roles if spec else {})
            return
        status = runs.status(run)
        if status.is_active:
            running.show(run)
        elif status.state == "done":
            result.show(run, status)
        else:
            running.show_end(run, status)


navigation_guard.ensure_started_from_app()
main()
