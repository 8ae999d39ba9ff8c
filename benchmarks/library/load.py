"""Opening a file: ours against gensim's loaders, pandas, polars, pyarrow and numpy

Each read runs in a fresh process, and the contenders take turns. Before the clock starts, libraries
and their compiled code are loaded, and the file is in the page cache. The result is always a list
of labels and a float32 matrix of vectors (pandas by .to_numpy(dtype=float32)); ours also hashes
them and checks for NaN. "CSV, parser alone" omits this and the list of labels: it compares our
parser with those of libraries. Peak MiB is the growth of the process while it reads, including
pages of a mapped file.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import report
from benchmarks.library import data
from embeddings import EmbeddingSet, save

RUN = "from benchmarks.library.loaders import main; main()"
CONTENDERS = {
    "word2vec text": ["ours", "gensim, text", "polars, text", "pyarrow, text"],
    "GloVe text": ["ours", "pandas, GloVe", "polars, GloVe", "pyarrow, GloVe", "gensim, no header"],
    "CSV": ["ours", "pandas, CSV", "pandas, pyarrow, CSV", "polars, CSV", "pyarrow, CSV"],
    "CSV, parser alone": ["our parser", "polars' parser", "pyarrow's parser"],
    "CSV with lists": ["ours", "pandas and json", "polars and json"],
    "word2vec binary": ["ours", "gensim, binary"],
    ".npz": ["ours", "numpy"],
    "Parquet": ["ours", "numpy, .npz", "numpy, compressed .npz"],
}
"""The contenders for each format: ours, then peers; the target is relative to the first of them."""

TARGET_FORMATS = ("word2vec text", "GloVe text", "CSV", "CSV with lists", "word2vec binary")
"""Formats that ours should open in no more time than the first of the peers."""

OTHER_FILES = {"numpy, .npz": ".npz", "numpy, compressed .npz": "compressed .npz"}
"""The format that a contender reads, if it is not the one for which it is a peer."""

PARSER_RATIO = 1 / 1.5
"""Our parser is worth its code if a library's takes at least 1.5 times as long."""

Medians = dict[tuple[str, str], dict[str, float]]


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((400_000,), repeat=5))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        with TemporaryDirectory() as folder:
            files = write(data.embedding_set(size), Path(folder))
            medians = run_all(files, Path(folder) / "truth.npy", options.repeat)
            sizes = {name: path.stat().st_size for name, path in files.items()}
        results += rows_of(medians, sizes, size)
        targets += targets_of(medians, size)
    libraries = ("gensim", "pandas", "polars", "pyarrow")
    report.show(__doc__, started, data.describe(*options.sizes), results, targets, libraries)


def write(embedding_set: EmbeddingSet, folder: Path) -> dict[str, Path]:
    """Write words and vectors in each format, and the vectors alone as truth.npy.

    Numbers are as short as float32 allows. pandas writes CSV (lists as in OpenAI's cookbook),
    numpy.savez writes .npz with the words as an array of str, and this library the rest.
    """
    labels, vectors = list(embedding_set.labels), embedding_set.vectors
    bare = EmbeddingSet.of(vectors, labels)
    names = {
        "word2vec text": "glove.vec", "GloVe text": "glove.txt", "CSV": "glove.csv",
        "CSV with lists": "lists.csv", "word2vec binary": "glove.bin", ".npz": "glove.npz",
        "compressed .npz": "compressed.npz", "Parquet": "glove.embedding.parquet",
    }  # fmt: skip
    paths = {name: folder / file for name, file in names.items()}
    for name in ("word2vec text", "word2vec binary", "Parquet"):
        report.print_progress(f"writing {paths[name].name}")
        save(bare, paths[name])
    report.print_progress("writing the others")
    with paths["word2vec text"].open("rb") as file, paths["GloVe text"].open("wb") as to:
        file.readline()
        to.writelines(file)
    columns = pd.DataFrame(vectors, columns=[f"dim_{i}" for i in range(vectors.shape[1])])
    columns.insert(0, "label", labels)
    columns.to_csv(paths["CSV"], index=False)
    lists = [f"[{row.split(' ', 1)[1].replace(' ', ', ')}]" for row in lines(paths["GloVe text"])]
    pd.DataFrame({"label": labels, "embedding": lists}).to_csv(paths["CSV with lists"], index=False)
    np.savez(paths[".npz"], vectors=vectors, labels=np.array(labels))
    np.savez_compressed(paths["compressed .npz"], vectors=vectors, labels=np.array(labels))
    np.save(folder / "truth.npy", vectors)
    return paths


def lines(path: Path) -> list[str]:
    """Return the lines of a text file; only newlines separate them."""
    return path.read_bytes().decode().removesuffix("\n").split("\n")


def run_all(files: dict[str, Path], truth: Path, repeat: int) -> Medians:
    """Read each format with each contender; return medians by format and contender."""
    runs: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number in range(repeat):
        for name, contenders in CONTENDERS.items():
            report.print_progress(f"{name}, run {number + 1}")
            for contender in contenders:
                path = files[_format_read(name, contender)]
                runs.setdefault((name, contender), []).append(read(contender, path, truth))
    return {
        key: {what: float(np.median([run[what] for run in found])) for what in found[0]}
        for key, found in runs.items()
    }


def _format_read(name: str, contender: str) -> str:
    """Return the format of the file that a contender reads where it is one for format `name`."""
    return OTHER_FILES.get(contender, name.removesuffix(", parser alone"))


def read(contender: str, path: Path, truth: Path) -> dict[str, float]:
    """Read a file in a fresh process; see loaders.main."""
    command = [sys.executable, "-c", RUN, contender, str(path), str(truth)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def rows_of(medians: Medians, sizes: dict[str, int], rows: int) -> list[dict[str, Any]]:
    """Return the rows of the table, with the ratios of wall and CPU times."""
    results = []
    for (name, contender), found in medians.items():
        ours = medians[name, CONTENDERS[name][0]]
        ratios = {
            f"ours / contender, {what}": round(ours[f"{what} s"] / found[f"{what} s"], 3)
            for what in ("wall", "CPU")
        }
        size = sizes[_format_read(name, contender)]
        results.append(
            {
                "format": name, "contender": contender, "rows": rows, "MB": round(size / 1e6, 1),
                **{what: round(value, 3) for what, value in found.items()}, **ratios,
            }
        )  # fmt: skip
    return results


def targets_of(medians: Medians, rows: int) -> list[dict[str, Any]]:
    """Compare wall times with the targets."""

    def ratio(name: str, peer: str) -> float:
        return medians[name, CONTENDERS[name][0]]["wall s"] / medians[name, peer]["wall s"]

    opened = [(name, CONTENDERS[name][1]) for name in TARGET_FORMATS]
    parsed = "CSV, parser alone"
    return [
        *(
            report.target(
                f"time to open {name} at {rows:,}, ours / {peer}", ratio(name, peer), at_most=1.0
            )
            for name, peer in opened
        ),
        *(
            report.target(
                f"{parsed}, at {rows:,}, ours / {peer}", ratio(parsed, peer), at_most=PARSER_RATIO
            )
            for peer in CONTENDERS[parsed][1:]
        ),
    ]


if __name__ == "__main__":
    main()
