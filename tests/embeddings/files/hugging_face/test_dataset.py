"""Hugging Face data sets: the layouts that `datasets` writes, made here by hand with pyarrow."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingSet, save
from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.hugging_face import dataset as hf_dataset
from embeddings.files.hugging_face import schema as hf_features
from embeddings.files.options import ReadContext
from embeddings.files.tabular import parquet

VECTORS = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    "embedding": {"feature": {"dtype": "float32", "_type": "Value"}, "_type": "Sequence"},
}


def table(start: int = 0, stop: int = 10, described: bool = True) -> pa.Table:
    rows = range(start, stop)
    found = pa.table(
        {
            "text": [f"text {i}" for i in rows],
            "label": pa.array([i % 2 if i != 5 else -1 for i in rows], pa.int64()),
            "embedding": pa.array(VECTORS[start:stop].tolist(), pa.list_(pa.float32())),
        }
    )
    if described:
        found = found.replace_schema_metadata(
            {b"huggingface": json.dumps({"info": {"features": FEATURES}})}
        )
    return found


def write_stream(found: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, found.schema) as writer:
        writer.write_table(found, max_chunksize=2)


def save_to_disk(folder: Path, shards: list[pa.Table], rows: int | None = None, **state) -> Path:
    """Write what datasets.Dataset.save_to_disk does, as of its version 4."""
    folder.mkdir(parents=True)
    names = [f"data-{i:05}-of-{len(shards):05}.arrow" for i in range(len(shards))]
    for name, shard in zip(names, shards, strict=True):
        write_stream(shard, folder / name)
    state = {
        "_data_files": [{"filename": name} for name in names],
        "_fingerprint": "0123456789abcdef",
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
        **state,
    }
    (folder / "state.json").write_text(json.dumps(state, indent=2))
    info = {"citation": "", "description": "", "features": FEATURES, "homepage": "", "license": ""}
    if rows is not None:
        info["splits"] = {"train": {"name": "train", "num_bytes": 1, "num_examples": rows}}
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2))
    return folder


def members(folder: Path) -> list[Member]:
    """All files, in no good order."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    files.sort(key=lambda path: path.name[::-1])
    return [Member(path.relative_to(folder).as_posix(), path) for path in files]


def load(folder: Path, name: str = "", **answers: str):
    notes: list[str] = []
    context = ReadContext(notes.append, answers)
    assert hf_dataset.is_dataset(members(folder))
    return hf_dataset.load(members(folder), context, name), context, notes


def check(draft, vectors=VECTORS):
    np.testing.assert_array_equal(draft.vectors, vectors)
    assert draft.labels == tuple(f"text {i}" for i in range(len(vectors)))
    assert draft.metadata.column_names == ["label"]
    classes = draft.metadata["label"]
    assert pa.types.is_dictionary(classes.type)
    expected = [["neg", "pos"][i % 2] if i != 5 else None for i in range(len(vectors))]
    assert classes.to_pylist() == expected


@pytest.mark.parametrize("described", [True, False])
def test_shards_come_in_the_order_of_the_state(tmp_path, described):
    """Also where only dataset_info.json describes the columns."""
    shards = [table(0, 3, described), table(3, 4, described), table(4, 10, described)]
    draft, context, notes = load(save_to_disk(tmp_path / "set", shards, rows=10), "set")
    check(draft)
    assert draft.provenance.name == "set"
    assert notes == ["put 3 shards of split train together: 10 rows"]
    assert "split" not in context.choices


def test_more_shards_than_ten_keep_their_order(tmp_path):
    draft, _, _ = load(save_to_disk(tmp_path / "set", [table(i, i + 1) for i in range(10)]))
    check(draft)


def test_a_missing_shard_is_named(tmp_path):
    folder = save_to_disk(tmp_path / "set", [table(0, 3), table(3, 6), table(6, 10)])
    (folder / "data-00001-of-00003.arrow").unlink()
    message = r"split train lacks data-00001-of-00003\.arrow \(of 3 files\)"
    with pytest.raises(EmbeddingError, match=message):
        load(folder)


def test_a_shard_cut_short_is_named(tmp_path):
    folder = save_to_disk(tmp_path / "set", [table(0, 3), table(3, 10)])
    path = folder / "data-00001-of-00002.arrow"
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(EmbeddingError, match=r"data-00001-of-00002\.arrow: .*(Arrow|shard)"):
        load(folder)


def test_shards_of_other_columns_are_refused(tmp_path):
    other = table(3, 10).rename_columns(["text", "label", "vector"])
    folder = save_to_disk(tmp_path / "set", [table(0, 3), other])
    with pytest.raises(EmbeddingError, match=r"data-00001.*: columns vector, unlike data-00000"):
        load(folder)
    other = table(3, 10).set_column(0, "text", pa.array(range(7)))
    folder = save_to_disk(tmp_path / "second", [table(0, 3), other])
    with pytest.raises(EmbeddingError, match=r"data-00001.*: column text of type int64, unlike"):
        load(folder)


def test_rows_that_differ_from_the_description_are_noted(tmp_path):
    _, _, notes = load(save_to_disk(tmp_path / "set", [table()], rows=12))
    assert notes == [
        "dataset_info.json states 12 rows for split train, the files hold 10, "
        "as they do after a filter"
    ]


@pytest.mark.parametrize("key", ["_indices_data_files", "_indices_files"])
def test_an_index_of_rows_is_refused(tmp_path, key):
    """Data sets before version 2 kept it when they were shuffled."""
    indices = [{"filename": "indices.arrow"}]
    folder = save_to_disk(tmp_path / "set", [table()], **{key: indices})
    with pytest.raises(EmbeddingError, match=r"flatten_indices\(\)"):
        load(folder)


def test_a_state_leads_nowhere_else(tmp_path):
    write_stream(table(), tmp_path / "secret.arrow")
    files = [{"filename": "../secret.arrow"}]
    folder = save_to_disk(tmp_path / "set", [table()], _data_files=files)
    with pytest.raises(EmbeddingError, match=r"lacks secret\.arrow \(of 1 file\)"):
        load(folder)


def test_a_state_without_names_of_files_is_no_dataset(tmp_path):
    folder = save_to_disk(tmp_path / "set", [table()], _data_files=[5, {"filename": 7}])
    (folder / "data-00000-of-00001.arrow").unlink()
    assert not hf_dataset.is_dataset(members(folder))


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "\ud800"])
def test_a_description_that_is_not_json_is_named(tmp_path, text):
    folder = save_to_disk(tmp_path / "set", [table()])
    (folder / "state.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(EmbeddingError, match=r"^state\.json: not JSON .*write the data set again"):
        hf_dataset.is_dataset(members(folder))


def test_a_description_of_too_many_bytes_is_not_read(tmp_path, monkeypatch):
    folder = save_to_disk(tmp_path / "set", [table()])
    size = (folder / "dataset_info.json").stat().st_size
    monkeypatch.setattr(hf_dataset, "_JSON_BYTES", size)
    check(load(folder)[0])
    (folder / "dataset_info.json").write_text((folder / "dataset_info.json").read_text() + " ")
    with pytest.raises(EmbeddingError, match=r"^dataset_info\.json: a description of [\d,]+ bytes"):
        load(folder)


@pytest.mark.parametrize(
    "info",
    [
        [],
        {"features": [], "splits": 5},
        {"features": "text", "splits": {"train": 5}},
        {"features": {}, "splits": {"train": {"num_examples": "many"}}, "dataset_name": 5},
    ],
)
def test_a_description_of_other_kinds_describes_nothing(tmp_path, info):
    folder = save_to_disk(tmp_path / "set", [table()])
    (folder / "dataset_info.json").write_text(json.dumps(info))
    draft, _, notes = load(folder)
    check(draft)  # by the features in the shards themselves
    assert draft.provenance.name == "data set" and notes == []


@pytest.mark.parametrize("listed", [5, "train", [5, "train"], {"train": 1}])
def test_splits_that_are_not_names_are_not_missed(tmp_path, listed):
    save_to_disk(tmp_path / "dict" / "train", [table()])
    path = tmp_path / "dict" / "dataset_dict.json"
    path.write_text(json.dumps({"splits": listed}))
    draft, _, notes = load(tmp_path / "dict")
    check(draft)
    assert notes == []


def test_splits_are_a_choice_and_train_is_the_default(tmp_path):
    folder = tmp_path / "dict"
    save_to_disk(folder / "test", [table(0, 2)])
    save_to_disk(folder / "train", [table(0, 3), table(3, 10)])
    splits = {"splits": ["train", "test", "validation"]}
    (folder / "dataset_dict.json").write_text(json.dumps(splits))
    draft, context, notes = load(folder, "dict")
    check(draft)
    assert draft.provenance.name == "dict train"
    assert context.choices["split"].candidates == ("train", "test")
    assert notes[:2] == [
        "missing splits: validation",
        "took split train; other splits: test",
    ]
    draft, _, notes = load(folder, split="test")
    check(draft, VECTORS[:2])
    assert "took" not in "".join(notes)
    with pytest.raises(EmbeddingError, match="split 'dev': no such choice; the file has train, te"):
        load(folder, split="dev")


def test_a_dict_within_a_folder_of_a_zip_opens(tmp_path):
    save_to_disk(tmp_path / "zip" / "dict" / "train", [table()])
    (tmp_path / "zip" / "dict" / "dataset_dict.json").write_text('{"splits": ["train"]}')
    draft, _, _ = load(tmp_path / "zip")
    check(draft)
    assert draft.provenance.name == "dict"


def test_the_layout_of_the_hub_opens(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").write_text("# about")
    (tmp_path / "notes.csv").write_text("a,b\n")
    for name, rows in {
        "train-00000-of-00002": (0, 6),
        "train-00001-of-00002": (6, 10),
        "test-00000-of-00001-0123456789abcdef": (0, 3),
    }.items():
        pq.write_table(table(*rows), tmp_path / "data" / f"{name}.parquet")
    draft, context, notes = load(tmp_path)
    check(draft)
    assert set(context.choices["split"].candidates) == {"train", "test"}
    assert "left out notes.csv: not part of the data set" in notes
    (tmp_path / "data" / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(
        EmbeddingError, match=r"split train lacks data/train-00000-of-00002 \(of 2 files\)"
    ):
        load(tmp_path)
    check(load(tmp_path, split="test")[0], VECTORS[:3])


def test_shards_beyond_the_count_in_their_names_are_read(tmp_path):
    for i, rows in enumerate([(0, 3), (3, 6), (6, 10)]):
        pq.write_table(table(*rows), tmp_path / f"train-{i:05}-of-00002.parquet")
    check(load(tmp_path)[0])


def test_a_dataset_of_embedding_files_keeps_their_name(tmp_path):
    for i in range(2):
        made = EmbeddingSet.of(VECTORS[5 * i : 5 * i + 5], name="mine", metric="dot")
        save(made, tmp_path / f"train-0000{i}-of-00002.parquet")
    draft, _, _ = load(tmp_path, "folder")
    np.testing.assert_array_equal(draft.vectors, VECTORS)
    assert (draft.provenance.name, draft.provenance.metric) == ("mine", "dot")


def test_configs_of_the_hub_are_splits_by_their_folders(tmp_path):
    for language, rows in (("de", 4), ("en", 6)):
        (tmp_path / language).mkdir()
        pq.write_table(table(0, rows), tmp_path / language / "train-00000-of-00001.parquet")
    _, context, _ = load(tmp_path)
    assert context.choices["split"].candidates == ("de/train", "en/train")
    check(load(tmp_path, split="en/train")[0], VECTORS[:6])


def test_files_called_train_and_test_are_splits(tmp_path):
    pq.write_table(table(), tmp_path / "imdb-train.parquet")
    pq.write_table(table(0, 2), tmp_path / "imdb-test.parquet")
    check(load(tmp_path, split="imdb-train")[0])


def test_other_files_are_no_dataset(tmp_path):
    pq.write_table(table(), tmp_path / "vectors.parquet")
    (tmp_path / "state.json").write_text('{"step": 7}')
    assert not hf_dataset.is_dataset(members(tmp_path))
    pq.write_table(table(), tmp_path / "train.parquet")  # beside a table that is no split
    assert not hf_dataset.is_dataset(members(tmp_path))
    (tmp_path / "vectors.parquet").unlink()  # a table alone
    assert not hf_dataset.is_dataset(members(tmp_path))


def test_one_file_from_the_hub_knows_its_classes(tmp_path):
    pq.write_table(table(), tmp_path / "a.parquet")
    check(parquet.load(tmp_path / "a.parquet", ReadContext()))


def test_numbers_without_a_class_stay_numbers_with_a_note():
    found = hf_features.with_features(
        pa.table({"kind": pa.array([0, 2], pa.int8())}),
        {"kind": {"names": ["a", "b"], "_type": "ClassLabel"}},
    )
    notes: list[str] = []
    decoded, classes = hf_features.decode(found, notes.append)
    assert decoded["kind"].to_pylist() == [0, 2] and not classes
    assert notes == ["column kind is left as it is: one of its numbers has no class name"]


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (pa.array([-2, 0], pa.int8()), ["a", "b"]),
        (pa.array([0, 1]), "ab"),
        (pa.array([0, 1]), ["a", 5]),
    ],
)
def test_classes_that_do_not_fit_their_column_leave_it(column, names):
    features = {"kind": {"names": names, "_type": "ClassLabel"}}
    found = hf_features.with_features(pa.table({"kind": column}), features)
    notes: list[str] = []
    decoded, classes = hf_features.decode(found, notes.append)
    assert decoded["kind"].equals(found["kind"]) and not classes
    assert len(notes) == 1 and notes[0].startswith("column kind is left as it is")


@pytest.mark.parametrize(
    "features",
    [
        [],
        {"absent": {"names": ["a"], "_type": "ClassLabel"}},
        {"kind": [{"names": ["a"], "_type": "ClassLabel"}]},
        {"kind": {"names": [], "_type": "ClassLabel"}},
        {"text": {"names": ["a", "b"], "_type": "ClassLabel"}},  # decoded already
        {"twice": {"names": ["a", "b"], "_type": "ClassLabel"}},
    ],
)
def test_features_of_no_column_or_kind_leave_all_columns_in_silence(features):
    columns = [pa.array([0, 1]), pa.array(["a", "b"]), pa.array([0, 1]), pa.array([1, 0])]
    found = pa.table(columns, names=["kind", "text", "twice", "twice"])
    found = hf_features.with_features(found, features)
    notes: list[str] = []
    assert hf_features.decode(found, notes.append)[0].equals(found)
    assert notes == []


def test_a_class_column_without_any_value_is_a_class_column():
    features = {"kind": {"names": ["a", "b"], "_type": "ClassLabel"}}
    found = hf_features.with_features(pa.table({"kind": pa.nulls(2, pa.int64())}), features)
    decoded, classes = hf_features.decode(found, lambda _: None)
    assert decoded["kind"].to_pylist() == [None, None] and classes == {"kind"}


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"info": 3}', b"[" * 100_000, b"\xff"])
def test_a_damaged_description_leaves_the_columns(text):
    found = table(described=False).replace_schema_metadata({b"huggingface": text})
    notes: list[str] = []
    assert hf_features.decode(found, notes.append)[0].equals(found)
    assert "cannot be read" in notes[0]


@pytest.mark.parametrize("missing", [False, True])
def test_arrays_of_a_fixed_shape_become_vectors(tmp_path, missing):
    """Array2D is stored as lists within lists."""
    arrays = VECTORS.reshape(10, 2, 2).tolist()
    if missing:
        arrays[3] = None
    column = pa.array(arrays, pa.list_(pa.list_(pa.float32())))
    features = {"x": {"shape": [2, 2], "dtype": "float32", "_type": "Array2D"}}
    folder = save_to_disk(tmp_path / "set", [pa.table({"x": column})])
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    draft, _, notes = load(folder)
    kept = np.arange(10) != 3 if missing else np.ones(10, bool)
    np.testing.assert_array_equal(draft.vectors[kept], VECTORS[kept])
    assert np.isnan(draft.vectors[~kept]).all()
    assert "column x: arrays of shape [2, 2], each as one row of numbers" in notes


NESTED = pa.list_(pa.list_(pa.float32()))


def test_arrays_of_an_extension_type_become_vectors():
    storage = pa.array(VECTORS.reshape(10, 2, 2).tolist(), NESTED)
    arrays = pa.ExtensionArray.from_storage(pa.opaque(NESTED, "Array2D", "datasets"), storage)
    features = {"x": {"shape": [2, 2], "_type": "Array2D"}}
    found = hf_features.with_features(pa.table({"x": arrays}), features)
    decoded, _ = hf_features.decode(found, lambda _: None)
    assert decoded["x"].to_pylist() == VECTORS.tolist()


@pytest.mark.parametrize("arrays", [[[[1.0, 2.0], None]], [[[1.0, 2.0], [3.0]]], []])
def test_arrays_with_a_missing_or_shorter_row_or_none_at_all_are_left(arrays):
    column = pa.chunked_array([pa.array(arrays, NESTED)] if arrays else [], NESTED)
    features = {"x": {"shape": [2, 2], "_type": "Array2D"}}
    found = hf_features.with_features(pa.table({"x": column}), features)
    notes: list[str] = []
    assert hf_features.decode(found, notes.append)[0]["x"].equals(found["x"])
    assert "column x is left as it is" in notes[0]


@pytest.mark.parametrize("shape", [[2, 3], [None, 2], [4], "2", [2, 2, 1], [2, True], [0, 2]])
def test_arrays_of_another_shape_are_left(shape):
    column = pa.array(VECTORS.reshape(10, 2, 2).tolist(), NESTED)
    found = hf_features.with_features(
        pa.table({"x": column}), {"x": {"shape": shape, "_type": "Array2D"}}
    )
    notes: list[str] = []
    assert hf_features.decode(found, notes.append)[0]["x"].equals(found["x"])
    assert "column x is left as it is" in notes[0]


def test_images_stay_records_of_bytes_and_path(tmp_path):
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = pa.array([{"bytes": b"\x89PNG", "path": "a.png"}] * 10, kind)
    found = table(described=False).append_column("image", images)
    folder = save_to_disk(tmp_path / "set", [found])
    features = {**FEATURES, "image": {"_type": "Image"}}
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    draft, _, _ = load(folder)
    assert draft.metadata["image"].to_pylist() == images.to_pylist()
