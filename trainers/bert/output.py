"""An encoder trained here in the form of Hugging Face: a folder that `transformers` opens as BERT.

AutoModelForMaskedLM.from_pretrained("words.run/model")
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from embeddings.files.atomic import atomic_path
from trainers.bert.model import EPSILON, Encoder
from trainers.bert.subwords import CLS, MASK, PAD, SEP, SPECIALS, UNKNOWN

_NAMES = {
    "tokens": "bert.embeddings.word_embeddings",
    "positions": "bert.embeddings.position_embeddings",
    "norm": "bert.embeddings.LayerNorm",
    "guess": "cls.predictions.transform.dense",
    "guess_norm": "cls.predictions.transform.LayerNorm",
    "bias": "cls.predictions.bias",
}
"""Name of a part here -> there."""

_NAMES_IN_LAYER = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "norm": "output.LayerNorm",
}


def write_folder(encoder: Encoder, tokenizer: Tokenizer, lowercase: bool, folder: Path) -> None:
    """Write config.json, model.safetensors, tokenizer.json and tokenizer_config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = encoder.shape
    about: dict[str, dict[str, Any]] = {
        "config.json": {
            "architectures": ["BertForMaskedLM"],
            "model_type": "bert",
            "vocab_size": shape.tokens,
            "max_position_embeddings": shape.positions,
            "hidden_size": shape.dim,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.inner,
            "hidden_act": "gelu",
            "hidden_dropout_prob": shape.dropout,
            "attention_probs_dropout_prob": shape.dropout,
            "layer_norm_eps": EPSILON,
            "type_vocab_size": 1,
            "pad_token_id": SPECIALS.index(PAD),
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "do_lower_case": lowercase,
            "model_max_length": shape.positions,
            "pad_token": PAD,
            "unk_token": UNKNOWN,
            "cls_token": CLS,
            "sep_token": SEP,
            "mask_token": MASK,
        },
        "tokenizer.json": json.loads(tokenizer.to_str()),
    }
    for name, document in about.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False))
    with atomic_path(folder / "model.safetensors") as temporary:
        save_file(weights(encoder), temporary, {"format": "pt"})


def weights(encoder: Encoder) -> dict[str, torch.Tensor]:
    """Return the weights by BERT's names; the one segment's vector is 0."""
    named = {
        _name(name): weight.detach().cpu().contiguous()
        for name, weight in encoder.state_dict().items()
    }
    segments = torch.zeros(1, encoder.shape.dim)
    return {**named, "bert.embeddings.token_type_embeddings.weight": segments}


def _name(name: str) -> str:
    """Return BERT's name of a weight, such as layers.0.inner.bias."""
    if not name.startswith("layers."):
        part, dot, kind = name.partition(".")
        return f"{_NAMES[part]}{dot}{kind}"
    _, number, part = name.split(".", 2)
    part, kind = part.rsplit(".", 1)
    return f"bert.encoder.layer.{number}.{_NAMES_IN_LAYER[part]}.{kind}"
