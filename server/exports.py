"""Exports of rows as a route of the web server: a file is made while it is downloaded."""

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote

import xxhash
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from embeddings import EmbeddingSet
from embeddings.rows.export import Export, Format, encode

PATH = "/export/{token}"
"""The path of the route: what is exported, by a hash."""

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
    "embedding": "application/vnd.apache.parquet",
}

_MOST_OFFERED = 64


@dataclass(frozen=True, eq=False)
class _Offer:
    """A file that can be downloaded, while its set is in memory."""

    embedding_set: weakref.ref[EmbeddingSet]
    describe: Callable[[EmbeddingSet], Export]
    format: Format
    file_name: str


class Exports:
    """The files that can be downloaded, while their sets are in memory.

    What identifies one contains a hash of the set's content, so only people who have the set can
    download.
    """

    def __init__(self) -> None:
        self._offers: OrderedDict[str, _Offer] = OrderedDict()

    def address(
        self,
        identity: str,
        embedding_set: EmbeddingSet,
        describe: Callable[[EmbeddingSet], Export],
        format_: Format,
        file_name: str,
    ) -> str:
        """Offer a file; return its address.

        Parameters
        ----------
        identity : tells the export from all others: the set with its content, the rows, the columns
        describe : returns what is written of the set, which it does not hold itself
        """
        token = xxhash.xxh3_128_hexdigest(f"{identity}\0{format_}\0{file_name}".encode())
        self._offers[token] = _Offer(weakref.ref(embedding_set), describe, format_, file_name)
        self._offers.move_to_end(token)
        if len(self._offers) > _MOST_OFFERED:
            self._offers.popitem(last=False)
        return f"export/{token}"

    def respond(self, request: Request) -> Response:
        """Answer with the file."""
        offer = self._offers.get(request.path_params["token"])
        embedding_set = offer.embedding_set() if offer else None
        if offer is None or embedding_set is None:
            return PlainTextResponse("The set is not open any more.", 404)
        parts = encode(offer.describe(embedding_set), offer.format)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(offer.file_name)}",
            "cache-control": "no-store",
        }
        return StreamingResponse(
            _started(parts), media_type=MEDIA_TYPES[offer.format], headers=headers
        )


def _started(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Return the parts; the first is made now, so that an error is one of the whole answer."""
    return chain([next(parts)], parts)
