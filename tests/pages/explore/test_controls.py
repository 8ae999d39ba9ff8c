"""The controls of layouts, colors and layers: values in old or invented addresses do no harm."""

import csv
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from components import number_colors
from embeddings import EmbeddingSet
from embeddings.analysis.contexts import CONTEXT, layers_of
from embeddings.layouts import Layout, LayoutSpec
from embeddings.layouts.params import AxesParams, Params, TsneParams, UmapParams
from embeddings.media import MEDIA
from embeddings.palette import RAMPS
from pages.common import services
from pages.explore import layout_controls
from pages.explore.address import Address, decode, encode
from pages.explore.colors import color_controls
from pages.explore.colors.color_controls import CLUSTERS, PRESERVED, SINGLE, Coloring
from pages.explore.colors.palette_controls import Scheme
from pages.explore.colors.point_controls import PointSettings, point_style
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
        ("umap", (("n_neighbors", "40"), ("threads", "reproducible")),
         UmapParams(40, threads="reproducible")),
        ("umap", (("n_neighbors", "1"), ("epochs", "7"), ("no", "7")),
         UmapParams(epochs=7, threads="fast")),
        ("umap", (("min_dist", "5"),), UmapParams(threads="fast")),  # above the spread
        ("tsne", (("perplexity", "x"), ("learning_rate", "200")),
         TsneParams(learning_rate=200, threads="fast")),
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


def test_images_on_the_map_are_switched_off_in_the_address() -> None:
    media = pa.array([{"bytes": b"", "path": "x.png"}] * ROWS, MEDIA)
    pictured = EmbeddingSet.of(VECTORS, metadata={"image": media})
    app = controls("thumbnails", pictured)
    assert app.toggle[0].value is True
    app.toggle[0].set_value(False).run()
    assert encode(app.session_state.open_set.address) == {"thumbnails": "0"}
    app = controls("thumbnails", pictured, **decode({"thumbnails": "0"}).__dict__)
    assert app.toggle[0].value is False
    app.toggle[0].set_value(True).run()
    assert encode(app.session_state.open_set.address) == {}
    assert not controls("thumbnails", PLAIN).toggle


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


COLORED = EmbeddingSet.of(
    VECTORS,
    [f"item {i}" for i in range(ROWS)],
    {
        "two": pa.array(["a", "b"] * 30),
        "three": pa.array(["a", "b", "c"] * 20),
        "size": VECTORS[:, 0],
        "text": [f"text {i}" for i in range(ROWS)],
    },
)


@pytest.mark.parametrize(
    ("color", "by"),
    [
        ("size", "size"),
        ("nonsense", "three"),
        ("text", "three"),  # which has no colors
        ("(one color)", SINGLE),
        ("(neighbors kept)", PRESERVED),
        (CLUSTERS, CLUSTERS),
    ],
)
def test_a_color_that_does_not_exist_is_replaced(color: str, by: str) -> None:
    assert chosen("color", COLORED, color=color).by == by


def test_a_set_without_categories_has_one_color() -> None:
    assert chosen("color", PLAIN) == Coloring(SINGLE)
    two = EmbeddingSet.of(VECTORS, metadata=COLORED.metadata.select(["size", "two"]))
    assert chosen("color", two) == Coloring("two")


def test_whole_numbers_of_few_values_are_categories_with_a_switch() -> None:
    classes = EmbeddingSet.of(VECTORS, metadata={"y": np.arange(ROWS) % 5})
    app = controls("color", classes)
    assert app.session_state.chosen == Coloring("y")
    app.toggle[0].set_value(True).run()
    assert app.session_state.chosen == Coloring("y", scaled=True)
    texts = EmbeddingSet.of(
        VECTORS, metadata={"y": np.arange(ROWS) % 5, "kind": ["a", "b", "c"] * (ROWS // 3)}
    )
    assert chosen("color", texts).by == "kind"


@pytest.mark.parametrize(("distinct", "is_offered"), [(20, False), (21, True)])
def test_categories_are_chosen_only_if_there_are_more_than_colors(
    distinct: int, is_offered: bool
) -> None:
    kinds = pa.array([f"kind {i % distinct}" for i in range(ROWS)]).dictionary_encode()
    app = controls("color", EmbeddingSet.of(VECTORS, metadata={"kind": kinds}))
    assert len(app.multiselect) == is_offered
    if is_offered:
        app.multiselect[0].set_value(["kind 20"]).run()
        assert app.session_state.chosen == Coloring("kind", ("kind 20",))


def test_what_is_about_a_color_ends_with_it() -> None:
    classes = EmbeddingSet.of(
        VECTORS, metadata={"y": np.arange(ROWS) % 5, "z": np.arange(ROWS) % 4}
    )
    app = controls("color", classes, color="z", scaled=True)
    assert app.session_state.chosen == Coloring("z", scaled=True)
    app.selectbox[0].select("y").run()
    assert app.session_state.chosen == Coloring("y")


@pytest.mark.parametrize(("distinct", "is_category"), [(ROWS // 2, True), (ROWS // 2 + 1, False)])
def test_labels_are_a_color_if_they_repeat(distinct: int, is_category: bool) -> None:
    labels = [f"item {i % distinct}" for i in range(ROWS)]
    color_controls.column_kinds.clear()
    kinds = color_controls.column_kinds("source", EmbeddingSet.of(VECTORS, labels))
    assert kinds == ({"label": "category"} if is_category else {})
    color_controls.column_kinds.clear()
    with_column = EmbeddingSet.of(VECTORS, labels, {"label": VECTORS[:, 0]})
    assert color_controls.column_kinds("source", with_column) == {"label": "number"}
    assert color_controls.column_of(with_column, "label").type == pa.float32()


def test_categories_have_palettes_and_numbers_ramps_and_scales() -> None:
    def labels(**address: Any) -> list[str]:
        app = controls("color", COLORED, **address)
        return [each.label for each in (*app.selectbox, *app.toggle)]

    assert labels(color="three") == ["Color", "Palette"]
    assert labels(color="size") == ["Color", "Ramp", "Scale", "Reversed"]
    assert labels(color=PRESERVED) == ["Color", "Ramp", "Reversed"]
    assert labels(color=SINGLE) == ["Color"]


def test_how_colors_are_drawn_is_part_of_the_address() -> None:
    app = controls("color", COLORED, color="size")
    app.selectbox[1].select("Cividis").run()
    app.selectbox[2].select("quantile").run()
    app.toggle[0].set_value(True).run()
    scheme = Scheme(ramp="Cividis", is_reversed=True, scale="quantile")
    assert app.session_state.chosen == Coloring("size", scheme=scheme)
    held = app.session_state.open_set.address
    assert held == Address(color="size", ramp="Cividis", reversed=True, scale="quantile")
    found = chosen("color", COLORED, color="size", ramp="Cividis", reversed=True, scale="quantile")
    assert found == Coloring("size", scheme=scheme)
    app.selectbox[0].select("three").run()  # the scale was that of the other column
    assert app.session_state.chosen.scheme == Scheme(ramp="Cividis", is_reversed=True)
    app.selectbox[1].select("Tol").run()
    assert app.session_state.chosen.scheme.palette == "Tol"


def test_palettes_that_do_not_exist_are_replaced() -> None:
    address = {"palette": "no", "ramp": "no", "scale": "no"}
    assert chosen("color", COLORED, color="size", **address) == Coloring("size")


def test_a_reversed_ramp_runs_the_other_way() -> None:
    colors = number_colors(VECTORS[:, 0], "n", services.blobs())
    assert Scheme().apply(colors).message == colors.message
    ramp = Scheme(is_reversed=True).apply(colors).message["ramp"]
    assert ramp == list(reversed(RAMPS["Viridis"]))


def test_size_and_opacity_of_points_are_part_of_the_address() -> None:
    app = controls("points", PLAIN)
    assert app.session_state.chosen == PointSettings() and not app.selectbox
    assert app.session_state.open_set.address == Address()
    app.slider[0].set_value(2.5).run()
    app.slider[1].set_value(0.4).run()
    assert app.session_state.chosen == PointSettings(2.5, 0.4)
    held = app.session_state.open_set.address
    assert held == Address(point_size=2.5, opacity=0.4)
    assert chosen("points", PLAIN, point_size=2.5, opacity=0.4) == PointSettings(2.5, 0.4)


def test_points_are_sized_by_a_column_of_numbers() -> None:
    app = controls("points", COLORED)
    assert app.selectbox[0].options == ["(one size)", "size"]
    app.selectbox[0].select("size").run()
    assert app.session_state.chosen == PointSettings(by="size")
    assert app.session_state.open_set.address == Address(size_by="size")
    assert chosen("points", COLORED, size_by="size") == PointSettings(by="size")
    assert chosen("points", COLORED, size_by="two") == PointSettings()
    style = point_style("source", COLORED, PointSettings(0.5, 2, "size"))
    assert (style.size, style.opacity) == (0.5, 2) and style.by is not None
    assert style.by.title == "size" and services.blobs().has(style.by.url)


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


def test_points_show_the_first_columns_with_colors_when_hovered_over() -> None:
    assert chosen("hover", COLORED) == ("two", "three")
    image = pa.array([{"bytes": b"\x89PNG\r\n\x1a\n", "path": None}] * ROWS, MEDIA)
    unseen = {"image": image, "nothing": pa.nulls(ROWS), "label": ["a", "b"] * (ROWS // 2)}
    app = controls("hover", EmbeddingSet.of(VECTORS, metadata=unseen))
    assert app.session_state.chosen == () and not app.multiselect
    app = controls("hover", EmbeddingSet.of(VECTORS, metadata={**unseen, "size": VECTORS[:, 0]}))
    assert app.multiselect[0].options == ["size"]


def test_words_in_context_show_their_context_when_hovered_over() -> None:
    found = layers_of(contexts("0", "1"))
    assert found is not None
    assert chosen("hover", found.of("1")) == (CONTEXT,)
