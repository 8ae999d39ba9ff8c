"""The transformer encoder of BERT: token and position vectors, then layers of attention.

After Devlin et al., "BERT: pre-training of deep bidirectional transformers" (2018); the layers are
those of Vaswani et al., "Attention is all you need" (2017), with GELU (Hendrycks and Gimpel, 2016).
With equal weights its vectors are those of Hugging Face's BertModel. There are no segments.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

EPSILON = 1e-12
"""Of the layer norms, as in BERT."""


@dataclass(frozen=True)
class Shape:
    """What an encoder is built of.

    Attributes
    ----------
    tokens : size of the vocabulary
    positions : longest sequence, in tokens
    dim : length of each vector, a multiple of heads
    layers, heads : of attention
    inner : units between the two linear maps of a layer
    dropout : share of the numbers that are hidden, in training
    """

    tokens: int
    positions: int
    dim: int
    layers: int
    heads: int
    inner: int
    dropout: float


class Attention(nn.Module):
    """Every token takes from all tokens what its query finds in their keys."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.dropout = shape.heads, shape.dropout
        self.query, self.key, self.value, self.out = (
            nn.Linear(shape.dim, shape.dim) for _ in range(4)
        )

    def forward(self, vectors: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Return what the tokens take: shape (b, t, dim); for the arguments see Encoder."""
        query, key, value = (
            linear(vectors).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (b, heads, t, dim / h)
            for linear in (self.query, self.key, self.value)
        )
        dropout = self.dropout if self.training else 0.0
        seen = real[:, None, None, :]  # (b, 1, 1, t): nobody looks at padding
        taken = F.scaled_dot_product_attention(query, key, value, seen, dropout)
        return self.out(taken.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Attention, then two linear maps for each token; both are added to what was, and normed."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention = Attention(shape)
        self.attention_norm = nn.LayerNorm(shape.dim, eps=EPSILON)
        self.inner = nn.Linear(shape.dim, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=EPSILON)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, vectors: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the next layer: shape (b, t, dim)."""
        vectors = self.attention_norm(vectors + self.dropout(self.attention(vectors, real)))
        inner = F.gelu(self.inner(vectors))  # (b, t, inner)
        return self.norm(vectors + self.dropout(self.outer(inner)))


class Encoder(nn.Module):
    """A vector for each token of each sequence, in each layer, and the guess of hidden tokens.

    Parameters
    ----------
    generator : of the CPU, the source of the first weights
    """

    def __init__(self, shape: Shape, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        self.tokens = nn.Embedding(shape.tokens, shape.dim)
        self.positions = nn.Embedding(shape.positions, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=EPSILON)
        self.dropout = nn.Dropout(shape.dropout)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.guess = nn.Linear(shape.dim, shape.dim)
        self.guess_norm = nn.LayerNorm(shape.dim, eps=EPSILON)
        self.bias = nn.Parameter(torch.zeros(shape.tokens))
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=shape.dim**-0.5, generator=generator)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, tokens: torch.Tensor, real: torch.Tensor) -> list[torch.Tensor]:
        """Return the vectors of all layers, the first before any attention: each (b, t, dim).

        tokens : int64, shape (b, t)
        real : bool, shape (b, t); False where there is padding, which changes nothing elsewhere
        """
        places = self.positions.weight[: tokens.shape[1]]  # (t, dim)
        layers = [self.dropout(self.norm(self.tokens(tokens) + places))]
        for layer in self.layers:
            layers.append(layer(layers[-1], real))
        return layers

    def logits(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return, for vectors of the last layer, how likely each token is: shape (n, tokens).

        vectors : shape (n, dim)
        """
        guess = self.guess_norm(F.gelu(self.guess(vectors)))  # (n, dim)
        return guess @ self.tokens.weight.T + self.bias
