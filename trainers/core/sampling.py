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
        self.full = torch.bincount(self.known // rights, minlength=lefts) == rights  # (lefts,)
        if self.full.all():
            raise EmbeddingError(
                f"all {lefts:,} x {rights:,} possible pairs are given, so there is no pair to tell "
                "them from; give only the pairs that hold"
            )

    def draw(
        self, count: int, generator: torch.Generator, lefts: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return `count` pairs that are not known: int64, shape (count, 2).

        lefts : int64, shape (count,), their left items; None: random ones
        """
        pairs = self._random(count, generator)
        if lefts is not None:
            if self.full[lefts].any():
                raise EmbeddingError(
                    "a left item is paired with every right item, so that there is none to put "
                    "after these; give a --loss other than bpr"
                )
            pairs[:, 0] = lefts
        again = self.is_known(pairs)
        while again.any():
            drawn = self._random(int(again.sum()), generator)
            pairs[again, 1] = drawn[:, 1]
            if lefts is None:
                pairs[again, 0] = drawn[:, 0]
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
