"""Masked language modeling: which tokens are to be predicted, and what stands in their place.

Of the tokens that are not special, 15 % are chosen, each on its own. Of the chosen, 80 % become
[MASK], 10 % a random token and 10 % stay what they are, so that every token's vector must tell its
context (Devlin et al., "BERT", 2018). Each epoch chooses anew (Liu et al., "RoBERTa", 2019).
"""

import torch

CHOSEN = 0.15
"""Share of the tokens that are to be predicted."""

MASKED, RANDOM = 0.8, 0.1
"""Shares of the chosen tokens that become [MASK], and a random token; the others stay."""

NOT_CHOSEN = -100
"""Stands in the targets where nothing is to be predicted; F.cross_entropy passes over it."""


def masked(
    tokens: torch.Tensor,
    specials: int,
    mask: int,
    vocabulary: int,
    generator: torch.Generator,
    shares: tuple[float, float] = (MASKED, RANDOM),
) -> tuple[torch.Tensor, torch.Tensor]:
    """Choose tokens, at least one, and hide them.

    Parameters
    ----------
    tokens : int64, shape (b, t)
    specials : tokens below this number are special: never chosen, and never a random token
    mask : the number of [MASK]
    vocabulary : number of different tokens
    generator : of the CPU, the source of chance
    shares : of the chosen, the shares that become [MASK] and a random token

    Returns
    -------
    inputs : int64, shape (b, t); what the model sees
    targets : int64, shape (b, t); the chosen tokens; elsewhere NOT_CHOSEN
    """
    chance = torch.rand(2, *tokens.shape, generator=generator)
    ordinary = tokens >= specials
    lowest = chance[0].where(ordinary, 1).min().item()
    chosen = (chance[0] <= max(CHOSEN, lowest)) & ordinary  # of few tokens, one at least
    to_mask, to_random = shares
    hidden = chosen & (chance[1] < to_mask)
    replaced = chosen & ~hidden & (chance[1] < to_mask + to_random)
    others = torch.randint(specials, vocabulary, tokens.shape, generator=generator)
    inputs = tokens.masked_fill(hidden, mask).where(~replaced, others)
    return inputs, tokens.where(chosen, NOT_CHOSEN)
