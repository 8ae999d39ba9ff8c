"""A fragment tells the browser to poll, and to stop."""

from types import SimpleNamespace

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

from pages.common import polling


def test_a_fragment_changes_its_own_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[ForwardMsg] = []
    monkeypatch.setattr(polling, "get_script_run_ctx", lambda: SimpleNamespace(enqueue=sent.append))
    monkeypatch.setattr(ThreadState, "get", lambda: SimpleNamespace(fragment_id="panels"))
    polling.poll(0.7)
    polling.poll(None)
    begin, end = sent
    assert begin.auto_rerun.fragment_id == "panels"
    assert begin.auto_rerun.interval == pytest.approx(0.7)
    assert list(end.stop_auto_rerun.fragment_ids) == ["panels"]
