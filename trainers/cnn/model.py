"""The network of cnn: convolutions, a fully connected layer whose output is the vector, softmax.

Normalization is over groups of channels within each image (Wu and He, "Group normalization", 2018),
so the vector of an image does not depend on the rest of the batch.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from trainers.data.images.convolutions import halvings, initialize

METRIC = "cosine"
"""By which the vectors are compared."""

_GROUPS = 4  # of channels in normalization, or their greatest common divisor with the channels


class Cnn(nn.Module):
    """Convolutions and pooling, a fully connected layer, softmax.

    Parameters
    ----------
    shape : channels, height and width of an image
    classes : number of classes
    dim : length of the vectors
    width : channels of the first convolution
    seed : of the initial weights
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, dim: int, width: int, seed: int
    ) -> None:
        super().__init__()
        channels, height, image_width = shape
        layers: list[nn.Module] = []
        for block in range(halvings(height, image_width)):
            wide = width * 2**block
            for incoming in (channels, wide):
                layers += [
                    nn.Conv2d(incoming, wide, 3, padding=1, bias=False),
                    nn.GroupNorm(math.gcd(_GROUPS, wide), wide),
                    nn.ReLU(),
                ]
            layers.append(nn.MaxPool2d(2))
            channels, height, image_width = wide, height // 2, image_width // 2
        self.convolutions = nn.Sequential(*layers)
        self.to_vector = nn.Linear(channels * height * image_width, dim)
        self.to_class = nn.Linear(dim, classes)
        initialize(self, seed)
        nn.init.zeros_(self.to_class.weight)

    def vectors(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the vectors of images (b, channels, height, width): (b, dim)."""
        return self.to_vector(self.convolutions(pixels - 0.5).flatten(1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the logits of the classes: float32, shape (b, classes)."""
        return self.to_class(F.relu(self.vectors(pixels))).float()


def shifted(pixels: torch.Tensor, largest: int, generator: torch.Generator) -> torch.Tensor:
    """Shift each image at random along both sides; pixels of its border fill the gap.

    Parameters
    ----------
    pixels : float32, (b, channels, height, width)
    largest : maximum shift, in pixels

    Returns
    -------
    float32, (b, channels, height, width)
    """
    if largest == 0:
        return pixels
    count, _, height, width = pixels.shape
    shift = torch.randint(-largest, largest + 1, (2, count, 1), generator=generator)
    rows = (torch.arange(height) + shift[0]).clamp(0, height - 1)  # (b, height)
    columns = (torch.arange(width) + shift[1]).clamp(0, width - 1)  # (b, width)
    images = torch.arange(count)[:, None, None]
    channels_last = pixels.permute(0, 2, 3, 1)  # (b, height, width, channels)
    return channels_last[images, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)
