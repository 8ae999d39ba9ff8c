"""The command line: what it prints, what it writes, and one line for every mistake."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingSet, layouts, load, neighbors, save
from embeddings.cli import main
from embeddings.cli.commands import COMMANDS as COMMANDS_BY_NAME

COMMANDS = ["inspect", "convert", "neighbors", "layout", "quality", "place", "cluster"]
ROOT = Path(__file__).parents[3]
HEAVY = ["fast_hdbscan", "numba", "openTSNE", "pandas", "scipy", "sklearn", "torch", "umap"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def embedding_set():
    random = np.random.default_rng(0)
    of = np.arange(90) % 3
    vectors = 20 * np.eye(3, 5)[of] + random.normal(size=(90, 5))
    labels = [f"{'abc'[group]}{row}" for row, group in enumerate(of)]
    labels[10] = labels[4]
    return EmbeddingSet.of(
        vectors, labels, {"group": ["abc"[group] for group in of]}, metric="cosine"
    )


@pytest.fixture
def file(embedding_set, tmp_path):
    path = tmp_path / "set.embedding.parquet"
    save(embedding_set, path)
    return path


@pytest.fixture
def run(capsys):
    """Run a command line; return status, standard output and standard error."""

    def running(*arguments):
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return running


def document(printed):
    """Return the one JSON document that standard output holds."""
    assert printed.count("\n") == 1
    return json.loads(printed)


def test_inspect_describes_a_set(run, file):
    status, out, _ = run("inspect", file, "--json")
    found = document(out)
    assert status == 0
    assert found.keys() >= {"rows", "dimensions", "metric", "columns", "health"}
    assert (found["rows"], found["dimensions"], found["metric"]) == (90, 5, "cosine")
    assert found["columns"][0]["name"] == "group"


def test_plain_output_of_inspect_has_the_same_facts(run, file):
    status, out, _ = run("inspect", file)
    assert status == 0
    assert "rows        90" in out
    assert "  group  category            3" in out


def test_inspect_puts_the_parts_of_one_set_together(run, tmp_path, embedding_set):
    np.save(tmp_path / "v.npy", embedding_set.vectors)
    (tmp_path / "labels.tsv").write_text("\n".join(f"word{i}" for i in range(90)) + "\n")
    status, out, _ = run("inspect", tmp_path / "v.npy", tmp_path / "labels.tsv", "--json")
    assert status == 0
    assert document(out)["rows"] == 90


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_inspect_lists_the_rows_of_a_file_without_a_finite_one(run, tmp_path, flags):
    np.save(tmp_path / "v.npy", np.full((3, 2), np.nan))
    status, out, _ = run("inspect", tmp_path / "v.npy", *flags)
    assert status == 0
    assert "none of its 3 vectors is finite" in out
    if flags:
        found = document(out)
        assert (found["rows"], found["dimensions"]) == (3, 2)
        assert found["health"]["first_non_finite_rows"] == [0, 1, 2]


def test_convert_writes_another_format(run, file, tmp_path, embedding_set):
    status, out, errors = run("convert", file, tmp_path / "set.npy")
    assert (status, out) == (0, "")
    np.testing.assert_array_equal(load(tmp_path / "set.npy").vectors, embedding_set.vectors)
    assert "cannot hold: labels, " in errors


def test_neighbors_by_label_equal_the_library(run, file, embedding_set):
    status, out, _ = run("neighbors", file, "a0", "-k", "4", "--json")
    expected = neighbors.query(embedding_set, 0, 4)
    assert status == 0
    assert document(out) == [
        {"row": int(row), "label": embedding_set.labels[row], "similarity": float(value)}
        for row, value in zip(expected.rows, expected.values, strict=True)
    ]


def test_neighbors_by_row_and_distance(run, file):
    status, out, _ = run("neighbors", file, "--row", 7, "--metric", "euclidean", "--json")
    found = document(out)
    assert status == 0
    assert len(found) == 10
    assert [entry["distance"] for entry in found] == sorted(entry["distance"] for entry in found)


def test_plain_output_of_neighbors_names_the_metric(run, file):
    _, out, _ = run("neighbors", file, "a0", "-k", "2", "--metric", "manhattan")
    head, *lines = out.splitlines()
    assert head.split() == ["row", "manhattan", "distance", "label"]
    assert len(lines) == 2


def test_a_repeated_label_lists_its_rows(run, file, embedding_set):
    status, out, errors = run("neighbors", file, embedding_set.labels[4])
    assert (status, out) == (2, "")
    assert errors == "error: 2 items have the label 'b4': rows 4, 10; choose one with --row N\n"


def test_a_label_of_both_sides_needs_a_role(run, tmp_path):
    roles = {"role": ["source", "source", "target", "target"]}
    save(EmbeddingSet.of(np.eye(4), ["a", "b", "a", "c"], roles), tmp_path / "s.parquet")
    _, _, errors = run("neighbors", tmp_path / "s.parquet", "a")
    assert errors.endswith("rows 0, 2; choose one with --role source, --role target, --row N\n")
    status, out, _ = run("neighbors", tmp_path / "s.parquet", "a", "--role", "target", "--json")
    assert status == 0 and [item["row"] for item in json.loads(out)] == [0, 1, 3]
    _, _, errors = run("neighbors", tmp_path / "s.parquet", "b", "--role", "target")
    assert errors == "error: no item 'b' has the role 'target': it is a source\n"


def test_very_many_repeats_are_cut_short(run, tmp_path):
    save(EmbeddingSet.of(np.eye(50), ["same"] * 50), tmp_path / "s.parquet")
    _, _, errors = run("neighbors", tmp_path / "s.parquet", "same")
    assert "18, 19 and 30 more" in errors


def test_an_unknown_label_suggests_close_ones(run, file):
    status, _, errors = run("neighbors", file, "A3")
    assert status == 2
    assert errors.startswith("error: no item has the label 'A3'; close to it: a3, ")


def test_neighbors_of_an_expression_leave_its_operands_out(run, file, embedding_set):
    status, out, errors = run(
        "neighbors", file, "--expression", "a0 - b1 + a3", "-k", "4", "--json"
    )
    unit = embedding_set.vectors / embedding_set.norms[:, None]
    score = unit @ (unit[0] - unit[1] + unit[3])
    score[[0, 1, 3]] = -np.inf
    assert status == 0
    assert [item["row"] for item in document(out)] == np.argsort(-score)[:4].tolist()
    assert errors == "operands are scaled to unit length and left out of the answer\n"


def test_an_unknown_operand_is_one_line(run, file):
    status, out, errors = run("neighbors", file, "--expression", "a0 - nothing")
    assert (status, out) == (2, "")
    assert errors == "error: no item has the label 'nothing'\n"


@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
@pytest.mark.parametrize("dims", [2, 3])
def test_layout_writes_coordinates_and_prints_quality(run, file, tmp_path, method, dims):
    settings = {"tsne": ["--iterations", "20"], "umap": ["--epochs", "20"]}.get(method, [])
    out_path = tmp_path / "l.parquet"
    status, out, _ = run(
        "layout",
        file,
        "--method",
        method,
        "--dims",
        dims,
        "--seed",
        3,
        *settings,
        "--out",
        out_path,
    )
    found = document(out)
    assert status == 0
    assert (found["method"], found["seed"], found["dims"]) == (method, 3, dims)
    assert found["sample"] == 90
    assert 0.9 < found["trustworthiness"] <= 1
    assert 0 < found["neighbor_preservation"] <= 1
    assert found["seconds"] >= 0
    assert pq.read_table(out_path).column_names == ["row", "label", "x", "y", "z"][: 2 + dims]
    _, measured, _ = run("quality", file, out_path, "--json")
    assert document(measured) == found


def test_layout_takes_the_parameters_of_its_method(run, file, tmp_path):
    out_path = tmp_path / "l.parquet"
    settings = ["--perplexity", "12", "--learning-rate", "50", "--iterations", "5"]
    run("layout", file, "--method", "tsne", *settings, "--threads", "2", "--out", out_path)
    params = layouts.load_layout(out_path).params
    assert (params["perplexity"], params["learning_rate"]) == (12.0, 50.0)
    assert (params["iterations"], params["threads"]) == (5, 2)
    settings = ["--n_neighbors", "5", "--min-dist", "0", "--epochs", "5"]
    run("layout", file, "--method", "umap", *settings, "--out", out_path)
    params = layouts.load_layout(out_path).params
    assert (params["n_neighbors"], params["min_dist"], params["epochs"]) == (5, 0.0, 5)


@pytest.mark.parametrize("method", ["precomputed", "none"])  # none is its former name
def test_precomputed_coordinates_are_written_as_a_layout(run, tmp_path, method):
    vectors = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    save(EmbeddingSet.of(vectors, metric="euclidean"), tmp_path / "flat.npz")
    out_path = tmp_path / "l.parquet"
    _, out, _ = run("layout", tmp_path / "flat.npz", "--method", method, "--out", out_path)
    assert document(out)["method"] == "precomputed"
    np.testing.assert_array_equal(layouts.load_layout(out_path).coordinates, vectors)


def test_notes_go_to_standard_error(run, file, tmp_path):
    settings = ["--method", "tsne", "--perplexity", "50", "--iterations", "5"]
    _, out, errors = run("layout", file, *settings, "--out", tmp_path / "l.parquet")
    document(out)
    assert "perplexity lowered from 50 to 29.7, the limit for 90 points" in errors


def test_the_same_seed_writes_the_same_bytes(run, file, tmp_path, monkeypatch):
    written = []
    for name in ("one", "two"):
        monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / name))
        path = tmp_path / f"{name}.parquet"
        run("layout", file, "--method", "tsne", "--iterations", "20", "--out", path)
        written.append(layouts.load_layout(path).coordinates.tobytes())
    assert written[0] == written[1]


def test_quality_of_a_layout_of_other_items_is_refused(run, file, tmp_path):
    small = layouts.Layout(np.zeros((3, 2), np.float32), "pca")
    layouts.save_layout(small, None, tmp_path / "l.parquet")
    status, _, errors = run("quality", file, tmp_path / "l.parquet")
    assert status == 2
    assert "the layout has 3 rows and the set 90" in errors


def test_quality_of_a_layout_of_other_vectors_is_warned_of(run, file, tmp_path):
    other = layouts.Layout(np.zeros((90, 2), np.float32), "pca", fingerprint="another")
    layouts.save_layout(other, None, tmp_path / "l.parquet")
    status, _, errors = run("quality", file, tmp_path / "l.parquet")
    assert status == 0
    assert "warning: the layout was made from other vectors" in errors


def test_place_puts_new_vectors_on_their_twins(run, file, tmp_path, embedding_set):
    made = layouts.compute(embedding_set, layouts.LayoutSpec("pca"))
    layouts.save_layout(made, None, tmp_path / "l.parquet")
    save(EmbeddingSet.of(embedding_set.vectors[[7, 3]], ["seven", "three"]), tmp_path / "new.npz")
    arguments = ("--layout", tmp_path / "l.parquet", "--out", tmp_path / "placed.parquet")
    status, out, _ = run("place", file, tmp_path / "new.npz", *arguments)
    assert status == 0
    assert document(out) == {"rows": 2, "dims": 2, "how": layouts.placement.BY_PROJECTION}
    placed = layouts.load_layout(tmp_path / "placed.parquet")
    np.testing.assert_allclose(placed.coordinates, made.coordinates[[7, 3]], atol=1e-5)
    table = pq.read_table(tmp_path / "placed.parquet")
    assert table.column("label").to_pylist() == ["seven", "three"]


def test_place_refuses_vectors_of_other_dimensions(run, file, tmp_path, embedding_set):
    made = layouts.compute(embedding_set, layouts.LayoutSpec("pca"), with_quality=False)
    layouts.save_layout(made, None, tmp_path / "l.parquet")
    save(EmbeddingSet.of(np.eye(4)), tmp_path / "new.npy")
    arguments = ("--layout", tmp_path / "l.parquet", "--out", tmp_path / "placed.parquet")
    status, _, errors = run("place", file, tmp_path / "new.npy", *arguments)
    assert status == 2
    assert "new.npy has vectors of 4 dimensions, and set.embedding.parquet of 5" in errors


def test_cluster_finds_the_synthetic_groups(run, file, tmp_path, embedding_set):
    out_path = tmp_path / "c.parquet"
    status, out, _ = run("cluster", file, "--epochs", 50, "--out", out_path, "--json")
    found = document(out)
    assert status == 0
    assert found["clusters"] == 3
    assert sum(found["sizes"]) == round(90 * (1 - found["noise_share"]))
    table = pq.read_table(out_path)
    assert table.column_names == ["row", "label", "cluster", "name"]
    groups = embedding_set.metadata.column("group").to_pylist()
    pairs = {
        (number, group)
        for number, group in zip(table.column("cluster").to_pylist(), groups, strict=True)
        if number >= 0
    }
    assert len(pairs) == 3


def test_cluster_of_a_stored_layout(run, file, tmp_path):
    layout_path = tmp_path / "l.parquet"
    run("layout", file, "--method", "pca", "--out", layout_path)
    status, out, _ = run(
        "cluster", file, "--layout", layout_path, "--out", tmp_path / "c.parquet", "--json"
    )
    assert status == 0
    assert document(out)["method"] == "pca"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a command: inspect, convert, neighbors, layout, quality, place, cluster"),
        (["paint"], "no command 'paint'; expected one of inspect, convert"),
        (["inspect"], "give at least one FILE"),
        (["inspect", "none.parquet"], "none.parquet: no such file"),
        (
            ["inspect", "FILE", "--jso"],
            "Unrecognized options: --jso; see python -m embeddings inspect",
        ),
        (["neighbors"], "missing: FILE"),
        (["convert", "FILE"], "give IN and OUT"),
        (["neighbors", "FILE"], "give either a LABEL, --row N or --expression"),
        (["neighbors", "FILE", "a0", "--row", "1"], "give either a LABEL, --row N or --expression"),
        (["neighbors", "FILE", "--row", "90"], "row 90; the set has rows 0 to 89"),
        (["neighbors", "FILE", "--row", "-1"], "row -1; the set has rows 0 to 89"),
        (["neighbors", "FILE", "--row", "x"], "--row x: expected a whole number"),
        (["neighbors", "FILE", "a0", "-k", "0"], "--k 0: expected a whole number of at least 1"),
        (
            ["neighbors", "FILE", "a0", "--metric", "jaccard"],
            "--metric jaccard: expected one of cosine, dot",
        ),
        (["convert", "FILE", "out.doc"], "out.doc"),
        (["layout", "FILE"], "missing: --out OUT.parquet"),
        (["layout", "FILE", "--out", "out.csv"], "let its name end in .parquet"),
        (
            ["layout", "FILE", "--method", "mds", "--out", "o.parquet"],
            "unknown method 'mds'; expected one of pca, tsne, umap",
        ),
        (["layout", "FILE", "--dims", "4", "--out", "o.parquet"], "--dims 4: expected one of 2, 3"),
        (
            ["layout", "FILE", "--method", "pca", "--perplexity", "5", "--out", "o.parquet"],
            "--perplexity is a parameter of tsne, not of pca",
        ),
        (
            ["layout", "FILE", "--method", "pca", "--threads", "2", "--out", "o.parquet"],
            "--threads is a parameter of tsne and umap, not of pca",
        ),
        (
            ["layout", "FILE", "--method", "umap", "--n-neighbors", "many", "--out", "o.parquet"],
            "--n-neighbors many: expected a whole number of at least 2",
        ),
        (
            ["layout", "FILE", "--method", "precomputed", "--out", "o.parquet"],
            "no precomputed coordinates in 2D: the vectors have 5 dimensions",
        ),
        (["quality", "FILE", "none.parquet"], "none.parquet: no such file"),
        (["quality", "FILE", "FILE"], "a layout has columns row, x, y"),
        (
            ["cluster", "FILE", "--method", "pca", "--fineness", "2", "--out", "o.parquet"],
            "--fineness 2.0: expected a number of at least 0 and at most 1",
        ),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run, file, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, errors = run(*[file if part == "FILE" else part for part in arguments])
    line = errors.splitlines()[-1]
    assert (status, out) == (2, "")
    assert line.startswith("error: ")
    assert message in line
    assert "Traceback" not in errors
    assert errors.count("error: ") == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"set.embedding.parquet", "cache"}


def test_a_folder_that_cannot_be_written_is_one_line(run, file, tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")
    status, _, errors = run("convert", file, tmp_path / "taken" / "o.npy")
    assert status == 2
    assert errors.splitlines()[-1].startswith("error: ")


def test_the_help_lists_every_command_and_imports_nothing(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert list(COMMANDS_BY_NAME) == COMMANDS
    assert all(f"\n{command} " in shown for command in COMMANDS)
    code = "import sys; from embeddings.cli import main; main(['--help']); print(*sys.modules)"
    loaded = set(_python("-c", code).stdout.splitlines()[-1].split())
    assert not loaded & {"numpy", "pyarrow", "tyro", *HEAVY}


def test_the_help_of_layout_describes_the_parameters_of_all_methods(capsys):
    with pytest.raises(SystemExit):
        main(["layout", "--help"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "t-SNE: Effective number of neighbors" in shown
    assert "t-SNE and UMAP: CPU threads" in shown
    assert "UMAP: Minimum distance between points" in shown and "(default: 0.1)" in shown


def test_a_label_can_be_any_text(run, tmp_path):
    save(EmbeddingSet.of(np.eye(3), ["None", "-5", "--row"]), tmp_path / "s.npz")
    for label in ("None", "-5"):
        status, out, _ = run("neighbors", tmp_path / "s.npz", label, "-k", "1", "--json")
        assert status == 0 and len(document(out)) == 1


HOSTILE = "\x1b[2J\x9b31m\u202eevil\nrow\x07"


def test_labels_never_command_a_terminal(run, tmp_path):
    labels = [HOSTILE, f"{HOSTILE} b", "c"]
    save(EmbeddingSet.of(np.eye(3), labels, {HOSTILE: labels}), tmp_path / "s.embedding.parquet")
    printed = [
        run("neighbors", tmp_path / "s.embedding.parquet", "--row", 2),
        run("neighbors", tmp_path / "s.embedding.parquet", "--row", 2, "--json"),
        run("neighbors", tmp_path / "s.embedding.parquet", HOSTILE + "x"),
        run("inspect", tmp_path / "s.embedding.parquet"),
        run("inspect", tmp_path / "s.embedding.parquet", "--json"),
        run("inspect", tmp_path / f"{HOSTILE}.npy"),
    ]
    for _, out, err in printed:
        assert not set("\x1b\x9b\u202e\x07") & set(out + err)
    assert printed[0][1].count("\n") == 3  # a header and two lines
    assert document(printed[1][1])[0]["label"] == HOSTILE


def test_flags_may_come_before_arguments_and_have_underscores(run, file):
    status, out, _ = run("neighbors", "-k", "2", "--json", "--leave_out", file, "a0")
    assert status == 0 and len(document(out)) == 2


def test_help_of_every_command(capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
        assert command in capsys.readouterr().out


def _python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_as_a_program_it_exits_with_its_status(file):
    done = _python("-m", "embeddings", "neighbors", str(file), "a0", "--json")
    assert done.returncode == 0
    assert len(document(done.stdout)) == 10
    assert done.stderr == ""
    wrong = _python("-m", "embeddings", "neighbors", str(file), "nobody")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.count("\n") == 1


def test_starting_imports_nothing_heavy():
    loaded = _python("-c", "import embeddings.cli.commands, sys; print(*sys.modules)")
    assert not set(HEAVY) & set(loaded.stdout.split())
