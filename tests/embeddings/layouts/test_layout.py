"""The layout file: what is written comes back, and foreign or damaged files are named."""

import json
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError
from embeddings.layouts import Layout, load_layout, save_layout


def a_layout(dims=2, rows=5):
    return Layout(
        np.random.default_rng(0).normal(size=(rows, dims)).astype(np.float32),
        "tsne",
        {"perplexity": 30.0, "learning_rate": "auto"},
        seed=7,
        fingerprint="abc",
        metric="cosine",
        seconds=1.5,
        notes=("perplexity lowered", "laid out by cosine, since the dot product is not a distance"),
        quality={"trustworthiness": 0.9, "sample": 5},
        libraries={"openTSNE": "1.0.4"},
    )


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("labels", [None, ["a", "a", "", "ü", "z"]])
def test_comes_back_as_it_was(tmp_path, dims, labels):
    layout = a_layout(dims)
    save_layout(layout, labels, tmp_path / "l.parquet")
    again = load_layout(tmp_path / "l.parquet")
    assert again.coordinates.tobytes() == layout.coordinates.tobytes()
    one, two = asdict(layout), asdict(again)
    one.pop("coordinates"), two.pop("coordinates")
    assert one == two


def test_columns_and_recipe_follow_the_contract(tmp_path):
    save_layout(a_layout(3), list("abcde"), tmp_path / "l.parquet")
    table = pq.read_table(tmp_path / "l.parquet")
    assert table.column_names == ["row", "label", "x", "y", "z"]
    assert table.column("row").to_pylist() == [0, 1, 2, 3, 4]
    assert table.column("label").to_pylist() == list("abcde")
    assert table.schema.field("x").type == pa.float32()
    recipe = json.loads(table.schema.metadata[b"layout"])
    assert (recipe["method"], recipe["seed"]) == ("tsne", 7)


def test_any_parquet_with_x_and_y_is_a_layout(tmp_path):
    pq.write_table(
        pa.table({"x": [1, 2], "y": [3.0, 4.0], "more": ["a", "b"]}), tmp_path / "f.parquet"
    )
    layout = load_layout(tmp_path / "f.parquet")
    assert layout.coordinates.tolist() == [[1, 3], [2, 4]]
    assert layout.method == "precomputed"


def test_the_former_name_of_a_method_is_read_as_its_name(tmp_path):
    save_layout(replace(a_layout(), method="none", params={}), None, tmp_path / "l.parquet")
    assert load_layout(tmp_path / "l.parquet").method == "precomputed"


def test_rows_in_another_order_are_put_back(tmp_path):
    table = pa.table({"row": [2, 0, 1], "x": [2.0, 0.0, 1.0], "y": [2.0, 0.0, 1.0]})
    pq.write_table(table, tmp_path / "f.parquet")
    assert load_layout(tmp_path / "f.parquet").coordinates[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": [1.0]}, "f.parquet: columns x; a layout has columns row, x, y"),
        ({"x": ["a"], "y": [1.0]}, "column x: values of type string; expected numbers"),
        (
            {"x": [1.0, None], "y": [1.0, 2.0]},
            "column x, row 1: the coordinate is missing or not finite",
        ),
        (
            {"x": [1.0], "y": [float("inf")]},
            "column y, row 0: the coordinate is missing or not finite",
        ),
        ({"row": [0, 0], "x": [1.0, 2.0], "y": [1.0, 2.0]}, "does not hold each of 0 to 1 once"),
        ({"row": [1, 2], "x": [1.0, 2.0], "y": [1.0, 2.0]}, "does not hold each of 0 to 1 once"),
        ({"row": [0, None], "x": [1.0, 2.0], "y": [1.0, 2.0]}, "does not hold each of 0 to 1 once"),
        ({"row": ["a"], "x": [1.0], "y": [1.0]}, "does not hold each of 0 to 0 once"),
    ],
)
def test_a_file_that_is_no_layout_is_named(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    with pytest.raises(EmbeddingError, match=message):
        load_layout(tmp_path / "f.parquet")


def test_a_file_that_is_absent_damaged_or_of_another_kind_is_named(tmp_path):
    with pytest.raises(EmbeddingError, match="no such file"):
        load_layout(tmp_path / "none.parquet")
    path = tmp_path / "l.parquet"
    save_layout(a_layout(), None, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(EmbeddingError, match=r"l\.parquet: not a layout file, which is Parquet"):
        load_layout(path)


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', '{"quality": 3, "method": 7}'])
def test_a_recipe_that_is_not_ours_is_refused(tmp_path, text):
    table = pa.table({"x": [1.0], "y": [2.0]}).replace_schema_metadata({"layout": text})
    pq.write_table(table, tmp_path / "f.parquet")
    with pytest.raises(EmbeddingError, match="schema metadata `layout`"):
        load_layout(tmp_path / "f.parquet")


def test_a_new_layout_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "sub" / "l.parquet"
    save_layout(a_layout(), None, path)
    save_layout(a_layout(3), None, path)
    assert load_layout(path).dims == 3
    assert [file.name for file in path.parent.iterdir()] == ["l.parquet"]
