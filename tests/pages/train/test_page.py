"""The Train page without a browser, before there is a run."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.train import catalog

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path))
    page = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=120)
    page.session_state["framed"] = True  # as if app.py ran around it
    return page.run()


def test_each_trainer_is_told_and_chosen_by_its_name(page: AppTest) -> None:
    told = [text.value.replace("\\", "") for text in page.markdown]
    for name, sentence in catalog.sentences().items():
        assert page.button(key=f"choose-{name}").label == name
        assert sentence in told
    page.button(key="choose-word2vec").click().run()
    assert not page.exception
    assert page.selectbox(key="trainer").value == "word2vec"
    assert page.number_input(key="train-word2vec-window").value == 5
