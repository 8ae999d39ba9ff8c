"""Writing .h5ad: ours against anndata

Each run is in a fresh process, and the contenders take turns; libraries are imported before the
clock starts, and the seconds of their import are a column of their own. Both write the vectors as X
and as obsm["X_embedding"], and the same columns of obs: a text, a category, an integer, and a
number of which some are missing.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks import report
from benchmarks.library import data
from embeddings import EmbeddingSet, load, save

CONTENDERS = ("ours", "anndata")
TARGET = 1 / 1.5
"""Our writer is worth its code if anndata takes at least 1.5 times as long, or as much room."""


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((37_000, 400_000), repeat=5))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        with TemporaryDirectory() as folder:
            source = Path(folder) / "source.embedding.parquet"
            save(_with_columns(data.embedding_set(size)), source)
            runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
            for number in range(options.repeat):
                report.print_progress(f"{size:,} rows, run {number + 1}")
                for name in CONTENDERS:
                    runs[name].append(_write(name, source, Path(folder) / "out.h5ad"))
        medians = {
            name: {what: float(np.median([run[what] for run in found])) for what in found[0]}
            for name, found in runs.items()
        }
        results += [_row(name, size, medians) for name in CONTENDERS]
        targets += [
            report.target(
                f"{what} at {size:,}, ours / anndata",
                medians["ours"][what] / medians["anndata"][what],
                at_most=TARGET,
            )
            for what in ("wall s", "MB")
        ]
    described = data.describe(*options.sizes)
    report.show(__doc__, started, described, results, targets, ("anndata", "h5py"))


def write_one() -> None:
    """Write a file; the arguments are a contender, the set's file, and the path to write."""
    name, source, path = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    embedding_set = load(source)
    embedding_set.vectors.sum()  # reads the mapped pages
    clock = report.Clock()
    write = {"ours": _ours, "anndata": _anndata}[name](embedding_set)
    imported = clock.read()["wall s"]
    clock = report.Clock()
    write(path)
    seconds = clock.read()
    size = path.stat().st_size / 1e6
    print(json.dumps({**seconds, "import s": imported, "MB": size}))


def _ours(embedding_set: EmbeddingSet) -> Callable[[Path], object]:
    from embeddings.files.hdf5 import h5ad_writer

    return lambda path: h5ad_writer.save(embedding_set, path)


def _anndata(embedding_set: EmbeddingSet) -> Callable[[Path], object]:
    import anndata

    from embeddings.files import header

    # anndata 0.11 cannot write the strings of pandas 3, and later releases refuse pandas 3
    pd.set_option("future.infer_string", False)

    def write(path: Path) -> None:
        obs = embedding_set.metadata.to_pandas()
        obs.index = pd.Index(list(embedding_set.labels))
        obs["text"] = obs["text"].astype(object)
        kinds = obs["kind"].cat.categories.astype(object)
        obs["kind"] = obs["kind"].cat.rename_categories(kinds)
        vectors = embedding_set.vectors
        made = {"embedding": header.to_json(embedding_set.provenance)}
        found = anndata.AnnData(vectors, obs, obsm={"X_embedding": vectors}, uns=made)
        found.write_h5ad(path)

    return write


def _with_columns(embedding_set: EmbeddingSet) -> EmbeddingSet:
    """Return the set with a text, a category, an integer and a number with missing values."""
    rows = np.arange(len(embedding_set))
    kinds = pa.array(rows % 12).cast(pa.string()).dictionary_encode()
    columns = {
        "text": pa.array([f"the word {label}" for label in embedding_set.labels]),
        "kind": kinds,
        "rank": pa.array(rows),
        "score": pa.array(rows / len(rows), mask=rows % 7 == 0),
    }
    return EmbeddingSet.of(embedding_set.vectors, embedding_set.labels, columns)


def _write(name: str, source: Path, path: Path) -> dict[str, float]:
    """Write in a fresh process; see write_one."""
    path.unlink(missing_ok=True)
    code = "from benchmarks.library.save_h5ad import write_one; write_one()"
    command = [sys.executable, "-c", code, name, str(source), str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _row(name: str, rows: int, medians: dict[str, dict[str, float]]) -> dict[str, Any]:
    found, ours = medians[name], medians["ours"]
    ratio = {"ours / contender, wall": round(ours["wall s"] / found["wall s"], 3)}
    return {
        "contender": name,
        "rows": rows,
        **{what: round(value, 3) for what, value in found.items()},
        **ratio,
    }


if __name__ == "__main__":
    main()
