"""The embedding file of image_text: images, then captions, in one space."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.media import MEDIA
from trainers.core import run_info
from trainers.data.images.image_columns import thumbnails
from trainers.image_text.data import Captioned


def pair_set(
    pairs: Captioned,
    texts: Sequence[str],
    *,
    images: np.ndarray,
    captions: np.ndarray,
    held_out: np.ndarray,
    settings: Mapping[str, Any],
    checkpoint: str,
    metrics: Mapping[str, Any],
) -> EmbeddingSet:
    """Return the vectors of images and of captions as one set.

    Columns are `role` (image, caption), `split` (train, withheld, unseen), `caption`, the
    attributes, and `image`, which is empty for captions.

    Parameters
    ----------
    texts : the distinct captions
    images, captions : float32, shapes (n, dim) and (len(texts), dim), of length 1
    held_out : int64, shape (h,), row numbers of the held-out pairs
    settings : those that the vectors depend on
    checkpoint : sha256 of the checkpoint
    metrics : of the training
    """
    pair_of_image = _first(pairs.image, range(len(pairs.pixels)))
    pair_of_text = _first(pairs.captions, texts)
    pair = np.concatenate([pair_of_image, pair_of_text])
    split = np.full(len(pairs), "train", dtype=object)
    split[held_out], split[pairs.unseen] = "withheld", "unseen"
    captions_of: list[list[str]] = [[] for _ in pairs.pixels]
    for image, text in zip(pairs.image, pairs.captions, strict=True):
        captions_of[image].append(text)
    columns: dict[str, Any] = {
        "role": pa.array(["image"] * len(images) + ["caption"] * len(captions)),
        "split": pa.array(split[pair].tolist()),
        "caption": pa.array([" / ".join(each) for each in captions_of] + list(texts)),
    }
    for name, values in pairs.attributes.items():
        columns[name] = pa.array([values[row] for row in pair])
    images_column = thumbnails(pairs.pixels, pairs.full, pairs.paths)
    columns["image"] = pa.concat_arrays([images_column, pa.nulls(len(texts), MEDIA)])
    return EmbeddingSet.of(
        np.concatenate([images, captions]),
        [*pairs.labels, *texts],
        columns,
        name=pairs.name,
        metric="cosine",
        normalized=True,
        role="image and caption",
        **run_info.fields("image_text", settings, pairs.source, metrics, checkpoint=checkpoint),
    )


def _first(values: Sequence[Any] | np.ndarray, wanted: Sequence[Any]) -> np.ndarray:
    """Return the first row of each wanted value: int64, shape (len(wanted),)."""
    first: dict[Any, int] = {}
    for row, value in enumerate(values):
        first.setdefault(value, row)
    return np.array([first[value] for value in wanted], dtype=np.int64)
