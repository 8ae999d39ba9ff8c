"""The baseline of elmo: an interpolated Kneser-Ney language model of bigrams or trigrams.

With c the count of n-grams, v the words before w, and v' these without the first,

    p(w | v) = (max(c(v w) - D, 0) + D N(v .) p(w | v')) / c(v .)

where c(v .) is the sum of c(v w) over all w, and N(v .) the number of w with c(v w) > 0. Below the
highest order, c is not the number of occurrences of an n-gram but of distinct words before it;
below unigrams, the distribution is uniform. D = n1 / (n1 + 2 n2) is estimated for each order from
the numbers of n-grams with count one and two. (Kneser and Ney, "Improved backing-off
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
    totals, kinds : the words before the last one -> c(v .) and N(v .)
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
    """The probability of each next word, and of the end of the sentence.

    Parameters
    ----------
    sentences : the training data, as numbers of words
    order : 2 for bigrams, 3 for trigrams
    words : size of the vocabulary
    start, end : numbers of the start of a sentence, which is never predicted, and of its end
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
        self._orders = orders[::-1]  # unigrams, bigrams, ...

    def probability(self, ngram: Ngram) -> float:
        """Return p(last word | other words) of an n-gram of at most `order` words."""
        if not ngram:
            return 1 / (self.words - 1)
        counts, context = self._orders[len(ngram) - 1], ngram[:-1]
        lower = self.probability(ngram[1:])
        total = counts.totals[context]
        if not total:
            return lower
        discounted = max(counts.counts[ngram] - counts.discount, 0)
        return (discounted + counts.discount * counts.kinds[context] * lower) / total

    def perplexity(self, sentences: Iterable[Sequence[int]]) -> float:
        """Return the perplexity of all words and ends of sentences."""
        found = [self.probability(ngram) for each in sentences for ngram in self._ngrams(each)]
        return float(np.exp(-np.log(found).mean()))

    def _ngrams(self, sentence: Sequence[int]) -> Iterator[Ngram]:
        padded = [*[self.start] * (self.order - 1), *(int(number) for number in sentence), self.end]
        for start in range(len(padded) - self.order + 1):
            yield tuple(padded[start : start + self.order])
