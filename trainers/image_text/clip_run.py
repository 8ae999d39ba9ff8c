"""image_text --pretrained: pairs are put through a ready CLIP; nothing is learned."""

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from embeddings.errors import EmbeddingError
from trainers.core import checkpoints, provenance
from trainers.core.devices import start
from trainers.core.fit import TrainingResult
from trainers.core.progress import is_main, say
from trainers.core.result import write_result
from trainers.core.saved_run import Codec
from trainers.data.images import open_picture
from trainers.image_text.clip import Clip, restored
from trainers.image_text.config import ImageTextConfig
from trainers.image_text.data import Captioned
from trainers.image_text.output import pair_set
from trainers.image_text.retrieval import candidates, recalls


def embed(config: ImageTextConfig, pairs: Captioned, clip: Clip) -> dict[str, Any]:
    """Put the pairs through the model, write checkpoint and file; return the metrics."""
    fabric = start(config)
    clip.model.to(fabric.device)
    texts = list(dict.fromkeys(pairs.captions))
    if too_long := clip.cut(texts):
        most = clip.model.config.text_config.max_position_embeddings
        say(f"{too_long:,} captions are cut: the model takes {most} tokens", config.quiet)
    began = time.perf_counter()
    images = clip.images(pairs.pixels, pairs.full)
    captions = clip.texts(texts)
    seconds = time.perf_counter() - began
    number = {text: row for row, text in enumerate(texts)}
    chosen = candidates(np.arange(len(pairs)), pairs.meaning, config.seed)
    of_text = [number[pairs.captions[row]] for row in chosen]
    metrics = {
        **recalls(images[pairs.image[chosen]], captions[of_text]),
        "candidates": len(chosen),
        "chance": 1 / len(chosen),
        "temperature": math.exp(-clip.model.logit_scale.item()),
        "pairs": len(pairs),
        "images": len(pairs.pixels),
    }
    assert config.pretrained is not None
    called = config.pretrained.resolve().name  # not where it lies
    settings = provenance.settings(
        config, dim=clip.dim, device=fabric.device.type, pretrained=called
    )
    about = {"trainer": "image_text", **clip.about()}
    if is_main():
        checkpoints.clear(config.run_folder)
    sha256 = checkpoints.finalize_best(config.run_folder, clip.model, about, best_epoch=0)
    made = pair_set(
        pairs,
        texts,
        images=images,
        captions=captions,
        withheld=np.empty(0, np.int64),
        settings=settings,
        checkpoint=sha256,
        metrics=metrics,
    )
    fitted = TrainingResult(math.nan, 0, 0, 0, {}, seconds, len(pairs), "pairs")
    return write_result(made, config, fitted)


def coder(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return what makes vectors of pictures and of texts, as the model of a run does."""
    clip = restored(about, weights)
    shape = (3, clip.side, clip.side)

    def encode_image(content: bytes, name: str) -> np.ndarray:
        return clip.images(np.array(open_picture(content, name, shape))[None], 255)[0]

    def encode_text(text: str) -> np.ndarray:
        if not text.strip():
            raise EmbeddingError("the text is empty; give words")
        return clip.texts([text])[0]

    return Codec(clip.dim, encode_image=encode_image, encode_text=encode_text)
