"""The encoder equals transformers' BERT; padding has no effect; transformers reads the folder."""

import numpy as np
import pytest
import torch

from trainers.bert.data import learn_subwords
from trainers.bert.model import Encoder, Shape
from trainers.bert.output import weights, write_folder

SHAPE = Shape(tokens=50, positions=12, dim=24, layers=3, heads=4, inner=40, dropout=0.1)


@pytest.fixture
def encoder():
    made = Encoder(SHAPE, torch.Generator().manual_seed(0)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in made.parameters():  # change all parameters, also biases and norms
            weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return made


@pytest.fixture
def tokens():
    return torch.randint(5, 50, (4, 12), generator=torch.Generator().manual_seed(2))


def test_the_encoder_equals_bert_of_transformers(encoder, tokens):
    transformers = pytest.importorskip("transformers")
    other = transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=50, hidden_size=24, num_hidden_layers=3, num_attention_heads=4,
            intermediate_size=40, max_position_embeddings=12, type_vocab_size=1,
            layer_norm_eps=1e-12,
        )
    ).eval()  # fmt: skip
    missing = other.load_state_dict(weights(encoder), strict=False)
    assert not missing.unexpected_keys
    # these two are tied to the token vectors and the bias
    assert set(missing.missing_keys) <= {"cls.predictions.decoder.weight",
                                         "cls.predictions.decoder.bias"}  # fmt: skip
    other.tie_weights()
    real = torch.ones_like(tokens, dtype=torch.bool)
    real[1, 7:] = False
    with torch.no_grad():
        ours = encoder(tokens, real)
        theirs = other(tokens, attention_mask=real.long(), output_hidden_states=True)
        assert len(ours) == len(theirs.hidden_states) == 4
        for layer, wanted in zip(ours, theirs.hidden_states, strict=True):
            torch.testing.assert_close(layer[real], wanted[real], atol=1e-5, rtol=1e-5)
        logits = encoder.logits(ours[-1][real])
    torch.testing.assert_close(logits, theirs.logits[real], atol=1e-4, rtol=1e-5)


def test_padding_has_no_effect(encoder, tokens):
    with torch.no_grad():
        alone = encoder(tokens[:1, :7], torch.ones(1, 7, dtype=torch.bool))
        padded = tokens.clone()
        real = torch.ones(4, 12, dtype=torch.bool)
        real[0, 7:] = False
        among = encoder(padded, real)
        padded[0, 7:] = 49  # any other token
        again = encoder(padded, real)
    for layer, batched, other in zip(alone, among, again, strict=True):
        torch.testing.assert_close(batched[:1, :7], layer, atol=1e-5, rtol=0)
        torch.testing.assert_close(other[:1, :7], layer, atol=1e-5, rtol=0)


def test_every_word_sees_both_sides(encoder, tokens):
    """Layer 0 depends on the token and its position alone, the next layers on all tokens."""
    real = torch.ones(1, 12, dtype=torch.bool)
    changed = tokens[:1].clone()
    changed[0, 5] = 5 if changed[0, 5] != 5 else 6
    with torch.no_grad():
        before, after = encoder(tokens[:1], real), encoder(changed, real)
    for number, (layer, other) in enumerate(zip(before, after, strict=True)):
        moved = (layer - other).abs().amax(dim=2)[0] > 1e-4
        assert moved.tolist() == [number > 0 or place == 5 for place in range(12)]


def test_transformers_reads_the_folder(tmp_path):
    transformers = pytest.importorskip("transformers")
    tokenizer = learn_subwords(["the bank of the river", "the bank of money"] * 3, 60, True)
    shape = Shape(tokenizer.get_vocab_size(), 16, 24, 2, 4, 40, 0.0)
    encoder = Encoder(shape, torch.Generator().manual_seed(0)).eval()
    write_folder(encoder, tokenizer, True, tmp_path / "model")
    fill = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "model").eval()
    splits = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    numbers = splits("The [MASK] of the river", return_tensors="pt")["input_ids"]
    assert splits.convert_ids_to_tokens(numbers[0])[:3] == ["[CLS]", "the", "[MASK]"]
    with torch.no_grad():
        top = encoder(numbers, torch.ones_like(numbers, dtype=torch.bool))[-1]
        wanted = encoder.logits(top[0])
        found = fill(numbers).logits[0]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
