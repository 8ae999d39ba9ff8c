"""Tables of text as people bring them: headers of numbers, row names, thousands, brackets."""

import numpy as np
import pandas as pd
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files.options import NotFinite
from embeddings.files.tabular.reader import read_table

VALUES = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32).round(3)
CLASSES = [0, 1, 2] * 4


def opened(tmp_path, text: str, name: str = "x.csv", notes=None, **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load(path, note=(notes if notes is not None else []).append, **options)


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("columns", [[0, 1, 2, 3], [1, 2, 3, 4], [400.0, 442.9, 485.7, 528.6]])
@pytest.mark.parametrize("classes", [CLASSES, [c / 2 for c in CLASSES], ["a", "b", "c"] * 4])
def test_numbers_as_names_beside_a_class(tmp_path, index, separator, first, columns, classes):
    frame = pd.DataFrame(VALUES, columns=columns)
    frame.insert(0 if first else 4, "target", classes)
    notes: list[str] = []
    found = opened(tmp_path, frame.to_csv(index=index, sep=separator), notes=notes)
    np.testing.assert_array_equal(found.vectors, VALUES)
    if type(classes[0]) is not str:
        assert found.metadata["target"].to_pylist() == classes
        assert "took the first row as names of columns: 'target' is above numbers" in notes
    table = read_table(tmp_path / "x.csv", note=lambda _: None)
    assert table.num_rows == 12
    assert table.column_names == [str(name) for name in frame.columns]


def test_a_label_of_numbers_that_repeat_is_a_column_too(tmp_path):
    found = opened(tmp_path, pd.DataFrame(VALUES).assign(label=CLASSES).to_csv(index=False))
    assert found.metadata["label"].to_pylist() == CLASSES
    assert found.labels == tuple(map(str, CLASSES))
    ours = EmbeddingSet.of(VALUES, list(map(str, CLASSES)))
    save(ours, tmp_path / "ours.csv")
    again = load(tmp_path / "ours.csv")
    assert again.labels == ours.labels
    assert again.metadata.column_names == []


def test_whole_numbers_under_a_header_that_counts(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (9, 6))
    notes: list[str] = []
    found = opened(tmp_path, pd.DataFrame(pixels).to_csv(index=False), notes=notes)
    np.testing.assert_array_equal(found.vectors, pixels)
    assert notes[0] == "took the first row as names of columns: it counts from 0"


@pytest.mark.parametrize(
    "text",
    [
        "0.1,NA,0.3\n0.4,0.5,0.6\n0.7,0.8,0.9\n",  # a missing number is no name
        "0,1,2,3,4,5\n1,2,3,4,5,6\n2,3,4,5,6,7\n",  # rows that all count up
    ],
)
def test_a_first_row_of_data_is_no_header(tmp_path, text):
    assert len(opened(tmp_path, text, leave_out=True)) + text.count("NA") == 3


def test_a_first_cell_of_text_among_other_texts_is_no_header(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("A1,0.1,0.2\n12,0.3,0.4\n13,0.5,0.6\nB7,0.5,0.6\n14,0.1,0.1\n")
    assert read_table(path, note=lambda _: None).num_rows == 5


@pytest.mark.parametrize("separator", ["\t", " ", ","])
@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("numbered", [True, False])
def test_tables_of_r_name_the_rows_but_not_their_column(tmp_path, separator, quoted, numbered):
    mark = '"' * quoted
    names = [str(i + 1) if numbered else f"item_{i}" for i in range(12)]
    rows = [separator.join(f"{mark}V{i}{mark}" for i in range(1, 5))]
    rows += [
        separator.join([f"{mark}{name}{mark}", *map(str, row)])
        for name, row in zip(names, VALUES.tolist(), strict=True)
    ]
    notes: list[str] = []
    found = opened(tmp_path, "\n".join(rows) + "\n", "x.tsv", notes)
    np.testing.assert_array_equal(found.vectors, VALUES)
    assert found.metadata.column_names == []
    if not numbered:
        assert found.labels == tuple(names)
    assert "the first row is one name short: took the first column as names of rows" in notes


def test_labels_of_several_words_are_no_table_of_r(tmp_path):
    vectors, labels = tmp_path / "v.tsv", tmp_path / "m.tsv"
    vectors.write_text("0.1\t0.2\n0.3\t0.4\n0.5\t0.6\n")
    labels.write_text("Paris\nNew York\nLos Angeles\n")
    assert load(vectors, [labels]).labels == ("Paris", "New York", "Los Angeles")


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("above", [True, False])
def test_a_separator_at_the_end_of_each_row(tmp_path, separator, above):
    rows = [["name", "a", "b"], ["n", "1", "2"], ["m", "3", "4"], ["o", "5", "6"]]
    text = "".join(
        separator.join(row) + separator * (above or i > 0) + "\n" for i, row in enumerate(rows)
    )
    found = opened(tmp_path, text, leave_out=True)
    assert found.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert found.labels == ("n", "m", "o")
    assert found.metadata.column_names == []
    assert read_table(tmp_path / "x.csv", note=lambda _: None).column_names == ["name", "a", "b"]


def test_a_last_column_without_a_name_is_kept_where_it_has_values(tmp_path):
    rows = ["name,a,b,"] + [f"n{i},{i},{i + 1}," for i in range(3000)] + ["n,1,2,here"]
    found = opened(tmp_path, "\n".join(rows) + "\n")
    assert found.metadata["column_4"].to_pylist()[-1] == "here"


def test_metadata_with_a_tab_at_the_end_of_each_row(tmp_path):
    vectors, metadata = tmp_path / "v.tsv", tmp_path / "m.tsv"
    vectors.write_text("0.1\t0.2\n0.3\t0.4\n0.5\t0.6\n")
    metadata.write_text("Name\tGenre\na\tx\t\nb\ty\t\nc\tx\t\n")
    found = load(vectors, [metadata])
    assert found.labels == ("a", "b", "c")
    assert found.metadata.column_names == ["Genre"]
    metadata.write_text("a\t\nb\t\nc\t\n")
    assert load(vectors, [metadata]).labels == ("a", "b", "c")


@pytest.mark.parametrize(
    ("first", "second", "separator"),
    [
        ("1.200,5", "-2.300.400,25", ";"),
        ('"1,200.5"', '"-2,300,400.25"', ","),
        ("1,200.5", "-2,300,400.25", "\t"),
        ("1'200.5", "-2'300'400.25", ";"),
        ("1\u00a0200,5", "-2\u00a0300\u00a0400,25", ";"),
    ],
)
def test_separated_thousands(tmp_path, first, second, separator):
    decimal = "," if first.endswith(",5") else "."
    small = f"3{decimal}25" if separator != "," else "3.25"
    rows = [["name", "x", "y"], ["a", first, small], ["b", second, small], ["c", "7", "8"]]
    notes: list[str] = []
    found = opened(tmp_path, "".join(separator.join(r) + "\n" for r in rows), notes=notes)
    assert found.vectors.tolist() == [[1200.5, 3.25], [-2300400.25, 3.25], [7, 8]]
    assert any("between thousands" in note for note in notes)
    table = read_table(tmp_path / "x.csv", note=lambda _: None)
    assert table["x"].to_pylist() == [1200.5, -2300400.25, 7]


def test_a_thousand_without_a_fraction_among_commas(tmp_path):
    found = opened(tmp_path, 'name,a,b\nx,"1,200",3\ny,"2,300",4\nz,800,5\n')
    assert found.vectors.tolist() == [[1200, 3], [2300, 4], [800, 5]]
    lists = opened(tmp_path, 'name,vector\nx,"120,200"\ny,"230,300"\nz,"800,500"\n')
    assert lists.vectors.tolist() == [[120, 200], [230, 300], [800, 500]]


def test_a_wrong_separator_of_thousands_is_named(tmp_path):
    rows = [f"a;{i % 9 + 1}.200,5;1\n" for i in range(300)]
    with pytest.raises(EmbeddingError, match=r"line 302 \(row 300\), column x: .*'1\.2,5"):
        opened(tmp_path, "name;x;y\n" + "".join(rows) + "b;1.2,5;3\n")


@pytest.mark.parametrize(
    "mark", ["NULL", "None", "null", "nan", "NaN", "NA", "N/A", "<NA>", "[]", r"\N", "?", "-", ""]
)
@pytest.mark.parametrize("row", [0, 2])
def test_missing_vectors_in_any_spelling(tmp_path, mark, row):
    lists = [f'"{each}"' for each in VALUES.tolist()]
    lists[row] = mark
    cells = "".join(f"n{i},{each}\n" for i, each in enumerate(lists))
    spaced = "name,embedding\n" + cells.replace(", ", " ")
    for text in ("name,embedding\n" + cells, spaced):
        with pytest.raises(NotFinite) as caught:
            opened(tmp_path, text)
        assert caught.value.rows.tolist() == [row]
        found = opened(tmp_path, text, leave_out=True)
        np.testing.assert_array_equal(found.vectors, np.delete(VALUES, row, 0))


@pytest.mark.parametrize("mark", ["NULL", "None", "NA", r"\N", "?", '""'])
def test_missing_numbers_in_any_spelling(tmp_path, mark):
    rows = [list(map(str, row)) for row in VALUES.tolist()]
    rows[3][2] = mark
    text = "name,dim_0,dim_1,dim_2,dim_3\n" + "".join(
        f"NA,{','.join(row)}\n" if i == 5 else f"n{i},{','.join(row)}\n"
        for i, row in enumerate(rows)
    )
    with pytest.raises(NotFinite) as caught:
        opened(tmp_path, text)
    assert caught.value.rows.tolist() == [3]
    found = opened(tmp_path, text, leave_out=True)
    np.testing.assert_array_equal(found.vectors, np.delete(VALUES, 3, 0))
    assert found.labels[4] == "NA"


@pytest.mark.parametrize(
    "labels",
    [
        ["<OOV>", "b", "c"],
        ["[PAD]", "[UNK]", "c"],
        ["[unused0]", "[1]", "c"],
        ["{0}", "b", "c"],
        ["<s>", "<pad>", "</s>"],
        ["<s>", "</s>", "c"],
        ["{", "}", "["],
        ["[", "]", "c"],
        ["<", ">", "c"],
        ["[1] a title", "[2] another", "c"],
    ],
)
@pytest.mark.parametrize("more", ["", "\tx"])
def test_labels_that_begin_with_a_bracket(tmp_path, labels, more):
    vectors, metadata = tmp_path / "v.tsv", tmp_path / "m.tsv"
    vectors.write_text("0.1\t0.2\t0.3\n0.4\t0.5\t0.6\n0.7\t0.1\t0.9\n")
    metadata.write_text("".join(f"{label}{more}\n" for label in labels))
    assert load(vectors, [metadata]).labels == tuple(labels)
    lines = zip(labels, ["0.1\t0.2", "0.3\t0.4", "0.5\t0.6"], strict=True)
    metadata.write_text("".join("\t".join(line) + "\n" for line in lines))
    assert load(metadata).labels == tuple(labels)


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?>\n<rows><row>1</row></rows>',
        "<rows>\n<row>1</row>\n</rows>\n",
        "<!-- x -->\n<a>1</a>",
    ],
)
def test_markup_is_no_table(tmp_path, text):
    with pytest.raises(EmbeddingError, match="not a known format"):
        opened(tmp_path, text)
