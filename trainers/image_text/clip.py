"""A ready CLIP of Hugging Face, from a folder: images and texts are put through it, as it is.

    python -m trainers image_text --pretrained clip-vit-base-patch32/ --data pictures/ --out ...

The folder has config.json, .safetensors and tokenizer.json, or the files from which `transformers`
makes one. Nothing is fetched, no code of the model's own is run, no pickled weights are read. The
run's checkpoint holds all that `encode` needs, so that the folder is not looked for again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from embeddings.errors import EmbeddingError
from trainers.core.hugging_face import transformers

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of red, green and blue, as CLIP was trained; preprocessor_config.json may say otherwise."""

_AT_ONCE = 64  # images or texts


@dataclass(frozen=True, eq=False)
class Clip:
    """A model with what it needs to read.

    Attributes
    ----------
    model : a CLIPModel of `transformers`
    tokenizer : which adds the beginning and the end, and cuts at what the model takes
    mean, deviation : of each channel, for intensities from 0 to 1
    """

    model: Any
    tokenizer: Tokenizer
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def dim(self) -> int:
        """Length of each vector."""
        return int(self.model.config.projection_dim)

    @property
    def side(self) -> int:
        """Pixels along the sides of the images that it takes."""
        return int(self.model.config.vision_config.image_size)

    def about(self) -> dict[str, Any]:
        """Return all but the weights, as JSON values."""
        return {
            "clip": self.model.config.to_dict(),
            "tokenizer": self.tokenizer.to_str(),
            "mean": list(self.mean),
            "deviation": list(self.deviation),
        }

    @torch.no_grad()
    def images(self, pixels: np.ndarray, full: int) -> np.ndarray:
        """Return vectors of length 1: float32, shape (n, dim); pixels, full: see Images."""
        device = self.model.logit_scale.device
        mean, deviation = (torch.tensor(each, device=device)[:, None, None]
                           for each in (self.mean, self.deviation))  # fmt: skip
        vectors = []
        for start in range(0, len(pixels), _AT_ONCE):
            block = torch.from_numpy(pixels[start : start + _AT_ONCE]).to(device).float() / full
            block = block.expand(-1, 3, -1, -1)  # grey becomes three channels
            if block.shape[2:] != (self.side, self.side):
                block = F.interpolate(block, (self.side, self.side), mode="bicubic", antialias=True)
            given = (block.clamp(0, 1) - mean) / deviation
            seen = self.model.vision_model(pixel_values=given).pooler_output
            vectors.append(F.normalize(self.model.visual_projection(seen), dim=1).cpu())
        return torch.cat(vectors).numpy()

    @torch.no_grad()
    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return vectors of length 1: float32, shape (n, dim)."""
        device = self.model.logit_scale.device
        vectors = []
        for start in range(0, len(texts), _AT_ONCE):
            read = self.tokenizer.encode_batch(list(texts[start : start + _AT_ONCE]))
            numbers = torch.tensor([each.ids for each in read], device=device)
            real = torch.tensor([each.attention_mask for each in read], device=device)
            seen = self.model.text_model(input_ids=numbers, attention_mask=real).pooler_output
            vectors.append(F.normalize(self.model.text_projection(seen), dim=1).cpu())
        return torch.cat(vectors).numpy()

    def cut(self, texts: Sequence[str]) -> int:
        """Return how many texts are longer than what the model takes."""
        return sum(bool(each.overflowing) for each in self.tokenizer.encode_batch(list(texts)))


def open_clip(folder: Path) -> Clip:
    """Open a folder.

    Raises
    ------
    EmbeddingError
        `transformers` is not installed, the folder has no CLIP, or its weights are pickled
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
    said = folder / "preprocessor_config.json"
    told = json.loads(said.read_text()) if said.is_file() else {}
    mean, deviation = told.get("image_mean", MEAN), told.get("image_std", DEVIATION)
    return _ready(model, tokens.backend_tokenizer, mean, deviation)


def restored(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Clip:
    """Return the model of a run's checkpoint."""
    library = transformers()
    model = library.CLIPModel(library.CLIPConfig.from_dict(about["clip"]))
    model.load_state_dict(weights)
    return _ready(model, Tokenizer.from_str(about["tokenizer"]), about["mean"], about["deviation"])


def _ready(
    model: Any, tokenizer: Tokenizer, mean: Sequence[float], deviation: Sequence[float]
) -> Clip:
    """Put the parts together; texts of a batch are filled up to the longest."""
    tokenizer.enable_truncation(model.config.text_config.max_position_embeddings)
    tokenizer.enable_padding()
    return Clip(model.eval(), tokenizer, tuple(mean), tuple(deviation))
