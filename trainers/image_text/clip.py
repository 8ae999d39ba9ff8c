"""A pretrained CLIP of Hugging Face, from a folder, that computes vectors without training.

    python -m trainers image_text --pretrained clip-vit-base-patch32/ --data images/ --out ...

The folder has config.json, .safetensors and tokenizer.json, or the files from which `transformers`
makes one. Nothing is downloaded, no code of the model is run, no pickled weights are read. The
checkpoint of the run holds everything that `encode` needs, so the folder is not read again.
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from embeddings.errors import EmbeddingError
from trainers.core import checkpoints, run_info
from trainers.core.codec import Codec
from trainers.core.console import ProgressBar, is_main, print_progress
from trainers.core.devices import start
from trainers.core.fit import TrainingResult
from trainers.core.hugging_face import transformers
from trainers.core.result import write_result
from trainers.data.images.pictures import open_picture
from trainers.image_text.config import ImageTextConfig
from trainers.image_text.data import Captioned
from trainers.image_text.metrics import candidates, recalls
from trainers.image_text.output import pair_set

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of red, green and blue; CLIP's own, unless preprocessor_config.json has others."""

_BLOCK_SIZE = 64  # images or texts


@dataclass(frozen=True, eq=False)
class Clip:
    """A CLIP model with its preprocessing.

    Attributes
    ----------
    model : a CLIPModel of `transformers`
    tokenizer : adds the special tokens, and truncates at the model's maximum length
    mean, std : of each channel, for intensities from 0 to 1
    """

    model: Any
    tokenizer: Tokenizer
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def dim(self) -> int:
        """Length of each vector."""
        return int(self.model.config.projection_dim)

    @property
    def side(self) -> int:
        """Side length of the input images, in pixels."""
        return int(self.model.config.vision_config.image_size)

    def about(self) -> dict[str, Any]:
        """Return everything but the weights, as JSON values."""
        return {
            "clip": self.model.config.to_dict(),
            "tokenizer": self.tokenizer.to_str(),
            "mean": list(self.mean),
            "deviation": list(self.std),
        }

    @torch.no_grad()
    def images(
        self, pixels: np.ndarray, full: int, progress: ProgressBar | None = None
    ) -> np.ndarray:
        """Return the vectors of images, of length 1: float32, shape (n, dim).

        pixels, full : see Images
        """
        device = self.model.logit_scale.device
        mean, std = (
            torch.tensor(each, device=device)[:, None, None] for each in (self.mean, self.std)
        )
        vectors = []
        for first in range(0, len(pixels), _BLOCK_SIZE):
            block = torch.from_numpy(pixels[first : first + _BLOCK_SIZE]).to(device).float() / full
            block = block.expand(-1, 3, -1, -1)  # gray becomes three channels
            if block.shape[2:] != (self.side, self.side):
                block = F.interpolate(block, (self.side, self.side), mode="bicubic", antialias=True)
            inputs = (block.clamp(0, 1) - mean) / std  # (b, 3, side, side)
            pooled = self.model.vision_model(pixel_values=inputs).pooler_output  # (b, hidden)
            vectors.append(F.normalize(self.model.visual_projection(pooled), dim=1).cpu())
            if progress is not None:
                progress.step(len(block))
        return torch.cat(vectors).numpy()

    @torch.no_grad()
    def texts(self, texts: Sequence[str], progress: ProgressBar | None = None) -> np.ndarray:
        """Return the vectors of texts, of length 1: float32, shape (n, dim)."""
        device = self.model.logit_scale.device
        vectors = []
        for first in range(0, len(texts), _BLOCK_SIZE):
            encodings = self.tokenizer.encode_batch(list(texts[first : first + _BLOCK_SIZE]))
            tokens = torch.tensor([each.ids for each in encodings], device=device)  # (b, t)
            mask = torch.tensor([each.attention_mask for each in encodings], device=device)
            pooled = self.model.text_model(input_ids=tokens, attention_mask=mask).pooler_output
            vectors.append(F.normalize(self.model.text_projection(pooled), dim=1).cpu())
            if progress is not None:
                progress.step(len(encodings))
        return torch.cat(vectors).numpy()

    def truncated(self, texts: Sequence[str]) -> int:
        """Return how many texts are longer than the model's maximum length."""
        return sum(bool(each.overflowing) for each in self.tokenizer.encode_batch(list(texts)))


def open_clip(folder: Path) -> Clip:
    """Open the folder of a model.

    Raises
    ------
    EmbeddingError
        `transformers` is not installed, the folder has no CLIP model, or its weights are pickled
    """
    config = folder / "config.json"
    if not config.is_file() or not any(folder.glob("*.safetensors")):
        raise EmbeddingError(
            f"--pretrained {folder}: expected a folder with config.json and .safetensors; other "
            "weights are pickled and are not read"
        )
    kind = json.loads(config.read_text()).get("model_type")
    if kind != "clip":
        raise EmbeddingError(f"--pretrained {folder}: a model of type {kind}; expected clip")
    library = transformers()
    given: dict[str, Any] = {"local_files_only": True}
    try:
        tokens = library.AutoTokenizer.from_pretrained(folder, trust_remote_code=False, **given)
        model = library.CLIPModel.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, **given
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise EmbeddingError(f"--pretrained {folder}: cannot be opened: {error}") from error
    path = folder / "preprocessor_config.json"
    preprocessing = json.loads(path.read_text()) if path.is_file() else {}
    mean, std = preprocessing.get("image_mean", MEAN), preprocessing.get("image_std", STD)
    return _clip(model, tokens.backend_tokenizer, mean, std)


def run_pretrained(config: ImageTextConfig, pairs: Captioned, clip: Clip) -> dict[str, Any]:
    """Compute the vectors by a pretrained CLIP, write the files; return the metrics."""
    fabric = start(config)
    clip.model.to(fabric.device)
    texts = list(dict.fromkeys(pairs.captions))
    if truncated := clip.truncated(texts):
        longest = clip.model.config.text_config.max_position_embeddings
        note = f"{truncated:,} captions are truncated to {longest} tokens, the model's maximum"
        print_progress(note, config.quiet)
    started = time.perf_counter()
    total = len(pairs.pixels) + len(texts)
    with ProgressBar(total, quiet=config.quiet, counted="images and captions") as progress:
        images = clip.images(pairs.pixels, pairs.full, progress)  # (n, dim)
        captions = clip.texts(texts, progress)  # (texts, dim)
    seconds = time.perf_counter() - started
    number = {text: row for row, text in enumerate(texts)}
    chosen = candidates(np.arange(len(pairs)), pairs.meaning, config.seed)
    text_rows = [number[pairs.captions[row]] for row in chosen]
    metrics = {
        **recalls(images[pairs.image[chosen]], captions[text_rows]),
        "candidates": len(chosen),
        "chance": 1 / len(chosen),
        "temperature": math.exp(-clip.model.logit_scale.item()),
        "pairs": len(pairs),
        "images": len(pairs.pixels),
    }
    assert config.pretrained is not None
    settings = run_info.settings(
        config,
        dim=clip.dim,
        device=fabric.device.type,
        pretrained=config.pretrained.resolve().name,  # without the folders above it
    )
    about = {"trainer": "image_text", **clip.about()}
    if is_main():
        checkpoints.clear(config.run_folder)
    sha256 = checkpoints.finalize_best(config.run_folder, clip.model, about, best_epoch=0)
    found = pair_set(
        pairs,
        texts,
        images=images,
        captions=captions,
        held_out=np.empty(0, np.int64),
        settings=settings,
        checkpoint=sha256,
        metrics=metrics,
    )
    result = TrainingResult(math.nan, 0, 0, 0, {}, seconds, len(pairs), "pairs")
    return write_result(found, config, result)


def clip_codec(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return the encoder of a saved run of a pretrained CLIP."""
    clip = _restored(about, weights)
    shape = (3, clip.side, clip.side)

    def encode_image(content: bytes, name: str) -> np.ndarray:
        return clip.images(np.array(open_picture(content, name, shape))[None], 255)[0]

    def encode_text(text: str) -> np.ndarray:
        if not text.strip():
            raise EmbeddingError("the text is empty; give words")
        return clip.texts([text])[0]

    return Codec(clip.dim, encode_image=encode_image, encode_text=encode_text)


def _restored(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Clip:
    """Return the model of the checkpoint of a run."""
    library = transformers()
    model = library.CLIPModel(library.CLIPConfig.from_dict(about["clip"]))
    model.load_state_dict(weights)
    return _clip(model, Tokenizer.from_str(about["tokenizer"]), about["mean"], about["deviation"])


def _clip(model: Any, tokenizer: Tokenizer, mean: Sequence[float], std: Sequence[float]) -> Clip:
    """Return a Clip whose tokenizer truncates texts, and pads a batch to its longest text."""
    tokenizer.enable_truncation(model.config.text_config.max_position_embeddings)
    tokenizer.enable_padding()
    return Clip(model.eval(), tokenizer, tuple(mean), tuple(std))
