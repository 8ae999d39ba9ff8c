"""elmo: words in context, from a forward and a backward language model.

    python -m trainers elmo --data text.txt --words bank,spring --out bank.embedding.parquet

The forward model reads a sentence from left to right and predicts each next word, the backward
model from right to left each previous one; the loss is the mean of both cross-entropies. The vector
of a word at a layer is the forward state beside the backward one (bilm.py); layer 0 is the token
itself, twice, and knows no context. After Peters et al., "Deep contextualized word representations"
(NAACL 2018).

Written are chosen occurrences at all layers and at a learned mix of them; beside that file, the
means of the mix over all occurrences of each word, and over the words of each sentence.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from trainers.core import provenance
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import is_main, say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.contexts.context_vectors import (
    ContextVectors,
    collect,
    context_sets,
    save_beside,
)
from trainers.data.contexts.occurrences import choose_occurrences
from trainers.data.contexts.planted_senses import planted_senses
from trainers.data.contexts.sentences import (
    UNKNOWN,
    Sentence,
    Sentences,
    by_length,
    read_sentences,
    vocabulary,
    vocabulary_note,
)
from trainers.elmo.config import ElmoConfig
from trainers.elmo.kneser_ney import KneserNey
from trainers.elmo.layer_mix import LayerMix, mix_for
from trainers.elmo.model import BiLM, Reading, letters_of
from trainers.elmo.tied_softmax import frequency_cutoffs
from trainers.metrics.sense_purity import chance_purity, sense_purity

START, END = 0, 1
SPECIALS = ("<s>", "</s>", UNKNOWN)

_WARM_UP = 0.05  # share of the steps
_LARGE_VOCABULARY = 4_000  # words, above which the softmax is adaptive unasked
_WORDS_AT_ONCE = 4_096  # in validation


class ElmoTask(Task):
    """The two language models' cross-entropies.

    Attributes
    ----------
    vocabulary : SPECIALS, then the words seen often enough in the sentences that are learned
    learned, withheld : sentences
    """

    unit = "sentences"
    clip_norm = 1.0

    def __init__(self, text: Sentences, config: ElmoConfig) -> None:
        self.config = config
        chance = numpy_generator(config.seed, "withheld sentences")
        withheld = chance.random(len(text)) < config.validation_fraction
        self.learned = [text.sentences[row] for row in np.flatnonzero(~withheld)]
        self.withheld = [text.sentences[row] for row in np.flatnonzero(withheld)]
        if not self.learned:
            raise EmbeddingError(
                f"{text.name}: all of its {len(text)} sentences are withheld; give more text, or "
                "--validation-fraction 0"
            )
        self.vocabulary = vocabulary(self.learned, config.min_count, specials=SPECIALS)
        words = sum(map(len, self.learned))
        self.batch_size = config.batch_size or min(4_096, max(512, words // 200))
        self._lengths = np.array([len(sentence) for sentence in self.learned])
        self.steps_per_epoch = len(by_length(self._lengths, self.batch_size))
        is_large = len(self.vocabulary) > _LARGE_VOCABULARY
        is_adaptive = config.softmax == "adaptive" or (config.softmax == "auto" and is_large)
        self.module: BiLM = BiLM(
            len(self.vocabulary),
            config.dim // 2,
            config.layers,
            config.dropout,
            torch_generator(config.seed, "first weights"),
            letters=config.characters,
            cutoffs=frequency_cutoffs(len(self.vocabulary)) if is_adaptive else (),
        )
        self._order: tuple[int, list[np.ndarray]] = (-1, [])

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(
            self.module.parameters(), rate, betas=(0.9, 0.99), weight_decay=decay, fused=True
        )

    def schedule(self, progress: float) -> float:
        """Let the learning rate grow on a line, then fall to 0 on another."""
        return min((progress + 1e-3) / _WARM_UP, 1, 1 - progress)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return sentences of like length, in an order of the epoch's own."""
        if self._order[0] != epoch:
            chance = numpy_generator(self.config.seed, "order", epoch)
            groups = by_length(self._lengths, self.batch_size, chance)
            self._order = epoch, [groups[number] for number in chance.permutation(len(groups))]
        reading = self.reading([self.learned[row] for row in self._order[1][step]])
        return {name: part for name, part in vars(reading).items() if part is not None}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the losses, in nats, of all next and previous words of the sentences `own`."""
        own_reading = Reading(**batch).part(local_rows)
        if len(own_reading.lengths) == 0:  # more processes than sentences
            weights = [weight.sum() for weight in self.module.parameters()]
            return torch.stack(weights).sum() * 0.0, 0.0
        forward, backward = self.module.losses(own_reading)
        return forward.sum() + backward.sum(), 2 * len(forward)

    def validate(self) -> dict[str, float]:
        """Return the loss of the withheld sentences and the perplexities."""
        if not self.withheld:
            return {}
        forward, backward = self.mean_losses(self.withheld)
        return {
            "loss": (forward + backward) / 2,
            "perplexity": math.exp(forward),
            "backward_perplexity": math.exp(backward),
        }

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        return self.module.words.weight.device

    @torch.no_grad()
    def mean_losses(self, sentences: Sequence[Sentence]) -> tuple[float, float]:
        """Return the mean losses, in nats, of next words and of previous ones, ends included."""
        lengths = np.array([len(sentence) for sentence in sentences])
        sums, count = torch.zeros(2, dtype=torch.float64), 0
        for rows in by_length(lengths, _WORDS_AT_ONCE):
            reading = self.reading([sentences[row] for row in rows]).to(self.device)
            losses = self.module.losses(reading)
            sums += torch.stack([loss.double().sum().cpu() for loss in losses])
            count += len(losses[0])
        forward, backward = (sums / count).tolist()
        return forward, backward

    def reading(self, sentences: Sequence[Sentence]) -> Reading:
        """Return sentences as the module takes them, on the CPU."""
        framed = [(SPECIALS[START], *sentence, SPECIALS[END]) for sentence in sentences]
        lengths = torch.tensor([len(words) for words in framed])
        longest = int(lengths.max())
        framed = [words + (SPECIALS[END],) * (longest - len(words)) for words in framed]
        flat = [word for words in framed for word in words]
        shape = len(framed), longest
        numbers = torch.from_numpy(self.vocabulary.numbers(flat)).view(shape)
        if self.module.letters is None:
            return Reading(numbers, lengths)
        kinds = {word: number for number, word in enumerate(dict.fromkeys(flat))}
        letters = torch.tensor([letters_of(word) for word in kinds])
        spelled = torch.tensor([kinds[word] for word in flat]).view(shape)
        return Reading(numbers, lengths, letters, spelled)

    @torch.no_grad()
    def encode(self, sentences: Sequence[Sentence]) -> dict[str, np.ndarray]:
        """Return the vectors of the words at each layer, end to end: float32, (words, dim)."""
        self.module.eval()
        reading = self.reading(sentences).to(self.device)
        layers = self.module.layers(reading)  # (1 + layers, B, T, dim)
        place = torch.arange(layers.shape[2], device=self.device)
        is_word = (place > 0) & (place < reading.lengths[:, None] - 1)  # (B, T)
        return {str(number): layer[is_word].cpu().numpy() for number, layer in enumerate(layers)}


def run(config: ElmoConfig) -> dict[str, Any]:
    """Read the text, train, write the files; return the metrics."""
    fabric = start(config)
    text = read(config)
    chosen = choose_occurrences(text, config.chosen_words, config.occurrences, config.seed)
    task = ElmoTask(text, config)
    for note in (*text.notes, f"{len(text):,} sentences of {text.words:,} words, "
                 f"{len(task.withheld):,} sentences withheld", vocabulary_note(task.vocabulary),
                 *chosen.notes):  # fmt: skip
        say(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    fitted = fit(task, config, fabric, {**settings, "sha256": text.source["sha256"]})

    mix, note = mix_for(task.encode, text, task.vocabulary, UNKNOWN, config.seed)
    say(note, config.quiet)

    def encode(sentences: Sequence[Sentence]) -> dict[str, np.ndarray]:
        layers = task.encode(sentences)
        return layers | {"mix": mix.of(layers)}

    found = collect(encode, chosen, task.vocabulary)
    sets = embedding_sets(found, task, fitted, settings, mix)
    if is_main():
        paths = save_beside(sets, config.out)
        names = " and ".join(path.name for path in paths)
        say(f"{found.note()}, are in {names}", config.quiet)
    return write_result(sets[""], config, fitted)


def read(config: ElmoConfig) -> Sentences:
    """Read the text that the config names, or make the built-in one."""
    if config.data is None:
        return planted_senses(seed=config.seed)
    return read_sentences(config.data, config.longest, config.lowercase)


def embedding_sets(
    found: ContextVectors,
    task: ElmoTask,
    fitted: TrainingResult,
    settings: dict[str, Any],
    mix: LayerMix,
) -> dict[str, EmbeddingSet]:
    """Return the sets of occurrences (""), "words" and "sentences"; see context_vectors.py."""
    text = found.occurrences.text
    metrics: dict[str, Any] = {
        "training_loss": fitted.loss,
        **fitted.metrics,
        **counted_perplexities(task),
        **purities(found),
        "mix": {name: round(share, 4) for name, share in mix.shares.items()},
        "sentences": len(text),
        "words": text.words,
        "vocabulary": len(task.vocabulary) - task.vocabulary.specials,
        "occurrences": len(found.occurrences),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
    }
    return context_sets(
        found,
        name=text.name,
        **provenance.fields("elmo", settings, text.source, metrics),
    )


def counted_perplexities(task: ElmoTask) -> dict[str, float]:
    """Return the perplexity of withheld sentences by Kneser-Ney, same words known and unknown."""
    if not task.withheld:
        return {}
    number = task.vocabulary.numbers
    learned, withheld = ([number(words).tolist() for words in part]
                         for part in (task.learned, task.withheld))  # fmt: skip
    found = {}
    for name, order in (("bigram", 2), ("trigram", 3)):
        model = KneserNey(learned, order, len(task.vocabulary), START, END)
        found[f"perplexity of a Kneser-Ney {name}"] = model.perplexity(withheld)
    return found


def purities(found: ContextVectors) -> dict[str, Any]:
    """Return the purity of the senses at each layer, where senses are known."""
    words, senses = found.occurrences.words, found.occurrences.senses
    if not any(senses):
        return {}
    by_layer = {name: round(sense_purity(layer, words, senses), 4)
                for name, layer in found.layers.items()}  # fmt: skip
    return {"sense_purity": by_layer, "sense_purity of chance": chance_purity(words, senses)}
