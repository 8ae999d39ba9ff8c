"""word2vec: words as vectors, close to each other if they occur in similar contexts.

    python -m trainers word2vec --data text.txt --lowercase --out words.embedding.parquet
    python -m trainers word2vec --data text.txt --engine torch --device cuda --out ...

Each word has an input and an output vector. With skip-gram, each context word is trained to
distinguish the center word of the window from random words, the negatives; with CBOW, the mean of
all context words is. The loss is the binary cross-entropy of the logistic function of input times
output vector. Negatives are drawn with probability proportional to their count to the power of .75.
The output has the input vectors. After Mikolov et al., "Distributed representations of words and
phrases and their compositionality" (2013).

Two engines have the same settings: `fast` (fast.py) updates word by word, compiled for the CPU;
`torch` (model.py) trains in batches, for GPUs and several processes.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_bytes
from trainers.core import devices, run_info
from trainers.core.console import print_progress
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.rng import derived_seed, numpy_generator, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.corpus import Corpus, read_corpus, take
from trainers.word2vec import fast, model
from trainers.word2vec.alias import AliasTable
from trainers.word2vec.config import Word2VecConfig
from trainers.word2vec.data import read_documentation
from trainers.word2vec.metrics import evaluate
from trainers.word2vec.model import WordVectors

NOISE_POWER = 0.75
"""Exponent of a word's count in the distribution of negatives (Mikolov et al., 2013)."""

BATCH_SIZES = {
    ("fast", "skip-gram"): (1_000, 1_000_000),
    ("fast", "cbow"): (1_000, 1_000_000),
    ("torch", "skip-gram"): (256, 4_096),
    ("torch", "cbow"): (256, 8_192),
}
"""Minimum and maximum of the automatic number of words per step. With torch, the words of a step do
not see each other's updates."""

ADAM_FACTOR = 0.4
"""Adam's fraction of the learning rate, so that .05 suits both engines. On held-out documentation,
Adam at .02 reached the loss of the fast engine (2.45); at .05 2.51, and Adagrad at .2 2.48."""


class WordsTask(Task):
    """Trains word vectors. A step has whole sentences; an epoch has each sentence once.

    Attributes
    ----------
    tokens, starts : the training sentences, see corpus.Corpus
    held_out : tokens and starts of the held-out sentences
    """

    unit = "words"
    metric, higher_is_better = "loss", False

    def __init__(self, corpus: Corpus, config: Word2VecConfig) -> None:
        self.config = config
        generator = numpy_generator(config.seed, "withheld sentences")
        is_held_out = generator.random(corpus.sentences) < config.validation_fraction
        self.held_out = take(corpus, is_held_out)
        self.tokens, self.starts = take(corpus, ~is_held_out)
        if not (np.diff(self.starts) > 1).any():
            raise EmbeddingError(
                f"{corpus.name}: no training sentence has two words that occur at least "
                f"{config.min_count} times; give text with one sentence per line"
            )
        self.keep = keep_probabilities(corpus.counts, config.sample)
        self.noise = AliasTable.of(corpus.counts**NOISE_POWER)
        smallest, largest = BATCH_SIZES[config.engine, config.algorithm]
        automatic = min(largest, max(smallest, len(self.tokens) // 100))  # about 100 steps
        self.batch_size = config.batch_size or automatic
        self.cuts = _cuts(self.starts, self.batch_size)
        self.steps_per_epoch = len(self.cuts) - 1
        check_bytes(8 * len(corpus.words) * config.dim, "the vectors have")
        initial = torch_generator(config.seed, "first weights")
        self.module: WordVectors = WordVectors(len(corpus.words), config.dim, initial)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return Adam for torch; for fast, an optimizer that only holds the learning rate."""
        parameters, rate = self.module.parameters(), self.config.learning_rate
        if self.config.engine == "fast":
            return torch.optim.SGD(parameters, lr=rate)
        decay = self.config.weight_decay
        return torch.optim.Adam(parameters, lr=ADAM_FACTOR * rate, weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Return a factor that decays linearly from 1 to nearly 0."""
        return max(1 - progress, 1e-4)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return the sentences of a step, in the order of the text, as gensim does."""
        seed, config = self.config.seed, self.config
        starts = self.starts[self.cuts[step] : self.cuts[step + 1] + 1]
        tokens = self.tokens[starts[0] : starts[-1]]  # (n,)
        starts = starts - starts[0]  # (sentences + 1,)
        if config.engine == "torch":
            generator = numpy_generator(seed, "windows and negatives", epoch, step)
            return model.batch(tokens, starts, self.keep, self.noise, config.window, generator)
        seeds = [
            derived_seed(seed, "words", epoch, step, thread)
            for thread in range(config.threads or 1)
        ]
        parts = {"tokens": tokens, "starts": starts, "seeds": np.array(seeds)}
        return {name: torch.from_numpy(part) for name, part in parts.items()}

    def custom_step(self, batch: Batch, rate: float) -> tuple[float, float] | None:
        """Take the step with the fast engine; return None for torch."""
        if self.config.engine == "torch":
            return None
        tokens, starts, seeds = (part.numpy() for part in batch.values())
        loss, count = fast.learn(self._model(), tokens, starts, rate, seeds.tolist())
        return loss, max(count, 1e-9)

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the summed loss of the local words, by the torch engine, and its terms."""
        loss = model.skip_gram if self._is_skip_gram else model.cbow
        inputs, outputs = self.module.inputs, self.module.outputs
        window, negatives = self.config.window, self.config.negatives
        total, count = loss(inputs, outputs, batch, local_rows, window, negatives)
        return total, count.float().clamp(min=1e-9)  # 0 if all words of a step are skipped

    def validate(self) -> dict[str, float]:
        """Return the loss on the held-out sentences, always with the same negatives."""
        tokens, starts = self.held_out
        seed = derived_seed(self.config.seed, "validation")
        loss, count = fast.learn(self._model(), tokens, starts, 0.0, [seed])
        return {"loss": loss / count} if count else {}

    @property
    def _is_skip_gram(self) -> bool:
        return self.config.algorithm == "skip-gram"

    def _model(self) -> fast.Model:
        """Return the model of the fast engine; on the CPU it shares the memory of the module."""
        return fast.Model(
            inputs=self.module.inputs.detach().cpu().numpy(),
            outputs=self.module.outputs.detach().cpu().numpy(),
            keep=self.keep,
            noise=self.noise,
            skip_gram=self._is_skip_gram,
            window=self.config.window,
            negatives=self.config.negatives,
        )


def run(config: Word2VecConfig) -> dict[str, Any]:
    """Read the text, train, write the file; return the metrics."""
    if config.engine == "fast":
        config = replace(config, device="cpu", threads=config.threads or 1)
    fabric = devices.start(config)
    if config.engine == "fast" and fabric.world_size > 1:
        raise EmbeddingError(
            f"--engine fast runs in one process, not {fabric.world_size}; use --threads instead of "
            "torchrun, or --engine torch"
        )
    corpus = read(config)
    for note in (*corpus.notes, f"{len(corpus):,} words in {corpus.sentences:,} sentences; "
                 f"vocabulary {len(corpus.words):,}"):  # fmt: skip
        print_progress(note, config.quiet)
    task = WordsTask(corpus, config)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    result = fit(task, config, fabric, {**settings, "data": corpus.source["sha256"]})
    return write_result(embedding_set(task, corpus, settings, result, config), config, result)


def read(config: Word2VecConfig) -> Corpus:
    """Read the text of --data, or the built-in one."""
    if config.data is None:
        return read_documentation(config.min_count, config.lowercase, config.phrases)
    return read_corpus(config.data, config.min_count, config.tokens, config.phrases, config.text,
                       config.text_options)  # fmt: skip


def embedding_set(
    task: WordsTask,
    corpus: Corpus,
    settings: dict[str, Any],
    result: TrainingResult,
    config: Word2VecConfig,
) -> EmbeddingSet:
    """Return the input vectors, with the column `count` and the columns of the corpus."""
    vectors = task.module.inputs.detach().cpu().numpy()
    metrics: dict[str, Any] = {
        "loss": result.loss,
        "words": len(corpus),
        "vocabulary": len(corpus.words),
        "sentences": corpus.sentences,
        "epochs": result.epochs,
        "steps": result.steps,
        "best_epoch": result.best_epoch or None,
    }
    if result.metrics:
        metrics["validation_loss"] = result.metrics["loss"]
    if config.evaluation is not None:
        metrics["evaluation"] = evaluate(corpus.words, vectors, config.evaluation)
    return EmbeddingSet.of(
        vectors,
        corpus.words,
        {"count": pa.array(corpus.counts, pa.int64()), **corpus.columns},
        name=corpus.name,
        metric="cosine",
        normalized=False,
        role="word",
        **run_info.fields("word2vec", settings, corpus.source, metrics, "numba"),
    )


def keep_probabilities(counts: np.ndarray, sample: float) -> np.ndarray:
    """Return the probability that an occurrence of each word is not skipped: float32, shape (v,).

    As in word2vec.c, sqrt(t / f) + t / f but at most 1, where f is the relative frequency of the
    word and t is `sample`; 1 for all words if `sample` is 0.

    counts : int64, shape (v,)
    """
    if sample == 0:
        return np.ones(len(counts), dtype=np.float32)
    relative = sample * counts.sum() / counts
    return np.minimum(np.sqrt(relative) + relative, 1).astype(np.float32)


def _cuts(starts: np.ndarray, batch_size: int) -> np.ndarray:
    """Return the first sentence of each step, and the number of sentences: int64, (steps + 1,).

    A step has `batch_size` words, and at most one sentence more.
    """
    targets = np.arange(0, starts[-1], batch_size)
    return np.unique([*np.searchsorted(starts, targets), len(starts) - 1])
