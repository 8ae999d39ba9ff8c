"""A text that a run of two_tower has not seen: its vector, by the words that both towers share.

The words and their weights are kept with the run's, so that a run folder is all that is needed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn

from embeddings.errors import EmbeddingError
from trainers.core.saved_run import Coder


class Vocabulary(nn.Module):
    """The words of the towers in the order of their vectors, and their weights.

    Parameters
    ----------
    words : without line breaks
    idf : float32, shape (words,)
    """

    letters: torch.Tensor  # (bytes,), uint8, UTF-8 with a line break between words
    idf: torch.Tensor

    def __init__(self, words: Sequence[str], idf: np.ndarray) -> None:
        super().__init__()
        letters = np.frombuffer("\n".join(words).encode(), dtype=np.uint8)
        self.register_buffer("letters", torch.from_numpy(letters.copy()))
        self.register_buffer("idf", torch.from_numpy(idf))


def load(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Coder:
    """Return what makes vectors of texts, as the left tower of a run that was saved does.

    Raises
    ------
    EmbeddingError
        the run is not of --words lsa and cosine, or has not yet learned all pairs
    """
    if "vocabulary.idf" not in weights or about["similarity"] != "cosine":
        raise EmbeddingError(
            "this run of two_tower makes no vectors of texts; give one made with --words lsa and "
            "--similarity cosine, as --preset search has them"
        )
    if not about["final"]:
        raise EmbeddingError("this run has not yet learned all pairs; continue it")
    words = weights["vocabulary.letters"].numpy().tobytes().decode().split("\n")
    vectorizer = TfidfVectorizer(sublinear_tf=True, vocabulary=words)
    vectorizer.idf_ = weights["vocabulary.idf"].double().numpy()
    vectors = weights["left.words.weight"]  # (words, dim)
    known, split = set(words), vectorizer.build_analyzer()

    def unknown_words(text: str) -> list[str]:
        return [word for word in dict.fromkeys(split(text)) if word not in known]

    @torch.no_grad()
    def encode_text(text: str) -> np.ndarray:
        bag = vectorizer.transform([text])
        if bag.nnz == 0:
            raise EmbeddingError(f"none of the words of {text!r} is in the texts that were learned")
        vector = torch.from_numpy(bag.toarray()[0].astype(np.float32)) @ vectors  # (dim,)
        if "left.layers.0.weight" in weights:
            first, second = (
                (weights[f"left.layers.{place}.weight"], weights[f"left.layers.{place}.bias"])
                for place in (0, 2)
            )
            vector = vector + F.linear(F.linear(vector, *first).relu(), *second)
        return F.normalize(vector, dim=0).numpy()

    return Coder(vectors.shape[1], encode_text=encode_text, unknown_words=unknown_words)
