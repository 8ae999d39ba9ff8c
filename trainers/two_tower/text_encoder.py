"""Encodes new texts with a saved run of two_tower, as its left tower does.

The vocabulary and its idf weights are saved with the weights of the run, so the run's folder is all
that is needed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn

from embeddings.errors import EmbeddingError
from trainers.core.codec import Codec


class Vocabulary(nn.Module):
    """The words shared by the towers, in the order of their vectors, and their idf weights.

    It is a part of the model, so it is saved with the weights of the run.

    Parameters
    ----------
    words : without line breaks
    idf : float32, shape (words,)
    """

    letters: torch.Tensor  # (bytes,), uint8: UTF-8 with a line break between words
    idf: torch.Tensor  # (words,)

    def __init__(self, words: Sequence[str], idf: np.ndarray) -> None:
        super().__init__()
        letters = np.frombuffer("\n".join(words).encode(), dtype=np.uint8)
        self.register_buffer("letters", torch.from_numpy(letters.copy()))
        self.register_buffer("idf", torch.from_numpy(idf))


def load(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return the encoder of texts of a saved run.

    Parameters
    ----------
    about : the settings of the run
    weights : the state of its TwoTowers module

    Raises
    ------
    EmbeddingError
        the run was not made with `--words lsa` and cosine, or has not yet been trained on all pairs
    """
    if "vocabulary.idf" not in weights or about["similarity"] != "cosine":
        raise EmbeddingError(
            "this run of two_tower cannot encode texts; give one made with --words lsa and "
            "--similarity cosine, such as one of --preset search"
        )
    if not about["final"]:
        raise EmbeddingError("this run has not been trained on all pairs yet; continue it")
    words = weights["vocabulary.letters"].numpy().tobytes().decode().split("\n")
    vectorizer = TfidfVectorizer(sublinear_tf=True, vocabulary=words)
    vectorizer.idf_ = weights["vocabulary.idf"].double().numpy()
    vectors = weights["left.words.weight"]  # (words, dim)
    vocabulary, split = set(words), vectorizer.build_analyzer()

    def unknown_words(text: str) -> list[str]:
        return [word for word in dict.fromkeys(split(text)) if word not in vocabulary]

    @torch.no_grad()
    def encode_text(text: str) -> np.ndarray:
        bag = vectorizer.transform([text])  # (1, words)
        if bag.nnz == 0:
            raise EmbeddingError(f"none of the words of {text!r} is in the vocabulary of the run")
        vector = torch.from_numpy(bag.toarray()[0].astype(np.float32)) @ vectors  # (dim,)
        if "left.layers.0.weight" in weights:
            first, second = (
                (weights[f"left.layers.{i}.weight"], weights[f"left.layers.{i}.bias"])
                for i in (0, 2)
            )
            vector = vector + F.linear(F.linear(vector, *first).relu(), *second)  # (dim,)
        return F.normalize(vector, dim=0).numpy()

    return Codec(vectors.shape[1], encode_text=encode_text, unknown_words=unknown_words)
