"""Names of clusters: what their labels and texts have in common and those of others have not.

Terms are weighted as in BERTopic (class-based tf-idf, arXiv:2203.05794, eq. 3), by the fraction of
a cluster's items that have the term instead of its number: fraction x log(1 + average number of
terms of a cluster / frequency of the term in all clusters). Terms are the words of labels and
texts, and the items of lists, such as tags.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from embeddings.analysis.clusters import Clusters
from embeddings.analysis.column_index import ColumnIndex, Terms
from embeddings.arrow_types import is_list
from embeddings.columns import LABEL, column_of, texts
from embeddings.embedding_set import EmbeddingSet

NAME_TERMS = 3
"""Terms of a name."""

_FEWEST = 3  # items of a cluster that have a term of its name
_TYPICAL = 0.15  # a term of a name is in at least this fraction of the cluster's items
_LIFT = 1.5  # and more frequent in the cluster than in all, by this factor
_DOMINANT = 0.5  # fraction of a cluster's items from which a category names it
_PROSE = 0.5  # fraction of cells with a blank between words, from which a column is of texts
_FIRST_CELLS = 200
_READ_MEMBERS, _READ_CHARACTERS = 100, 1_000  # of a cluster, for spelling and phrases
_PARTNERS = 8  # of the best terms, with which another may form a phrase
_SIDE_BY_SIDE = (
    0.4  # fraction of the occurrences of each of two words, from which they are a phrase
)
_ITEM_WEIGHT = 1.5  # items of lists, such as tags, say more than words
_WORDS = re.compile(r"\w+")
_SAMPLED_LABELS = 1_000
_MOST_WORDS = 3  # of a label that may stand for a cluster
_WORD = re.compile(r"[^\W\d_]{2,}|(?=\w{3,6}$)[^\W\d_]+\d\w*")  # climate, mp3, b2b
_NUCLEOTIDES = re.compile(r"[acgtun]{6,}")
_STOP_TEXT = """
a about above after again against all also am an and any are as at be because been before being
below between both but by can could did do does doing down during each every few first for from
further had has have having he her here hers him his how i if in into is it its itself just let
like made make many may me might more most much must my new no nor not now of off on once one only
or other our out over own per s same she should so some still such t than that the their them then
there these they this those through to too two under until up us use used using very via vs was we
were what when where which while who whom whose why will with within without would yet you your
yours
"""

STOP_WORDS = frozenset(_STOP_TEXT.split())
"""Words of English that name nothing."""


def name_clusters(
    clusters: Clusters, embedding_set: EmbeddingSet, index: ColumnIndex
) -> tuple[str, ...]:
    """Name each cluster.

    A name consists of the most characteristic terms: at least 15 % of the cluster's items have
    them, and three, and they are 1.5 times as frequent in the cluster as in all. If there are none,
    as in sets of single words, it consists of the labels closest to the centroid, if these are
    words. Otherwise it is the category that most of the items have, with its fraction, or the terms
    that are frequent in all clusters, or else the cluster's number.

    Parameters
    ----------
    index : of the set's columns, from index_columns

    Returns
    -------
    one name per cluster; equal names are numbered
    """
    characteristic, frequent = _terms(clusters, embedding_set, index)
    has_words = _are_words(embedding_set.labels)
    categories = [terms for terms in index.terms if terms.kind == "value"]
    found = []
    for number in range(clusters.count):
        name = ", ".join(characteristic[number])
        if not name and has_words:
            central = [embedding_set.labels[row] for row in clusters.central[number]]
            name = ", ".join(dict.fromkeys(central))
        if not name:
            name = _dominant_category(clusters, number, categories) or ", ".join(frequent[number])
        found.append(name or f"cluster {number + 1}")
    return _distinct(found)


def _terms(
    clusters: Clusters, embedding_set: EmbeddingSet, index: ColumnIndex
) -> tuple[list[list[str]], list[list[str]]]:
    """Return up to three terms for each cluster that are characteristic, and that are frequent."""
    sources = [terms for terms in index.terms if _has_terms(embedding_set, terms)]
    weighted: dict[bool, list[list[tuple[float, str]]]] = {
        is_apart: [[] for _ in range(clusters.count)] for is_apart in (True, False)
    }
    for terms in sources:
        for number, term, weight, is_apart in _weights(clusters, terms):
            weighted[is_apart][number].append((weight, term))
    columns = [column_of(embedding_set, terms.column) for terms in sources if terms.kind == "word"]
    written = [
        _words_of(columns, np.flatnonzero(clusters.labels == number))
        for number in range(clusters.count)
    ]
    characteristic, frequent = (
        [_choose(*each) for each in zip(weighted[is_apart], written, strict=True)]
        for is_apart in (True, False)
    )
    return characteristic, frequent


def _words_of(columns: Sequence[pa.ChunkedArray], members: np.ndarray) -> list[list[str]]:
    """Return the words of up to 100 members in each column, as they are written."""
    first = pa.array(members[:: max(1, len(members) // _READ_MEMBERS)])
    found = [texts(column.take(first)).to_pylist() for column in columns]
    return [_WORDS.findall(text[:_READ_CHARACTERS]) for cells in found for text in cells if text]


def _has_terms(embedding_set: EmbeddingSet, terms: Terms) -> bool:
    """Return True for labels, words of labels and of texts, and items of lists."""
    column = column_of(embedding_set, terms.column)
    if terms.column == LABEL:
        return True
    if terms.kind == "value":
        return is_list(column.type)
    cells = [text for text in texts(column.slice(0, _FIRST_CELLS)).to_pylist() if text]
    return sum(" " in text.strip() for text in cells) >= _PROSE * len(cells)


def _weights(clusters: Clusters, terms: Terms) -> Iterator[tuple[int, str, float, bool]]:
    """Yield cluster, term, weight, and whether it is apart, of each term frequent in a cluster."""
    of_pair = clusters.labels[terms.rows]
    inside = of_pair >= 0
    codes, of_pair = terms.codes[inside], of_pair[inside].astype(np.int64)
    everywhere = np.bincount(codes, minlength=len(terms.names))
    average = len(codes) / max(1, clusters.count)
    pairs, counts = np.unique(of_pair * len(terms.names) + codes, return_counts=True)
    numbers, codes = np.divmod(pairs, max(1, len(terms.names)))
    fraction = counts / np.array(clusters.sizes)[numbers]
    lift = fraction / (everywhere[codes] / sum(clusters.sizes))
    is_typical = (counts >= _FEWEST) & (fraction >= _TYPICAL)
    is_apart = (lift >= _LIFT) | (clusters.count == 1)
    weight = fraction * np.log1p(average / everywhere[codes])
    weight *= _ITEM_WEIGHT if terms.kind == "value" else 1.0
    for i in np.flatnonzero(is_typical).tolist():
        term = terms.names[codes[i]]
        if term and (_is_word(term) if terms.kind == "word" else _says_something(term)):
            yield int(numbers[i]), term, float(weight[i]), bool(is_apart[i])


def _is_word(term: str) -> bool:
    """Return True for a word that means something: no number, no code, no stop word."""
    is_plain = _WORD.fullmatch(term) and not _NUCLEOTIDES.fullmatch(term)
    return bool(is_plain) and term not in STOP_WORDS


def _choose(candidates: list[tuple[float, str]], written: list[list[str]]) -> list[str]:
    """Return the terms of largest weight, without those whose words another one has.

    Words that mostly stand side by side become one term, in the spelling of the members.

    Parameters
    ----------
    written : the words of some members' texts, in order
    """
    spellings: dict[str, Counter[str]] = {}
    pairs = Counter[tuple[str, str]]()
    for words in written:
        for word in words:
            spellings.setdefault(word.lower(), Counter())[word] += 1
        pairs.update(pairwise(word.lower() for word in words))

    def spelled(word: str) -> str:
        return spellings[word].most_common(1)[0][0] if word in spellings else word

    ordered = [term for _, term in sorted(candidates, key=lambda each: (-each[0], each[1]))]
    chosen: list[str] = []
    used: list[set[str]] = []
    for term in ordered:
        phrase = [term]
        for other in ordered[:_PARTNERS]:
            count = max(spellings.get(each, Counter()).total() for each in (term, other))
            for pair in ((term, other), (other, term)):
                if len(phrase) == 1 and pairs[pair] >= max(2, _SIDE_BY_SIDE * count):
                    phrase = list(pair)
        parts = {_stem(word) for each in phrase for word in each.lower().split()}
        if any(parts <= other_parts or other_parts <= parts for other_parts in used):
            continue
        chosen.append(" ".join(map(spelled, phrase)))
        used.append(parts)
        if len(chosen) == NAME_TERMS:
            break
    return chosen


def _stem(word: str) -> str:
    """Return a word without the s of the plural."""
    return word.removesuffix("s") if len(word) > 3 else word


def _are_words(labels: Sequence[str]) -> bool:
    """Return True if most labels are a word or a few, which not all have.

    Numbers, codes such as the barcodes of cells, and titles are none.
    """
    sample = labels[:: max(1, len(labels) // _SAMPLED_LABELS)]
    words = [set(filter(_is_word, _parts(label))) for label in sample]
    counts = Counter(word for each in words for word in each)
    telling = [
        len(label.split()) <= _MOST_WORDS and any(2 * counts[word] <= len(sample) for word in each)
        for label, each in zip(sample, words, strict=True)
    ]
    return 2 * sum(telling) >= len(sample)


def _says_something(text: str) -> bool:
    """Return True if a text has a word that means something."""
    return any(map(_is_word, _parts(text)))


def _parts(text: str) -> list[str]:
    return re.split(r"[\W_]+", text.lower())


def _dominant_category(clusters: Clusters, number: int, categories: Sequence[Terms]) -> str:
    """Return the category that most items of a cluster have, with its fraction, or "".

    Of several columns, it is the one that says most; names come before numbers.
    """
    best, name = (False, 0.0), ""
    group = clusters.labels == number
    for terms in categories:
        counts = terms.count(group)
        code = int(counts.argmax())
        term, fraction = terms.names[code], float(counts[code]) / clusters.sizes[number]
        lift = fraction / (terms.counts[code] / len(group))
        if term is None or fraction < _DOMINANT or (lift < _LIFT and clusters.count > 1):
            continue
        is_name = any(character.isalpha() for character in term)
        rank = (is_name, fraction * float(np.log(lift)))
        if not name or rank > best:
            best = rank
            title = term if is_name else f"{terms.column} {term}"
            name = f"{title} ({100 * fraction:.0f} %)"
    return name


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number equal names: sea, sea (2), sea (3)."""
    seen = Counter[str]()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)
