"""A draft becomes a set: rows that are not finite are skipped on demand, all parts in step."""

import numpy as np
import pytest

from embeddings import EmbeddingError
from embeddings.files.draft import Draft
from embeddings.files.options import NotFinite, NothingFinite, ReadContext

HOLES = np.array([[1, 2], [np.nan, 3], [4, 5]], np.float32)


def test_labels_and_metadata_are_skipped_with_their_rows():
    draft = Draft.of(HOLES, ["a", "b", "c"], {"n": [1, 2, 3]})
    with pytest.raises(NotFinite, match=r"row 1, column 0: nan .*the only such row"):
        draft.finish(ReadContext())
    context = ReadContext(leave_out=True)
    found = draft.finish(context)
    assert found.labels == ("a", "c")
    assert found.metadata.to_pydict() == {"n": [1, 3]}
    assert context.left_out.tolist() == [1]


def test_rows_without_labels_are_called_by_their_numbers_in_the_file():
    assert Draft.of(HOLES).finish(ReadContext(leave_out=True)).labels == ("0", "2")


def test_nothing_left_is_an_error():
    with pytest.raises(NothingFinite, match="none of its 2 vectors is finite"):
        Draft.of(np.full((2, 3), np.inf)).finish(ReadContext(leave_out=True))


@pytest.mark.parametrize(
    ("labels", "metadata"), [(["a", "b"], None), (list("abcd"), None), (None, {"n": [1, 2]})]
)
def test_parts_of_different_length_are_refused_whether_rows_are_skipped_or_not(labels, metadata):
    for vectors in (HOLES, np.ones((3, 2), np.float32)):
        with pytest.raises(EmbeddingError, match="for 3 vectors; give exactly one for each"):
            Draft.of(vectors, labels, metadata).finish(ReadContext(leave_out=True))
