"""Vectors and what describes them in files of their own: put together by content, in any order."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files import companions
from embeddings.files.detect import DELIMITED
from embeddings.files.draft import Draft
from embeddings.files.options import ReadContext

VECTORS = np.arange(9, dtype=np.float32).reshape(3, 3) / 4


def written(tmp_path, **files):
    paths = []
    for name, content in files.items():
        name = name.replace("_tsv", ".tsv").replace("_csv", ".csv").replace("_txt", ".txt")
        (tmp_path / name).write_text(content, newline="")
        paths.append(tmp_path / name)
    return paths


def together(paths):
    """Open the files in both orders, which must not matter."""
    found = load(paths[0], paths[1:], note=lambda _: None)
    turned = load(paths[-1], paths[-2::-1], note=lambda _: None)
    assert found.labels == turned.labels
    assert found.metadata.equals(turned.metadata)
    assert found.fingerprint == turned.fingerprint
    return found


VECTORS_TSV = "\n".join("\t".join(map(str, row)) for row in VECTORS.tolist())


def test_a_single_column_has_no_header(tmp_path):
    found = together(written(tmp_path, vectors_tsv=VECTORS_TSV, metadata_tsv='a, b\n"\nnan\n'))
    assert found.labels == ("a, b", '"', "nan")
    assert found.metadata.column_names == []
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.provenance.name == "vectors"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_several_columns_have_a_header(tmp_path, end):
    rows = ["word\tcount\tkind", "the\t7\tx", "of\t5\tx", "in\t3\ty"]
    found = together(written(tmp_path, v_tsv=VECTORS_TSV + end, m_tsv=end.join(rows) + end + end))
    assert found.labels == ("the", "of", "in")
    assert found.metadata.column_names == ["count", "kind"]
    assert found.metadata["count"].type == pa.int64()


def test_metadata_that_are_numbers_too(tmp_path):
    metadata = "width\theight\tclass\n1.5\t2.5\tsetosa\n1\t2\tsetosa\n3\t4\tvirginica\n"
    found = together(written(tmp_path, tensors_tsv=VECTORS_TSV, labels_tsv=metadata))
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == ("setosa", "setosa", "virginica")
    assert found.metadata.column_names == ["width", "height"]
    found = together(written(tmp_path, v_tsv=VECTORS_TSV, m_tsv="7\n8\n9\n"))
    assert found.labels == ("7", "8", "9")


def test_labels_that_repeat_are_a_category_as_well(tmp_path):
    rows = "\n".join(f"{i}\t{i}.5" for i in range(6))
    found = together(
        written(tmp_path, v_tsv=rows, m_tsv="kind\nx\ny\nx\ny\nx\ny\n".replace("kind", "label"))
    )
    assert found.labels == ("x", "y") * 3
    assert found.metadata["label"].to_pylist() == ["x", "y"] * 3


def test_a_single_column_under_a_known_name(tmp_path):
    found = together(written(tmp_path, v_tsv=VECTORS_TSV, m_tsv='word\nthe\n","\n""""\n'))
    assert found.labels == ("the", ",", '"')
    # three lines for three vectors: the name is a label then
    found = together(written(tmp_path, v_tsv=VECTORS_TSV, m_tsv="word\nname\ntitle\n"))
    assert found.labels == ("word", "name", "title")


def test_empty_lines_in_the_middle_are_empty_labels(tmp_path):
    assert together(written(tmp_path, v_tsv=VECTORS_TSV, m_txt="a\n\nc\n")).labels == ("a", "", "c")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("a\nb\n", r"m\.tsv: 2 rows for 3 vectors; give exactly one"),
        ("a\nb\nc\nd\n", r"m\.tsv: 4 rows for 3 vectors"),
        ("word\tn\na\t1\nb\t2\n", r"m\.tsv: 2 rows under a header for 3 vectors"),
        ("word\tkind\na\tx\n", r"m\.tsv: 1 rows under a header or 2 rows for 3 vectors"),
        ("word\tn\na\t1\nb\nc\t3\n", r"m\.tsv: line 3 \(row 1\): 1 column where .* 2"),
    ],
)
def test_another_number_of_rows_is_noted_with_both_counts(tmp_path, metadata, message):
    paths = written(tmp_path, v_tsv=VECTORS_TSV, m_tsv=metadata)
    for first, second in (paths, paths[::-1]):
        with pytest.raises(EmbeddingError, match=message):
            load(first, [second])


def test_numpy_files_and_what_labels_them(tmp_path):
    np.save(tmp_path / "X.npy", VECTORS)
    np.save(tmp_path / "names.npy", np.array(["a", "b", "c"]))
    np.save(tmp_path / "y.npy", np.array([1, 0, 1], ">i8"))
    found = together([tmp_path / "y.npy", tmp_path / "X.npy", tmp_path / "names.npy"])
    assert found.labels == ("a", "b", "c")
    assert found.metadata.to_pydict() == {"y": [1, 0, 1]}
    assert load(tmp_path / "X.npy", [tmp_path / "y.npy"]).labels == ("1", "0", "1")
    np.save(tmp_path / "y.npy", np.array([1, 0]))
    with pytest.raises(EmbeddingError, match=r"y\.npy: 2 rows for 3 vectors"):
        load(tmp_path / "X.npy", [tmp_path / "y.npy"])


def test_labels_of_the_vectors_stay(tmp_path):
    made = EmbeddingSet.of(VECTORS, ["p", "q", "r"], {"year": [1, 2, 3]}, name="x", metric="dot")
    save(made, tmp_path / "x.parquet")
    (tmp_path / "more.csv").write_text("title,year\nA,4\nB,5\nC,6\n")
    found = load(tmp_path / "more.csv", [tmp_path / "x.parquet"])
    assert found.labels == ("p", "q", "r")
    assert found.provenance == made.provenance
    assert found.metadata.to_pydict() == {
        "year": [1, 2, 3], "title": ["A", "B", "C"], "year_2": [4, 5, 6],
    }  # fmt: skip


def test_which_file_holds_the_vectors_must_be_clear(tmp_path):
    np.save(tmp_path / "a.npy", VECTORS)
    np.save(tmp_path / "b.npy", VECTORS)
    with pytest.raises(EmbeddingError, match=r"a\.npy, b\.npy: more than one of them"):
        load(tmp_path / "a.npy", [tmp_path / "b.npy"])
    paths = written(tmp_path, a_txt="x\ny\n", b_txt="x\ny\n")
    with pytest.raises(EmbeddingError, match=r"a\.txt, b\.txt: none of them holds vectors"):
        load(paths[0], paths[1:])
    with pytest.raises(EmbeddingError, match=r"gone\.tsv: no such file"):
        load(tmp_path / "a.npy", [tmp_path / "gone.tsv"])


def test_real_metadata_of_the_projector(data, tmp_path):
    labels = data / "emb/projector_iris/iris_labels.tsv"
    raw = np.fromfile(data / "emb/projector_iris/iris_tensors.bytes", "<f4").reshape(150, 4)
    np.savetxt(tmp_path / "tensors.tsv", raw, delimiter="\t")
    found = together([tmp_path / "tensors.tsv", labels])
    np.testing.assert_array_equal(found.vectors, raw)
    assert found.labels[0] == "Iris-setosa"
    assert found.metadata.column_names == [
        "sepal-length", "sepal-width", "petal-length", "petal-width", "class",
    ]  # fmt: skip
    counts = data / "emb/projector_iris/word2vec_10000_200d_labels.tsv"
    np.save(tmp_path / "words.npy", np.ones((10_000, 2), np.float32))
    found = together([tmp_path / "words.npy", counts])
    assert found.labels[:2] == ("UNK", "the")
    assert found.metadata["count"].to_pylist()[:2] == [286363, 1061396]


def test_labels_of_a_word_and_a_number_are_one_column(tmp_path):
    labels = "item 7\nitem 8\nitem 9\n"
    found = together(written(tmp_path, vectors_tsv=VECTORS_TSV, metadata_tsv=labels))
    assert found.labels == ("item 7", "item 8", "item 9")


WORDS = {"word": ["the", "of", "in"], "count": [7, 5, 3], "topics": [["a"], [], ["b", "c"]]}


def describing(folder, form):
    """Write WORDS in a form that holds no vectors."""
    path = folder / {"array": "m.json", "arrays": "m.json"}.get(form, f"m.{form}")
    rows = [dict(zip(WORDS, values, strict=True)) for values in zip(*WORDS.values(), strict=True)]
    if form == "parquet":
        pq.write_table(pa.table(WORDS), path)
    elif form == "feather":
        pa.feather.write_feather(pa.table(WORDS), path)
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(json.dumps(rows if form == "array" else WORDS, indent=1))
    return path


@pytest.mark.parametrize("form", ["parquet", "feather", "jsonl", "array", "arrays"])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors", ".tsv"])
def test_tables_and_json_without_vectors_describe_rows(tmp_path, form, suffix):
    vectors = tmp_path / f"v{suffix}"
    if suffix == ".tsv":
        vectors.write_text(VECTORS_TSV)
    else:
        save(EmbeddingSet.of(VECTORS, name="x"), vectors)
    if suffix == ".npz":
        np.savez(vectors, vectors=VECTORS)
    found = together([vectors, describing(tmp_path, form)])
    assert found.labels == ("the", "of", "in")
    assert found.metadata.to_pydict() == {"count": [7, 5, 3], "topics": WORDS["topics"]}
    np.testing.assert_array_equal(found.vectors, VECTORS)


def test_numbers_alone_describe_rows_beside_surer_vectors(tmp_path):
    table = pa.table({"year": [1, 2, 3], "x": [0.5, 1.5, 2.5], "y": [1.0, 2.0, 3.0]})
    np.save(tmp_path / "v.npy", VECTORS)
    pq.write_table(table, tmp_path / "m.parquet")
    found = together([tmp_path / "v.npy", tmp_path / "m.parquet"])
    assert found.labels == ("0", "1", "2")
    assert found.metadata.to_pydict() == table.to_pydict()
    (tmp_path / "m.json").write_text(json.dumps(table.to_pydict()))
    found = together([tmp_path / "v.npy", tmp_path / "m.json"])
    assert found.metadata.to_pydict() == table.to_pydict()
    (tmp_path / "m.json").write_text('{"year": [1, 2, 3], "pages": [4, 5, 6]}')
    found = together([tmp_path / "v.npy", tmp_path / "m.json"])
    assert found.metadata.to_pydict() == {"year": [1, 2, 3], "pages": [4, 5, 6]}


@pytest.mark.parametrize(
    ("content", "labels", "columns"),
    [
        ('["a", "b", "c"]', ("a", "b", "c"), {}),
        ('[\n "a",\n "b",\n "c"]', ("a", "b", "c"), {}),
        ("[1, 0, 1]", ("1", "0", "1"), {"m": [1, 0, 1]}),
        ('{"labels": ["a", "b", "c"], "model": "m", "sizes": [1, 2]}', ("a", "b", "c"), {}),
        ('{"name": {"0": "a", "1": "b", "2": "c"}, "n": {"0": 1, "1": 2, "2": 3}}',
         ("a", "b", "c"), {"n": [1, 2, 3]}),
        ('{"columns": ["name", "n"], "index": [0, 1, 2], "data": [["a", 1], ["b", 2], ["c", 3]]}',
         ("a", "b", "c"), {"n": [1, 2, 3]}),
        ('{"items": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "next": null}', ("a", "b", "c"), {}),
    ],
)  # fmt: skip
def test_arrangements_of_json(tmp_path, content, labels, columns):
    np.save(tmp_path / "v.npy", VECTORS)
    (tmp_path / "m.json").write_text(content)
    found = together([tmp_path / "v.npy", tmp_path / "m.json"])
    assert found.labels == labels
    assert found.metadata.to_pydict() == columns


def test_named_arrays_of_one_dimension_describe_rows(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    np.savez(tmp_path / "m.npz", name=["a", "b", "c"], year=[1, 2, 3], other=[1, 2])
    notes = []
    found = load(tmp_path / "m.npz", [tmp_path / "v.npy"], note=notes.append)
    assert found.labels == ("a", "b", "c")
    assert found.metadata.to_pydict() == {"year": [1, 2, 3]}
    assert notes == ["left out other (2,): not one value for each of the 3 rows"]
    safetensors.numpy.save_file({"year": np.array([1, 2, 3])}, tmp_path / "m.safetensors")
    found = together([tmp_path / "v.npy", tmp_path / "m.safetensors"])
    assert found.metadata.to_pydict() == {"year": [1, 2, 3]}


def test_columns_of_one_name_in_several_files_stay_apart(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    paths = written(tmp_path, a_csv="year,year_2\n1,4\n2,5\n3,6\n", b_csv="year,n\n7,0\n8,1\n9,2\n")
    found = load(tmp_path / "v.npy", paths)
    assert found.metadata.to_pydict() == {
        "year": [1, 2, 3], "year_2": [4, 5, 6], "year_3": [7, 8, 9], "n": [0, 1, 2],
    }  # fmt: skip


def test_lists_of_numbers_beside_vectors(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    pq.write_table(pa.table({"box": [[1.5, 2], [3, 4], [5, 6]]}), tmp_path / "m.parquet")
    found = together([tmp_path / "v.npy", tmp_path / "m.parquet"])
    assert found.metadata.to_pydict() == {"box": [[1.5, 2], [3, 4], [5, 6]]}
    labelled = together([tmp_path / "m.parquet", *written(tmp_path, m_txt="a\nb\nc\n")])
    assert labelled.vectors.tolist() == [[1.5, 2], [3, 4], [5, 6]]
    for column in ("vector", "text_embedding"):
        pq.write_table(pa.table({column: VECTORS[:2].tolist()}), tmp_path / "e.parquet")
        with pytest.raises(
            EmbeddingError, match=r"v\.npy, e\.parquet: more than one of them holds"
        ):
            load(tmp_path / "v.npy", [tmp_path / "e.parquet"])
    texts = pa.table({"name": ["a", "b"], "embedding": ["[1.0, 2.0]", "[3.0, 4.0]"]})
    pq.write_table(texts, tmp_path / "t.parquet")
    found = together([tmp_path / "t.parquet", *written(tmp_path, n_csv="kind,n\nx,1\ny,2\n")])
    assert found.vectors.tolist() == [[1, 2], [3, 4]]
    assert found.metadata.column_names == ["kind", "n"]


def test_a_table_of_other_rows_is_joined_by_the_column_that_holds_each_label(tmp_path):
    save(EmbeddingSet.of(VECTORS, ["b", "a", "b"], name="x"), tmp_path / "v.parquet")
    table = "name,year,kind\nz,1,x\na,2,x\nc,3,y\nb,4,y\n"
    paths = written(tmp_path, m_csv=table)
    notes = []
    found = load(tmp_path / "v.parquet", paths, note=notes.append)
    assert found.labels == ("b", "a", "b")
    assert found.metadata.to_pydict() == {"year": [4, 2, 4], "kind": ["y", "x", "y"]}
    assert notes == [
        "m.csv: 4 rows under a header for 3 vectors: joined by its column name, which holds each "
        "label once; 2 of its rows describe no vector"
    ]
    for unsure in (table.replace("b,4", "d,4"), table.replace("c,3", "b,3")):
        with pytest.raises(EmbeddingError, match=r"m\.csv: 4 rows .* for 3 vectors; give exactly"):
            load(tmp_path / "v.parquet", written(tmp_path, m_csv=unsure))
    twice = "name,other\n" + "".join(f"{c},{c}\n" for c in "zacb")
    with pytest.raises(EmbeddingError, match=r"m\.csv: 4 rows .* for 3 vectors; give exactly"):
        load(tmp_path / "v.parquet", written(tmp_path, m_csv=twice))


def test_a_table_in_another_order_is_joined_by_the_labels(tmp_path):
    save(EmbeddingSet.of(VECTORS, ["a", "b", "c"], name="x"), tmp_path / "v.parquet")
    paths = written(tmp_path, m_csv="word,year\nc,3\na,1\nb,2\n")
    notes = []
    found = load(tmp_path / "v.parquet", paths, note=notes.append)
    assert found.metadata.to_pydict() == {"year": [1, 2, 3]}
    assert "m.csv: its column word holds the labels in another order" in notes[0]


def test_labels_of_one_companion_join_another(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    paths = written(tmp_path, l_csv="id\n10\n20\n30\n", m_csv="id,year\n30,3\n20,2\n10,1\n5,0\n")
    found = together([tmp_path / "v.npy", *paths])
    assert found.labels == ("10", "20", "30")
    assert found.metadata.to_pydict() == {"year": [1, 2, 3]}


def test_real_movies_are_joined_to_vectors_by_their_number(data, tmp_path):
    movies = data / "7_interactions/ml-latest-small/movies.csv"
    rows = np.genfromtxt(movies, delimiter=",", skip_header=1, usecols=0, invalid_raise=False)
    ids = [str(int(i)) for i in rows[[5, 3, 700]]]
    save(EmbeddingSet.of(VECTORS, ids, name="x"), tmp_path / "v.vec")
    found = load(tmp_path / "v.vec", [movies], note=lambda _: None)
    assert found.metadata["title"].to_pylist()[:2] == ["Heat (1995)", "Waiting to Exhale (1995)"]
    assert found.metadata.column_names == ["title", "genres"]


def test_any_companion_determines_the_number_of_vectors_in_bare_numbers(tmp_path):
    VECTORS.tofile(tmp_path / "v.bytes")
    (tmp_path / "m.json").write_text(json.dumps(["a", "b", "c"]))
    (tmp_path / "info.csv").write_text("name,n\n" + "".join(f"{c},1\n" for c in "dcbazyx"))
    paths = [tmp_path / name for name in ("v.bytes", "info.csv", "m.json")]
    found = load(paths[0], paths[1:], note=lambda _: None)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == ("a", "b", "c")
    assert found.metadata.to_pydict() == {"n": [1, 1, 1]}


def test_a_table_of_ours_that_is_cut_short_is_an_error(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    save(EmbeddingSet.of(VECTORS, ["a", "b", "c"]), tmp_path / "m.csv")
    content = (tmp_path / "m.csv").read_text()
    (tmp_path / "m.csv").write_text(content[: content.rindex(",")] + "\n")
    with pytest.raises(EmbeddingError, match=r"m\.csv: line 4 \(row 2\): \d+ columns where"):
        companions.add_columns(
            Draft.of(VECTORS), [(tmp_path / "m.csv", DELIMITED)], ReadContext(print)
        )
