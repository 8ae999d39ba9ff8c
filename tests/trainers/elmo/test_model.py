"""The language models: no state depends on unread words; losses equal those written out."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from trainers.elmo.model import (
    MAX_WORD_CHARS,
    BiLM,
    BiLMBatch,
    TiedSoftmax,
    char_ids_of,
    frequency_cutoffs,
    gather_positions,
    locked_dropout,
    reverse_positions,
)

WORDS, DIM = 12, 6
SPELLED = [f"word{number}" for number in range(WORDS)]


def module(letters=False, cutoffs=(), layers=2, dropout=0.0):
    generator = torch.Generator().manual_seed(0)
    made = BiLM(WORDS, DIM, layers, dropout, generator, letters, cutoffs)
    with torch.no_grad():
        made.softmax.bias.normal_(generator=generator)
        made.softmax.clusters.normal_(generator=generator)
    return made.eval()


def reading(*sentences, letters=False):
    framed = [[0, *words, 1] for words in sentences]
    lengths = torch.tensor([len(words) for words in framed])
    longest = int(lengths.max())
    numbers = torch.tensor([words + [1] * (longest - len(words)) for words in framed])
    if not letters:
        return BiLMBatch(numbers, lengths)
    return BiLMBatch(numbers, lengths, torch.tensor(list(map(char_ids_of, SPELLED))), numbers)


@pytest.mark.parametrize("letters", [False, True])
@torch.no_grad()
def test_no_state_depends_on_unread_words(letters):
    """Forward states depend on all but later words, backward states on all but earlier ones."""
    made = module(letters)
    words, others = [2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 8, 9]
    whole = made.layers(reading(words, words[:3], letters=letters))  # (3, 2, 8, 2 DIM)
    for place in range(1, 7):  # of the word in the framed sentence
        later = made.layers(reading([*words[:place], *others[place:]], words[:3], letters=letters))
        earlier = made.layers(
            reading([*others[: place - 1], *words[place - 1 :]], words[:3], letters=letters)
        )
        assert torch.equal(whole[:, 0, : place + 1, :DIM], later[:, 0, : place + 1, :DIM])
        assert torch.equal(whole[:, 0, place:, DIM:], earlier[:, 0, place:, DIM:])
        for layer in (1, 2):
            if place < 6:
                changed = whole[layer, 0, place + 1 :, :DIM] != later[layer, 0, place + 1 :, :DIM]
                assert changed.any(dim=1).all()
                changed = whole[layer, 0, 1 : place + 1, DIM:] != (
                    later[layer, 0, 1 : place + 1, DIM:])  # fmt: skip
                assert changed.any(dim=1).all()
            if place > 1:
                changed = whole[layer, 0, place:, :DIM] != earlier[layer, 0, place:, :DIM]
                assert changed.any(dim=1).all()
        assert torch.equal(whole[:, 1], later[:, 1])  # other sentences have no effect


@torch.no_grad()
def test_backward_is_forward_mirrored():
    made = module()
    made.backwards.load_state_dict(made.forwards.state_dict())
    words = [2, 3, 4, 5]
    mirrored = BiLMBatch(torch.tensor([[1, 5, 4, 3, 2, 0]]), torch.tensor([6]))
    backward = made.layers(reading(words))[:, 0, :, DIM:]
    forward = made.layers(mirrored)[:, 0, :, :DIM]
    torch.testing.assert_close(backward, forward.flip(1))


@torch.no_grad()
def test_padding_has_no_effect():
    made = module(letters=True)
    sentences = [[2, 3, 4, 5, 6], [7], [8, 9, 10]]
    together = made.layers(reading(*sentences, letters=True))
    for number, words in enumerate(sentences):
        alone = made.layers(reading(words, letters=True))[:, 0]
        torch.testing.assert_close(together[:, number, : len(words) + 2], alone)
    losses = made.losses(reading(*sentences, letters=True))
    singly = [made.losses(reading(words, letters=True)) for words in sentences]
    for way in (0, 1):
        torch.testing.assert_close(losses[way], torch.cat([each[way] for each in singly]))


@torch.no_grad()
def test_the_second_layer_is_added_to_the_first():
    made = module()
    read = reading([2, 3, 4])
    layers = made.layers(read)[:, 0, :, :DIM]
    torch.testing.assert_close(layers[0], made.words(read.numbers)[0])
    torch.testing.assert_close(layers[1], made.forwards.lstms[0](layers[0])[0])
    torch.testing.assert_close(layers[2], layers[1] + made.forwards.lstms[1](layers[1])[0])


@torch.no_grad()
def test_losses_written_out():
    made = module()
    framed = [0, 5, 3, 7, 1]
    states = made.layers(reading([5, 3, 7]))[-1, 0].numpy()  # (5, 2 DIM)
    logits = [part @ made.words.weight.numpy().T + made.softmax.bias.numpy()
              for part in (states[:, :DIM], states[:, DIM:])]  # fmt: skip
    log_p = [part - np.log(np.exp(part).sum(axis=1, keepdims=True)) for part in logits]
    forward, backward = made.losses(reading([5, 3, 7]))
    np.testing.assert_allclose(
        forward, [-log_p[0][place, framed[place + 1]] for place in range(4)], rtol=1e-5
    )
    np.testing.assert_allclose(
        backward, [-log_p[1][place, framed[place - 1]] for place in range(1, 5)], rtol=1e-5
    )


@torch.no_grad()
def test_the_adaptive_softmax_is_torchs_with_tied_weights():
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(WORDS, DIM, generator=generator)
    ours = TiedSoftmax(WORDS, DIM, (3, 7))
    ours.clusters.normal_(generator=generator)
    reference = torch.nn.AdaptiveLogSoftmaxWithLoss(DIM, WORDS, [3, 7], div_value=1)
    reference.head.weight.copy_(torch.cat([table[:3], ours.clusters]))
    for tail, part in zip(reference.tail, (table[3:7], table[7:]), strict=True):
        tail[0].weight.copy_(torch.eye(DIM))
        tail[1].weight.copy_(part)
    states, targets = torch.randn(40, DIM, generator=generator), torch.arange(40) % WORDS
    found = ours(states, targets, table)
    torch.testing.assert_close(found, -reference(states, targets).output)
    ours.bias.normal_(generator=generator)
    every = ours(states[:1].expand(WORDS, -1), torch.arange(WORDS), table)
    assert (-every).exp().sum().item() == pytest.approx(1, abs=1e-5)
    full = TiedSoftmax(WORDS, DIM)
    wanted = F.cross_entropy(states @ table.T, targets, reduction="none")
    torch.testing.assert_close(full(states, targets, table), wanted)
    assert frequency_cutoffs(8_000) == (400, 2_000)


def test_reversing_positions_twice_restores_them():
    turned = reverse_positions(torch.tensor([3, 5]), 5)
    assert turned.tolist() == [[2, 1, 0, 3, 4], [4, 3, 2, 1, 0]]
    x = torch.arange(20.0).view(2, 5, 2)
    assert torch.equal(gather_positions(gather_positions(x, turned), turned), x)


def test_dropout_is_the_same_at_all_positions():
    x = torch.ones(3, 50, 40)
    dropped = locked_dropout(x, 0.5, training=True)
    assert torch.equal(dropped, dropped[:, :1].expand_as(x))
    assert set(dropped.unique().tolist()) == {0, 2}
    assert not torch.equal(dropped[0], dropped[1])
    assert locked_dropout(x, 0.5, training=False) is x


def test_letters_are_bytes_between_two_ends():
    assert char_ids_of("né")[:6] == [1, ord("n"), 0xC3, 0xA9, 2, 0]
    assert len(char_ids_of("né")) == len(char_ids_of("x" * 99)) == MAX_WORD_CHARS
    assert char_ids_of("x" * 99)[-2:] == [ord("x"), 2]
