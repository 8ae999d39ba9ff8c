"""image_text: images and texts in one space, so that a text finds the images it describes.

    python -m trainers image_text --out shapes.embedding.parquet
    python -m trainers encode shapes.run --text "a large red circle"
    python -m trainers image_text --pretrained clip/ --data images/ --out images.embedding.parquet

An image tower, of convolutions, and a text tower, over the mean of the words' vectors, map images
and texts to vectors of length 1 (model.py). The loss is the symmetric cross-entropy of CLIP: among
all images and captions of a batch, the cosine between an image and its own caption, divided by a
learned temperature, should be the highest (Radford et al., "Learning transferable visual models
from natural language supervision", ICML 2021). With several processes, each computes the vectors of
its own pairs and gathers those of the others, so the loss is over the whole batch. Pairs of the
same image, or whose captions have the same meaning, are not negatives of each other.

A text is a bag of words: "red on blue" and "blue on red" have the same vector.

With `--pretrained` nothing is learned: images and captions pass through a CLIP model (clip.py).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from embeddings.errors import EmbeddingError
from trainers.core import checkpoints, run_info
from trainers.core.codec import Codec
from trainers.core.console import print_progress
from trainers.core.devices import all_gather_with_grad, start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.rng import automatic_batch_size, numpy_generator
from trainers.core.task import Batch, Task, count_examples
from trainers.data.bags import Bags
from trainers.data.corpus import number_words
from trainers.data.images.pictures import open_picture
from trainers.data.words import words_of
from trainers.image_text.clip import clip_codec, open_clip, run_pretrained
from trainers.image_text.config import ImageTextConfig
from trainers.image_text.data import Captioned, captioned_digits, hold_out, read_captioned
from trainers.image_text.metrics import candidates, recalls, ridge_recall
from trainers.image_text.model import Towers, contrastive, is_alike
from trainers.image_text.output import pair_set
from trainers.image_text.synthetic import synthetic_shapes

WARM_UP = 0.05
"""Fraction of the steps in which the learning rate rises."""

_BLOCK_IMAGES = 256  # images per block in passes without training


class ImageTextTask(Task):
    """Trains the two towers.

    Attributes
    ----------
    trained, held_out : int64, shapes (t,) and (h,), row numbers of the pairs
    validated : int64, shape (v,), held-out pairs that are ranked to choose the best epoch, one for
        each meaning
    ignored_words : occurrences, in the training captions, of words too rare to have vectors
    """

    unit = "pairs"
    metric = "recall@1"
    higher_is_better = True

    def __init__(self, pairs: Captioned, config: ImageTextConfig) -> None:
        self.pairs, self.config = pairs, config
        self.held_out = hold_out(pairs, config.validation_fraction, config.seed)
        is_trained = ~pairs.unseen
        is_trained[self.held_out] = False
        self.trained = np.flatnonzero(is_trained)
        if len(self.trained) < 2:
            raise EmbeddingError(
                f"{pairs.name}: {len(self.trained)} pairs to train on; expected at least 2"
            )
        self.validated = candidates(self.held_out, pairs.meaning, config.seed)
        words = [words_of(pairs.captions[row]) for row in self.trained]
        corpus = number_words(words, pairs.name, pairs.source, config.min_count)
        self.ignored_words = sum(map(len, words)) - int(corpus.counts.sum())
        batch_size = config.batch_size or automatic_batch_size(
            len(self.trained), steps=50, largest=256
        )
        self.steps_per_epoch = math.ceil(len(self.trained) / batch_size)
        self.batch_size = math.ceil(len(self.trained) / self.steps_per_epoch)
        self.module: Towers = Towers(
            pairs.shape, corpus.words, config.dim, config.width, config.seed
        )
        self.words = self.module.bags_of(pairs.captions)
        self._order: tuple[int, list[np.ndarray]] = (-1, [])

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all parameters, without weight decay of the temperature."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        others = [each for name, each in self.module.named_parameters() if name != "log_scale"]
        groups = [
            {"params": others, "weight_decay": decay},
            {"params": [self.module.log_scale], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, rate, fused=True)

    def schedule(self, progress: float) -> float:
        """Return a factor that rises linearly from near 0, then decays linearly to 0."""
        return min(progress / WARM_UP + 0.01, (1 - progress) / (1 - WARM_UP), 1.0)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return the pairs of a step, reshuffled each epoch; batch sizes differ by at most one."""
        if self._order[0] != epoch:
            order = numpy_generator(self.config.seed, "order", epoch).permutation(self.trained)
            self._order = epoch, np.array_split(order, self.steps_per_epoch)
        chosen = self._order[1][step]
        texts = self.words.take(torch.from_numpy(chosen))
        return {
            "pixels": torch.from_numpy(self.pairs.pixels[self.pairs.image[chosen]]),  # (B, c, h, w)
            "image": torch.from_numpy(self.pairs.image[chosen]),  # (B,)
            "meaning": torch.from_numpy(self.pairs.meaning[chosen]),  # (B,)
            "words": texts.items,
            "starts": texts.starts,  # (B + 1,)
        }

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed loss, in nats, of the local pairs, and their number."""
        self.module.clamp_temperature()
        texts = Bags(batch["words"], batch["starts"]).part(local_rows)
        pixels = batch["pixels"][local_rows].float() / self.pairs.full
        vectors = torch.cat(
            [self.module.images(pixels), self.module.texts(texts)], dim=1
        )  # (b, 2 dim)
        whole = all_gather_with_grad(vectors, local_rows, count_examples(batch))  # (B, 2 dim)
        alike = is_alike(batch["image"]) | is_alike(batch["meaning"])  # (B, B)
        scale = self.module.log_scale.exp()
        images, captions = whole.chunk(2, dim=1)
        return contrastive(images, captions, scale, alike, local_rows), len(pixels)

    def validate(self) -> dict[str, float]:
        """Return the recalls of held-out pairs with different meanings."""
        return self.recalls(self.validated) if len(self.validated) else {}

    def recalls(self, chosen: np.ndarray) -> dict[str, float]:
        """Return the recalls of pairs, in both directions; chosen : int64, their row numbers."""
        images = self.image_vectors(self.pairs.image[chosen])
        return recalls(images, self.text_vectors(self.words.take(torch.from_numpy(chosen))))

    @torch.no_grad()
    def image_vectors(self, chosen: np.ndarray) -> np.ndarray:
        """Return the vectors of images: float32, shape (n, dim); chosen : int64, shape (n,)."""
        device = self.module.log_scale.device
        blocks = [
            torch.from_numpy(self.pairs.pixels[chosen[start : start + _BLOCK_IMAGES]])
            for start in range(0, len(chosen), _BLOCK_IMAGES)
        ]  # (b, channels, height, width)
        vectors = [self.module.images(pixels.to(device).float() / self.pairs.full)
                   for pixels in blocks]  # fmt: skip
        return torch.cat(vectors).cpu().numpy()

    @torch.no_grad()
    def text_vectors(self, texts: Bags) -> np.ndarray:
        """Return the vectors of texts: float32, shape (n, dim)."""
        return self.module.texts(texts.to(self.module.log_scale.device)).cpu().numpy()


def run(config: ImageTextConfig) -> dict[str, Any]:
    """Read the pairs, train, write the file; return the metrics."""
    if config.pretrained is not None:
        clip = open_clip(config.pretrained)
        return run_pretrained(config, read(config, clip.side), clip)
    fabric = start(config)
    pairs = read(config)
    task = ImageTextTask(pairs, config)
    unseen = f", {int(pairs.unseen.sum()):,} for the test" if pairs.unseen.any() else ""
    print_progress(
        f"{len(pairs):,} pairs of {len(pairs.pixels):,} images of "
        f"{' x '.join(map(str, pairs.shape))}, {len(task.held_out):,} held out{unseen}; "
        f"{len(task.module.vocabulary):,} words, {task.ignored_words:,} occurrences of rarer words "
        "are ignored",
        config.quiet,
    )
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    about = {
        **settings, "trainer": "image_text", "shape": list(pairs.shape),
        "sha256": pairs.source["sha256"],
    }  # fmt: skip
    result = fit(task, config, fabric, about)
    checkpoint = checkpoints.finalize_best(config.run_folder, task.module, about, result.best_epoch)
    texts = list(dict.fromkeys(pairs.captions))  # distinct, in order of first appearance
    found = pair_set(
        pairs,
        texts,
        images=task.image_vectors(np.arange(len(pairs.pixels))),
        captions=task.text_vectors(task.module.bags_of(texts)),
        held_out=task.held_out,
        settings=settings,
        checkpoint=checkpoint,
        metrics=metrics(task, result),
    )
    return write_result(found, config, result)


def read(config: ImageTextConfig, side: int | None = None) -> Captioned:
    """Read the pairs of --data, or the built-in ones; side : of the images, without --size."""
    if config.data is None:
        create = synthetic_shapes if config.builtin == "shapes" else captioned_digits
        return create(seed=config.seed)
    pairs = read_captioned(config.data, config.size or side, config.leave_out, config.text_options)
    for note in pairs.notes:
        print_progress(note, config.quiet)
    return pairs


def metrics(task: ImageTextTask, result: TrainingResult) -> dict[str, Any]:
    """Return the metrics of the run: recalls, those of chance and of the baseline, and counts."""
    pairs, seed = task.pairs, task.config.seed
    unseen = candidates(np.flatnonzero(pairs.unseen), pairs.meaning, seed)
    found: dict[str, Any] = {"training_loss": result.loss, **result.metrics}
    for prefix, chosen in (("", task.validated), ("unseen ", unseen)):
        if not len(chosen):
            continue
        if prefix:
            found |= {prefix + name: value for name, value in task.recalls(chosen).items()}
        baseline = ridge_recall(pairs, task.trained, chosen)
        found[f"{prefix}recall@1 of ridge on tf-idf"] = baseline
        found |= {f"{prefix}candidates": len(chosen), f"{prefix}chance": 1 / len(chosen)}
    return found | {
        "temperature": math.exp(-task.module.log_scale.item()),
        "pairs": len(pairs),
        "images": len(pairs.pixels),
        "withheld": len(task.held_out),
        "words": len(task.module.vocabulary),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
    }


def load(about: Mapping[str, Any], weights: Mapping[str, Any]) -> Codec:
    """Return the encoder of a saved run, for images and texts."""
    if "clip" in about:
        return clip_codec(about, weights)
    channels, height, width = about["shape"]
    vocabulary = weights["_extra_state"]["vocabulary"]
    shape = (channels, height, width)
    module = Towers(shape, vocabulary, about["dim"], about["width"], about["seed"])
    module.load_state_dict(weights)
    module.eval()
    known = frozenset(vocabulary)

    @torch.no_grad()
    def encode_image(content: bytes, name: str) -> np.ndarray:
        pixels = torch.from_numpy(open_picture(content, name, shape).copy())[None]
        return module.images(pixels.float() / 255)[0].numpy()

    @torch.no_grad()
    def encode_text(text: str) -> np.ndarray:
        if known.isdisjoint(words_of(text)):
            examples = ", ".join(vocabulary[:10])
            raise EmbeddingError(
                f"{text!r}: none of its words is in the vocabulary, which has {examples}, ..."
            )
        return module.texts(module.bags_of([text]))[0].numpy()

    def unknown_words(text: str) -> list[str]:
        return [word for word in words_of(text) if word not in known]

    return Codec(
        about["dim"],
        encode_image=encode_image,
        encode_text=encode_text,
        unknown_words=unknown_words,
    )
