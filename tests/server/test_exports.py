"""Rows of a set that is open are downloaded; of no other."""

import asyncio
import gc
from functools import partial

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from embeddings import EmbeddingSet
from embeddings.rows.export import Export, encode
from server import exports
from server.exports import Exports


def fetch(served: Exports, address: str) -> Response:
    token = address.removeprefix("export/")
    return served.respond(Request({"type": "http", "path_params": {"token": token}}))


def body(answer: Response) -> bytes:
    assert isinstance(answer, StreamingResponse)

    async def read() -> bytes:
        return b"".join([bytes(part) async for part in answer.body_iterator])  # type: ignore[arg-type]

    return asyncio.run(read())


def test_what_is_offered_is_sent_under_its_name() -> None:
    given, served = EmbeddingSet.of(np.eye(4)), Exports()
    rows = partial(Export, rows=np.array([3, 1]))
    address = served.address("upload:x 3 1", given, rows, "csv", "é.csv")
    answer = fetch(served, address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A9.csv"
    assert body(answer) == b"".join(encode(rows(given), "csv"))
    assert body(answer) == b""  # made once, for one download
    assert served.address("upload:x 3 1", given, rows, "csv", "é.csv") == address
    assert served.address("upload:x 3 1", given, rows, "jsonl", "é.csv") != address
    assert served.address("upload:y 3 1", given, rows, "csv", "é.csv") != address


def test_a_set_that_is_not_open_is_not_answered_for() -> None:
    given, served = EmbeddingSet.of(np.eye(4)), Exports()
    address = served.address("upload:x", given, Export, "csv", "x.csv")
    assert fetch(served, f"export/{'0' * 32}").status_code == 404
    del given
    gc.collect()
    assert fetch(served, address).status_code == 404


def test_the_files_offered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_MOST_OFFERED", 2)
    given, served = EmbeddingSet.of(np.eye(4)), Exports()
    first, *others = (served.address(str(i), given, Export, "csv", "x.csv") for i in range(3))
    assert fetch(served, first).status_code == 404
    assert [fetch(served, each).status_code for each in others] == [200, 200]
