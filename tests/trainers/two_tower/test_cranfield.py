"""Search collections in the Cranfield format are read exactly."""

import pytest

from embeddings import EmbeddingError
from trainers.two_tower.cranfield import is_collection, read_collection

DOCUMENTS = """.I 1
.T
on wings
.A
ann
.B
j. 1
.W
wings lift
  planes .
.I 2
.T
on heat
.W
heat in slabs
.I 3
.T
.W
"""
QUERIES = ".I 001\n.W\nwhat lifts\nplanes\n.I 004\n.W\nwhat heats slabs\n"


def collection(folder, queries=QUERIES, judgments="1 0 1 3\r\n2 0 2 4\r\n"):
    (folder / "x.all").write_text(DOCUMENTS)
    (folder / "x.qry").write_text(queries)
    (folder / "qrels").write_text(judgments)
    return folder


def test_a_collection_is_split_at_its_ids(tmp_path):
    pairs = read_collection(collection(tmp_path))
    assert pairs.rows.tolist() == [[0, 0], [1, 1]]
    assert pairs.left.labels == ("what lifts planes", "what heats slabs")
    assert pairs.left.columns["id"].to_pylist() == ["1", "2"]
    assert pairs.right.labels == ("on wings", "on heat", "3")
    columns = {name: values.to_pylist() for name, values in pairs.right.columns.items()}
    assert columns == {
        "id": ["1", "2", "3"], "title": ["on wings", "on heat", ""], "author": ["ann", None, None],
        "bibliography": ["j. 1", None, None], "text": ["wings lift planes .", "heat in slabs", ""],
    }  # fmt: skip
    assert pairs.notes == (
        "qrels numbers the queries in the order of x.qry", "1 document without a judgment"
    )  # fmt: skip


def test_judgments_may_use_the_ids_of_queries(tmp_path):
    pairs = read_collection(collection(tmp_path, judgments="4 1 2\n1 3 2\n"))
    assert [pairs.left.columns["id"][row].as_py() for row in pairs.rows[:, 0]] == ["4", "1"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"judgments": "1 0 9 3\n"}, "qrels, line 1: there is no document 9"),
        ({"judgments": "1 0 1 3\n7 0 1 3\n"}, "qrels, line 2: there is no query 7"),
        ({"judgments": "1\n"}, "qrels, line 1: expected `query 0 document grade`; got '1'"),
        ({"queries": "what\n.I 1\n"}, "x.qry, line 1: expected `.I id`"),
        ({"queries": ".I 1\n.W\na\n.I 1\n"}, "x.qry, line 4: a second record with id 1"),
    ],
)
def test_errors_name_file_and_line(tmp_path, changes, message):
    with pytest.raises(EmbeddingError) as error:
        read_collection(collection(tmp_path, **changes))
    assert message in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    collection(tmp_path)
    (tmp_path / "qrels").unlink()
    with pytest.raises(EmbeddingError, match="expected one file of judgments, such as cranqrel"):
        read_collection(tmp_path)


@pytest.mark.parametrize(
    ("name", "judged"),
    [
        ("CISI.REL", "     1     2        0 0.000000\n     2     1        0 0.000000\n"),
        ("MED.REL", "1 0 2 1\n2 0 1 1\n"),
        ("cacm.qrels.text", "01 0002  0 0\n02 0001  0 0\n"),
    ],
)
def test_collections_in_upper_case_with_their_own_judgments(tmp_path, name, judged):
    """The document was the last but one field: 0 in CISI's, whose name was then empty."""
    references = ".X\n1\t5\t1\n2\t5\t2\n"
    (tmp_path / "CISI.ALL").write_text(DOCUMENTS.replace(".I 2", f"{references}.I 2"))
    (tmp_path / "CISI.QRY").write_text(".I 1\n.W\nwhat lifts\n.I 2\n.T\nheat\n.W\nwhat heats\n")
    (tmp_path / name).write_text(judged)
    (tmp_path / "CISI.BLN").write_text("#q1= #and ( 1 );\n")
    assert is_collection(tmp_path)
    pairs = read_collection(tmp_path)
    left, right = pairs.left.columns["id"].to_pylist(), pairs.right.columns["id"].to_pylist()
    assert [(left[a], right[b]) for a, b in pairs.rows] == [("1", "2"), ("2", "1")]
    assert "wings lift planes ." in pairs.right.columns["text"].to_pylist()  # without references


def test_cranfield(data):
    pairs = read_collection(data / "7_query_page" / "cranfield")
    assert pairs.shape == (225, 1400) and len(pairs) == 1837
    assert pairs.notes[1:] == ("476 documents without a judgment",)
    queries = dict(zip(pairs.left.columns["id"].to_pylist(), pairs.left.labels, strict=True))
    assert queries["3"].startswith("what problems of heat conduction in composite slabs")
