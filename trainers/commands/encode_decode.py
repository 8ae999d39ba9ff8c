"""Encode texts and images as vectors, or decode vectors to images, with a saved run.

    python -m trainers encode RUN --text "a red square" --json
    python -m trainers encode RUN --image cat.png
    python -m trainers decode RUN --vector 0.5 -1 --out drawn.png

With `--serve` one process answers many requests. It prints a line once it is ready, `{"dim": 2}`;
then it answers each line of standard input, a JSON object such as `{"vector": [0.5, -1]}`, with a
line: `{"vector": [...], "png": "..."}`, or `{"error": "..."}`, after which it continues. Words of a
text that are not in the vocabulary are ignored, and listed as `unknown`.
"""

import base64
import json
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from server.runs.contract import Ready, Request, Response
from trainers.commands import load_run
from trainers.commands.config import DecodeConfig, EncodeConfig
from trainers.core.codec import Codec


def run(config: EncodeConfig | DecodeConfig) -> Iterator[str]:
    """Yield the lines to print."""
    coder = load_run.load(config.run)
    if config.serve:
        yield from serve(coder, sys.stdin)
    elif isinstance(config, EncodeConfig):
        request = (
            Request(text=config.text)
            if config.text is not None
            else Request(image=str(config.image))
        )
        response = answer(coder, request)
        if config.json:
            yield json.dumps(response)
        else:
            yield " ".join(f"{x:g}" for x in response["vector"])
    else:
        response = answer(coder, {"vector": list(config.vector)})
        if config.out is not None:
            with atomic_path(config.out) as temporary:
                temporary.write_bytes(base64.b64decode(response["png"]))
        if config.json:
            yield json.dumps(response)


def serve(coder: Codec, lines: Iterable[str]) -> Iterator[str]:
    """Yield a line with the length of vectors, then an answer to each line."""
    yield json.dumps(Ready(dim=coder.dim))
    for line in lines:
        try:
            request: Any = json.loads(line)
            if not isinstance(request, dict):
                raise EmbeddingError(f"{line.strip()[:40]}: expected a JSON object")
            yield json.dumps(answer(coder, cast(Request, request)))
        except (EmbeddingError, OSError, json.JSONDecodeError) as error:
            yield json.dumps(Response(error=" ".join(str(error).split())))


def answer(coder: Codec, request: Request) -> Response:
    """Answer {vector}, {text} or {image} with {vector}, and with {png} if a vector was given.

    Raises
    ------
    EmbeddingError
        the run cannot do that, or the vector has the wrong length or is not finite
    """
    if "vector" in request:
        if coder.decode is None:
            raise EmbeddingError("this run cannot decode vectors; give one of autoencoder")
        vector = checked_vector(request["vector"], coder.dim)
        (png,) = coder.decode(vector[None])
        return {"vector": vector.tolist(), "png": base64.b64encode(png).decode()}
    if "text" in request:
        if coder.encode_text is None:
            raise EmbeddingError("this run cannot encode texts; give --image")
        text = str(request["text"])
        response: Response = {"vector": coder.encode_text(text).tolist()}
        if coder.unknown_words is not None and (unknown := coder.unknown_words(text)):
            response["unknown"] = unknown
        return response
    if "image" in request:
        if coder.encode_image is None:
            raise EmbeddingError("this run cannot encode images; give --text")
        path = Path(str(request["image"]))
        if not path.is_file():
            raise EmbeddingError(f"{path}: no such file; give an image")
        return {"vector": coder.encode_image(path.read_bytes(), path.name).tolist()}
    raise EmbeddingError(f"{', '.join(request) or 'nothing'}: expected vector, text or image")


def checked_vector(values: Any, dim: int) -> np.ndarray:
    """Return numbers as a vector: float32, shape (dim,).

    Raises
    ------
    EmbeddingError
        not a list of `dim` finite numbers
    """
    numbers = isinstance(values, list) and all(isinstance(x, int | float) for x in values)
    if not numbers or len(values) != dim or not all(map(math.isfinite, values)):
        count = len(values) if isinstance(values, list) else 0
        raise EmbeddingError(f"vector: {count} values given; expected {dim} finite numbers")
    return np.array(values, dtype=np.float32)
