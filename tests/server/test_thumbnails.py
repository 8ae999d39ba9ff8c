"""Small images of items, as the lists and the map's cards fetch them."""

import gc
import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.media import MEDIA
from server import thumbnails
from server.thumbnails import SIDE, Thumbnails, read_image


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (255, 0, 0)).save(out, "PNG")
    return out.getvalue()


def pictures(*contents: bytes | None) -> EmbeddingSet:
    cells = [None if content is None else {"bytes": content, "path": None} for content in contents]
    vectors = np.random.default_rng(0).normal(size=(len(contents), 3))
    return EmbeddingSet.of(vectors, metadata={"image": pa.array(cells, MEDIA)})


def fetch(served: Thumbnails, address: str) -> Response:
    _, token, row = address.split("/")
    params = {"token": token, "row": int(row)}
    return served.respond(Request({"type": "http", "path_params": params}))


def test_images_are_sent_small_and_as_png() -> None:
    shown, served = pictures(png(400, 200), png(8, 8)), Thumbnails()
    address = served.address("upload:x", shown, "image")
    for row, size in ((0, (SIDE, SIDE // 2)), (1, (8, 8))):
        answer = fetch(served, f"{address}{row}")
        assert (answer.status_code, answer.media_type) == (200, "image/png")
        image = Image.open(io.BytesIO(answer.body))
        assert image.size == size
        assert image.getpixel((1, 1)) == (255, 0, 0, 255)


@pytest.mark.parametrize("row", [0, 1, 2, 9])
def test_what_is_no_image_is_not_there(row: int) -> None:
    shown, served = pictures(b"<svg onload=alert(1)>", None, b""), Thumbnails()
    assert fetch(served, f"{served.address('upload:x', shown, 'image')}{row}").status_code == 404


def test_a_set_that_is_not_open_is_not_answered_for() -> None:
    shown, served = pictures(png(8, 8)), Thumbnails()
    address = served.address("upload:x", shown, "image")
    assert fetch(served, f"thumbnail/{'0' * 32}/0").status_code == 404
    assert served.address("upload:y", shown, "image") != address
    del shown
    gc.collect()
    assert fetch(served, f"{address}0").status_code == 404


def test_the_columns_offered_are_bounded() -> None:
    shown, served = pictures(png(8, 8)), Thumbnails()
    first = served.address("0", shown, "image")
    for number in range(1, thumbnails._MOST_COLUMNS + 1):
        served.address(str(number), shown, "image")
    assert fetch(served, f"{first}0").status_code == 404
    assert fetch(served, f"{served.address('1', shown, 'image')}0").status_code == 200


def test_an_image_of_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "LARGEST_IMAGE", 99)
    with pytest.raises(EmbeddingError, match="too large to be shown: 10 x 10"):
        read_image(png(10, 10), 96)
    assert read_image(png(9, 11), 96).size == (9, 11)
