"""Small images of items, as a route of the web server: for the cards and the lists of the map."""

import io
import weakref
from collections import OrderedDict

import xxhash
from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.media import IMAGE_FORMATS

PATH = "/thumbnail/{token}/{row:int}"
"""The path of the route: a column of a set by a hash of its name, and a row number."""

SIDE = 96
"""Longest side of a thumbnail, in px."""
LARGEST_IMAGE = 50_000_000
"""Pixels of an image that is decoded."""

_MOST_COLUMNS = 256


class Thumbnails:
    """The columns of images that can be fetched from, while their sets are in memory.

    A set's key contains a hash of the uploaded content, so only people who have the file can fetch.
    """

    def __init__(self) -> None:
        self._columns: OrderedDict[str, tuple[weakref.ref[EmbeddingSet], str]] = OrderedDict()

    def address(self, key: str, embedding_set: EmbeddingSet, column: str) -> str:
        """Offer a column of a set; return the address to which a row number is appended.

        Parameters
        ----------
        key : identifies the set among all that are cached, and from what its file held before
        """
        token = xxhash.xxh3_128_hexdigest(f"{key}\0{column}".encode())
        self._columns[token] = weakref.ref(embedding_set), column
        self._columns.move_to_end(token)
        if len(self._columns) > _MOST_COLUMNS:
            self._columns.popitem(last=False)
        return f"thumbnail/{token}/"

    def respond(self, request: Request) -> Response:
        """Answer with a PNG, or with what is wrong."""
        given = request.path_params
        found = self._columns.get(given["token"])
        embedding_set = found[0]() if found else None
        if found is None or embedding_set is None:
            return PlainTextResponse("The set is not open any more.", 404)
        row = given["row"]
        cell = embedding_set.metadata.column(found[1])[row] if row < len(embedding_set) else None
        content = cell["bytes"].as_py() if cell is not None and cell.is_valid else None
        if not content:
            return PlainTextResponse("There is no image.", 404)
        try:
            image = read_image(content, SIDE)
        except EmbeddingError as error:
            return PlainTextResponse(str(error), 404)
        out = io.BytesIO()
        image.save(out, "PNG")
        headers = {"cache-control": "private, max-age=86400"}
        return Response(out.getvalue(), media_type="image/png", headers=headers)


def read_image(content: bytes, longest: int) -> Image.Image:
    """Decode an image, scaled down where its longest side is above `longest` px.

    Returns
    -------
    The image in RGBA; `info["format"]` is Pillow's name of its format, `info["scale"]` at most 1

    Raises
    ------
    EmbeddingError
        it is damaged, of another format than those supported, or above LARGEST_IMAGE pixels
    """
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
            width, height = image.size
            if width * height <= LARGEST_IMAGE:
                image.load()
                scale = min(1.0, longest / max(width, height))
                size = max(1, round(scale * width)), max(1, round(scale * height))
                scaled = image.convert("RGBA").resize(size)
                scaled.info = {"format": image.format, "scale": scale}
                return scaled
    except Exception as error:  # a damaged image makes its reader raise anything
        raise EmbeddingError("The image cannot be displayed.") from error
    raise EmbeddingError(f"The image is too large to be shown: {width:,} x {height:,} pixels")
