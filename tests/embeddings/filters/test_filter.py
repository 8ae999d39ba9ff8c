"""Filter: a conjunction; its text is read back as the same filter, whatever its characters are."""

import re
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from embeddings import EmbeddingSet
from embeddings.filters import (
    Condition,
    ContainsWords,
    Filter,
    FilterError,
    HasValue,
    InRange,
    IsMissing,
    MatchesPattern,
)

MADE = EmbeddingSet.of(
    np.eye(4),
    ["red wine", "red paint", "white wine", "tea"],
    {"year": [1990, 1995, 2000, None], "color": ["red", "red", "white", None]},
)
TEXTS = st.text(max_size=8) | st.text("~*-. anyis", max_size=8)
NUMBERS = st.integers(-(2**64), 2**64) | st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.dates() | st.datetimes(timezones=st.none() | st.just(UTC))


@st.composite
def ranges(draw: Any) -> InRange:
    kind = draw(st.sampled_from([NUMBERS, MOMENTS]))
    low, high = draw(st.none() | kind), draw(st.none() | kind)
    try:
        return InRange(draw(TEXTS), low, high, inverted=draw(st.booleans()))
    except FilterError:
        assume(False)
        raise


def conditions() -> st.SearchStrategy[Condition]:
    inverted = st.booleans()
    words = st.text(min_size=1, max_size=8).filter(str.split)
    values = st.lists(st.none() | TEXTS, min_size=1, max_size=4).map(tuple)
    patterns = st.sampled_from(["^a", "~*", r"\*~{2}", ".*~~.*", "[^~]"])
    return st.one_of(
        st.builds(HasValue, TEXTS, values, inverted=inverted),
        ranges(),
        st.builds(ContainsWords, TEXTS, words, whole=st.booleans(), inverted=inverted),
        st.builds(MatchesPattern, TEXTS, patterns, inverted=inverted),
        st.builds(IsMissing, TEXTS, inverted=inverted),
    )


@given(st.lists(conditions(), max_size=5))
def test_a_filter_is_read_back_as_it_was(found: list[Condition]) -> None:
    filter_ = Filter(tuple(found))
    assert Filter.from_text(filter_.to_text()) == filter_


def test_the_text_of_a_filter_is_readable() -> None:
    found = Filter(
        (
            InRange("year", 1990, None),
            ContainsWords("label", "red wine", inverted=True),
            HasValue("color", ("green", None)),
            InRange("day", None, date(1999, 12, 31)),
            IsMissing("a~b*c"),
        )
    )
    assert found.to_text() == (
        "year~between~1990~any~~label~not-contains~red wine~~color~is~green~*-*"
        "~~day~between~any~1999-12-31~~a*7e*b*2a*c~missing"
    )


def test_bounds_keep_their_kind() -> None:
    bounds = (1, 1.0, 2**60 + 1, -3, 1e300, date(1999, 1, 1), datetime(1999, 1, 1))
    for bound in bounds:
        (read,) = Filter.from_text(Filter((InRange("x", bound),)).to_text()).conditions
        assert isinstance(read, InRange)
        assert read.low == bound and type(read.low) is type(bound)
    assert Filter((InRange("x", np.float64(0.5)),)).to_text() == "x~between~0.5~any"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year", "'year' is no condition"),
        ("~~", "'' is no condition"),
        ("year~missing~~", "'' is no condition"),
        ("year~above~3", "unknown verb 'above'"),
        ("year~not-not-missing", "unknown verb 'not-missing'"),
        ("year~between~3", "1 values for 'between' in the filter; expected exactly 2"),
        ("year~missing~3", "1 values for 'missing' in the filter; expected exactly 0"),
        ("year~between~x~any", "the bound 'x'"),
        ("year~between~1999-13-01~any", "the bound '1999-13-01'"),
        ("year~between~any~any", "has no bounds"),
        ("year~between~1e999~any", "is inf"),
        ("year~is", "no value of 'year'"),
        ("label~matches~(", "missing ): ("),
        ("label~contains~**", "give one or more"),
        ("~~".join(["x~missing"] * 51), "51 conditions; expected at most 50"),
    ],
)
def test_a_malformed_text_is_explained(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=re.escape(message)):
        Filter.from_text(text)


@given(st.text() | st.text("~*-2a7enoti sbwcm1", max_size=30))
def test_any_text_is_a_filter_or_an_error_of_the_user(text: str) -> None:
    try:
        found = Filter.from_text(text)
    except FilterError:
        return
    assert Filter.from_text(found.to_text()) == found


def test_rows_meet_all_conditions() -> None:
    wine, red = ContainsWords("label", "wine"), HasValue("color", ("red",))
    assert Filter((wine, red)).mask(MADE).tolist() == [True, False, False, False]
    assert Filter().mask(MADE).all()
    assert not Filter() and Filter((wine,))
    assert Filter((wine, red)).title == "label contains wine, color is red"


def test_conditions_are_added_replaced_and_removed() -> None:
    wine, red, white = (
        ContainsWords("label", "wine"),
        HasValue("color", ("red",)),
        HasValue("color", ("white",)),
    )
    both = Filter((wine,)).extended(red)
    assert both.conditions == (wine, red)
    assert both.extended(red) == both
    assert both.replaced(red, white).conditions == (wine, white)
    assert both.without(wine).conditions == (red,)
    assert both.on("color").conditions == (red,)
    assert both.on_others("color").conditions == (wine,)


def test_a_filter_has_a_bounded_number_of_conditions() -> None:
    with pytest.raises(FilterError, match="51 conditions"):
        Filter(tuple(IsMissing(str(i)) for i in range(51)))
