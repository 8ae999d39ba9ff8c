"""Search of texts, compared with a search written out row by row."""

import re

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.analysis.text_search import (
    EXACT,
    INSIDE,
    PREFIX,
    SCATTERED,
    WORD_START,
    TextIndex,
    search,
)


def index(labels, columns=None):
    return TextIndex.of(EmbeddingSet.of(np.eye(len(labels)), labels, columns))


def test_the_best_matches_come_first():
    labels = ["a cart", "carpet", "my car", "scar", "Car", "car", "dog"]
    found = search(index(labels), "CAR")
    assert [labels[row] for row in found.rows] == [
        "Car",
        "car",
        "carpet",
        "a cart",
        "my car",
        "scar",
    ]
    assert found.quality.tolist() == [EXACT, EXACT, PREFIX, WORD_START, WORD_START, INSIDE]
    assert found.rows.dtype == np.int32


def test_a_word_start_anywhere_counts():
    assert search(index(["scar (car)", "x"]), "car").quality.tolist() == [WORD_START]


def test_labels_come_before_other_columns():
    found = search(index(["x", "car", "y"], {"note": ["car", "", "my car"]}), "car")
    assert found.rows.tolist() == [1, 0, 2]


def test_words_may_be_in_several_columns():
    table = {"place": ["Rome", "Paris", "Rome", "x"], "year": [2017, 2017, 2018, 1]}
    found = search(index(["a", "b", "c", "rome 2017"], table), "rome  2017")
    assert found.rows.tolist() == [3, 0]
    assert found.quality.tolist() == [EXACT, SCATTERED]
    assert search(index(["a", "b", "c", "d"], table), "rome 2017", "contains").rows.size == 0


def test_exact_is_the_whole_cell():
    found = search(index(["New York", "New York City", "york"], {"a": ["", "NEW YORK", ""]}),
                   " new york ", "exact")  # fmt: skip
    assert found.rows.tolist() == [0, 1]


@pytest.mark.parametrize("text", ["a.b", "(x", "a\\", "50%", "[", "\\E", "a b", "é", "\0"])
def test_special_characters_are_meant_literally(text):
    labels = [f"x {text}", f"y{text}", "aab", "other"]
    found = search(index(labels), text)
    assert found.rows.tolist()[:2] == [0, 1]
    assert found.quality.tolist()[:2] == [WORD_START, INSIDE]


def test_regular_expressions_ignore_case():
    found = search(index(["Item 12", "item x", "12 items"]), r"^item \d+$", "regex")
    assert found.rows.tolist() == [0]


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(
        EmbeddingError, match=re.escape("the regular expression '(a' cannot be used")
    ):
        search(index(["a"]), "(a", "regex")


def test_a_pattern_that_backtracks_takes_no_time():
    assert search(index(["a" * 50_000 + "b"]), "^(a|a?)+$", "regex").rows.size == 0


def test_nothing_is_found_by_blanks():
    assert search(index(["a b", " "]), "  ").rows.size == 0


def test_an_unknown_mode_or_column_is_refused():
    with pytest.raises(EmbeddingError, match="unknown mode 'near'"):
        search(index(["a"]), "a", "near")
    with pytest.raises(EmbeddingError, match="no column 'b'"):
        TextIndex.of(EmbeddingSet.of(np.eye(1), ["a"], {"c": [1]}), ["b"])


def test_only_some_columns():
    embedding_set = EmbeddingSet.of(np.eye(2), ["x", "y"], {"a": ["q", ""], "b": ["", "q"]})
    assert search(TextIndex.of(embedding_set, ["b"]), "q").rows.tolist() == [1]


def test_columns_of_every_kind_are_searched():
    table = pa.table(
        {
            "label": ["l1", "l2"],
            "date": pa.array([0, 86400], pa.timestamp("s")),
            "tags": [["red", "green"], ["blue"]],
            "flag": [True, False],
            "group": pa.array(["g", "h"]).dictionary_encode(),
            "score": [0.5, None],
            "image": pa.array([{"bytes": b"q", "path": "q"}] * 2),
        }
    )
    found = index(["x", "y"], table)
    for text, row in (
        ("l2", 1),
        ("1970-01-02", 1),
        ("green", 0),
        ("false", 1),
        ("h", 1),
        ("0.5", 0),
    ):
        assert search(found, text, "contains").rows.tolist() == [row], text
    assert search(found, "q").rows.size == 0
    assert search(found, "missing").rows.size == 0


def test_it_equals_a_search_row_by_row():
    random = np.random.default_rng(0)
    words = ["ab", "b", "abc", "ba", "c"]

    def text():
        return random.choice([" ", "-", ""]).join(random.choice(words, random.integers(0, 4)))

    labels, other = [text() for _ in range(300)], [text() for _ in range(300)]
    indexed = index(labels, {"other": other, "few": [each[:1] for each in other]})
    rows = [(labels[i], other[i], other[i][:1]) for i in range(300)]
    for query in ("ab", "b", "a b", "ab c", "bab"):
        ranks = [_rank_by_hand(cells, query) for cells in rows]
        expected = sorted((rank, row) for row, rank in enumerate(ranks) if rank is not None)
        found = search(indexed, query)
        assert found.rows.tolist() == [row for _, row in expected]
        assert found.quality.tolist() == [rank[0] for rank, _ in expected]


def _rank_by_hand(cells, query):
    """Return (quality, whether it is another column than the label), or None."""
    ranks = []
    for place, cell in enumerate(cells):
        if query not in cell:
            continue
        starts = [match.start() for match in re.finditer(f"(?={re.escape(query)})", cell)]
        begins = [start == 0 or not cell[start - 1].isalnum() for start in starts]
        quality = (
            EXACT
            if cell == query
            else PREFIX
            if starts[0] == 0
            else WORD_START
            if any(begins)
            else INSIDE
        )
        ranks.append((quality, int(place > 0)))
    if not ranks and all(any(word in cell for cell in cells) for word in query.split()):
        ranks.append((SCATTERED, 0))
    return min(ranks, default=None)
