"""Interrupting a script of Streamlit where a rerun may interrupt it: at any call of Streamlit.

A click that arrives during a run ends that run at its next call of Streamlit, be it a widget or a
look into the session state. Then the script runs again, from its first line.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import StopException
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.testing.v1 import AppTest


class Interrupter:
    """Ends a run at one of the calls of Streamlit that modules of the app make.

    Attributes
    ----------
    at : number of the call at which the run ends, counted from 0; -1 for none
    calls : calls made so far
    """

    def __init__(self, modules: tuple[str, ...]) -> None:
        self.modules = modules
        self.at, self.calls = -1, 0

    def check(self) -> None:
        """End the run if this is the call at which it is to end."""
        if not self._is_of_the_app(sys._getframe(1)):
            return
        self.calls += 1
        if self.calls - 1 == self.at:
            raise StopException

    def _is_of_the_app(self, frame: FrameType | None) -> bool:
        """Return True if the module of the app that makes the call is one of those to interrupt."""
        while frame is not None:
            name = str(frame.f_globals.get("__name__"))
            if name.startswith("pages."):
                return name in self.modules
            frame = frame.f_back
        return False


@contextmanager
def interrupting(*modules: str) -> Iterator[Interrupter]:
    """Let what runs inside be interrupted at the calls of Streamlit made by `modules`."""
    interrupter = Interrupter(modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptRunner, "_maybe_handle_execution_control_request", interrupter.check)
        yield interrupter


def run_interrupted(app: AppTest, interrupter: Interrupter, at: int) -> bool:
    """Run the app until a call of Streamlit, then again; return whether the first run got there.

    Both runs get what the browser sends: the values of all widgets, as set on `app`; clicks are
    sent once.
    """
    tree = app._tree  # what is on screen, with the files in its uploaders
    states = tree.get_widget_states()
    interrupter.at, interrupter.calls = at, 0
    app._run(states)
    reached = interrupter.calls > at
    interrupter.at, app._tree = -1, tree
    kept = [state for state in states.widgets if state.WhichOneof("value") != "trigger_value"]
    app._run(WidgetStates(widgets=kept))
    return reached
