"""Images and texts in one space: a text finds the images that it describes, and the reverse.

    python -m trainers image_text --out shapes.embedding.parquet
    python -m trainers encode shapes.run --text "a large red circle"

Two towers, convolutions over the image and a network over the mean of the words, make vectors of
one length. Their cosines, divided by a learned temperature, are to be highest between an image and
its own caption, among all images and all captions of the batch: the symmetric cross-entropy of CLIP
(Radford et al., "Learning transferable visual models from natural language supervision", ICML
2021). Of several processes each computes the vectors of its own pairs; they are put together in
all, so that the batch is the whole one. Pairs of one image, or whose captions say the same, are no
negatives of each other.

As a text is a bag of words here, "red on blue" and "blue on red" are one.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from embeddings.errors import EmbeddingError
from trainers.core import checkpoints, provenance
from trainers.core.batching import automatic_batch_size
from trainers.core.devices import all_gather_with_grad, start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator
from trainers.core.saved_run import Codec
from trainers.core.task import Batch, Task, count_examples
from trainers.data.bags import Bags
from trainers.data.corpus import number_words
from trainers.data.images import open_picture
from trainers.data.words import words_of
from trainers.image_text.caption_baseline import ridge_recall
from trainers.image_text.clip import open_clip
from trainers.image_text.clip_run import coder, embed
from trainers.image_text.config import ImageTextConfig
from trainers.image_text.data import Captioned, captioned_digits, read_captioned
from trainers.image_text.model import Towers, contrastive
from trainers.image_text.output import pair_set
from trainers.image_text.planted_shapes import planted_shapes
from trainers.image_text.retrieval import candidates, recalls

WARM_UP = 0.05
"""Share of the steps over which the step size rises."""

_AT_ONCE = 256  # images or texts, where nothing is learned


class ImageTextTask(Task):
    """Symmetric contrastive loss of pairs.

    Attributes
    ----------
    trained, withheld : int64, shapes (t,) and (w,); rows of the pairs
    judged : of those withheld, one of each meaning, by which the best epoch is chosen
    left_out : words of the captions learned from that are seen too rarely to have vectors
    """

    unit = "pairs"
    metric = "recall@1"
    higher_is_better = True

    def __init__(self, pairs: Captioned, config: ImageTextConfig) -> None:
        self.pairs, self.config = pairs, config
        self.withheld = hold_out(pairs, config.validation_fraction, config.seed)
        learned = ~pairs.unseen
        learned[self.withheld] = False
        self.trained = np.flatnonzero(learned)
        if len(self.trained) < 2:
            raise EmbeddingError(
                f"{pairs.name}: {len(self.trained)} pairs to learn from; expected 2 at least"
            )
        self.judged = candidates(self.withheld, pairs.meaning, config.seed)
        words = [words_of(pairs.captions[row]) for row in self.trained]
        corpus = number_words(words, pairs.name, pairs.source, config.min_count)
        self.left_out = sum(map(len, words)) - int(corpus.counts.sum())
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
        """Return AdamW over all weights; the temperature is not pulled to 0."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        others = [each for name, each in self.module.named_parameters() if name != "log_scale"]
        groups = [
            {"params": others, "weight_decay": decay},
            {"params": [self.module.log_scale], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, rate, fused=True)

    def schedule(self, progress: float) -> float:
        """Let the step size rise from near 0, then fall to 0 on a line."""
        return min(progress / WARM_UP + 0.01, (1 - progress) / (1 - WARM_UP), 1.0)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return pairs in an order of the epoch's own, in parts that differ by one at most."""
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
        """Return the losses, in nats, of the pairs `own` among all images and all texts."""
        self.module.keep_temperature()
        texts = Bags(batch["words"], batch["starts"]).part(local_rows)
        pixels = batch["pixels"][local_rows].float() / self.pairs.full
        vectors = torch.cat([self.module.images(pixels), self.module.texts(texts)], dim=1)
        whole = all_gather_with_grad(vectors, local_rows, count_examples(batch))  # (B, 2 dim)
        alike = is_alike(batch["image"]) | is_alike(batch["meaning"])
        scale = self.module.log_scale.exp()
        images, captions = whole.chunk(2, dim=1)
        return contrastive(images, captions, scale, alike, local_rows), len(pixels)

    def validate(self) -> dict[str, float]:
        """Return recall of both directions, among withheld pairs of different captions."""
        return self.recalls(self.judged) if len(self.judged) else {}

    def recalls(self, chosen: np.ndarray) -> dict[str, float]:
        """Return recall of both directions among pairs; chosen: int64, their rows."""
        images = self.image_vectors(self.pairs.image[chosen])
        return recalls(images, self.text_vectors(self.words.take(torch.from_numpy(chosen))))

    @torch.no_grad()
    def image_vectors(self, chosen: np.ndarray) -> np.ndarray:
        """Return the vectors of images: float32, shape (n, dim); chosen: int64, their rows."""
        device = self.module.log_scale.device
        blocks = [torch.from_numpy(self.pairs.pixels[chosen[at : at + _AT_ONCE]])
                  for at in range(0, len(chosen), _AT_ONCE)]  # fmt: skip
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
        return embed(config, read(config, clip.side), clip)
    fabric = start(config)
    pairs = read(config)
    task = ImageTextTask(pairs, config)
    unseen = f", {int(pairs.unseen.sum()):,} never learned from" if pairs.unseen.any() else ""
    say(
        f"{len(pairs):,} pairs of {len(pairs.pixels):,} images of "
        f"{' x '.join(map(str, pairs.shape))}, {len(task.withheld):,} withheld{unseen}; "
        f"{len(task.module.vocabulary):,} words, {task.left_out:,} occurrences of rarer ones left "
        "out",
        config.quiet,
    )
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    about = {
        **settings, "trainer": "image_text", "shape": list(pairs.shape),
        "sha256": pairs.source["sha256"],
    }  # fmt: skip
    fitted = fit(task, config, fabric, about)
    checkpoint = checkpoints.finalize_best(config.run_folder, task.module, about, fitted.best_epoch)
    texts = list(dict.fromkeys(pairs.captions))  # of equal ones the first
    made = pair_set(
        pairs,
        texts,
        images=task.image_vectors(np.arange(len(pairs.pixels))),
        captions=task.text_vectors(task.module.bags_of(texts)),
        withheld=task.withheld,
        settings=settings,
        checkpoint=checkpoint,
        metrics=metrics(task, fitted),
    )
    return write_result(made, config, fitted)


def read(config: ImageTextConfig, side: int | None = None) -> Captioned:
    """Return the pairs of --data, or those built in; side: of pictures without --size."""
    if config.data is None:
        make = planted_shapes if config.builtin == "shapes" else captioned_digits
        return make(seed=config.seed)
    pairs = read_captioned(config.data, config.size or side)
    for note in pairs.notes:
        say(note, config.quiet)
    return pairs


def metrics(task: ImageTextTask, fitted: TrainingResult) -> dict[str, Any]:
    """Return what the last line tells: recalls, beside chance and the baseline's."""
    pairs, seed = task.pairs, task.config.seed
    unseen = candidates(np.flatnonzero(pairs.unseen), pairs.meaning, seed)
    found: dict[str, Any] = {"training_loss": fitted.loss, **fitted.metrics}
    for before, chosen in (("", task.judged), ("unseen ", unseen)):
        if not len(chosen):
            continue
        if before:
            found |= {before + name: value for name, value in task.recalls(chosen).items()}
        baseline = ridge_recall(pairs, task.trained, chosen)
        found[f"{before}recall@1 of ridge on tf-idf"] = baseline
        found |= {f"{before}candidates": len(chosen), f"{before}chance": 1 / len(chosen)}
    return found | {
        "temperature": math.exp(-task.module.log_scale.item()),
        "pairs": len(pairs),
        "images": len(pairs.pixels),
        "withheld": len(task.withheld),
        "words": len(task.module.vocabulary),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
    }


def load(about: Mapping[str, Any], weights: Mapping[str, Any]) -> Codec:
    """Return what makes vectors of pictures and of texts, as a run that was saved does."""
    if "clip" in about:
        return coder(about, weights)
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
            some = ", ".join(vocabulary[:10])
            raise EmbeddingError(f"{text!r}: none of its words was learned; those are {some} ...")
        return module.texts(module.bags_of([text]))[0].numpy()

    def unknown_words(text: str) -> list[str]:
        return [word for word in words_of(text) if word not in known]

    return Codec(
        about["dim"],
        encode_image=encode_image,
        encode_text=encode_text,
        unknown_words=unknown_words,
    )


def hold_out(pairs: Captioned, fraction: float, seed: int) -> np.ndarray:
    """Choose images at random; return the rows of their pairs: int64, shape (w,), ascending.

    Of a meaning that several images have, one pair at least is left to be learned from.
    """
    images = np.unique(pairs.image[~pairs.unseen])
    order = numpy_generator(seed, "hold out").permutation(images)
    chosen = np.zeros(len(pairs.pixels), dtype=bool)
    chosen[order[: round(fraction * len(images))]] = True
    meanings, first, count = np.unique(pairs.meaning, return_index=True, return_counts=True)
    learned = pairs.meaning[~chosen[pairs.image] & ~pairs.unseen]
    lost = ~np.isin(meanings, learned) & (count > 1) & ~pairs.unseen[first]
    chosen[pairs.image[first[lost]]] = False
    return np.flatnonzero(chosen[pairs.image] & ~pairs.unseen)


def is_alike(numbers: torch.Tensor) -> torch.Tensor:
    """Return which numbers are equal: bool, shape (B, B); numbers: int64, shape (B,)."""
    return numbers == numbers[:, None]
