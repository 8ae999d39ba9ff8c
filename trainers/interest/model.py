"""The model of interest: word vectors, and two models of whether a user wants a document."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from trainers.core.rng import numpy_generator, torch_generator
from trainers.data.bags import Bags, sums
from trainers.interest.config import InterestConfig
from trainers.interest.data import Clicks

INITIAL_STD = 0.1
"""Standard deviation of the initial components of word vectors, if all words are trained."""


class Interest(nn.Module):
    """Word vectors, and two models of whether a user wants a document.

    Parameters
    ----------
    learned : float32, shape (l, dim); initial vectors of the trained words
    given : float32, shape (g, dim); vectors of the fixed words, which are numbered after the others
    titles : the words of each document's title
    reads : the documents that each user has read
    hidden : units of the network's hidden layer
    generator : source of the initial weights, on the CPU
    """

    given: torch.Tensor  # (g, dim)
    titles_items: torch.Tensor
    titles_starts: torch.Tensor
    reads_items: torch.Tensor
    reads_starts: torch.Tensor

    def __init__(
        self,
        learned: np.ndarray,
        given: np.ndarray,
        titles: Bags,
        reads: Bags,
        hidden: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.learned = nn.Parameter(torch.from_numpy(learned))
        self.register_buffer("given", torch.from_numpy(given))
        for name, bags in (("titles", titles), ("reads", reads)):
            self.register_buffer(f"{name}_items", bags.items, persistent=False)
            self.register_buffer(f"{name}_starts", bags.starts, persistent=False)
        self.log_scale = nn.Parameter(torch.tensor(0.0))
        self.bias = nn.Parameter(torch.tensor(-1.0))
        dim = learned.shape[1]
        self.of_user = nn.Linear(dim, hidden)
        self.of_document = nn.Linear(dim, hidden, bias=False)
        self.of_product = nn.Linear(dim, hidden, bias=False)
        self.last = nn.Linear(hidden, 1)
        for layer in (self.of_user, self.of_document, self.of_product, self.last):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
        nn.init.zeros_(self.of_user.bias)
        nn.init.zeros_(self.last.bias)

    @property
    def titles(self) -> Bags:
        """The words of each document's title."""
        return Bags(self.titles_items, self.titles_starts)

    @property
    def reads(self) -> Bags:
        """The documents that each user has read."""
        return Bags(self.reads_items, self.reads_starts)

    def vectors(
        self, users: torch.Tensor, documents: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return vectors of users and documents; each user's first document is not in its mean.

        Parameters
        ----------
        users : int64, shape (b,)
        documents : int64, shape (b, k); documents[i, 0] was read by users[i]

        Returns
        -------
        float32, shapes (b, dim) and (b, k, dim); 0 where there are no words
        """
        distinct, index = users.unique(return_inverse=True)  # (w,), (b,)
        reads = self.reads.take(distinct)  # w bags of documents
        count = len(reads.items)
        touched, number = torch.cat([reads.items, documents.reshape(-1)]).unique(
            return_inverse=True
        )  # (t,), (count + b * k,)
        titles = self.titles.take(touched)  # t bags of words
        total = sums(torch.cat([self.learned, self.given]), titles)  # (t, dim)
        words = titles.sizes.float()[:, None]  # (t, 1)
        read = Bags(number[:count], reads.starts)  # w bags of touched documents
        number = number[count:].view_as(documents)  # (b, k)
        target = number[:, 0]  # (b,)
        user = sums(total, read)[index] - total[target]  # (b, dim)
        user_words = sums(words, read)[index] - words[target]  # (b, 1)
        return user / user_words.clamp(min=1), total[number] / words[number].clamp(min=1)

    def by_dot(self, user: torch.Tensor, document: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of model (a): vectors (..., dim) give float32 of shape (...)."""
        return self.log_scale.exp() * (user * document).sum(dim=-1) + self.bias

    def by_network(self, user: torch.Tensor, document: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of model (b): vectors (..., dim) give float32 of shape (...).

        Its hidden layer sees the user's vector, the document's, and their componentwise product.
        """
        hidden = self.of_user(user) + self.of_document(document) + self.of_product(user * document)
        return self.last(F.relu(hidden))[..., 0].float()

    @torch.no_grad()
    def means(self, reads: Bags) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the vectors of all users and documents: (users, dim) and (documents, dim).

        Parameters
        ----------
        reads : the documents that each user has read, on the module's device
        """
        titles = self.titles
        total = sums(torch.cat([self.learned, self.given]), titles)  # (documents, dim)
        words = titles.sizes.float()[:, None]  # (documents, 1)
        user = sums(total, reads) / sums(words, reads).clamp(min=1)  # (users, dim)
        return user, total / words.clamp(min=1)


def initial_model(clicks: Clicks, reads: Bags, config: InterestConfig) -> Interest:
    """Return the model with its initial weights.

    Without given vectors, all words start at random. With them, words that lack one start at 0.

    Parameters
    ----------
    clicks : the titles, and the given word vectors
    reads : the documents that each user has read
    config : the settings
    """
    if clicks.given is None:
        learned = numpy_generator(config.seed, "word vectors").normal(
            scale=INITIAL_STD, size=(len(clicks.words), config.dim)
        )
        given = np.empty((0, config.dim))
    else:
        absent = len(clicks.words) - len(clicks.given)
        learned, given = np.zeros((absent, clicks.given.shape[1])), clicks.given
        if config.tune:
            learned, given = np.concatenate([learned, given]), given[:0]
    return Interest(
        learned.astype(np.float32),
        given.astype(np.float32),
        clicks.titles,
        reads,
        config.hidden,
        torch_generator(config.seed, "weights"),
    )
