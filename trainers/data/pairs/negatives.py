"""Random negatives: pairs of a left and a right item that are not known pairs."""

import torch

from embeddings.errors import EmbeddingError


class NegativeSampler:
    """Draws pairs of items uniformly, and redraws those that are known pairs.

    Parameters
    ----------
    known : int64, shape (p, 2), the known pairs
    lefts, rights : number of items of each side

    Raises
    ------
    EmbeddingError
        every possible pair is known, so there are no negatives
    """

    def __init__(self, known: torch.Tensor, lefts: int, rights: int) -> None:
        self.lefts, self.rights = lefts, rights
        self.known = torch.unique(self._key(known))  # (p,) sorted
        self.full = torch.bincount(self.known // rights, minlength=lefts) == rights  # (lefts,)
        if self.full.all():
            raise EmbeddingError(
                f"all {lefts:,} x {rights:,} possible pairs are given, so there are no negatives; "
                "give only true pairs"
            )

    def draw(
        self, count: int, generator: torch.Generator, lefts: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return pairs that are not known: int64, shape (count, 2).

        Parameters
        ----------
        count : how many
        generator : source of randomness
        lefts : int64, shape (count,), their left items; None: random ones

        Raises
        ------
        EmbeddingError
            one of `lefts` is paired with every right item
        """
        pairs = self._random(count, generator)
        if lefts is not None:
            if self.full[lefts].any():
                raise EmbeddingError(
                    "a left item is paired with every right item, so there is none to rank below "
                    "these; give a --loss other than bpr"
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
        """Return True for each of the pairs, shape (n, 2), that is known: bool, shape (n,)."""
        key = self._key(pairs)
        position = torch.searchsorted(self.known, key).clamp_(max=len(self.known) - 1)
        return self.known[position] == key

    def _random(self, count: int, generator: torch.Generator) -> torch.Tensor:
        left = torch.randint(self.lefts, (count,), generator=generator)
        right = torch.randint(self.rights, (count,), generator=generator)
        return torch.stack([left, right], dim=1)

    def _key(self, pairs: torch.Tensor) -> torch.Tensor:
        """Return the position of each pair among all possible pairs, row by row: int64, (n,)."""
        return pairs[:, 0] * self.rights + pairs[:, 1]
