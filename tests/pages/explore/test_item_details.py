"""The inspector shows each kind of metadata as what it is, and opens nothing that a file names."""

import functools
import html
import io
import operator
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet
from embeddings.analysis.contexts import Excerpt
from embeddings.columns import column_kind
from embeddings.media import MEDIA


def draw(embedding_set, kinds, row):  # runs as a script of its own
    from pages.explore import item_details

    item_details.show_columns(embedding_set, kinds, row)


def shown(row: int = 0, **columns: object) -> AppTest:
    """Draw the metadata of one row."""
    table = pa.table(columns)
    kinds = {name: column_kind(table.column(name)) for name in table.column_names}
    embedding_set = EmbeddingSet.of(np.eye(table.num_rows), metadata=table)
    app = AppTest.from_function(draw, args=(embedding_set, kinds, row)).run()
    assert not app.exception
    return app


def captions(app: AppTest) -> list[str]:
    return [each.value.replace("\\", "") for each in app.caption]


def paragraphs(app: AppTest) -> list[list[str]]:
    """Return the lines of each paragraph of HTML."""
    bodies = [each.proto.body for each in app.get("html")]
    assert all(body.startswith("<p>") and body.endswith("</p>") for body in bodies)
    return [[html.unescape(line) for line in body[3:-4].split("<br>")] for body in bodies]


def media(content: bytes | None, path: str | None = None) -> pa.Array:
    return pa.array([{"bytes": content, "path": path}], MEDIA)


def image(form: str, size: tuple[int, int] = (4, 3), mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    Image.new(mode, size).save(content, form)
    return content.getvalue()


def test_values_read_as_people_write_them() -> None:
    app = shown(
        day=pa.array([0], pa.date32()),
        time=pa.array([datetime(2026, 1, 31, 12)]),
        flag=[True],
        tags=[list("abcdefg")],
        number=[0.1 + 0.2],
        nothing=pa.nulls(1, pa.string()),
        link=["https://example.org/a.png"],
    )
    assert functools.reduce(operator.iadd, paragraphs(app), []) == [
        "day: 1970-01-01",
        "time: 2026-01-31 12:00:00",
        "flag: yes",
        "tags: a, b, c, d, e and 2 more",
        "number: 0.3",
        "link: https://example.org/a.png",
    ]
    assert app.expander[0].label == "2 more columns"


def test_text_of_a_file_is_no_markup_of_any_kind() -> None:
    text = "<a href=x>www.a.org</a> :material/home: :smile: a -> b **c**"
    app = shown(**{"http://a.org": [text]})
    assert paragraphs(app) == [[f"http://a.org: {text}"]]
    assert not app.markdown and not app.caption  # Streamlit would make links and icons of both
    (body,) = (each.proto.body for each in app.get("html"))
    assert "<a" not in body


def test_a_long_text_is_folded() -> None:
    app = shown(text=["first\n" + "word " * 100])
    assert app.expander[0].label == "text, 506 characters"
    first, second = paragraphs(app)[0]
    assert first == "first" and second.startswith("word word")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("size", [(4, 3), (1000, 10), (1, 900)])
def test_images_are_shown(form: str, size: tuple[int, int]) -> None:
    app = shown(image=media(image(form, size)))
    assert len(app.get("image")) == 1
    assert captions(app) == []


@pytest.mark.parametrize(
    ("form", "mode"),
    [("PNG", "I;16"), ("JPEG", "CMYK"), ("PNG", "LA"), ("PNG", "P"), ("GIF", "1")],
)
def test_images_of_rare_colors_are_shown(form: str, mode: str) -> None:
    assert len(shown(image=media(image(form, mode=mode))).get("image")) == 1


def test_several_images_are_side_by_side_above_their_names() -> None:
    columns = dict.fromkeys(("image", "reconstruction", "third"), media(image("PNG", (500, 500))))
    app = shown(**columns)
    assert len(app.get("image")) == 3 and paragraphs(app) == [[name] for name in columns]
    assert [len(column.get("image")) for column in app.columns] == [1, 1, 1, 0]
    assert captions(shown(image=columns["image"], empty=media(None))) == []


def test_a_damaged_or_huge_image_is_noted() -> None:
    assert captions(shown(image=media(image("PNG")[:40]))) == ["The image cannot be displayed."]
    assert captions(shown(image=media(b"GIF89a"))) == ["The image cannot be displayed."]
    huge = image("PNG", (8_000, 8_000), "1")
    assert captions(shown(image=media(huge)))[0].startswith("The image is too large")


def test_sounds_are_played() -> None:
    app = shown(sound=media(b"ID3" + bytes(100)))
    assert len(app.get("audio")) == 1
    assert captions(shown(sound=media(b"no sound", "a.mp3"))) == ["The sound cannot be played."]


@pytest.mark.parametrize("path", ["/etc/hostname.png", "https://example.org/a.mp3"])
def test_a_path_without_content_is_text_and_never_opened(path: str) -> None:
    app = shown(media=media(None, path))
    assert paragraphs(app) == [[f"media: {path}"]]
    assert not app.get("image")
    assert not app.get("audio")


def test_an_excerpt_has_its_word_in_bold_and_shows_the_rest_as_it_is() -> None:
    def draw_excerpt(excerpt):  # runs as a script of its own
        from pages.explore.item_details import show_excerpt

        show_excerpt(excerpt)

    def body(excerpt: Excerpt) -> str:
        (drawn,) = AppTest.from_function(draw_excerpt, args=(excerpt,)).run().get("html")
        return drawn.proto.body

    assert body(Excerpt("a ⟦ ", "bank", " ⟧ <b>")) == "<p>a ⟦ <b>bank</b> ⟧ &lt;b&gt;</p>"
    assert body(Excerpt("no ⟦word⟧")) == "<p>no ⟦word⟧<b></b></p>"


def test_of_a_very_long_text_the_beginning_is_shown_and_the_rest_counted() -> None:
    app = shown(text=["x" * 20_001])
    assert paragraphs(app) == [["x" * 20_000]] and captions(app) == ["and 1 more characters"]
    app = shown(text=["x" * 20_000])
    assert paragraphs(app) == [["x" * 20_000]] and captions(app) == []


def test_missing_cells_are_not_shown() -> None:
    kinds = {"text": pa.string(), "number": pa.float64(), "tags": pa.list_(pa.string()),
             "image": MEDIA}  # fmt: skip
    app = shown(**{name: pa.nulls(1, kind) for name, kind in kinds.items()})
    assert not app.caption and not app.get("html") and not app.get("image")
