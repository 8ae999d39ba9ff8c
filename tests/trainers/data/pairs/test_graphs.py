"""Graphs: tables with and without a header, triples, predefined splits, filtered ranks."""

import numpy as np
import pytest

from embeddings import EmbeddingError, load
from trainers.data.pairs.datasets import read_pairs, read_parts
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.train import run


def labelled(pairs):
    return [(pairs.left.labels[a], pairs.right.labels[b]) for a, b in pairs.rows]


def write(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.tsv").write_text(text)
    return folder


@pytest.mark.parametrize("between", [" ", "\t", ","])
def test_an_edge_list_of_numbers_has_no_header(tmp_path, between):
    lines = [between.join(line) for line in (("1", "2"), ("1", "3"), ("2", "3"))]
    (tmp_path / "g.txt").write_text("# Nodes: 3\n# From To\n" + "\n".join(lines) + "\n")
    pairs = read_pairs(tmp_path / "g.txt")
    assert (pairs.left.role, pairs.right.role, pairs.triples) == ("source", "target", False)
    assert labelled(pairs) == [("1", "2"), ("1", "3"), ("2", "3")]
    assert pairs.notes == (
        "g.txt: skipped 2 lines before the table: comments, or the separator for Excel",
        "no header, since 1 is a number: the columns are source, target; rename them with --names",
    )


@pytest.mark.parametrize("mark", ["#", "%"])
def test_a_comment_with_as_many_columns_is_no_header(tmp_path, mark):
    (tmp_path / "g.txt").write_text(f"{mark} FromNodeId\tToNodeId\n1\t2\n1\t3\n")
    pairs = read_pairs(tmp_path / "g.txt")
    assert labelled(pairs) == [("1", "2"), ("1", "3")]
    assert pairs.notes[0] == "g.txt: skipped 1 comment line"


def test_a_third_column_of_numbers_is_a_weight(tmp_path):
    (tmp_path / "g.txt").write_text("1 2 0.5\n1 3 2\n")
    pairs = read_pairs(tmp_path / "g.txt")
    assert pairs.weight.tolist() == [0.5, 2] and not pairs.triples


def test_a_value_that_occurs_again_below_is_no_header(tmp_path):
    (tmp_path / "g.csv").write_text("ann,bob\nbob,cid\nann,cid\n")
    pairs = read_pairs(tmp_path / "g.csv")
    assert labelled(pairs) == [("ann", "bob"), ("ann", "cid"), ("bob", "cid")]
    assert "'ann' occurs again below" in pairs.notes[0]
    (tmp_path / "g.csv").write_text("user,item\nann,bob\nbob,cid\nann,cid\n")
    assert len(read_pairs(tmp_path / "g.csv")) == 3


def test_names_are_for_a_table_without_header(tmp_path):
    (tmp_path / "g.csv").write_text("ann,bob,3\ncid,dan,1\n")
    pairs = read_pairs(tmp_path / "g.csv", names=("fan", "star", "timestamp"))
    assert (pairs.left.role, pairs.right.role) == ("fan", "star")
    assert labelled(pairs) == [("ann", "bob"), ("cid", "dan")] and pairs.has_times
    assert pairs.time_rank.tolist() == [1, 0]


@pytest.mark.parametrize("header", ["", "head\trelation\ttail\n"])
def test_the_head_and_the_relation_of_triples_are_the_left_item(tmp_path, header):
    (tmp_path / "t.tsv").write_text(f"{header}cat\tisa\tanimal\ndog\tisa\tanimal\ncat\thas\tfur\n")
    pairs = read_pairs(tmp_path / "t.tsv")
    assert pairs.triples and (pairs.left.role, pairs.right.role) == ("head relation", "tail")
    assert labelled(pairs) == [("cat isa", "animal"), ("dog isa", "animal"), ("cat has", "fur")]
    assert pairs.left.columns["head"].to_pylist() == ["cat", "dog", "cat"]
    assert pairs.left.columns["relation"].to_pylist() == ["isa", "isa", "has"]
    assert pairs.right.columns["tail"].to_pylist() == ["animal", "fur"]


@pytest.mark.parametrize("header", ["", "head\trelation\ttail\n"])
def test_the_files_of_a_folder_are_the_split(tmp_path, header):
    folder = write(tmp_path, train=header + "a\tr\tb\na\tr\tc\n", valid=header + "b\tr\tc\n",
                   test=header + "c\tr\ta\na\tr\tb\n")  # fmt: skip
    pairs = read_parts(folder)
    assert labelled(pairs) == [("a r", "b"), ("a r", "c"), ("b r", "c"), ("c r", "a")]
    assert pairs.part.tolist() == [0, 0, 1, 2]  # what is also in the training is not tested
    assert "merged repeated pairs: 1 repeat" in pairs.notes


def test_errors_of_a_folder_say_what_it_needs(tmp_path):
    with pytest.raises(EmbeddingError, match=r"expected one file named valid\.tsv.*test\.tsv, tr"):
        read_parts(write(tmp_path, train="a\tb\n", test="a\tb\n"))
    write(tmp_path, valid="a\tb\tc\n")
    with pytest.raises(EmbeddingError, match=r"valid\.tsv, line 1: 3 columns where the header has"):
        read_parts(tmp_path)


def test_data_with_a_split_of_their_own_accept_no_other(tmp_path):
    write(tmp_path, train="a\tb\na\tc\n", valid="b\tc\n", test="c\ta\n")
    settings = {"out": tmp_path / "o.embedding.parquet", "device": "cpu", "quiet": True}
    with pytest.raises(EmbeddingError, match="the data come with a split of their own"):
        run(TwoTowerConfig(data=tmp_path, split="random", **settings))


def test_held_out_triples_come_first(tmp_path):
    """A head is like tails of its parity and unlike the others; one tail of each is held out."""
    triples = {"train": [], "valid": [], "test": []}
    for head in range(10):
        for relation, odd in (("like", 0), ("unlike", 1)):
            for tail in range(odd + head % 2, 20 + odd, 2):
                part = "test" if tail == (head + odd) % 20 else "train"
                triples[part].append(f"e{head}\t{relation}\te{tail % 20}\n")
    triples["valid"] = triples["train"][:: len(triples["train"]) // 9]
    triples["train"] = [line for line in triples["train"] if line not in triples["valid"]]
    write(tmp_path, **{name: "".join(lines) for name, lines in triples.items()})
    settings = TwoTowerConfig(
        data=tmp_path, out=tmp_path / "o.embedding.parquet", device="cpu", threads=1, quiet=True,
        left_features="head,relation", dim=8, epochs=40, learning_rate=0.02, patience=0,
    )  # fmt: skip
    metrics = run(settings)
    assert (metrics["judged_on"], metrics["judged_pairs"]) == ("test", 20)
    assert metrics["mrr"] == metrics["hit@10"] == 1  # tails of the training set are not ranked
    assert metrics["baselines"]["popularity"]["mrr"] < 1
    made = load(settings.out)
    assert made.metadata["relation"].to_pylist()[:2] == ["like", "unlike"]


def test_umls_is_read_as_its_authors_split_it(data):
    pairs = read_parts(data / "7_graph_umls")
    assert pairs.triples and len(pairs) == 6529 and pairs.shape == (834, 132)
    assert np.bincount(pairs.part).tolist() == [5216, 652, 661]
