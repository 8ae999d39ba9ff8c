"""What sets a group apart: exact counts, scipy's probabilities, planted differences first."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import false_discovery_control, fisher_exact, mannwhitneyu

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.analysis import column_index
from embeddings.analysis.column_index import index_columns
from embeddings.analysis.enrichment import (
    NumberDifference,
    TermDifference,
    contrast,
)
from embeddings.filters import ContainsWords, HasValue

ROWS = 300
RANDOM = np.random.default_rng(0)
SELECTED = np.arange(ROWS) < 100


def made() -> EmbeddingSet:
    """A set whose first 100 rows are mostly red, mention wine and are old; the rest is alike."""
    often = RANDOM.choice(["blue", "red"], ROWS, p=[0.9, 0.1])
    color = np.where(SELECTED & (RANDOM.random(ROWS) < 0.8), "red", often)
    texts = [
        f"{'Wine wine' if SELECTED[i] and i % 2 else 'bread'} of year {i % 7}, item number {i}"
        for i in range(ROWS)
    ]
    noise = [None if i % 10 == 0 else v for i, v in enumerate(RANDOM.normal(size=ROWS).tolist())]
    first_day = datetime.date(2000, 1, 1)
    metadata = {
        "color": pa.array(color),
        "plain": pa.array(RANDOM.choice(["north", "south"], ROWS)),
        "sold": pa.array([None if i < 30 else bool(i % 2) for i in range(ROWS)]),
        "text": texts,
        "age": np.where(SELECTED, 3.0, 0.0) + RANDOM.normal(size=ROWS),
        "noise": pa.array(noise),
        "constant": np.ones(ROWS),
        "made": pa.array([first_day + datetime.timedelta(days=i) for i in range(ROWS)]),
    }
    return EmbeddingSet.of(np.ones((ROWS, 2)), [f"item {i}" for i in range(ROWS)], metadata)


MADE = made()
INDEX = index_columns(MADE)
FOUND = contrast(INDEX, SELECTED, most=10_000)


def term(column: str, value: str | None, kind: str = "value") -> TermDifference:
    (found,) = (
        each
        for each in FOUND.differences
        if isinstance(each, TermDifference)
        and (each.column, each.term, each.kind) == (column, value, kind)
    )
    return found


def number(column: str) -> NumberDifference:
    (found,) = (each for each in FOUND.differences
                if isinstance(each, NumberDifference) and each.column == column)  # fmt: skip
    return found


def test_counts_are_exact_and_probabilities_are_those_of_scipy() -> None:
    for each in FOUND.differences:
        if not isinstance(each, TermDifference):
            continue
        if each.kind == "word":
            assert each.term is not None
            has = ContainsWords(each.column, each.term, whole=True).mask(MADE)
        else:
            has = HasValue(each.column, (each.term,)).mask(MADE)
        inside, outside = int((has & SELECTED).sum()), int((has & ~SELECTED).sum())
        assert (each.inside, each.outside) == (inside, outside)
        assert (each.fraction_inside, each.fraction_outside) == (inside / 100, outside / 200)
        assert each.lift == pytest.approx((inside / 100) / ((inside + outside) / ROWS))
        table = [[inside, 100 - inside], [outside, 200 - outside]]
        assert each.p == pytest.approx(fisher_exact(table).pvalue, rel=1e-6)


def test_numbers_are_compared_by_hedges_g_and_mann_whitney() -> None:
    noise = np.array(MADE.metadata.column("noise").to_pylist(), dtype=float)
    for name, values in (("age", MADE.metadata.column("age").to_numpy()), ("noise", noise)):
        inside, outside = (
            part[np.isfinite(part)] for part in (values[SELECTED], values[~SELECTED])
        )
        found = number(name)
        pooled = np.sqrt(
            ((len(inside) - 1) * inside.var(ddof=1) + (len(outside) - 1) * outside.var(ddof=1))
            / (len(inside) + len(outside) - 2)
        )
        correction = 1 - 3 / (4 * (len(inside) + len(outside)) - 9)
        expected = correction * (inside.mean() - outside.mean()) / pooled
        assert found.hedges_g == pytest.approx(expected)
        assert found.mean_inside == pytest.approx(inside.mean())
        assert found.p == pytest.approx(
            mannwhitneyu(inside, outside, method="asymptotic").pvalue, rel=1e-9
        )  # fmt: skip


def test_all_tests_are_corrected_together() -> None:
    assert FOUND.tests == len(FOUND.differences)
    p = [each.p for each in FOUND.differences]
    assert p == sorted(p)
    np.testing.assert_allclose(
        [each.q for each in FOUND.differences], false_discovery_control(p), rtol=1e-9
    )
    assert FOUND.significant == sum(each.q <= 0.05 for each in FOUND.differences)


def test_what_was_planted_comes_first_and_chance_is_not_significant() -> None:
    first = {(each.column, getattr(each, "term", None)) for each in FOUND.differences[:7]}
    assert {("age", None), ("made", None), ("color", "red"), ("color", "blue"), ("text", "wine"),
            ("text", "bread")} <= first  # fmt: skip
    assert term("color", "red").lift > 1 > term("color", "blue").lift
    assert number("age").hedges_g > 1
    assert number("made").is_date
    for chance in (number("noise"), term("plain", "north"), term("text", "year", "word")):
        assert chance.q > 0.05


def test_missing_values_and_repeated_words() -> None:
    assert (term("sold", None).inside, term("sold", None).outside) == (30, 0)
    assert (term("noise", None).inside, term("noise", None).outside) == (10, 20)
    assert term("text", "wine", "word").inside == 50  # "Wine wine" counts once


def test_a_constant_number_and_rare_words_are_no_tests() -> None:
    columns = {(each.column, getattr(each, "term", None)) for each in FOUND.differences}
    assert not any(column == "constant" for column, _ in columns)
    assert ("text", "42") not in columns


def test_two_selections_are_compared_without_the_rows_of_both() -> None:
    other = (np.arange(ROWS) >= 90) & (np.arange(ROWS) < 150)
    found = contrast(INDEX, SELECTED, other, most=10_000)
    assert (found.size, found.other_size) == (90, 50)
    assert "10 rows of both groups left out." in found.notes
    has = HasValue("color", ("red",)).mask(MADE)
    (red,) = (
        each for each in found.differences
        if isinstance(each, TermDifference) and each.term == "red"
    )  # fmt: skip
    inside, outside = int(has[:90].sum()), int(has[100:150].sum())
    assert (red.inside, red.outside) == (inside, outside)
    assert red.p == pytest.approx(
        fisher_exact([[inside, 90 - inside], [outside, 50 - outside]]).pvalue, rel=1e-6
    )
    (age,) = (e for e in found.differences if isinstance(e, NumberDifference) and e.column == "age")
    ages = MADE.metadata.column("age").to_numpy()
    expected = mannwhitneyu(ages[:90], ages[100:150], method="asymptotic").pvalue
    assert age.p == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("selected", [np.zeros(ROWS, bool), np.ones(ROWS, bool)])
def test_a_group_without_rows_is_explained(selected: np.ndarray) -> None:
    with pytest.raises(EmbeddingError, match="each needs at least one"):
        contrast(INDEX, selected)


def test_a_set_without_columns_has_no_differences() -> None:
    bare = EmbeddingSet.of(np.ones((10, 2)))
    found = contrast(index_columns(bare), np.arange(10) < 5)
    assert (found.differences, found.tests, found.significant) == ((), 0, 0)


def test_labels_that_repeat_are_values_others_are_words() -> None:
    repeated = EmbeddingSet.of(np.ones((12, 2)), ["red wine", "white wine", "tea"] * 4)
    (terms,) = index_columns(repeated).terms
    assert terms.kind == "value" and set(terms.names) == {"red wine", "white wine", "tea"}
    unique = EmbeddingSet.of(np.ones((12, 2)), [f"Wine no{i}" for i in range(12)])
    (terms,) = index_columns(unique).terms
    assert (terms.kind, terms.names, terms.counts.tolist()) == ("word", ("wine",), [12])


def test_the_items_of_lists_are_values_and_count_once_a_row() -> None:
    tags = [["a", "b", "a"], ["a", None], ["a"], [], None, ["b"], ["b"], ["c"]]
    lists = EmbeddingSet.of(np.eye(8), [f"x{i}" for i in range(8)], {"tags": tags})
    (terms, *_) = index_columns(lists).terms
    assert (terms.column, terms.kind) == ("tags", "value")
    assert dict(zip(terms.names, terms.counts.tolist(), strict=True)) == {"a": 3, "b": 3}
    assert terms.count(np.arange(8) < 2).tolist() == [2, 1]


def test_very_long_texts_are_cut_and_it_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_index, "MOST_CHARACTERS", 40)
    long = EmbeddingSet.of(np.ones((4, 2)), ["abcd wine wine"] * 3 + ["x"], {})
    found = index_columns(long, {})
    (terms,) = found.terms
    assert terms.names == ("abcd", "wine")
    assert found.notes == ("Words are those of the first 10 characters of each label.",)
