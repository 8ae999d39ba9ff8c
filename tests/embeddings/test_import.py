"""What `import embeddings` makes available, and what it does not load."""

import json
import subprocess
import sys

import pytest

import embeddings

HEAVY = {
    "h5py",
    "numba",
    "openTSNE",
    "pandas",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "safetensors",
    "scipy",
    "sklearn",
    "streamlit",
    "torch",
    "umap",
}


def modules_after(statement: str) -> set[str]:
    """Return the modules that a new Python process has loaded after a statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(list(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(run.stdout))


def test_importing_embeddings_loads_no_heavy_library():
    loaded = modules_after("import embeddings")
    assert "embeddings" in loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith(("embeddings.files", "embeddings.lay"))}


def test_a_search_compiles_nothing():
    loaded = modules_after(
        "import numpy, embeddings\n"
        "embeddings.neighbors.query(embeddings.EmbeddingSet.of(numpy.eye(3)), 0)"
    )
    assert "embeddings.neighbors.search" in loaded
    assert not loaded & {"numba", "scipy", "sklearn"}


def test_every_public_name_can_be_imported():
    modules_after("from embeddings import *\nassert callable(load) and callable(layouts.compute)")
    assert all(getattr(embeddings, name) is not None for name in embeddings.__all__)
    assert set(embeddings.__all__) <= set(dir(embeddings))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        embeddings.lod  # type: ignore[attr-defined]  # noqa: B018
