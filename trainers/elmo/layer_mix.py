"""A mix of layers whose shares a small task learns.

    mix = scale * sum of share_j * layer_j / |layer_j|        share = softmax of one number a layer

The task is to tell each occurrence's label from the mix at its place, by a linear layer with
softmax, which is thrown away afterwards. Where senses are known, the label is the one among the
senses of the word; else it is a frequent content word that was hidden from the model, among all
such. (Peters et al. 2018, equation 1, where the task is the one that the vectors are meant for;
vectors are brought to length 1 here, so that shares compare, where they may normalize layers.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from trainers.core.rng import torch_generator
from trainers.data.contexts.context_vectors import Encode, collect
from trainers.data.contexts.occurrences import Occurrences, choose_occurrences
from trainers.data.contexts.planted_senses import content_words
from trainers.data.contexts.sentences import Sentences, Vocabulary

_OCCURRENCES = 2_000  # at most, to learn from
_STEPS = 200
_RATE = 0.05
_RATE_OF_SHARES = 0.01  # no share becomes more than e**4 times as large as another
_DECAY = 0.01  # of the linear layer, so that it cannot learn the labels by heart


@dataclass(frozen=True)
class LayerMix:
    """The shares of the layers, which sum to 1, and the scale of all."""

    shares: Mapping[str, float]
    scale: float = 1.0

    def of(self, layers: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the mix of the layers: float32, shape (n, d)."""
        mixed = sum(self.shares[name] * _unit(layer) for name, layer in layers.items())
        return (self.scale * np.asarray(mixed)).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1; one of zeros stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def uniform_mix(names: Sequence[str]) -> LayerMix:
    """Return the mean of the layers."""
    return LayerMix({name: 1 / len(names) for name in names})


def learn_mix(
    layers: Mapping[str, np.ndarray],
    labels: Sequence[str],
    among: Sequence[str],
    generator: torch.Generator,
) -> LayerMix:
    """Learn the shares by which the labels are told best; with nothing to tell they are equal.

    Parameters
    ----------
    layers : name -> float32, shape (n, d); row i is occurrence i
    labels : n
    among : n; a label is told from those that occur with the same one of these
    """
    names, kinds = sorted(set(labels)), sorted(set(among))
    choices = torch.zeros(len(kinds), len(names), dtype=torch.bool)
    kind = torch.tensor([kinds.index(each) for each in among])  # (n,)
    target = torch.tensor([names.index(label) for label in labels])  # (n,)
    choices[kind, target] = True
    if (choices.sum(dim=1) < 2).all():
        return uniform_mix(list(layers))
    impossible = torch.where(choices, 0.0, -torch.inf)[kind]  # (n, labels)
    stacked = torch.from_numpy(np.stack([_unit(each) for each in layers.values()]))  # (l, n, d)
    scores = nn.Parameter(torch.zeros(len(stacked)))
    scale = nn.Parameter(torch.ones(()))
    head = nn.Linear(stacked.shape[2], len(names))
    nn.init.normal_(head.weight, std=stacked.shape[2] ** -0.5, generator=generator)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.AdamW(head.parameters(), _RATE, weight_decay=_DECAY)
    optimizer.add_param_group({"params": [scores], "weight_decay": 0.0, "lr": _RATE_OF_SHARES})
    optimizer.add_param_group({"params": [scale], "weight_decay": 0.0})
    for _ in range(_STEPS):
        mixed = scale * torch.einsum("l,lnd->nd", scores.softmax(0), stacked)
        loss = F.cross_entropy(head(mixed) + impossible, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    shares = scores.detach().softmax(0).tolist()
    return LayerMix(dict(zip(layers, shares, strict=True)), scale.item())


def mix_for(
    encode: Encode, text: Sentences, vocabulary: Vocabulary, hidden: str, seed: int
) -> tuple[LayerMix, str]:
    """Learn the mix of a model's layers on its text; return it with a note of what it was.

    hidden : the word that stands for a hidden one
    """
    if not text.senses and not content_words(text.sentences, 1):
        layers = encode(text.sentences[:1])
        return uniform_mix(
            list(layers)
        ), "the mix is the mean of the layers: no content words to learn by"
    chosen = choose_occurrences(text, most=_OCCURRENCES, seed=seed)
    is_known = bool(text.senses)
    words, senses = chosen.words, chosen.senses
    labels, among, task = words, [""] * len(words), "hidden words"
    if is_known:
        labels, among, task = [str(sense) for sense in senses], words, "senses of words"
    layers = collect(encode, _each_alone(chosen, None if is_known else hidden), vocabulary).layers
    mix = learn_mix(layers, labels, among, torch_generator(seed, "mix"))
    shares = ", ".join(f"{share:.2f} of layer {name}" for name, share in mix.shares.items())
    return mix, f"the mix has {shares}: learned from {len(words):,} {task}"


def _each_alone(chosen: Occurrences, hidden: str | None) -> Occurrences:
    """Return a text with a sentence for each occurrence, the word itself hidden if asked for."""
    sentences = []
    for number, position in zip(chosen.sentence, chosen.position, strict=True):
        words = list(chosen.text.sentences[number])
        words[position] = hidden or words[position]
        sentences.append(tuple(words))
    text = Sentences(chosen.text.name, tuple(sentences), chosen.text.source)
    return Occurrences(text, np.arange(len(chosen)), chosen.position)
