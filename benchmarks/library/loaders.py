"""The contenders of load.py, each in its own process: main() runs the one named.

All return the same: labels as a list of str, and vectors as a float32 matrix. For the parsers
alone, the labels are a column of Arrow or polars.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.library.contenders import Clock

Loaded = tuple[Any, np.ndarray]
"""Labels, and vectors: float32, shape (n, d)."""

TOLERANCE = 1e-6  # pandas' fast number parser is not exact


def main() -> None:
    """Load a file; the arguments are a contender's name, the file, and the true vectors (.npy).

    Prints the times, and the peak growth of the process in MiB.
    """
    name, path, truth = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    loader = CONTENDERS[name]()
    before = _memory("VmRSS")
    clock = Clock()
    labels, vectors = loader(path)
    seconds = clock.read()
    grown = _memory("VmHWM") - before
    expected = np.load(truth)
    if len(labels) != len(expected) or vectors.dtype != np.float32:
        raise SystemExit(f"error: {name}: {len(labels):,} labels, vectors of {vectors.dtype}")
    if not np.allclose(vectors, expected, rtol=0, atol=TOLERANCE):
        raise SystemExit(f"error: {name}: vectors differ from those in {path.name}")
    print(json.dumps({**seconds, "peak MiB": grown}))


def ours() -> Callable[[Path], Loaded]:
    """embeddings.load: all that the app needs, including the fingerprint and the check for NaN."""
    import pandas  # noqa: F401  which pyarrow imports on its first conversion

    from embeddings import load
    from embeddings.files.delimited import plain_rows  # noqa: F401  for large texts, with numba

    def read(path: Path) -> Loaded:
        embedding_set = load(path)
        return list(embedding_set.labels), embedding_set.vectors

    return read


def our_parser() -> Callable[[Path], Loaded]:
    """What embeddings.load uses to parse rows of numbers: no fingerprint, no check for NaN."""
    import pandas  # noqa: F401  which pyarrow imports on its first conversion
    import pyarrow as pa
    import pyarrow.csv

    from embeddings.files.delimited import plain_rows  # noqa: F401
    from embeddings.files.delimited.number_parser import parse
    from embeddings.files.plain_text import read_text

    def read(path: Path) -> Loaded:
        names = _names(path, ",")
        table = parse(
            read_text(path, print),
            names,
            pa.csv.ParseOptions(),
            pa.csv.ConvertOptions(
                column_types={"label": pa.string()} | dict.fromkeys(names[1:], pa.float32())
            ),
            header=True,
            components=names[1:],
        )
        vectors = table.column("vector").combine_chunks().flatten().to_numpy()
        return table.column("label"), vectors.reshape(table.num_rows, -1)

    return read


def gensim_text() -> Callable[[Path], Loaded]:
    """gensim's KeyedVectors, text."""
    return _gensim()


def gensim_binary() -> Callable[[Path], Loaded]:
    """gensim's KeyedVectors, binary."""
    return _gensim(binary=True)


def gensim_glove() -> Callable[[Path], Loaded]:
    """gensim's KeyedVectors, text without a header."""
    return _gensim(no_header=True)


def _gensim(**options: bool) -> Callable[[Path], Loaded]:
    from gensim.models import KeyedVectors

    def read(path: Path) -> Loaded:
        words = KeyedVectors.load_word2vec_format(str(path), **options)
        return words.index_to_key, words.vectors

    return read


def pandas_glove() -> Callable[[Path], Loaded]:
    """pandas.read_csv as commonly used for GloVe."""
    import pandas as pd

    def read(path: Path) -> Loaded:
        return _split(pd.read_csv(path, sep=" ", quoting=3, header=None))

    return read


def pandas_csv() -> Callable[[Path], Loaded]:
    """pandas.read_csv with its defaults."""
    import pandas as pd

    def read(path: Path) -> Loaded:
        return _split(pd.read_csv(path))

    return read


def pandas_pyarrow_csv() -> Callable[[Path], Loaded]:
    """pandas.read_csv with pyarrow's parser."""
    import pandas as pd
    import pyarrow.csv  # noqa: F401

    def read(path: Path) -> Loaded:
        return _split(pd.read_csv(path, engine="pyarrow"))

    return read


def pyarrow_text() -> Callable[[Path], Loaded]:
    """pyarrow.csv.read_csv, word2vec text: numbers as float32, the header skipped."""
    return _pyarrow(separator=" ", skipped=1)


def pyarrow_glove() -> Callable[[Path], Loaded]:
    """pyarrow.csv.read_csv, GloVe: numbers as float32."""
    return _pyarrow(separator=" ", skipped=0)


def pyarrow_csv() -> Callable[[Path], Loaded]:
    """pyarrow.csv.read_csv, CSV: numbers as float32, the header skipped."""
    return _pyarrow(separator=",", skipped=1)


def pyarrow_parser() -> Callable[[Path], Loaded]:
    """pyarrow.csv.read_csv, CSV; the labels stay a column."""
    return _pyarrow(separator=",", skipped=1, listed=False)


def _pyarrow(separator: str, skipped: int, listed: bool = True) -> Callable[[Path], Loaded]:
    import pyarrow as pa
    import pyarrow.csv

    quoted = separator == ","

    def read(path: Path) -> Loaded:
        names = _names(path, separator)
        table = pa.csv.read_csv(
            path,
            pa.csv.ReadOptions(column_names=names, skip_rows=skipped),
            pa.csv.ParseOptions(delimiter=separator, quote_char='"' if quoted else False),
            pa.csv.ConvertOptions(
                column_types={"label": pa.string()} | dict.fromkeys(names[1:], pa.float32())
            ),
        )
        vectors = np.stack([column.to_numpy() for column in table.columns[1:]], axis=1)
        labels = table.column("label")
        return labels.to_pylist() if listed else labels, vectors

    return read


def polars_text() -> Callable[[Path], Loaded]:
    """polars.read_csv, word2vec text: numbers as float32, the header skipped."""
    return _polars(separator=" ", skipped=1)


def polars_glove() -> Callable[[Path], Loaded]:
    """polars.read_csv, GloVe: numbers as float32."""
    return _polars(separator=" ", skipped=0)


def polars_csv() -> Callable[[Path], Loaded]:
    """polars.read_csv, CSV: numbers as float32, the header skipped."""
    return _polars(separator=",", skipped=1)


def polars_parser() -> Callable[[Path], Loaded]:
    """polars.read_csv, CSV; the labels stay a column."""
    return _polars(separator=",", skipped=1, listed=False)


def _polars(separator: str, skipped: int, listed: bool = True) -> Callable[[Path], Loaded]:
    import polars as pl

    def read(path: Path) -> Loaded:
        names = _names(path, separator)
        frame = pl.read_csv(
            path,
            separator=separator,
            has_header=False,
            skip_rows=skipped,
            quote_char='"' if separator == "," else None,
            schema={"label": pl.String} | dict.fromkeys(names[1:], pl.Float32),
            empty_string_is_null=False,
        )
        labels = frame["label"]
        return labels.to_list() if listed else labels, frame.drop("label").to_numpy()

    return read


def _names(path: Path, separator: str) -> list[str]:
    """Return names for the columns of a text file, the first of which holds the labels."""
    with path.open("rb") as file:
        width = max(file.readline().count(separator.encode()) for _ in range(2)) + 1
    return ["label", *(f"dim_{i}" for i in range(width - 1))]


def polars_lists() -> Callable[[Path], Loaded]:
    """polars.read_csv, then its JSON decoder on the column."""
    import polars as pl

    def read(path: Path) -> Loaded:
        frame = pl.read_csv(path)
        width = len(json.loads(frame["embedding"][0]))
        cells = frame["embedding"].str.json_decode(pl.List(pl.Float32))
        return frame["label"].to_list(), cells.list.to_array(width).to_numpy()

    return read


def pandas_lists() -> Callable[[Path], Loaded]:
    """pandas.read_csv, then json.loads on each cell; the cookbook's eval is much slower."""
    import pandas as pd

    def read(path: Path) -> Loaded:
        frame = pd.read_csv(path)
        vectors = np.array([json.loads(cell) for cell in frame["embedding"]], dtype=np.float32)
        return frame["label"].tolist(), vectors

    return read


def numpy_npz() -> Callable[[Path], Loaded]:
    """numpy.load of an .npz."""

    def read(path: Path) -> Loaded:
        with np.load(path) as arrays:
            return arrays["labels"].tolist(), arrays["vectors"]

    return read


def _split(frame: "pandas.DataFrame") -> Loaded:  # type: ignore[name-defined] # noqa: F821
    """Return the first column as labels, the others as vectors."""
    return frame.iloc[:, 0].tolist(), frame.iloc[:, 1:].to_numpy(dtype=np.float32)


CONTENDERS: dict[str, Callable[[], Callable[[Path], Loaded]]] = {
    "ours": ours,
    "our parser": our_parser,
    "gensim, text": gensim_text,
    "gensim, no header": gensim_glove,
    "gensim, binary": gensim_binary,
    "pandas, GloVe": pandas_glove,
    "pandas, CSV": pandas_csv,
    "pandas, pyarrow, CSV": pandas_pyarrow_csv,
    "pandas and json": pandas_lists,
    "polars and json": polars_lists,
    "polars, text": polars_text,
    "polars, GloVe": polars_glove,
    "polars, CSV": polars_csv,
    "pyarrow, text": pyarrow_text,
    "pyarrow, GloVe": pyarrow_glove,
    "pyarrow, CSV": pyarrow_csv,
    "polars' parser": polars_parser,
    "pyarrow's parser": pyarrow_parser,
    "numpy": numpy_npz,
    "numpy, .npz": numpy_npz,
    "numpy, compressed .npz": numpy_npz,
}
"""Contenders by name; each imports what it needs before the clock starts, and returns a reader."""


def _memory(name: str) -> float:
    """Return a line of /proc/self/status in MiB: VmRSS is the current size, VmHWM the peak.

    ru_maxrss would be wrong: a process inherits its parent's.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
