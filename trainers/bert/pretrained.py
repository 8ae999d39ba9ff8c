"""Pretrained encoders of Hugging Face, from a folder or an installed package; no downloads.

The folder has config.json, model.safetensors and tokenizer.json, or the files from which
`transformers` makes one. A package is searched for such a folder without being imported. No code of
the model is run, and no pickled weights are read.
"""

import hashlib
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, pre_tokenizers

from embeddings.errors import EmbeddingError
from trainers.bert.config import BertConfig
from trainers.bert.context_encoder import ContextEncoder
from trainers.bert.data import read_text
from trainers.bert.output import embed_corpus
from trainers.core import run_info
from trainers.core.console import is_main, print_progress
from trainers.core.hugging_face import transformers
from trainers.core.result import write_result
from trainers.data.contexts.occurrences import choose_occurrences
from trainers.data.text_source import is_text_table


@dataclass(frozen=True)
class EncodingSpeed:
    """The speed of encoding a text: seconds, and words encoded."""

    seconds: float
    words: int

    @property
    def speed(self) -> dict[str, Any]:
        """Seconds, and words per second."""
        return {"seconds": round(self.seconds, 3),
                "words_per_second": round(self.words / self.seconds)}  # fmt: skip


def run_pretrained(config: BertConfig, device: torch.device) -> dict[str, Any]:
    """Encode the text by a pretrained model, write the files; return the metrics."""
    if not is_main():
        return {}
    folder = find_model(str(config.pretrained))
    splits = config.punctuation == "model" or (config.punctuation == "auto" and reads_table(config))
    encoder, notes = load_encoder(folder, device, splits, config.block)
    text = read_text(config, encoder.longest, lowercase=False)
    occurrences = choose_occurrences(text, config.chosen_words, config.occurrences, config.seed)
    for note in (*notes, *text.notes, f"{len(text):,} sentences of {text.words:,} words",
                 *occurrences.notes):  # fmt: skip
        print_progress(note, config.quiet)
    if config.dry_run:
        return {"dry_run": True, "sentences": len(text), "words": text.words,
                "occurrences": len(occurrences), "longest": encoder.longest}  # fmt: skip
    model = {
        "pretrained": config.pretrained,
        "model_sha256": fingerprint(folder),
        "vector": config.vector,
        "punctuation": _punctuation(config, splits),
        "block": encoder.longest,
    }
    about = {
        # depends only on the model, so that different texts share the space
        "space": run_info.space_id("bert", {**model, "pretrained": None}, {}),
        "config": {**model, "words": config.words, "occurrences": config.occurrences,
                   "min_count": config.min_count, "seed": config.seed},
        "libraries": run_info.libraries("torch", "numpy", "tokenizers", "transformers"),
    }  # fmt: skip
    started = time.perf_counter()
    found = embed_corpus(encoder, occurrences, config, {}, about)
    return write_result(found, config, EncodingSpeed(time.perf_counter() - started, text.words))


def reads_table(config: BertConfig) -> bool:
    """Return True if the text is a column of a table."""
    return config.data is not None and is_text_table(config.data, config.text)


def _punctuation(config: BertConfig, splits: bool) -> str:
    """Return what the file says about punctuation; unchanged words for what 0.1 had."""
    if splits:
        return "apart"
    return "kept" if config.tokens.punctuation == "keep" else config.tokens.punctuation


def find_model(given: str) -> Path:
    """Return the folder of a model: `given`, or the only one in the package of that name.

    Raises
    ------
    EmbeddingError
        no such folder or package, no model in it or several, or no safetensors
    """
    folder = Path(given)
    if not folder.is_dir():
        folder = _package(given)
    found = sorted(path.parent for path in folder.rglob("config.json") if _has_weights(path.parent))
    if (folder / "config.json").is_file():
        found = [folder]
    if len(found) != 1:
        several = ", ".join(str(path) for path in found[:5])
        reason = f"has several models: {several}" if found else "has no model"
        raise EmbeddingError(
            f"--pretrained {given}: {folder} {reason}; expected one folder with config.json and "
            "model.safetensors"
        )
    if not _has_weights(found[0]):
        raise EmbeddingError(
            f"--pretrained {given}: no .safetensors in {found[0]}; other weights are pickled and "
            "are not read: convert them"
        )
    return found[0]


def fingerprint(folder: Path) -> str:
    """Return a hash of the weights and the tokenizer of a model."""
    digest = hashlib.sha256()
    names = sorted({*folder.glob("*.safetensors"), *folder.glob("*token*"), *folder.glob("vocab*")})
    for path in names:
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def load_encoder(
    folder: Path, device: torch.device, splits: bool = False, longest: int | None = None
) -> tuple[ContextEncoder, tuple[str, ...]]:
    """Open a model.

    Parameters
    ----------
    splits : whether the model's tokenizer splits words at punctuation, as in its training
    longest : maximum tokens of a sequence; default: the maximum of the model

    Returns
    -------
    encoder : the model with its tokenizer
    notes : messages for the user about the model

    Raises
    ------
    EmbeddingError
        `transformers` is not installed, or it cannot open the folder
    """
    model, tokens = _open(folder)
    model = model.to(device).eval()
    maximum = longest_sequence(model, tokens)
    if longest is not None and longest > maximum:
        raise EmbeddingError(f"--block {longest}: expected at most {maximum}, the model's maximum")

    def layers(numbers: torch.Tensor, is_token: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = model(input_ids=numbers, attention_mask=is_token.long(), output_hidden_states=True)
        return found.hidden_states

    tokenizer = tokens.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    notes = [f"{model.config.model_type} of {model.config.num_hidden_layers} layers, "
             f"{model.config.hidden_size} dimensions, from {folder}"]  # fmt: skip
    if not splits:
        notes += _keep_punctuation(tokenizer)
    pad = tokens.pad_token_id if tokens.pad_token_id is not None else 0
    unknown = tokens.unk_token_id if tokens.unk_token_id is not None else pad
    encoder = ContextEncoder(tokenizer, layers, longest or maximum, pad, unknown, device)
    return encoder, tuple(notes)


def longest_sequence(model: Any, tokens: Any) -> int:
    """Return the maximum tokens of a sequence, including special ones.

    The position vectors of RoBERTa and similar models start after that of padding.
    """
    longest = 512
    if (positions := getattr(model.config, "max_position_embeddings", None)) is not None:
        table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
        first = getattr(table, "padding_idx", None)
        longest = positions if first is None else positions - first - 1
    return min(longest, tokens.model_max_length)


def _open(folder: Path) -> tuple[Any, Any]:
    """Return the model and the tokenizer of a folder, as `transformers` opens them."""
    library = transformers()
    given: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokens = library.AutoTokenizer.from_pretrained(folder, add_prefix_space=True, **given)
        model = library.AutoModel.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, **given
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise EmbeddingError(f"--pretrained {folder}: cannot be opened: {error}") from error
    if not tokens.is_fast:
        raise EmbeddingError(
            f"--pretrained {folder}: its tokenizer does not map tokens to words; "
            "expected one with tokenizer.json"
        )
    if model.config.is_encoder_decoder:
        raise EmbeddingError(
            f"--pretrained {folder}: {model.config.model_type} is an encoder with a decoder; "
            "expected an encoder, such as BERT, RoBERTa or MPNet"
        )
    return model, tokens


def _keep_punctuation(tokenizer: Tokenizer) -> list[str]:
    """Let a tokenizer of BERT split only at spaces; return a note if it is of another kind."""
    if not isinstance(tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer):
        return ["the model's tokenizer is not BERT's: it may split off punctuation"]
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return []


def _package(name: str) -> Path:
    """Return the folder of an installed package, given its name or that of its distribution."""
    module = name.replace("-", "_")
    spec = find_spec(module) if module.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddingError(
            f"--pretrained {name}: no such folder, and no package of this name is installed; "
            "give a folder with config.json and model.safetensors"
        )
    return Path(spec.submodule_search_locations[0])


def _has_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))
