"""Ready encoders of Hugging Face, from a folder or an installed package; nothing is fetched.

The folder has config.json, model.safetensors and tokenizer.json, or the files from which
`transformers` makes one. A package is searched for such a folder without being imported. No code of
the model's own is run, and no pickled weights are read.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, pre_tokenizers

from embeddings.errors import EmbeddingError
from trainers.bert.config import Punctuation
from trainers.bert.reader import Reader
from trainers.core.hugging_face import transformers


def find_model(given: str) -> Path:
    """Return the folder of a model: the one that is named, or the one within a package.

    Raises
    ------
    EmbeddingError
        there is no such folder or package, it has no model or several, or no safetensors
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
    """Return a hash of a model's weights and of its tokenizer."""
    digest = hashlib.sha256()
    names = sorted({*folder.glob("*.safetensors"), *folder.glob("*token*"), *folder.glob("vocab*")})
    for path in names:
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def load_reader(
    folder: Path, device: torch.device, punctuation: Punctuation, longest: int | None = None
) -> tuple[Reader, tuple[str, ...]]:
    """Open a model for reading.

    Parameters
    ----------
    punctuation : see BertConfig
    longest : tokens of a sequence; None: what the model takes

    Returns
    -------
    reader : the model
    notes : what a person should know about it

    Raises
    ------
    EmbeddingError
        `transformers` is not installed, or it cannot open the folder
    """
    model, tokens = _open(folder)
    model = model.to(device).eval()
    takes = longest_sequence(model, tokens)
    if longest is not None and longest > takes:
        raise EmbeddingError(f"--block {longest}: expected at most {takes}, what the model takes")

    def layers(numbers: torch.Tensor, real: torch.Tensor) -> tuple[torch.Tensor, ...]:
        made = model(input_ids=numbers, attention_mask=real.long(), output_hidden_states=True)
        return made.hidden_states

    tokenizer = tokens.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    notes = [f"{model.config.model_type} of {model.config.num_hidden_layers} layers, "
             f"{model.config.hidden_size} dimensions, from {folder}"]  # fmt: skip
    if punctuation == "kept":
        notes += _keep_punctuation(tokenizer)
    pad = tokens.pad_token_id if tokens.pad_token_id is not None else 0
    unknown = tokens.unk_token_id if tokens.unk_token_id is not None else pad
    reader = Reader(tokenizer, layers, longest or takes, pad, unknown, device)
    return reader, tuple(notes)


def longest_sequence(model: Any, tokens: Any) -> int:
    """Return how many tokens a model takes, special ones included.

    The table of positions of RoBERTa and its kin begins after that of padding.
    """
    takes = [512]
    if (positions := getattr(model.config, "max_position_embeddings", None)) is not None:
        table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
        first = getattr(table, "padding_idx", None)
        takes = [positions if first is None else positions - first - 1]
    return min(*takes, tokens.model_max_length)


def _open(folder: Path) -> tuple[Any, Any]:
    """Return model and tokenizer, as `transformers` makes them of a folder."""
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
            f"--pretrained {folder}: its tokenizer does not tell to which word a token belongs; "
            "expected one with tokenizer.json"
        )
    if model.config.is_encoder_decoder:
        raise EmbeddingError(
            f"--pretrained {folder}: {model.config.model_type} is an encoder with a decoder; "
            "expected an encoder, such as BERT, RoBERTa or MPNet"
        )
    return model, tokens


def _keep_punctuation(tokenizer: Tokenizer) -> list[str]:
    """Let BERT's tokenizer split at blanks alone; say so where a tokenizer is of another kind."""
    if not isinstance(tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer):
        return ["the model's tokenizer is not BERT's: punctuation is set apart as it does"]
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return []


def _package(name: str) -> Path:
    """Return the folder of an installed package, by its own name or that of its distribution."""
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
