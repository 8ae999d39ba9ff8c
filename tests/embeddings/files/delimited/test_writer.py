"""Writing CSV and TSV: what a table of text cannot hold is refused, or lost and named."""

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_label_with_a_nul_is_refused(tmp_path, suffix):
    made = EmbeddingSet.of(np.eye(2), ["fine", "a\0b"])
    with pytest.raises(EmbeddingError, match=r"row 1: its label holds a NUL .* write \.parquet"):
        save(made, tmp_path / f"x{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["label", "Vector", "dim_0", "dim_17", " a", "a ", "a\nb", "a\rb", "a\0b", "7", "-1.5", "nan",
     "1 2", "[1, 2]"],
)  # fmt: skip
def test_a_name_that_the_header_cannot_hold_is_lost(tmp_path, name):
    made = EmbeddingSet.of(np.eye(2), ["p", "q"], {name: [5, 6], "fine": [7, 8]})
    path = tmp_path / "x.csv"
    assert save(made, path) == (f"column {name}",)
    found = load(path)
    assert found.labels == ("p", "q")
    np.testing.assert_array_equal(found.vectors, np.eye(2))
    assert found.metadata.to_pydict() == {"fine": [7, 8]}


def test_a_column_with_a_nul_is_lost(tmp_path):
    made = EmbeddingSet.of(np.eye(2), ["p", "q"], {"nul": ["a\0b", "c"], "fine": [7, 8]})
    assert save(made, tmp_path / "x.csv") == ("column nul",)
    assert load(tmp_path / "x.csv").metadata.to_pydict() == {"fine": [7, 8]}
