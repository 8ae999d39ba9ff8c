"""Random pairs that are not known pairs: the negatives that a model learns to tell apart."""

import torch

from embeddings.errors import EmbeddingError


class NegativeSampler:
    """Draws a left and a right item uniformly, again where they form a known pair.

    Parameters
    ----------
    known : int64, shape (p, 2), the known pairs
    lefts, rights : number of items of each side

    Raises
    ------
    EmbeddingError
        every possible pair is known, so that there are no negatives
    """

    def __init__(self, known: torch.Tensor, lefts: int, rights: int) -> None:
        self.lefts, self.rights = lefts, rights
        self.known = torch.unique(self._key(known))  # (p,) sorted
        if len(self.known) == lefts * rights:
            raise EmbeddingError(
                f"all {lefts:,} x {rights:,} possible pairs are given, so there is no pair to tell "
                "them from; give only the pairs that hold"
            )

    def draw(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Return `count` pairs that are not known: int64, shape (count, 2)."""
        pairs = self._random(count, generator)
        again = self.is_known(pairs)
        while again.any():
            pairs[again] = self._random(int(again.sum()), generator)
            again = self.is_known(pairs)
        return pairs

    def is_known(self, pairs: torch.Tensor) -> torch.Tensor:
        """Say for each of the pairs, shape (n, 2), whether it is known: bool, shape (n,)."""
        key = self._key(pairs)
        place = torch.searchsorted(self.known, key).clamp_(max=len(self.known) - 1)
        return self.known[place] == key

    def _random(self, count: int, generator: torch.Generator) -> torch.Tensor:
        left = torch.randint(self.lefts, (count,), generator=generator)
        right = torch.randint(self.rights, (count,), generator=generator)
        return torch.stack([left, right], dim=1)

    def _key(self, pairs: torch.Tensor) -> torch.Tensor:
        """Number every possible pair, row by row: int64, shape (n,)."""
        return pairs[:, 0] * self.rights + pairs[:, 1]
