"""The controls of layouts, colors and layers: values in old or invented addresses do no harm."""

import csv
import io
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet
from embeddings.layouts import Layout, LayoutSpec
from embeddings.layouts.params import AxesParams, Params, TsneParams, UmapParams
from pages.common import services
from pages.explore import layout_controls
from pages.explore.address import Address
from pages.explore.colors import color_controls
from pages.explore.navigation import OpenSet

ROWS = 60
VECTORS = np.random.default_rng(0).normal(size=(ROWS, 5)).astype(np.float32)


def draw(embedding_set, panel):  # runs as a script of its own
    import streamlit as st

    from pages.explore import layers, layout_controls
    from pages.explore.colors import color_controls, point_controls

    if panel == "layout":
        st.session_state.chosen = layout_controls.choose(embedding_set, "tsne")
    elif panel == "color":
        st.session_state.chosen = color_controls.choose("source", embedding_set)
    elif panel == "points":
        st.session_state.chosen = point_controls.choose("source", embedding_set)
    elif panel == "thumbnails":
        st.session_state.chosen = color_controls.choose_thumbnails("source", embedding_set)
    elif panel == "hover":
        st.session_state.chosen = color_controls.choose_hover("source", embedding_set)
    else:
        st.session_state.chosen = layers.choose("source", embedding_set)


def controls(panel: str, embedding_set: EmbeddingSet, **address: Any) -> AppTest:
    """Draw a panel in a session that has come to an address."""
    color_controls.column_kinds.clear()
    services.open_sets().clear()
    app = AppTest.from_function(draw, args=(embedding_set, panel))
    held = Address(**address)
    app.session_state.open_set = OpenSet("gallery:x", address=held, destination=held, restored=1)
    app.run()
    assert not app.exception
    return app


def chosen(panel: str, embedding_set: EmbeddingSet, **address: Any) -> Any:
    return controls(panel, embedding_set, **address).session_state.chosen


PLAIN = EmbeddingSet.of(VECTORS)
PLACED = EmbeddingSet.of(VECTORS, metadata={"x": VECTORS[:, 0], "y": VECTORS[:, 1]})


@pytest.mark.parametrize(
    ("embedding_set", "method", "dims", "found"),
    [
        (PLAIN, "umap", 3, ("umap", 3)),
        (PLAIN, "nonsense", 7, ("tsne", 2)),
        (PLAIN, "precomputed", 2, ("tsne", 2)),
        (PLAIN, "none", 2, ("tsne", 2)),
        (PLACED, "none", 3, ("precomputed", 2)),
        (PLACED, "nonsense", 3, ("precomputed", 2)),
        (PLACED, "pca", 3, ("pca", 3)),
    ],
)
def test_a_layout_that_does_not_exist_is_replaced(
    embedding_set: EmbeddingSet, method: str, dims: int, found: tuple[str, int]
) -> None:
    spec = chosen("layout", embedding_set, method=method, dims=dims)
    assert (spec.method, spec.dims) == found


def test_a_parameter_out_of_bounds_is_explained_and_the_layout_stays() -> None:
    app = controls("layout", PLAIN, method="umap", dims=2)
    app.number_input(key="umap-n_neighbors").set_value(20).run()
    before = app.session_state.chosen
    assert before.params.n_neighbors == 20
    app.number_input(key="umap-n_neighbors").set_value(-3).run()
    assert not app.exception
    (error,) = app.error
    assert error.value.replace("\\", "").startswith("Neighbors is -3; expected")
    assert app.session_state.chosen == before


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("umap", (("n_neighbors", "40"), ("threads", "fast")), UmapParams(40)),
        ("umap", (("n_neighbors", "1"), ("epochs", "7"), ("no", "7")),
         UmapParams(epochs=7)),
        ("umap", (("min_dist", "5"),), UmapParams()),  # above the spread
        ("tsne", (("perplexity", "x"), ("learning_rate", "200")),
         TsneParams(learning_rate=200)),
    ],
)  # fmt: skip
def test_the_address_holds_the_parameters_of_the_layout(
    method: str, params: tuple[tuple[str, str], ...], expected: Params
) -> None:
    app = controls("layout", PLAIN, method=method, params=params, seed=7)
    spec = app.session_state.chosen
    assert (spec.params, spec.seed) == (expected, 7)
    held = app.session_state.open_set.address
    app = controls("layout", PLAIN, method=method, params=held.params, seed=held.seed)
    assert app.session_state.chosen == spec
    app.selectbox[0].select("pca").run()
    assert app.session_state.open_set.address.params == ()
    assert app.session_state.open_set.address.seed is None


def test_axes_are_chosen_as_text_and_a_mistake_leaves_them_as_they_were() -> None:
    app = controls("layout", PLAIN, method="axes", params=(("x", "3 -> 5"), ("y", "pca 3")))
    spec = app.session_state.chosen
    assert spec == LayoutSpec("axes", 2, AxesParams("3 -> 5", "pca 3"))
    assert [each.label for each in app.text_input] == ["Horizontal axis", "Vertical axis"]
    key = app.text_input[0].key
    app.text_input(key=key).set_value("3 -> nothing").run()
    (error,) = app.error
    assert error.value.replace("\\", "").startswith("axis x: no item has the label 'nothing'")
    assert app.session_state.chosen == spec
    app.text_input(key=key).set_value("7 -> 5").run()
    assert app.session_state.chosen == LayoutSpec("axes", 2, AxesParams("7 -> 5", "pca 3"))
    assert app.session_state.open_set.address.params == (("x", "7 -> 5"), ("y", "pca 3"))


def test_the_ends_of_axes_are_written_on_the_map() -> None:
    spec = LayoutSpec("axes", 3, AxesParams("3 -> 5, 7", "y", "pca 2"))
    assert layout_controls.axis_ends(PLACED, spec) == [("3", "5, 7"), ("", "y"), ("", "PCA 2")]
    assert layout_controls.axis_ends(PLACED, LayoutSpec("pca")) == []


def test_axes_of_another_set_are_replaced_by_the_defaults() -> None:
    app = controls("layout", PLAIN, method="axes", params=(("x", "no -> such"),))
    assert not app.exception
    assert app.session_state.chosen == LayoutSpec("axes")


def test_the_csv_of_a_layout_runs_nothing_in_a_spreadsheet() -> None:
    layout = Layout(np.float32([[0.5, 1.5, 2.5], [-1, -2, -3]]), "pca")
    made = EmbeddingSet.of(VECTORS[:2], ["=1+1", 'a "b"'])
    rows = list(csv.reader(io.StringIO(layout_controls.layout_csv(made, layout).decode())))
    assert rows == [
        ["row", "label", "x", "y", "z"],
        ["0", "'=1+1", "0.5", "1.5", "2.5"],
        ["1", 'a "b"', "-1", "-2", "-3"],
    ]


def test_only_precomputed_layouts_and_axes_take_columns_to_the_worker() -> None:
    taken = layout_controls._coordinate_columns(PLACED, LayoutSpec("precomputed"))
    assert list(taken) == ["x", "y"]
    assert layout_controls._coordinate_columns(PLACED, LayoutSpec("pca")) == {}
    axes = LayoutSpec("axes", params=AxesParams("y", "pca 1"))
    assert list(layout_controls._coordinate_columns(PLACED, axes)) == ["y"]


def contexts(*layers: str) -> EmbeddingSet:
    columns = {
        "word": ["bank"] * ROWS,
        "sentence": [f"line {i} on the bank" for i in range(ROWS)],
        "position": [4] * ROWS,
    }
    columns = {name: values * len(layers) for name, values in columns.items()}
    columns["layer"] = [layer for layer in layers for _ in range(ROWS)]
    return EmbeddingSet.of(np.vstack([VECTORS] * len(layers)), columns["word"], columns)


@pytest.mark.parametrize(
    ("state", "layer"), [({}, "1"), ({"layer": "0"}, "0"), ({"layer": "nonsense"}, "1")]
)
def test_a_layer_that_does_not_exist_is_replaced_by_the_last(
    state: dict[str, str], layer: str
) -> None:
    active = chosen("layer", contexts("0", "1"), **state)
    assert active.layer == layer and len(active.embedding_set) == ROWS


def test_a_single_layer_has_no_slider_and_other_sets_no_layers() -> None:
    app = controls("layer", contexts("only"))
    assert app.session_state.chosen.layer == "only" and not app.select_slider
    active = chosen("layer", PLAIN)
    assert active.layer is None and active.align(VECTORS) is VECTORS
