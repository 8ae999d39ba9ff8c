"""Writing AnnData: what HDF5 and the encodings of anndata cannot hold, and large categories."""

import anndata
import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save


def saved(tmp_path, columns, rows=2):
    """Save columns beside some vectors; return what is lost, and the columns that come back."""
    path = tmp_path / "x.h5ad"
    lost = save(EmbeddingSet.of(np.eye(rows), [f"i{i}" for i in range(rows)], columns), path)
    return lost, load(path).metadata


def test_a_label_with_a_nul_is_refused(tmp_path):
    made = EmbeddingSet.of(np.eye(2), ["fine", "a\0b"])
    with pytest.raises(EmbeddingError, match=r"row 1: the label 'a\\x00b' holds a NUL"):
        save(made, tmp_path / "x.h5ad")
    assert list(tmp_path.iterdir()) == []


def test_columns_that_obs_cannot_hold_are_lost_and_named(tmp_path):
    columns = {
        "a/b": [1, 2],
        "a\0b": [1, 2],
        ".": [1, 2],
        "..": [1, 2],
        "Label": [1, 2],
        "_index": [1, 2],
        "__categories": [1, 2],
        "nul": ["a\0b", "c"],
        "nul kind": pa.array(["a\0b", "c"]).dictionary_encode(),
        "nested": [[1], [2]],
        "bytes": [b"a", b"b"],
        "wait": pa.array([1, 2], pa.duration("s")),
        "fine": [1, 2],
    }
    lost, found = saved(tmp_path, columns)
    assert lost == tuple(f"column {name}" for name in columns if name != "fine")
    assert found.to_pydict() == {"fine": [1, 2]}


def test_missing_numbers_are_told_from_nan_only_in_a_column_without_both(tmp_path):
    columns = {
        "missing": [1.5, None],
        "nan": [1.5, float("nan")],
        "both": pa.array([float("nan"), None]),
    }
    lost, found = saved(tmp_path, columns)
    assert lost == ("column both: which numbers are NaN and which are missing",)
    assert found["missing"].to_pylist() == [1.5, None]
    assert found["nan"].null_count == 0 and np.isnan(found["nan"][1].as_py())


def test_numbers_of_rare_types_are_written_under_common_ones(tmp_path):
    columns = {
        "half": pa.array(np.array([0.5, 2], np.float16)),
        "codes": pa.array([7, 9]).dictionary_encode(),
        "nothing": pa.nulls(2),
    }
    lost, found = saved(tmp_path, columns)
    assert lost == ()
    assert found["half"].to_pylist() == [0.5, 2] and found["half"].type == pa.float32()
    assert found["codes"].to_pylist() == [7, 9]
    assert found["nothing"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("codes", "values"),
    [([0, 1, 2, None], ["a", None, "b"]), ([0, 1, 2, None], ["a", "b", "a"])],
    ids=["missing", "repeated"],
)
def test_categories_are_neither_missing_nor_repeated(tmp_path, codes, values):
    column = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(values))
    expected = column.to_pylist()
    _, found = saved(tmp_path, {"kind": column}, rows=4)
    assert found["kind"].to_pylist() == expected
    read = anndata.read_h5ad(tmp_path / "x.h5ad").obs["kind"]
    assert read.cat.categories.tolist() == ["a", "b"]


@pytest.mark.parametrize("count", [127, 128, 300])
def test_the_codes_of_many_categories_are_wide_enough(tmp_path, count):
    names = [f"kind {i}" for i in range(count)]
    _, found = saved(tmp_path, {"kind": pa.array(names).dictionary_encode()}, rows=count)
    assert found["kind"].to_pylist() == names
    assert anndata.read_h5ad(tmp_path / "x.h5ad").obs["kind"].tolist() == names


def test_an_ordered_category_stays_ordered(tmp_path):
    column = pa.DictionaryArray.from_arrays(
        pa.array([1, 0]), pa.array(["low", "high"]), ordered=True
    )
    saved(tmp_path, {"size": column})
    read = anndata.read_h5ad(tmp_path / "x.h5ad").obs["size"]
    assert read.cat.ordered and read.cat.categories.tolist() == ["low", "high"]
