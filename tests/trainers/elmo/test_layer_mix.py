"""The mix gives the layer that distinguishes the labels the largest weight."""

import numpy as np
import pytest
import torch

from trainers.data.contexts.sentences import generated_sentences, vocabulary
from trainers.elmo.layer_mix import LayerMix, learn_mix, mix_for, uniform_mix


@pytest.mark.parametrize("informative", ["0", "1", "2"])
def test_the_informative_layer_has_the_largest_weight(informative):
    rng = np.random.default_rng(0)
    labels = [f"sense{number}" for number in rng.integers(0, 4, 400)]
    layers = {name: rng.normal(size=(400, 8)).astype(np.float32) for name in "012"}
    layers[informative][:, :4] += (
        2 * np.eye(4, dtype=np.float32)[[int(each[-1]) for each in labels]]
    )
    mix = learn_mix(layers, labels, [""] * 400, torch.Generator().manual_seed(0))
    assert mix.weights[informative] > 0.6 and sum(mix.weights.values()) == pytest.approx(1)
    unit = {name: layer / np.linalg.norm(layer, axis=1)[:, None] for name, layer in layers.items()}
    wanted = mix.scale * sum(mix.weights[name] * unit[name] for name in "012")
    np.testing.assert_allclose(mix.of(layers), wanted, rtol=1e-5, atol=1e-6)


def test_a_single_label_gives_the_uniform_mix():
    layers = {"0": np.ones((3, 2), np.float32), "1": 3 * np.ones((3, 2), np.float32)}
    mix = learn_mix(layers, ["a"] * 3, [""] * 3, torch.Generator())
    assert mix == learn_mix(layers, ["a", "b", "b"], ["A", "B", "B"], torch.Generator())
    assert mix == uniform_mix(["0", "1"]) == LayerMix({"0": 0.5, "1": 0.5})
    np.testing.assert_allclose(mix.of(layers), np.full((3, 2), 0.5**0.5), rtol=1e-6)


def test_only_senses_of_the_same_word_are_distinguished():
    """Layer 0 encodes the word and layer 1 the sense: only layer 1 distinguishes senses."""
    words = ["bank", "bat"] * 100
    senses = ["river", "animal", "money", "club"] * 50
    layers = {
        "0": np.tile(np.eye(4, dtype=np.float32)[:2], (100, 1)),
        "1": np.tile(np.repeat(np.eye(4, dtype=np.float32)[2:], 2, axis=0), (50, 1)),
    }
    generator = torch.Generator().manual_seed(0)
    assert learn_mix(layers, senses, words, generator).weights["1"] > 0.7


def test_words_are_masked_where_no_sense_is_known():
    """Layer 0 of this model encodes the word read, layer 1 the one before it."""
    lines = [("big", "lion"), ("small", "mouse")] * 30
    text = generated_sentences("text", lines, {})
    words = vocabulary(lines)
    read = []

    def encode(sentences):
        read.extend(sentences)
        eye = np.eye(len(words), dtype=np.float32)
        layers = {"0": [], "1": []}
        for sentence in sentences:
            numbers = words.numbers(sentence)
            layers["0"].append(eye[numbers])
            layers["1"].append(eye[np.roll(numbers, 1)])
        return {name: np.concatenate(parts) for name, parts in layers.items()}

    mix, note = mix_for(encode, text, words, "<unk>", 0)
    assert mix.weights["1"] > 0.6 and "learned from 120 hidden words" in note
    assert all(sentence.count("<unk>") == 1 for sentence in read) and len(read) == 120
    numbers = generated_sentences("numbers", [("1", "2")], {})
    assert mix_for(encode, numbers, words, "<unk>", 0)[0] == uniform_mix(["0", "1"])
