"""elmo: words in context, from a forward and a backward language model.

    python -m trainers elmo --data text.txt --words bank,spring --out bank.embedding.parquet

The forward model reads a sentence from left to right and predicts each next word, the backward
model from right to left each previous word; the loss is the mean of both cross-entropies. The
vector of a word at a layer is the concatenation of its forward and its backward state (model.py);
layer 0 is the token vector, twice, and does not depend on the context. After Peters et al., "Deep
contextualized word representations" (NAACL 2018).

The output has chosen occurrences at all layers and at a learned mix of the layers (layer_mix.py).
Two more files have the means of the mix over all occurrences of each word, and over the words of
each sentence.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from trainers.core import run_info
from trainers.core.console import is_main, print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
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
from trainers.data.contexts.sentences import (
    UNKNOWN,
    Sentence,
    Sentences,
    by_length,
    read_sentences,
    vocabulary,
    vocabulary_note,
)
from trainers.data.contexts.synthetic_senses import synthetic_senses
from trainers.elmo.config import ElmoConfig
from trainers.elmo.kneser_ney import KneserNey
from trainers.elmo.layer_mix import LayerMix, mix_for
from trainers.elmo.model import BiLM, BiLMBatch, char_ids_of, frequency_cutoffs
from trainers.metrics.sense_purity import chance_purity, sense_purity

START, END = 0, 1
SPECIALS = ("<s>", "</s>", UNKNOWN)

_WARM_UP = 0.05  # fraction of the steps
_LARGE_VOCABULARY = 4_000  # words, above which the softmax is adaptive by default
_BLOCK_WORDS = 4_096  # in validation


class ElmoTask(Task):
    """Minimizes the cross-entropies of both language models.

    Attributes
    ----------
    vocabulary : SPECIALS, then the words that occur often enough in the training sentences
    trained, held_out : sentences
    """

    unit = "sentences"
    clip_norm = 1.0

    def __init__(self, text: Sentences, config: ElmoConfig) -> None:
        self.config = config
        generator = numpy_generator(config.seed, "withheld sentences")
        is_held_out = generator.random(len(text)) < config.validation_fraction
        self.trained = [text.sentences[row] for row in np.flatnonzero(~is_held_out)]
        self.held_out = [text.sentences[row] for row in np.flatnonzero(is_held_out)]
        if not self.trained:
            raise EmbeddingError(
                f"{text.name}: all {len(text)} sentences are held out; give more text, or "
                "--validation-fraction 0"
            )
        self.vocabulary = vocabulary(self.trained, config.min_count, specials=SPECIALS)
        words = sum(map(len, self.trained))
        self.batch_size = config.batch_size or min(4_096, max(512, words // 200))
        self._lengths = np.array([len(sentence) for sentence in self.trained])
        self.steps_per_epoch = len(by_length(self._lengths, self.batch_size))
        is_large = len(self.vocabulary) > _LARGE_VOCABULARY
        is_adaptive = config.softmax == "adaptive" or (config.softmax == "auto" and is_large)
        self.module: BiLM = BiLM(
            len(self.vocabulary),
            config.dim // 2,
            config.layers,
            config.dropout,
            torch_generator(config.seed, "first weights"),
            characters=config.characters,
            cutoffs=frequency_cutoffs(len(self.vocabulary)) if is_adaptive else (),
        )
        self._order: tuple[int, list[np.ndarray]] = (-1, [])

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all parameters."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(
            self.module.parameters(), rate, betas=(0.9, 0.99), weight_decay=decay, fused=True
        )

    def schedule(self, progress: float) -> float:
        """Return a factor that rises linearly from near 0 to 1, and decays linearly to 0."""
        return min((progress + 1e-3) / _WARM_UP, 1, 1 - progress)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return sentences of similar length, reshuffled each epoch: the tensors of a BiLMBatch."""
        if self._order[0] != epoch:
            generator = numpy_generator(self.config.seed, "order", epoch)
            groups = by_length(self._lengths, self.batch_size, generator)
            self._order = epoch, [groups[number] for number in generator.permutation(len(groups))]
        batch = self.batch_of([self.trained[row] for row in self._order[1][step]])
        return {name: part for name, part in vars(batch).items() if part is not None}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed loss, in nats, of both models on the local sentences, and its terms."""
        local_batch = BiLMBatch(**batch).part(local_rows)
        if len(local_batch.lengths) == 0:  # more processes than sentences
            weights = [weight.sum() for weight in self.module.parameters()]
            return torch.stack(weights).sum() * 0.0, 0.0
        forward, backward = self.module.losses(local_batch)
        return forward.sum() + backward.sum(), 2 * len(forward)

    def validate(self) -> dict[str, float]:
        """Return the loss on the held-out sentences and the perplexities."""
        if not self.held_out:
            return {}
        forward, backward = self.mean_losses(self.held_out)
        return {
            "loss": (forward + backward) / 2,
            "perplexity": math.exp(forward),
            "backward_perplexity": math.exp(backward),
        }

    @property
    def device(self) -> torch.device:
        """Device of the module."""
        return self.module.words.weight.device

    @torch.no_grad()
    def mean_losses(self, sentences: Sequence[Sentence]) -> tuple[float, float]:
        """Return the mean losses, in nats, of the forward and of the backward model."""
        lengths = np.array([len(sentence) for sentence in sentences])
        sums, count = torch.zeros(2, dtype=torch.float64), 0
        for rows in by_length(lengths, _BLOCK_WORDS):
            batch = self.batch_of([sentences[row] for row in rows]).to(self.device)
            losses = self.module.losses(batch)
            sums += torch.stack([loss.double().sum().cpu() for loss in losses])
            count += len(losses[0])
        forward, backward = (sums / count).tolist()
        return forward, backward

    def batch_of(self, sentences: Sequence[Sentence]) -> BiLMBatch:
        """Return sentences as input of the module, on the CPU."""
        framed = [(SPECIALS[START], *sentence, SPECIALS[END]) for sentence in sentences]
        lengths = torch.tensor([len(words) for words in framed])
        longest = int(lengths.max())
        framed = [words + (SPECIALS[END],) * (longest - len(words)) for words in framed]
        flat = [word for words in framed for word in words]
        shape = len(framed), longest
        numbers = torch.from_numpy(self.vocabulary.numbers(flat)).view(shape)
        if self.module.letters is None:
            return BiLMBatch(numbers, lengths)
        row_of = {word: row for row, word in enumerate(dict.fromkeys(flat))}
        char_ids = torch.tensor([char_ids_of(word) for word in row_of])
        word_rows = torch.tensor([row_of[word] for word in flat]).view(shape)
        return BiLMBatch(numbers, lengths, char_ids, word_rows)

    @torch.no_grad()
    def encode(self, sentences: Sequence[Sentence]) -> dict[str, np.ndarray]:
        """Return the vectors of all words, in order, at each layer: float32, (words, dim)."""
        self.module.eval()
        batch = self.batch_of(sentences).to(self.device)
        layers = self.module.layers(batch)  # (1 + layers, B, T, dim)
        position = torch.arange(layers.shape[2], device=self.device)
        is_word = (position > 0) & (position < batch.lengths[:, None] - 1)  # (B, T)
        return {str(number): layer[is_word].cpu().numpy() for number, layer in enumerate(layers)}


def run(config: ElmoConfig) -> dict[str, Any]:
    """Read the text, train, write the files; return the metrics."""
    fabric = start(config)
    text = read(config)
    for note in text.notes:
        print_progress(note, config.quiet)
    occurrences = choose_occurrences(text, config.chosen_words, config.occurrences, config.seed)
    task = ElmoTask(text, config)
    for note in (f"{len(text):,} sentences of {text.words:,} words, "
                 f"{len(task.held_out):,} sentences held out", vocabulary_note(task.vocabulary),
                 *occurrences.notes):  # fmt: skip
        print_progress(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    result = fit(task, config, fabric, {**settings, "sha256": text.source["sha256"]})

    mix, note = mix_for(task.encode, text, task.vocabulary, UNKNOWN, config.seed)
    print_progress(note, config.quiet)

    def encode(sentences: Sequence[Sentence]) -> dict[str, np.ndarray]:
        layers = task.encode(sentences)
        return layers | {"mix": mix.of(layers)}

    found = collect(encode, occurrences, task.vocabulary)
    sets = embedding_sets(found, task, result, settings, mix)
    if is_main():
        paths = save_beside(sets, config.out)
        names = " and ".join(path.name for path in paths)
        print_progress(f"{found.note()}, are in {names}", config.quiet)
    return write_result(sets[""], config, result)


def read(config: ElmoConfig) -> Sentences:
    """Read the text of --data, or generate the built-in one."""
    if config.data is None:
        return synthetic_senses(seed=config.seed)
    return read_sentences(
        config.data, config.longest, config.tokens, config.text, config.text_options
    )


def embedding_sets(
    found: ContextVectors,
    task: ElmoTask,
    result: TrainingResult,
    settings: dict[str, Any],
    mix: LayerMix,
) -> dict[str, EmbeddingSet]:
    """Return the sets of occurrences (""), "words" and "sentences"; see context_vectors.py."""
    text = found.occurrences.text
    metrics: dict[str, Any] = {
        "training_loss": result.loss,
        **result.metrics,
        **baseline_perplexities(task),
        **purities(found),
        "mix": {name: round(weight, 4) for name, weight in mix.weights.items()},
        "sentences": len(text),
        "words": text.words,
        "vocabulary": len(task.vocabulary) - task.vocabulary.specials,
        "occurrences": len(found.occurrences),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
    }
    return context_sets(
        found,
        name=text.name,
        **run_info.fields("elmo", settings, text.source, metrics),
    )


def baseline_perplexities(task: ElmoTask) -> dict[str, float]:
    """Return the perplexities of Kneser-Ney models with the same vocabulary, on held-out text."""
    if not task.held_out:
        return {}
    numbers = task.vocabulary.numbers
    trained, held_out = ([numbers(words).tolist() for words in part]
                         for part in (task.trained, task.held_out))  # fmt: skip
    found = {}
    for name, order in (("bigram", 2), ("trigram", 3)):
        model = KneserNey(trained, order, len(task.vocabulary), START, END)
        found[f"perplexity of a Kneser-Ney {name}"] = model.perplexity(held_out)
    return found


def purities(found: ContextVectors) -> dict[str, Any]:
    """Return the purity of the senses at each layer, if senses are known."""
    words, senses = found.occurrences.words, found.occurrences.senses
    if not any(senses):
        return {}
    by_layer = {name: round(sense_purity(layer, words, senses), 4)
                for name, layer in found.layers.items()}  # fmt: skip
    return {"sense_purity": by_layer, "sense_purity of chance": chance_purity(words, senses)}
