"""How the map was made: the commands that are shown give the same layout, bit for bit."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet, cli, gallery, layouts, save
from embeddings.cli.arguments import LayoutArguments, layout_flags
from embeddings.cli.parse import parse
from embeddings.embedding_set import Provenance
from embeddings.layouts import AxesParams, LayoutSpec, TsneParams, UmapParams
from pages.common import sources
from pages.common.local_files import Local
from pages.explore.reproduction import layout_commands, trainer_command
from tests.embeddings.test_usage import select

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "spec",
    [
        LayoutSpec("pca", 3),
        LayoutSpec("tsne", 2, TsneParams(perplexity=7.123456789, threads="fast"), seed=9),
        LayoutSpec("umap", 3, UmapParams(5, 0.2, 2.5, 77, "manhattan", 3), seed=2**31),
        LayoutSpec("umap"),
        LayoutSpec("precomputed"),
        LayoutSpec("axes", 3, AxesParams("a, b -> kind = c", "pca 3", "-x")),
    ],
)
def test_flags_are_read_as_the_same_layout(spec: LayoutSpec) -> None:
    arguments = ["x.parquet", "--out", "y.parquet", *layout_flags(spec)]
    assert parse(LayoutArguments, arguments, "layout").spec == spec


def test_a_set_of_several_files_is_joined_first() -> None:
    lines = layout_commands(LayoutSpec("pca"), ["a b.npy", "names.txt"], ["--dimensions=4"])
    assert lines.splitlines() == [
        "python -m embeddings convert 'a b.npy' names.txt set.embedding.parquet --dimensions=4",
        "python -m embeddings layout set.embedding.parquet --method=pca --dims=2 "
        "--out pca.layout.parquet",
    ]


def test_the_command_of_a_trainer_has_what_differs_from_the_defaults() -> None:
    config = {"dim": 7, "epochs": 20, "seed": 3, "lowercase": True, "of another version": 1}
    command = trainer_command(Provenance(trainer="word2vec", config=config))
    expected = "--dim=7 --epochs=20 --seed=3 --lowercase --out word2vec.embedding.parquet"
    assert command.startswith("python -m trainers word2vec ")
    assert set(expected.split()) <= set(command.split())
    assert trainer_command(Provenance(trainer="word2vec", config={"dim": "; rm -r /"})) == ""
    assert trainer_command(Provenance(trainer="of another program")) == ""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Return the page, and a folder of files that it can open."""
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "local", lambda: Local(root=tmp_path.resolve()))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)


def test_the_command_that_is_shown_gives_the_layout_that_is_shown(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    save(EmbeddingSet.of(vectors, metric="euclidean"), tmp_path / "my set.embedding.parquet")
    params = TsneParams(perplexity=5, iterations=30)
    spec = LayoutSpec("tsne", 3, params, seed=4)
    app.query_params.update(
        set="file:my%20set.embedding.parquet", method="tsne", dims="3", seed="4",
        params="perplexity:5.0,iterations:30,threads:reproducible",
    )  # fmt: skip
    app.run()
    app.button(key="run")
    assert not app.exception
    (command,) = [code.value for code in app.code]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "another cache"))
    program, *arguments = shlex.split(command)
    assert (program, arguments[:2]) == ("python", ["-m", "embeddings"])
    assert cli.main(arguments[2:]) == 0
    made = layouts.load_layout(tmp_path / "tsne.layout.parquet")
    expected = layouts.compute(
        EmbeddingSet.of(vectors, metric="euclidean"), spec, with_quality=False
    )
    assert made.spec == spec
    np.testing.assert_array_equal(made.coordinates, expected.coordinates)


def test_a_set_of_the_gallery_has_the_command_that_makes_it(app: AppTest) -> None:
    app.run()
    select(app, "Layout").select("pca").run()
    assert not app.exception
    layout, vectors = [code.value for code in app.code]
    assert "layout embeddings/gallery/digits.embedding.parquet --method=pca --dims=2" in layout
    assert vectors == gallery.item("digits").command
