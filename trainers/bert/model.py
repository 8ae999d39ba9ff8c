"""The transformer encoder of BERT: token and position vectors, then layers of attention.

After Devlin et al., "BERT: pre-training of deep bidirectional transformers" (2018); the layers are
those of Vaswani et al., "Attention is all you need" (2017), with GELU (Hendrycks and Gimpel, 2016).
With the same weights it computes the same vectors as Hugging Face's BertModel. There are no segment
vectors.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

EPSILON = 1e-12
"""Epsilon of the layer norms, as in BERT."""


@dataclass(frozen=True)
class Shape:
    """The sizes of an encoder.

    Attributes
    ----------
    tokens : size of the vocabulary
    positions : maximum length of a sequence, in tokens
    dim : length of the vectors, a multiple of heads
    layers : number of layers
    heads : attention heads per layer
    inner : hidden units of the feed-forward network of a layer
    dropout : probability of dropout in training
    """

    tokens: int
    positions: int
    dim: int
    layers: int
    heads: int
    inner: int
    dropout: float


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.dropout = shape.heads, shape.dropout
        self.query, self.key, self.value, self.out = (
            nn.Linear(shape.dim, shape.dim) for _ in range(4)
        )

    def forward(self, vectors: torch.Tensor, is_token: torch.Tensor) -> torch.Tensor:
        """Return the output of the attention: (b, t, dim); see Layer for the parameters."""
        query, key, value = (
            linear(vectors).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (b, heads, t, dim / h)
            for linear in (self.query, self.key, self.value)
        )
        dropout = self.dropout if self.training else 0.0
        mask = is_token[:, None, None, :]  # (b, 1, 1, t), False at padding
        heads = F.scaled_dot_product_attention(query, key, value, mask, dropout)
        return self.out(heads.transpose(1, 2).flatten(2))  # (b, t, dim)


class Layer(nn.Module):
    """Attention and a feed-forward network, each with a residual connection and a layer norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention = Attention(shape)
        self.attention_norm = nn.LayerNorm(shape.dim, eps=EPSILON)
        self.inner = nn.Linear(shape.dim, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=EPSILON)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, vectors: torch.Tensor, is_token: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the next layer: (b, t, dim).

        vectors : (b, t, dim)
        is_token : bool, (b, t), False at padding
        """
        vectors = self.attention_norm(vectors + self.dropout(self.attention(vectors, is_token)))
        inner = F.gelu(self.inner(vectors))  # (b, t, inner)
        return self.norm(vectors + self.dropout(self.outer(inner)))


class Encoder(nn.Module):
    """The vector of each token at each layer, and the prediction of masked tokens.

    Parameters
    ----------
    shape : the sizes
    generator : of the initial weights, on the CPU
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

    def forward(self, tokens: torch.Tensor, is_token: torch.Tensor) -> list[torch.Tensor]:
        """Return the vectors of all layers, first those before any attention: each (b, t, dim).

        tokens : int64, shape (b, t)
        is_token : bool, shape (b, t), False at padding
        """
        positions = self.positions.weight[: tokens.shape[1]]  # (t, dim)
        layers = [self.dropout(self.norm(self.tokens(tokens) + positions))]
        for layer in self.layers:
            layers.append(layer(layers[-1], is_token))
        return layers

    def logits(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the logits of all tokens, given vectors of the last layer: shape (n, tokens).

        vectors : shape (n, dim)
        """
        guess = self.guess_norm(F.gelu(self.guess(vectors)))  # (n, dim)
        return guess @ self.tokens.weight.T + self.bias
