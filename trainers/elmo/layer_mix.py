"""The mix of elmo's layers: a weighted mean whose weights are learned by a small task.

    mix = scale * sum of weight_j * layer_j / |layer_j|
    weights = softmax of one parameter per layer

The task is to predict the label of each occurrence from its mix, by a linear softmax layer that is
then discarded. If senses are known, the label is the sense, among the senses of the word; else it
is the word, a frequent content word that was hidden from the model, among all such words. (Peters
et al. 2018, equation 1, with the downstream task; vectors are normalized to length 1 here, so that
the weights are comparable.)
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
from trainers.data.contexts.sentences import Sentences, Vocabulary, content_words

_OCCURRENCES = 2_000  # maximum number of training examples
_STEPS = 200
_RATE = 0.05
_WEIGHTS_RATE = 0.01  # limits the ratio of two weights to e**4
_DECAY = 0.01  # weight decay of the linear layer, against overfitting


@dataclass(frozen=True)
class LayerMix:
    """The weights of the layers, which sum to 1, and the scale of the mix."""

    weights: Mapping[str, float]
    scale: float = 1.0

    def of(self, layers: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the mix of the layers: float32, shape (n, d)."""
        mixed = sum(self.weights[name] * _unit(layer) for name, layer in layers.items())
        return (self.scale * np.asarray(mixed)).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors scaled to length 1; zero vectors stay."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def uniform_mix(names: Sequence[str]) -> LayerMix:
    """Return the mean of the layers."""
    return LayerMix({name: 1 / len(names) for name in names})


def learn_mix(
    layers: Mapping[str, np.ndarray],
    labels: Sequence[str],
    groups: Sequence[str],
    generator: torch.Generator,
) -> LayerMix:
    """Learn the weights that predict the labels best; they are equal if there is no choice.

    Parameters
    ----------
    layers : name -> float32, shape (n, d); row i is occurrence i
    labels : n, to predict
    groups : n; a label is predicted among the labels of its group
    generator : of the initial weights of the linear layer
    """
    names, distinct = sorted(set(labels)), sorted(set(groups))
    choices = torch.zeros(len(distinct), len(names), dtype=torch.bool)
    group = torch.tensor([distinct.index(each) for each in groups])  # (n,)
    target = torch.tensor([names.index(label) for label in labels])  # (n,)
    choices[group, target] = True
    if (choices.sum(dim=1) < 2).all():
        return uniform_mix(list(layers))
    penalty = torch.where(choices, 0.0, -torch.inf)[group]  # (n, labels)
    stacked = torch.from_numpy(np.stack([_unit(each) for each in layers.values()]))  # (l, n, d)
    scores = nn.Parameter(torch.zeros(len(stacked)))
    scale = nn.Parameter(torch.ones(()))
    head = nn.Linear(stacked.shape[2], len(names))
    nn.init.normal_(head.weight, std=stacked.shape[2] ** -0.5, generator=generator)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.AdamW(head.parameters(), _RATE, weight_decay=_DECAY)
    optimizer.add_param_group({"params": [scores], "weight_decay": 0.0, "lr": _WEIGHTS_RATE})
    optimizer.add_param_group({"params": [scale], "weight_decay": 0.0})
    for _ in range(_STEPS):
        mixed = scale * torch.einsum("l,lnd->nd", scores.softmax(0), stacked)  # (n, d)
        loss = F.cross_entropy(head(mixed) + penalty, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights = scores.detach().softmax(0).tolist()
    return LayerMix(dict(zip(layers, weights, strict=True)), scale.item())


def mix_for(
    encode: Encode, text: Sentences, vocabulary: Vocabulary, hidden: str, seed: int
) -> tuple[LayerMix, str]:
    """Learn the mix of a model's layers on its text; return it with a note for the user.

    hidden : the word that replaces a hidden one
    """
    if not text.senses and not content_words(text.sentences, 1):
        layers = encode(text.sentences[:1])
        return uniform_mix(
            list(layers)
        ), "the mix is the mean of the layers: no content words to learn from"
    chosen = choose_occurrences(text, limit=_OCCURRENCES, seed=seed)
    is_known = bool(text.senses)
    words, senses = chosen.words, chosen.senses
    labels, groups, task = words, [""] * len(words), "hidden words"
    if is_known:
        labels, groups, task = [str(sense) for sense in senses], words, "senses of words"
    layers = collect(encode, _one_each(chosen, None if is_known else hidden), vocabulary).layers
    mix = learn_mix(layers, labels, groups, torch_generator(seed, "mix"))
    weights = ", ".join(f"{weight:.2f} of layer {name}" for name, weight in mix.weights.items())
    return mix, f"the mix is {weights}: learned from {len(words):,} {task}"


def _one_each(chosen: Occurrences, hidden: str | None) -> Occurrences:
    """Return a text with a sentence for each occurrence, whose word is replaced by `hidden`."""
    sentences = []
    for number, position in zip(chosen.sentence, chosen.position, strict=True):
        words = list(chosen.text.sentences[number])
        words[position] = hidden or words[position]
        sentences.append(tuple(words))
    text = Sentences(chosen.text.name, tuple(sentences), chosen.text.source)
    return Occurrences(text, np.arange(len(chosen)), chosen.position)
