"""The network of autoencoder: an encoder from image to code, a decoder from code to image.

The linear network is one layer each. The dense and the convolutional network add a nonlinear part
to these layers; its last weights start at 0, so training starts from a linear projection.
"""

import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from trainers.autoencoder.config import Network
from trainers.data.images.convolutions import halvings, initialize


class Autoencoder(nn.Module):
    """An encoder and a decoder.

    Parameters
    ----------
    shape : channels, height and width of an image
    dim : length of the codes
    network : linear, dense or convolutional
    width : channels of the first convolution
    hidden : units of the first layer of a dense network
    seed : of the initial weights
    mean : float32, of that shape; the mean image, which is subtracted from the input
    """

    mean: torch.Tensor
    encoder: nn.Sequential
    decoder: nn.Sequential

    def __init__(
        self,
        shape: tuple[int, int, int],
        dim: int,
        network: Network,
        width: int,
        hidden: int,
        seed: int,
        mean: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        mean_image = torch.zeros(shape) if mean is None else torch.from_numpy(mean)
        self.register_buffer("mean", mean_image)
        self.network, self.shape = network, shape
        pixels = math.prod(shape)
        self.project = nn.Linear(pixels, dim, bias=False)
        self.draw = nn.Linear(dim, pixels)
        if network == "convolutional":
            self.encoder, self.decoder = convolutional(shape, dim, width)
        elif network == "dense":
            sizes = [pixels, hidden, hidden // 2, dim]
            self.encoder = nn.Sequential(nn.Flatten(), *dense(sizes))
            self.decoder = nn.Sequential(*dense(sizes[::-1]), nn.Unflatten(1, shape))
        initialize(self, seed)
        with torch.no_grad():  # start as the orthogonal projection onto a random subspace
            basis, _ = torch.linalg.qr(self.project.weight.T)  # (pixels, dim)
            self.project.weight.copy_(basis.T)
            self.draw.weight.copy_(basis)
            if network != "linear":
                last_weights(self.encoder).zero_()
                last_weights(self.decoder).zero_()

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the codes of images (b, channels, height, width): (b, dim)."""
        centered = pixels - self.mean
        codes = self.project(centered.flatten(1))
        return codes if self.network == "linear" else codes + self.encoder(centered)

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the images of codes (b, dim): float32, (b, channels, height, width)."""
        images = self.draw(codes).unflatten(1, self.shape)
        if self.network != "linear":
            images = images + self.decoder(codes)
        return images.float() + self.mean

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the reconstructions of images: float32, (b, channels, height, width)."""
        return self.decode(self.encode(pixels))


def last_weights(network: nn.Module) -> torch.Tensor:
    """Return the weights of the last linear layer or convolution."""
    parts = [part for part in network.modules() if isinstance(part, nn.Linear | nn.Conv2d)]
    return parts[-1].weight


def dense(sizes: list[int]) -> list[nn.Module]:
    """Return linear layers of these sizes with ReLU between them."""
    layers: list[nn.Module] = []
    for incoming, outgoing in pairwise(sizes):
        layers += [nn.Linear(incoming, outgoing), nn.ReLU()]
    return layers[:-1]


def convolutional(
    shape: tuple[int, int, int], dim: int, width: int
) -> tuple[nn.Sequential, nn.Sequential]:
    """Return an encoder that halves images by strides, and a decoder that enlarges them again."""
    channels, height, image_width = shape
    down: list[nn.Module] = []
    up: list[nn.Module] = []
    for block in range(halvings(height, image_width)):
        wide = width * 2**block
        down += [nn.Conv2d(channels, wide, 3, stride=2, padding=1), nn.ReLU()]
        larger = nn.Upsample(size=(height, image_width))
        up = [larger, nn.Conv2d(wide, channels, 3, padding=1), nn.ReLU(), *up]
        channels, height, image_width = wide, (height + 1) // 2, (image_width + 1) // 2
    inner = (channels, height, image_width)
    size = math.prod(inner)
    encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(size, dim))
    first = [nn.Linear(dim, size), nn.ReLU(), nn.Unflatten(1, inner)]
    return encoder, nn.Sequential(*first, *up[:-1])
