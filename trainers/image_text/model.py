"""The model of image_text, two towers that map images and texts to one space, and its loss."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from trainers.core.rng import torch_generator
from trainers.data.bags import Bags, means
from trainers.data.images.convolutions import initialize
from trainers.data.words import UNKNOWN, numbered, words_of

INITIAL_TEMPERATURE = 0.07
MIN_TEMPERATURE = 0.01
"""Those of CLIP (Radford et al., "Learning transferable visual models from natural language
supervision", ICML 2021); cosines are divided by the temperature before the softmax."""

WORD_DIM = 128
_GROUPS = 4  # of channels in normalization, or their greatest common divisor with the channels


class Towers(nn.Module):
    """An image tower, a text tower and the temperature of the softmax over their cosines.

    Parameters
    ----------
    shape : channels, height and width of an image
    vocabulary : the words with vectors; others are ignored
    dim : length of the vectors of images and texts
    width : channels of the first convolution
    seed : of the initial weights
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        vocabulary: Sequence[str],
        dim: int,
        width: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.vocabulary = tuple(vocabulary)
        self.image = image_tower(shape, dim, width)
        self.words = nn.Embedding(len(vocabulary) + 1, WORD_DIM)
        self.text = nn.Sequential(
            nn.Linear(WORD_DIM, 2 * WORD_DIM), nn.ReLU(), nn.Linear(2 * WORD_DIM, dim)
        )
        self.log_scale = nn.Parameter(torch.tensor(-math.log(INITIAL_TEMPERATURE)))
        initialize(self, seed)  # convolutions and linear layers
        nn.init.normal_(self.words.weight, generator=torch_generator(seed, "words"))
        nn.init.zeros_(self.words.weight[UNKNOWN])

    def images(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the vectors of images, of length 1: float32, shape (b, dim).

        pixels : float32, shape (b, channels, height, width), from 0 to 1
        """
        return F.normalize(self.image(pixels - 0.5).float(), dim=1)

    def texts(self, bags: Bags) -> torch.Tensor:
        """Return the vectors of texts, as bags of words, of length 1: float32, shape (b, dim)."""
        return F.normalize(self.text(means(self.words.weight, bags)).float(), dim=1)

    @torch.no_grad()
    def clamp_temperature(self) -> None:
        """Raise the temperature to MIN_TEMPERATURE if it is below."""
        self.log_scale.clamp_(max=-math.log(MIN_TEMPERATURE))

    def bags_of(self, texts: Iterable[str]) -> Bags:
        """Return the known words of texts as bags; a text without any has the unknown word."""
        known = frozenset(self.vocabulary)
        words = ([word for word in words_of(text) if word in known] for text in texts)
        return Bags.of(*numbered((found or [""] for found in words), self.vocabulary))

    def get_extra_state(self) -> dict[str, Any]:
        """Return the vocabulary, so that a checkpoint has the words of its vectors."""
        return {"vocabulary": list(self.vocabulary)}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Restore the vocabulary of a checkpoint."""
        self.vocabulary = tuple(state["vocabulary"])


def image_tower(shape: tuple[int, int, int], dim: int, width: int) -> nn.Sequential:
    """Return convolutions that halve an image to sides of 4 to 7 pixels, and a linear layer.

    Normalization is over groups of channels within each image (Wu and He, "Group normalization",
    2018), so vectors do not depend on the rest of the batch.
    """
    channels, *sides = shape
    layers: list[nn.Module] = []
    for block in range(max(1, int(math.log2(min(sides) / 4)))):
        wide = width * 2**block
        layers += [
            nn.Conv2d(channels, wide, 3, stride=2, padding=1, bias=False),
            nn.GroupNorm(math.gcd(_GROUPS, wide), wide),
            nn.ReLU(),
        ]
        channels, sides = wide, [math.ceil(side / 2) for side in sides]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * math.prod(sides), dim))


def contrastive(
    images: torch.Tensor,
    texts: torch.Tensor,
    scale: torch.Tensor,
    alike: torch.Tensor,
    local_rows: slice,
) -> torch.Tensor:
    """Return the summed symmetric cross-entropy of the local pairs, against the whole batch.

    It is the mean of two cross-entropies: of each image's text among all texts, and of each text's
    image among all images (Radford et al., 2021, see above). Pairs that are alike are not each
    other's negatives.

    Parameters
    ----------
    images, texts : float32, shape (B, dim), of length 1; row i of both is pair i
    scale : 1 / temperature, shape ()
    alike : bool, shape (B, B), symmetric, True on the diagonal
    local_rows : rows whose losses are summed
    """
    rows = torch.arange(len(images), device=images.device)[local_rows]  # (b,)
    ignored = alike[local_rows].clone()  # (b, B)
    ignored[torch.arange(len(rows), device=rows.device), rows] = False
    total = images.new_zeros(())
    with torch.autocast(images.device.type, enabled=False):
        for one, other in ((images, texts), (texts, images)):
            logits = (scale * one[local_rows] @ other.T).masked_fill(ignored, -torch.inf)  # (b, B)
            total = total + F.cross_entropy(logits, rows, reduction="sum")
    return total / 2


def is_alike(numbers: torch.Tensor) -> torch.Tensor:
    """Return which numbers are equal: bool, shape (B, B); numbers : int64, shape (B,)."""
    return numbers == numbers[:, None]
