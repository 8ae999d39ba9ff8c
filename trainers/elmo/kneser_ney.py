"""Interpolated Kneser-Ney: the next word from the one or two before it, by counting.

The bar that a trained language model is to pass. With c the count of n-grams, v the words before w
and v' these without the first,

    p(w | v) = (max(c(v w) - D, 0) + D N(v .) p(w | v')) / c(v .)

where c(v .) is the sum of c(v w) over all w, and N(v .) the number of w with c(v w) > 0. Below the
highest order, c counts not how often an n-gram occurs but how many different words come before it;
below the single words, all words are as likely. D = n1 / (n1 + 2 n2) is estimated for each order
from the numbers of n-grams that are counted once and twice. (Kneser and Ney, "Improved backing-off
for m-gram language modeling", 1995; equation and D as in Chen and Goodman, "An empirical study of
smoothing techniques for language modeling", 1998.)
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

Ngram = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Order:
    """The counts of the n-grams of one length.

    Attributes
    ----------
    counts : n-gram -> c
    totals, kinds : the words before the last -> c(v .) and N(v .)
    discount : D
    """

    counts: Counter[Ngram]
    totals: Counter[Ngram]
    kinds: Counter[Ngram]
    discount: float

    @classmethod
    def of(cls, counts: Counter[Ngram]) -> "_Order":
        totals: Counter[Ngram] = Counter()
        for ngram, count in counts.items():
            totals[ngram[:-1]] += count
        kinds = Counter(ngram[:-1] for ngram in counts)
        once, twice = (sum(count == times for count in counts.values()) for times in (1, 2))
        return cls(counts, totals, kinds, once / (once + 2 * twice) if once else 0.5)


class KneserNey:
    """The probability of each next word, an end of the sentence after the last one.

    Parameters
    ----------
    sentences : numbers of words, to count in
    order : 2, bigrams; 3, trigrams
    words : numbers of words are below this
    start, end : numbers that stand for the beginning, which is never predicted, and the end
    """

    def __init__(
        self, sentences: Iterable[Sequence[int]], order: int, words: int, start: int, end: int
    ) -> None:
        self.order, self.words, self.start, self.end = order, words, start, end
        counts = Counter(ngram for sentence in sentences for ngram in self._ngrams(sentence))
        orders = [_Order.of(counts)]
        for _ in range(order - 1):
            counts = Counter(ngram[1:] for ngram in counts)
            orders.append(_Order.of(counts))
        self._orders = orders[::-1]  # of single words, of pairs, ...

    def probability(self, ngram: Ngram) -> float:
        """Return p of the last word of an n-gram of at most `order` words after the others."""
        if not ngram:
            return 1 / (self.words - 1)
        counts, before = self._orders[len(ngram) - 1], ngram[:-1]
        lower = self.probability(ngram[1:])
        total = counts.totals[before]
        if not total:
            return lower
        kept = max(counts.counts[ngram] - counts.discount, 0)
        return (kept + counts.discount * counts.kinds[before] * lower) / total

    def perplexity(self, sentences: Iterable[Sequence[int]]) -> float:
        """Return exp of the mean of -log p over all words and ends of sentences."""
        found = [self.probability(ngram) for each in sentences for ngram in self._ngrams(each)]
        return float(np.exp(-np.log(found).mean()))

    def _ngrams(self, sentence: Sequence[int]) -> Iterator[Ngram]:
        padded = [*[self.start] * (self.order - 1), *(int(number) for number in sentence), self.end]
        for place in range(len(padded) - self.order + 1):
            yield tuple(padded[place : place + self.order])
