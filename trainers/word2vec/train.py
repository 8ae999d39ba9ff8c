"""word2vec: words as vectors, near each other where they occur among the same words.

    python -m trainers word2vec --data text.txt --lowercase --out words.embedding.parquet
    python -m trainers word2vec --data text.txt --engine torch --device cuda --out ...

Each word has an input and an output vector. With skip-gram, each word of a window is to tell the
word in the middle from random ones; with CBOW, the mean of the window is: the loss is the
cross-entropy of the logistic function of input vector times output vector. Random words are drawn
with their count to the power of .75. Written are the input vectors. After Mikolov et al.,
"Distributed representations of words and phrases and their compositionality" (2013).

Two engines have the same settings: `fast` (word2vec_fast.py) updates word by word, compiled for the
CPU; `torch` (word2vec_torch.py) in batches, for GPUs and several processes.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_bytes
from trainers.core import devices, provenance
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import say
from trainers.core.result import write_result
from trainers.core.rng import derived_seed, numpy_generator, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.corpus import Corpus, read_corpus, take
from trainers.word2vec import fast
from trainers.word2vec import model as word2vec_torch
from trainers.word2vec.alias import AliasTable
from trainers.word2vec.config import Word2VecConfig
from trainers.word2vec.documentation import read_documentation
from trainers.word2vec.metrics import evaluate

NOISE_POWER = 0.75
"""Negatives are drawn with a word's count to this power (Mikolov et al., 2013)."""

BATCHES = {
    ("fast", "skip-gram"): (1_000, 1_000_000),
    ("fast", "cbow"): (1_000, 1_000_000),
    ("torch", "skip-gram"): (256, 4_096),
    ("torch", "cbow"): (256, 8_192),
}
"""Words of a step, at least and at most, where nobody asks. Within a step, torch's words learn
nothing from each other."""

ADAM_SHARE = 0.4
"""Of the learning rate: so that .05 suits both engines. Adam at .02 reached the loss of the fast
engine on withheld documentation (2.45), at .05 2.51, Adagrad at .2 2.48."""


class Words(nn.Module):
    """An input and an output vector of each word: inputs small and random, outputs 0."""

    def __init__(self, words: int, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        first = (torch.rand(words, dim, generator=generator) - 0.5) / dim
        self.inputs = nn.Parameter(first)  # (words, dim)
        self.outputs = nn.Parameter(torch.zeros(words, dim))


class WordsTask(Task):
    """The training of word vectors. A step has whole sentences; an epoch has each once."""

    unit = "words"
    metric, higher_is_better = "loss", False

    def __init__(self, corpus: Corpus, config: Word2VecConfig) -> None:
        self.config = config
        generator = numpy_generator(config.seed, "withheld sentences")
        withheld = generator.random(corpus.sentences) < config.validation_fraction
        self.withheld = take(corpus, withheld)
        self.tokens, self.starts = take(corpus, ~withheld)
        if not (np.diff(self.starts) > 1).any():
            raise EmbeddingError(
                f"{corpus.name}: no sentence to learn from has two words that are seen "
                f"{config.min_count} times; give text with one sentence a line"
            )
        self.keep = kept_shares(corpus.counts, config.sample)
        self.noise = AliasTable.of(corpus.counts**NOISE_POWER)
        least, most = BATCHES[config.engine, config.algorithm]
        automatic = min(most, max(least, len(self.tokens) // 100))  # about 100 steps an epoch
        self.batch_size = config.batch_size or automatic
        self.cuts = _cuts(self.starts, self.batch_size)
        self.steps_per_epoch = len(self.cuts) - 1
        check_bytes(8 * len(corpus.words) * config.dim, "the vectors have")
        first = torch_generator(config.seed, "first weights")
        self.module: Words = Words(len(corpus.words), config.dim, first)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return Adam for torch; for fast, what bears the rate that it takes itself."""
        parameters, rate = self.module.parameters(), self.config.learning_rate
        if self.config.engine == "fast":
            return torch.optim.SGD(parameters, lr=rate)
        decay = self.config.weight_decay
        return torch.optim.Adam(parameters, lr=ADAM_SHARE * rate, weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Return the factor of the learning rate: it falls on a line to (nearly) 0."""
        return max(1 - progress, 1e-4)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return sentences, in the order of the text, as gensim takes them; see the engines."""
        seed, config = self.config.seed, self.config
        starts = self.starts[self.cuts[step] : self.cuts[step + 1] + 1]
        tokens = self.tokens[starts[0] : starts[-1]]  # (n,)
        starts = starts - starts[0]  # (sentences + 1,)
        if config.engine == "torch":
            generator = numpy_generator(seed, "windows and negatives", epoch, step)
            return word2vec_torch.batch(
                tokens, starts, self.keep, self.noise, config.window, generator
            )
        seeds = [
            derived_seed(seed, "words", epoch, step, thread)
            for thread in range(config.threads or 1)
        ]
        parts = {"tokens": tokens, "starts": starts, "seeds": np.array(seeds)}
        return {name: torch.from_numpy(part) for name, part in parts.items()}

    def custom_step(self, batch: Batch, rate: float) -> tuple[float, float] | None:
        """Let the fast engine take the step."""
        if self.config.engine == "torch":
            return None
        tokens, starts, seeds = (part.numpy() for part in batch.values())
        loss, count = fast.learn(self._model(), tokens, starts, rate, seeds.tolist())
        return loss, max(count, 1e-9)

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Let the torch engine take the step: the loss of the local words, and their pairs."""
        loss = word2vec_torch.skip_gram if self._is_skip_gram else word2vec_torch.cbow
        inputs, outputs = self.module.inputs, self.module.outputs
        window, negatives = self.config.window, self.config.negatives
        total, count = loss(inputs, outputs, batch, local_rows, window, negatives)
        return total, count.float().clamp(min=1e-9)  # of a step whose words are all skipped: 0

    def validate(self) -> dict[str, float]:
        """Return the loss of the withheld sentences, each time with the same negatives."""
        tokens, starts = self.withheld
        seed = derived_seed(self.config.seed, "validation")
        loss, count = fast.learn(self._model(), tokens, starts, 0.0, [seed])
        return {"loss": loss / count} if count else {}

    @property
    def _is_skip_gram(self) -> bool:
        return self.config.algorithm == "skip-gram"

    def _model(self) -> fast.Model:
        """Return what the fast engine works on: on the CPU the module's own weights."""
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
            f"--engine fast in {fabric.world_size} processes: it works in one, with --threads; "
            "give --engine torch, or no torchrun"
        )
    corpus = read(config)
    for note in (*corpus.notes, f"{len(corpus):,} words in {corpus.sentences:,} sentences; "
                 f"vocabulary {len(corpus.words):,}"):  # fmt: skip
        say(note, config.quiet)
    task = WordsTask(corpus, config)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    fitted = fit(task, config, fabric, {**settings, "data": corpus.source["sha256"]})
    return write_result(embedding_set(task, corpus, settings, fitted, config), config, fitted)


def read(config: Word2VecConfig) -> Corpus:
    """Read the text that the config names, or the built-in one."""
    if config.data is None:
        return read_documentation(config.min_count, config.lowercase, config.phrases)
    return read_corpus(config.data, config.min_count, config.lowercase, config.phrases)


def embedding_set(
    task: WordsTask,
    corpus: Corpus,
    settings: dict[str, Any],
    fitted: TrainingResult,
    config: Word2VecConfig,
) -> EmbeddingSet:
    """Return the input vectors with their words, column `count`, and those of the corpus."""
    vectors = task.module.inputs.detach().cpu().numpy()
    metrics: dict[str, Any] = {
        "loss": fitted.loss,
        "words": len(corpus),
        "vocabulary": len(corpus.words),
        "sentences": corpus.sentences,
        "epochs": fitted.epochs,
        "steps": fitted.steps,
        "best_epoch": fitted.best_epoch or None,
    }
    if fitted.metrics:
        metrics["validation_loss"] = fitted.metrics["loss"]
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
        **provenance.fields("word2vec", settings, corpus.source, metrics, "numba"),
    )


def kept_shares(counts: np.ndarray, sample: float) -> np.ndarray:
    """Return the share of each word's occurrences that is used: float32, shape (v,).

    As in word2vec.c, sqrt(t / f) + t / f at most 1, where f is the word's share of the text and t
    is `sample`; 0: all are used.
    """
    if sample == 0:
        return np.ones(len(counts), dtype=np.float32)
    relative = sample * counts.sum() / counts
    return np.minimum(np.sqrt(relative) + relative, 1).astype(np.float32)


def _cuts(starts: np.ndarray, batch_size: int) -> np.ndarray:
    """Return the numbers of the sentences at which steps begin, and their number at the end.

    A step has `batch_size` words, and at most one sentence more. int64, shape (steps + 1,)
    """
    wanted = np.arange(0, starts[-1], batch_size)
    return np.unique([*np.searchsorted(starts, wanted), len(starts) - 1])
