"""Items named by text: labels, row numbers, other case, and suggestions."""

import pytest

from embeddings import EmbeddingError
from embeddings.labels import NamedItems, close_labels, find_items, rows_with_labels

LABELS = ["king", "queen", "King", "bank", "Ännchen", "bank", "#1"]


def test_rows_of_wanted_labels_only():
    assert rows_with_labels(LABELS, {"bank", "king", "no"}) == {"king": [0], "bank": [3, 5]}


def test_a_label_stands_for_its_item():
    assert find_items(LABELS, ["king"]) == {"king": NamedItems("king", (0,))}


def test_a_repeated_label_stands_for_all_its_items():
    assert find_items(LABELS, ["bank"])["bank"] == NamedItems(
        "bank", (3, 5), "bank: mean of 2 items"
    )


def test_the_only_label_in_another_case_is_meant():
    assert find_items(LABELS, ["ÄNNCHEN"])["ÄNNCHEN"] == NamedItems(
        "ÄNNCHEN", (4,), "ÄNNCHEN: Ännchen"
    )


def test_labels_that_differ_in_case_are_ambiguous():
    with pytest.raises(EmbeddingError, match="'KING' could be any of king, King"):
        find_items(LABELS, ["KING"])


def test_a_row_number_stands_for_its_row_unless_it_is_a_label():
    found = find_items(LABELS, ["#1", "#2"])
    assert found["#1"].rows == (6,)
    assert found["#2"] == NamedItems("#2", (2,), "#2: King")
    with pytest.raises(EmbeddingError, match="#7: the set has rows 0 to 6"):
        find_items(LABELS, ["#7"])


def test_an_unknown_name_suggests_close_labels():
    with pytest.raises(EmbeddingError, match="no item has the label 'quen'; close to it: queen"):
        find_items(LABELS, ["quen"])
    with pytest.raises(EmbeddingError, match=r"no item has the label 'xyz'$"):
        find_items(LABELS, ["xyz"])


def test_close_labels_of_a_large_set_have_the_same_first_letter():
    labels = [f"a{number}" for number in range(30_000)] + ["Quen"]
    assert close_labels(labels, "queen") == ["Quen"]
