"""Vectors and what describes them in files of their own: put together by content, in any order."""

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save

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
        ("word\tn\na\t1\nb\nc\t3\n", r"m\.tsv: line 3 \(row 1\): 1 columns where .* 2"),
    ],
)
def test_another_number_of_rows_is_said_with_both_counts(tmp_path, metadata, message):
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
    with pytest.raises(EmbeddingError, match=r"y\.npy: 2 values for 3 vectors"):
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
