"""The controls of colors, points and hover columns: old or invented addresses do no harm."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from components import category_colors, number_colors
from embeddings import EmbeddingSet
from embeddings.analysis.contexts import CONTEXT, layers_of
from embeddings.media import MEDIA
from embeddings.palette import RAMPS
from pages.common import services
from pages.explore import navigation
from pages.explore.address import Address, decode, encode
from pages.explore.colors import color_controls
from pages.explore.colors.color_controls import CLUSTERS, PRESERVED, SINGLE, Coloring
from pages.explore.colors.palette_controls import (
    Scheme,
    pick_color,
    reset_colors,
    with_own_colors,
)
from pages.explore.colors.point_controls import PointSettings, point_style
from pages.explore.navigation import OpenSet
from tests.pages.explore.test_controls import PLAIN, ROWS, VECTORS, chosen, contexts, controls

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


def test_a_category_has_the_color_that_was_picked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = OpenSet("gallery:x", address=Address(own_colors=(("gone", "#123456"),)))
    monkeypatch.setattr(navigation, "open_set", lambda: opened)
    codes, names = np.arange(3), ["a", "b", "c"]
    usual = category_colors(codes, names, [1, 1, 1], "kind", services.blobs())
    assert with_own_colors(usual) is usual
    pick_color(usual, 1, "#111111")
    pick_color(usual, 2, "#222222")
    pick_color(usual, 1, "#333333")
    pick_color(usual, 3, "#444444")  # there is none
    own = with_own_colors(usual)
    palette = [usual.message["palette"][0], "#333333", "#222222"]
    assert own.message == {**usual.message, "palette": palette, "has_own": True}
    assert own.codes is usual.codes
    numbers = number_colors(VECTORS[:, 0], "n", services.blobs())
    assert with_own_colors(numbers) is numbers
    reset_colors()
    assert opened.address == Address() and with_own_colors(usual) is usual


def test_own_colors_end_with_the_column() -> None:
    app = controls("color", COLORED, color="two", own_colors=(("a", "#111111"),))
    app.selectbox[1].select("Tol").run()
    assert app.session_state.open_set.address.own_colors == (("a", "#111111"),)
    app.selectbox[0].select("three").run()
    assert app.session_state.open_set.address == Address(palette="Tol")


def test_size_and_opacity_of_points_are_part_of_the_address() -> None:
    app = controls("points", PLAIN)
    assert app.session_state.chosen == PointSettings()
    assert [box.label for box in app.selectbox] == ["Labels", "Density"]
    assert app.session_state.open_set.address == Address()
    app.slider[0].set_value(2.5).run()
    app.slider[1].set_value(0.4).run()
    assert app.session_state.chosen == PointSettings(2.5, 0.4)
    held = app.session_state.open_set.address
    assert held == Address(point_size=2.5, opacity=0.4)
    assert chosen("points", PLAIN, point_size=2.5, opacity=0.4) == PointSettings(2.5, 0.4)


def test_labels_and_density_are_part_of_the_address() -> None:
    app = controls("points", PLAIN)
    app.selectbox[0].select("few").run()
    app.selectbox[1].select("contours").run()
    settings = PointSettings(labels="few", density="contours")
    assert app.session_state.chosen == settings
    assert encode(app.session_state.open_set.address) == {"labels": "few", "density": "contours"}
    assert chosen("points", PLAIN, labels="few", density="contours") == settings
    assert chosen("points", PLAIN, labels="all", density="3D") == PointSettings()
    assert settings.density_note(2) == "contours around 95 to 20% of the points"
    assert settings.density_note(3) == PointSettings().density_note(2) == ""


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
