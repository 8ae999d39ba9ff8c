"""Undirected graphs: both directions of an edge are one pair in every split."""

import numpy as np
import pytest

from embeddings import EmbeddingError, load, neighbors
from trainers.__main__ import main
from trainers.data.pairs.pairs import number_pairs
from trainers.data.pairs.splits import split_pairs
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.undirected import as_undirected, common_labels_note, loops, split_edges

EDGES = [("a", "b"), ("c", "a"), ("b", "a"), ("d", "d"), ("c", "d"), ("b", "c")]


def pairs_of(edges, **changes):
    return number_pairs(edges, "graph", ("source", "target"), {"name": "graph"}, **changes)


def test_edges_are_in_both_directions_between_the_same_nodes():
    graph = as_undirected(
        pairs_of(EDGES, weight=[1, 2, 5, 9, 3, 4], time=[1, 2, 9, 3, 4, 5], part=[1, 0, 0, 0, 2, 2])
    )
    assert graph.left is graph.right and graph.left.labels == ("a", "c", "b", "d")
    name = graph.left.labels
    edges = {(name[a], name[b]) for a, b in graph.rows}
    both = {("a", "b"), ("a", "c"), ("c", "d"), ("b", "c")}
    assert edges == both | {(b, a) for a, b in both} and len(graph) == 8
    assert graph.rows.tolist() == sorted(graph.rows.tolist())
    found = {
        frozenset(name[i] for i in row): (weight, part)
        for row, weight, part in zip(graph.rows, graph.weight, graph.part, strict=True)
    }
    assert found == {
        frozenset("ab"): (5, 0), frozenset("ac"): (2, 0), frozenset("cd"): (3, 2),
        frozenset("bc"): (4, 2),
    }  # fmt: skip
    latest = graph.rows[np.argsort(graph.time_rank)[-2:]]
    assert {frozenset(name[i] for i in row) for row in latest} == {frozenset("ab")}
    assert sorted(graph.time_rank) == list(range(8))
    assert graph.notes[-2:] == (
        "undirected: 4 nodes, 4 edges", "left out 1 pairs of a node with itself",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["none", "random", "last", "link"])
def test_both_directions_are_in_the_same_part(name):
    generator = np.random.default_rng(0)
    edges = [(f"n{a}", f"n{b}") for a, b in generator.integers(60, size=(400, 2))]
    graph = as_undirected(pairs_of(edges))

    def split(rows, time_rank):
        return split_pairs(name, rows, time_rank, 0.1, seed=0, undirected=True)

    found = split_edges(graph, split)
    parts = (found.train, found.validation, found.test)
    assert np.sort(np.concatenate(parts)).tolist() == list(range(len(graph)))
    assert len(found.validation) > 10 and (len(found.test) > 10) == (name != "none")
    for part in parts:
        rows = {tuple(row) for row in graph.rows[part].tolist()}
        assert rows == {(b, a) for a, b in rows}
    if name == "none":
        assert set(graph.rows[found.train].ravel()) == set(range(len(graph.left)))


def test_directed_pairs_within_one_set_of_nodes_are_noted():
    note = common_labels_note(pairs_of(EDGES))
    assert "4 labels are on both sides" in note and "2 pairs occur in both directions" in note
    assert "--undirected" in note
    assert "both directions" not in common_labels_note(pairs_of([("a", "b"), ("b", "c")] * 2))
    assert common_labels_note(pairs_of([("a", "x"), ("b", "y"), ("c", "a")])) == ""


def test_loops_are_each_node_with_itself():
    assert loops(3).tolist() == [[0, 0], [1, 1], [2, 2]] and loops(0).shape == (0, 2)


def test_what_has_no_meaning_without_directions_is_refused(tmp_path):
    for changes in ({"split": "left"}, {"min_count": 2}, {"right_features": "x"}):
        with pytest.raises(EmbeddingError, match="with --undirected"):
            TwoTowerConfig(out=tmp_path / "o.parquet", undirected=True, **changes)
    with pytest.raises(EmbeddingError, match="no edge between two nodes"):
        as_undirected(pairs_of([("a", "a"), ("b", "b")]))


def test_communities_are_found_with_one_vector_for_each_node(tmp_path, capsys):
    """Nodes of four communities are linked within theirs; the file has each node once."""
    generator = np.random.default_rng(0)
    lines = ["from,to"]
    for _ in range(1_200):
        group = generator.integers(4)
        first, second = 4 * generator.integers(30, size=2) + group
        lines.append(f"n{first},n{second}")
    (tmp_path / "graph.csv").write_text("\n".join(lines))
    (tmp_path / "nodes.csv").write_text(
        "node,group\n" + "".join(f"n{i},g{i % 4}\n" for i in range(120))
    )
    out = tmp_path / "graph.embedding.parquet"
    assert main(["two_tower", "--data", str(tmp_path / "graph.csv"), "--undirected", "--dim", "16",
                 "--left-metadata", str(tmp_path / "nodes.csv"), "--split", "random",
                 "--threads", "1", "--device", "cpu", "--out", str(out)]) == 0  # fmt: skip
    made = load(out)
    assert len(made) == 120 and set(made.metadata.column("role").to_pylist()) == {"node"}
    group = np.array(made.metadata.column("group").to_pylist())
    near = neighbors.query(made, np.arange(120), k=5).rows
    assert np.mean(group[near] == group[:, None]) > 0.9
    assert main(["recommend", str(out), "n0", "-k", "3", "--label-column", "group"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("g0")
