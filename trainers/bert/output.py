"""The files of bert: vectors of occurrences, words and sentences; the model for Hugging Face."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from embeddings.embedding_set import EmbeddingSet
from embeddings.files.atomic import atomic_path
from trainers.bert.config import BertConfig
from trainers.bert.context_encoder import ContextEncoder
from trainers.bert.data import CLS, MASK, PAD, SEP, SPECIALS, UNKNOWN, issue_notes
from trainers.bert.model import EPSILON, Encoder
from trainers.core import run_info
from trainers.core.console import ProgressBar, print_progress
from trainers.data.contexts.context_vectors import collect, context_sets, save_beside
from trainers.data.contexts.occurrences import Occurrences
from trainers.data.contexts.sentences import Sentence, vocabulary
from trainers.metrics.sense_purity import chance_purity, sense_purity

_NAMES = {
    "tokens": "bert.embeddings.word_embeddings",
    "positions": "bert.embeddings.position_embeddings",
    "norm": "bert.embeddings.LayerNorm",
    "guess": "cls.predictions.transform.dense",
    "guess_norm": "cls.predictions.transform.LayerNorm",
    "bias": "cls.predictions.bias",
}
"""Name of a module here -> name in Hugging Face's BERT."""

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


def embed_corpus(
    encoder: ContextEncoder,
    occurrences: Occurrences,
    config: BertConfig,
    metrics: Mapping[str, Any],
    about: Mapping[str, Any],
) -> EmbeddingSet:
    """Encode the text of the occurrences; write words and sentences; return the occurrences.

    Parameters
    ----------
    encoder : the model
    occurrences : those to return, and their text
    metrics : further metrics of the set
    about : further fields of Provenance: space, config and libraries
    """
    text = occurrences.text
    words = vocabulary(text.sentences, config.min_count)
    issues: Counter[str] = Counter()
    progress = ProgressBar(len(text), quiet=config.quiet, counted="sentences")

    vector_of: dict[Sentence, np.ndarray] = {}

    def encode(sentences: Sequence[Sentence]) -> dict[str, np.ndarray]:
        tokenized = encoder.tokenize(sentences)
        issues.update(tokenized.issues)
        layers, vectors = encoder.encode(tokenized, config.vector)
        vector_of.update(zip(sentences, vectors, strict=True))
        progress.step(len(sentences))
        return {str(number): layer for number, layer in enumerate(layers)}

    found = collect(encode, occurrences, words)
    # Sentences are the means of all their tokens, not the means of their words.
    sentence_vectors = np.stack([vector_of[sentence] for sentence in text.sentences])
    found = replace(found, sentence_means=sentence_vectors)
    progress.close()
    names, senses = occurrences.words, occurrences.senses
    purity = {name: round(sense_purity(layer, names, senses), 4)
              for name, layer in found.layers.items()}  # fmt: skip
    purities = {"sense_purity": purity, "sense_purity of chance": chance_purity(names, senses)}
    sets = context_sets(
        found,
        name=text.name,
        trainer="bert",
        metrics={
            **metrics,
            **(purities if any(senses) else {}),
            "sentences": len(text),
            "words": text.words,
            "occurrences": len(occurrences),
            "layers": len(found.layers),
        },
        seed=config.seed,
        created=run_info.created(),
        source=dict(text.source),
        **about,
    )
    files = " and ".join(path.name for path in save_beside(sets, config.out))
    for note in (*issue_notes(issues), f"{found.note()}, are in {files}; words with fewer than "
                 f"{config.min_count} occurrences are left out"):  # fmt: skip
        print_progress(note, config.quiet)
    return sets[""]


def write_folder(encoder: Encoder, tokenizer: Tokenizer, lowercase: bool, folder: Path) -> None:
    """Write a trained encoder to a folder that `transformers` opens as BERT.

        AutoModelForMaskedLM.from_pretrained("words.run/model")

    The files are config.json, model.safetensors, tokenizer.json and tokenizer_config.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape = encoder.shape
    files: dict[str, dict[str, Any]] = {
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
    for name, document in files.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False))
    with atomic_path(folder / "model.safetensors") as temporary:
        save_file(weights(encoder), temporary, {"format": "pt"})


def weights(encoder: Encoder) -> dict[str, torch.Tensor]:
    """Return the weights by their names in BERT; the only segment has the vector 0."""
    named = {
        _name_in_bert(name): weight.detach().cpu().contiguous()
        for name, weight in encoder.state_dict().items()
    }
    segments = torch.zeros(1, encoder.shape.dim)
    return {**named, "bert.embeddings.token_type_embeddings.weight": segments}


def _name_in_bert(name: str) -> str:
    """Return the name in BERT of a weight such as layers.0.inner.bias."""
    if not name.startswith("layers."):
        part, dot, kind = name.partition(".")
        return f"{_NAMES[part]}{dot}{kind}"
    _, number, part = name.split(".", 2)
    part, kind = part.rsplit(".", 1)
    return f"bert.encoder.layer.{number}.{_NAMES_IN_LAYER[part]}.{kind}"
