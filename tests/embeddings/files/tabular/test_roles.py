"""Which columns are the vector and the label, and what is assumed with a note."""

import pytest

from embeddings import EmbeddingError
from embeddings.files.options import ReadContext
from embeddings.files.tabular.roles import (
    CERTAIN,
    NO_VECTORS,
    Column,
    choose_roles,
    columns_likelihood,
)


def columns(**kinds):
    return [Column(name, kind) for name, kind in kinds.items()]


def numbers(*names):
    return [Column(name, "number") for name in names]


def chosen(described, **selections):
    """Return the positions of the vector, that of the label, and the notes."""
    notes: list[str] = []
    roles = choose_roles(described, ReadContext(notes.append, selections))
    return roles.vector, roles.label, notes


@pytest.mark.parametrize(
    ("names", "vector", "is_assumed"),
    [
        (("f1", "f2", "f3"), (0, 1, 2), False),
        (("f10", "f9", "f11"), (1, 0, 2), False),  # in the order of their numbers
        (("f1", "f2", "f4"), (0, 1, 2), True),  # with a gap, they are columns like all others
        (("f1", "f2", "a", "b", "c"), (0, 1, 2, 3, 4), True),  # fewer than half are numbered
        (("f1", "f2", "a", "b"), (0, 1), False),
        (("a", "x", "y"), (1, 2), False),
        (("z", "y", "x"), (2, 1, 0), False),
        (("a", "x", "z"), (0, 1, 2), True),
        (("width", "height", "year", "user_id", "count"), (0, 1), True),
    ],
)
def test_columns_of_numbers_are_the_vector(names, vector, is_assumed):
    found, _, notes = chosen(numbers(*names))
    assert found == vector and bool(notes) == is_assumed


@pytest.mark.parametrize("names", [("width",), ("width", "year", "class"), ("id", "row")])
def test_one_column_of_numbers_that_is_no_count_is_no_vector(names):
    with pytest.raises(EmbeddingError, match=f"no vectors among its {len(names)} column"):
        chosen(numbers(*names))


@pytest.mark.parametrize("selection", ["speed", "speed, absent", "speed,", ","])
def test_a_selection_of_columns_names_two_at_least_which_exist(selection):
    described = numbers("x0", "x1", "speed")
    assert chosen(described, vector="speed,x0")[0] == (2, 0)
    with pytest.raises(EmbeddingError, match="no such choice; the file has x0, x1"):
        chosen(described, vector=selection)


def test_the_label_has_the_best_name_unless_it_cannot_be_a_label():
    named = columns(v="list", text="text", title="text", kind="text")
    assert chosen(named)[1] == 2
    assert chosen(columns(v="list", kind="text", title="other"))[1] == 1
    assert chosen(columns(v="list", id="number"))[1] == 1
    assert chosen(columns(v="list", year="number"))[1] is None
    assert chosen(columns(v="list", title="other"))[1] is None
    assert chosen(columns(v="list", year="number"), label="year")[1] == 1


@pytest.mark.parametrize(
    ("described", "likelihood"),
    [
        (columns(embedding="list"), CERTAIN),
        (columns(page_Vector="list"), CERTAIN),
        (columns(tags="list"), (3, 0)),
        (numbers("f1", "f2", "f3"), (2, 3)),
        (numbers("width", "height"), (1, 2)),
        (columns(title="text"), NO_VECTORS),
        ([], NO_VECTORS),
    ],
)
def test_how_likely_a_table_holds_vectors(described, likelihood):
    assert columns_likelihood(described) == likelihood
