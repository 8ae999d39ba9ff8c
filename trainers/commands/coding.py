"""Use a run that was saved: a text or a picture becomes a vector, a vector becomes a picture.

    python -m trainers encode RUN --text "a red square" --json
    python -m trainers encode RUN --image cat.png
    python -m trainers decode RUN --vector 0.5 -1 --out drawn.png

With `--serve` one process answers many questions. It prints a line once it is ready, `{"dim": 2}`;
then each line of standard input, a JSON object such as `{"vector": [0.5, -1]}`, is answered by a
line: `{"vector": [...], "png": "..."}`, or `{"error": "..."}`, after which it goes on. Words of a
text that were never learned are left out, and are listed as `unknown`.
"""

import base64
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from trainers.commands.coding_config import DecodeConfig, EncodeConfig
from trainers.core import saved_run
from trainers.core.saved_run import Coder


def run(config: EncodeConfig | DecodeConfig) -> Iterator[str]:
    """Yield the lines that the command prints."""
    coder = saved_run.load(config.run)
    if config.serve:
        yield from serve(coder, sys.stdin)
    elif isinstance(config, EncodeConfig):
        asked = {"text": config.text, "image": config.image and str(config.image)}
        found = answer(coder, {name: given for name, given in asked.items() if given is not None})
        yield json.dumps(found) if config.json else " ".join(f"{x:g}" for x in found["vector"])
    else:
        found = answer(coder, {"vector": list(config.vector)})
        if config.out is not None:
            with atomic_path(config.out) as temporary:
                temporary.write_bytes(base64.b64decode(found["png"]))
        if config.json:
            yield json.dumps(found)


def serve(coder: Coder, lines: Iterable[str]) -> Iterator[str]:
    """Yield a line that tells the length of vectors, then an answer to each line."""
    yield json.dumps({"dim": coder.dim})
    for line in lines:
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict):
                raise EmbeddingError(f"{line.strip()[:40]}: expected a JSON object")
            yield json.dumps(answer(coder, asked))
        except (EmbeddingError, OSError, json.JSONDecodeError) as error:
            yield json.dumps({"error": " ".join(str(error).split())})


def answer(coder: Coder, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer {vector}, {text} or {image} by {vector}, and by its picture where one was given.

    Raises
    ------
    EmbeddingError
        the run cannot do that, or the vector is of another length or not of finite numbers
    """
    if "vector" in asked:
        if coder.decode is None:
            raise EmbeddingError("this run draws no pictures of vectors; give one of autoencoder")
        vector = checked(asked["vector"], coder.dim)
        (picture,) = coder.decode(vector[None])
        return {"vector": vector.tolist(), "png": base64.b64encode(picture).decode()}
    if "text" in asked:
        if coder.encode_text is None:
            raise EmbeddingError("this run makes no vectors of texts; give --image")
        text = str(asked["text"])
        found = {"vector": coder.encode_text(text).tolist()}
        unknown = coder.unknown_words(text) if coder.unknown_words is not None else []
        return {**found, "unknown": unknown} if unknown else found
    if "image" in asked:
        if coder.encode_image is None:
            raise EmbeddingError("this run makes no vectors of pictures; give --text")
        path = Path(str(asked["image"]))
        if not path.is_file():
            raise EmbeddingError(f"{path}: no such file; give a picture")
        return {"vector": coder.encode_image(path.read_bytes(), path.name).tolist()}
    raise EmbeddingError(f"{', '.join(asked) or 'nothing'}: expected vector, text or image")


def checked(values: Any, dim: int) -> np.ndarray:
    """Return numbers as a vector, float32, shape (dim,)."""
    numbers = isinstance(values, list) and all(isinstance(x, int | float) for x in values)
    if not numbers or len(values) != dim or not all(map(math.isfinite, values)):
        count = len(values) if isinstance(values, list) else 0
        raise EmbeddingError(f"vector: {count} values given; expected {dim} finite numbers")
    return np.array(values, dtype=np.float32)
