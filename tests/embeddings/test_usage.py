"""What a person does, without a browser: Streamlit's AppTest runs the script."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox, Toggle

from embeddings import EmbeddingSet, gallery, neighbors, save

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def send_event(app: AppTest, component: str, event: str) -> AppTest:
    """Send an event of a component, as the browser does (AppTest has no public way)."""
    identities = [each.proto.id for each in app.get("bidi_component")]
    (identity,) = (each for each in identities if each.endswith(f"-{component}"))
    states = app._tree.get_widget_states()
    key = f"$$STREAMLIT_INTERNAL_KEY_{identity}__events"
    state = WidgetState(id=key, json_trigger_value=f'[{{"event":"event","value":{event}}}]')
    states.widgets.append(state)
    return app._run(widget_state=states)


def select(app: AppTest, label: str) -> Selectbox:
    """Return the select box with a label; its key changes with the open set."""
    return next(box for box in app.selectbox if box.label == label)


def only(app: AppTest) -> Toggle:
    """Return the toggle that hides all but the neighbors."""
    return next(toggle for toggle in app.toggle if toggle.label == "Only these")


def titles(app: AppTest) -> list[str]:
    """Return the texts that are shown exactly as they are, such as the item's title."""
    return [each.proto.body for each in app.get("html")]


def test_the_first_run_shows_the_gallery(app: AppTest) -> None:
    assert not app.exception
    assert not app.error
    assert select(app, "Embedding").value == f"gallery:{gallery.ITEMS[0].name}"
    assert any("1,797 of 1,797 points" in text.value.replace("\\", "") for text in app.markdown)


def test_a_click_shows_the_item_and_a_bad_row_is_ignored(app: AppTest) -> None:
    label = gallery.open_item(gallery.ITEMS[0].name).labels[42]
    app = send_event(app, "map", '{"type": "click", "row": 42}')
    assert not app.exception
    assert f"<p>{label}</p>" in titles(app)
    app = send_event(app, "map", '{"type": "click", "row": 99999999}')
    assert not app.exception
    assert app.session_state.open_set.history.row == 42


def test_a_bad_upload_is_named_and_what_was_open_stays(app: AppTest) -> None:
    app.file_uploader(key="uploads").upload("empty.csv", b"", "text/csv").run()
    assert not app.exception
    assert "empty.csv" in app.error[0].value.replace("\\", "")
    assert app.session_state.open_set.key == f"gallery:{gallery.ITEMS[0].name}"


def test_an_upload_is_opened(app: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "small.npy"
    save(EmbeddingSet.of(np.random.default_rng(0).normal(size=(50, 6))), path)
    app.file_uploader(key="uploads").upload("small.npy", path.read_bytes(), "").run()
    assert not app.exception
    assert app.session_state.open_set.key.startswith("upload:")
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    assert app.session_state.open_set.history.row == 7


def test_a_second_file_opens_by_itself_and_labels_join_the_vectors(app: AppTest, tmp_path) -> None:
    uploader = app.file_uploader(key="uploads")
    names = []
    for number, rows in enumerate((30, 20)):
        path = tmp_path / f"set{number}.npy"
        save(EmbeddingSet.of(np.random.default_rng(number).normal(size=(rows, 4))), path)
        uploader = app.file_uploader(key="uploads")
        uploader.upload(path.name, path.read_bytes(), "").run()
        assert not app.error
        names.append(app.session_state.open_set.key)
    assert names[0] != names[1]
    labels = "".join(f"item {i}\n" for i in range(20)).encode()
    app.file_uploader(key="uploads").upload("set1.npy", path.read_bytes(), "").upload(
        "labels.tsv", labels, "text/tab-separated-values"
    ).run()
    assert not app.error
    assert not app.exception
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    assert "<p>item 7</p>" in titles(app)


def test_every_kind_of_column_can_be_a_color(app: AppTest, tmp_path: Path) -> None:
    rows = 40
    columns = {
        "folded": pa.array(["a", "b", "c", None] * 10).dictionary_encode(),
        "flag": pa.array([True, False] * 20),
        "day": pa.array([date(2026, 1, 1 + i % 28) for i in range(rows)]),
        "number": pa.array([float("nan"), None, 1.0, 2.0] * 10),
        "text": [f"sentence number {i}" for i in range(rows)],
        "many": [[1, 2]] * rows,
        "nothing": pa.nulls(rows),
    }
    vectors = np.random.default_rng(0).normal(size=(rows, 5))
    path = tmp_path / "kinds.embedding.parquet"
    save(EmbeddingSet.of(vectors, ["twice"] * rows, columns), path)
    app.file_uploader(key="uploads").upload(path.name, path.read_bytes(), "").run()
    assert not app.exception
    assert {"folded", "flag", "day", "number", "label"} <= set(select(app, "Color").options)
    for option in select(app, "Color").options:
        select(app, "Color").set_value(option).run()
        assert not app.exception, option
        assert not app.error, option
    send_event(app, "map", '{"type": "click", "row": 3}')
    assert not app.exception


def test_a_removed_upload_in_the_address_is_explained(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["set"] = "upload:" + "0" * 32
    app.run()
    assert not app.exception
    assert "no longer on the server" in app.error[0].value


def test_dot_sets_rank_by_dot_and_say_that_cosine_lays_them_out(app: AppTest, tmp_path) -> None:
    path = tmp_path / "dots.embedding.parquet"
    vectors = np.random.default_rng(1).normal(size=(40, 5)) * np.arange(1, 41)[:, None]
    dots = EmbeddingSet.of(vectors, metric="dot")
    save(dots, path)
    app.file_uploader(key="uploads").upload(path.name, path.read_bytes(), "").run()
    app = send_event(app, "map", '{"type": "click", "row": 3}')
    shown = " ".join(text.value.replace("\\", "") for text in app.markdown)
    assert "Nearest in the original space (dot)" in shown
    assert "the dot product is not a distance" in shown
    assert neighbors.query(dots, 3, 1).kind == "similarity"


def test_messages_that_were_on_their_way_when_a_set_was_opened_change_nothing(
    app: AppTest, tmp_path: Path
) -> None:
    """A browser that polls sends all values, also of the list of sets, as it knew them."""
    select(app, "Color").select("(single color)").run()
    path = tmp_path / "small.npy"
    save(EmbeddingSet.of(np.random.default_rng(0).normal(size=(50, 6))), path)
    app.file_uploader(key="uploads").upload("small.npy", path.read_bytes(), "")
    on_its_way = app._tree.get_widget_states()
    app.run()
    assert select(app, "Layout").value == "pca"
    app._run(on_its_way)
    assert not app.exception
    assert app.session_state.open_set.key.startswith("upload:")
    assert select(app, "Layout").value == "pca"  # that of the set before was t-SNE


def test_only_these_stays_off_after_a_click_whatever_was_on_its_way(app: AppTest) -> None:
    app = send_event(app, "map", '{"type": "click", "row": 42}')
    only(app).set_value(True).run()
    assert app.session_state.open_set.history.only_these
    on_its_way = app._tree.get_widget_states()
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    app._run(on_its_way)
    assert not app.session_state.open_set.history.only_these
    assert not only(app).value
