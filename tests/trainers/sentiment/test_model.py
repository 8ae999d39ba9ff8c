"""The polarity of a word is what it contributes to a review of its own."""

import numpy as np
import torch

from trainers.data.bags import Bags
from trainers.sentiment.model import Sentiment


def test_polarity_is_what_a_word_alone_adds():
    for pooling in ("mean", "attention"):
        module = Sentiment(6, 4, pooling, torch.Generator().manual_seed(0))
        module.head.bias.data.fill_(0.7)
        if module.query is not None:
            module.query.data.normal_()
        alone = Bags(torch.arange(6), torch.arange(7))
        with torch.no_grad():
            np.testing.assert_allclose(module.polarity(), (module(alone) - 0.7).numpy(), atol=1e-6)
