"""The form for how a file is read: what changes, and what a failure offers."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.common.sources import Source

OPENING = """
import streamlit as st
from pages.common import sources
from pages.explore import dataset_summary, navigation, opening
key, found, _ = opening.choose()
dataset_summary._reading(key, found)
dataset_summary._choices(key, found)
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    return AppTest.from_string(OPENING, default_timeout=60)


def upload(app: AppTest, content: bytes) -> AppTest:
    uploader = app.run().file_uploader(key="uploads")
    uploader.upload("x.csv", content, "").run()
    assert not app.exception
    return app


def change(app: AppTest, **values: object) -> None:
    for label, value in values.items():
        boxes = [*app.selectbox, *app.multiselect]
        next(each for each in boxes if each.label == label.replace("_", " ")).set_value(value)
    next(each for each in app.button if each.label == "Read again").click().run()
    assert not app.exception


def summary(app: AppTest) -> str:
    lines = [each.value.replace("\\", "") for each in app.caption]
    return next(line for line in lines if line.startswith("Read as: "))


TABLE = b"name;a;b;class\n" + b"".join(b"n%d;%d,5;%d;%d\n" % (i, i, i, i % 2) for i in range(6))


def test_the_guess_is_shown_changed_and_part_of_the_address(app: AppTest) -> None:
    upload(app, TABLE)
    assert summary(app) == (
        "Read as: semicolon-separated, header in line 1, UTF-8, decimal comma; label `name`; "
        "vectors `a, b`"
    )
    change(app, Decimal_sign=".")
    assert Source.of(app.session_state.open_set.key).answers == (("decimal", "."),)
    assert "decimal comma" not in summary(app)
    before = app.session_state.open_set.key
    change(app, Header="no")
    assert "is not a number" in app.error[0].value.replace("\\", "")
    assert app.session_state.open_set.key == before


def test_columns_and_separator(app: AppTest) -> None:
    upload(app, TABLE.replace(b"name;a;b", b"name;a;b;c").replace(b",5;", b",5;7;"))
    change(app, Leave_out=["b"], Categories=["class"])
    assert Source.of(app.session_state.open_set.key).answers == (
        ("ignore", "b"),
        ("category", "class"),
    )
    assert summary(app).endswith("vectors `a, c`; categories `class`; ignored `b`")
    assert "--ignore=b --category=class" in app.code[0].value
    change(app, Leave_out=[])
    assert Source.of(app.session_state.open_set.key).answers == (("category", "class"),)


def test_the_columns_of_the_vector_can_be_chosen(app: AppTest) -> None:
    upload(app, TABLE)
    box = next(each for each in app.selectbox if each.label == "Vectors")
    assert (box.value, box.options) == ("a, b", ["a, b"])
    current = app.session_state.open_set
    current.request_open(Source.of(current.key).answered("vector", "b, class"), "x.csv")
    app.run()  # as if typed into the box, which takes names that it does not list
    assert not app.exception and not app.error
    assert "vectors `b, class`" in summary(app)
    current = app.session_state.open_set
    current.request_open(Source.of(current.key).answered("vector", "b, nothing"), "x.csv")
    app.run()
    assert "no such choice" in app.error[0].value
    assert "vectors `b, class`" in summary(app)


def test_a_file_that_cannot_be_opened_offers_the_form(app: AppTest) -> None:
    upload(app, b"name~a~b\nx~1~2\ny~3~4\n")
    assert "no vectors among its 1 column" in app.error[0].value.replace("\\", "")
    assert [each.label for each in app.selectbox][:5] == [
        "Separator", "Header", "Encoding", "Decimal sign", "Quotation marks"
    ]  # fmt: skip
    uploaded = app.session_state.open_set.error[1]
    app.session_state.open_request = uploaded.answered("separator", "~").key  # typed in a browser
    app.run()
    assert not app.exception
    assert app.session_state.open_set.key.endswith("?separator=~")
    assert summary(app).startswith("Read as: separated by `~`, header in line 1")
