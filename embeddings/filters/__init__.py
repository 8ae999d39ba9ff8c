"""Filters: which rows of a set meet conditions on its columns, and what the columns hold.

from embeddings.filters import ContainsWords, Filter, InRange

wines = Filter((ContainsWords("label", "wine"), InRange("year", 1990, 1999)))
wines.mask(embedding_set)  # bool, shape (n,)
wines.to_text()  # for an address, which Filter.from_text reads
"""

from embeddings.filters.column_condition import FilterError
from embeddings.filters.conditions import Bound, Condition, HasValue, InRange, IsMissing
from embeddings.filters.facets import Histogram, ValueCounts, count_values, histogram
from embeddings.filters.filter import Filter
from embeddings.filters.text_conditions import ContainsWords, MatchesPattern

__all__ = [
    "Bound",
    "Condition",
    "ContainsWords",
    "Filter",
    "FilterError",
    "HasValue",
    "Histogram",
    "InRange",
    "IsMissing",
    "MatchesPattern",
    "ValueCounts",
    "count_values",
    "histogram",
]
