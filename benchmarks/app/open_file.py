"""Opening a file: time from upload to first map, ours against a plain Streamlit page

Time is measured in the browser, from the choice of the file until the map of all points (PCA) is
painted. Both servers have drawn a small set before and are idle; each run opens a file with
different content, so that nothing is cached. Our time is broken down by what the browser fetched
and when; the steps on the server are timed by calling the same functions here.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.app.browser import Ours, Plain, side_by_side
from benchmarks.library import data
from embeddings import layouts, load
from embeddings.embedding_set import fingerprint_of


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((37_000,), repeat=5))
    started = report.hardware()
    results = []
    for size in options.sizes:
        with side_by_side() as (ours, plain, _), TemporaryDirectory() as folder:
            files = [data.embedding_file(size, Path(folder), run) for run in range(options.repeat)]
            runs = []
            for number, path in enumerate(files):
                report.print_progress(f"opening {size:,} points, run {number + 1}")
                runs.append((open_ours(ours, path, size), open_plain(plain, path, size)))
            results += rows_of(runs, in_process(files), size)
    libraries = ("streamlit", "plotly", "playwright", "pyarrow")
    report.show(__doc__, started, data.describe(*options.sizes), results, [], libraries)


def open_ours(ours: Ours, path: Path, size: int) -> dict[str, float]:
    """Open a file in a fresh page of the app; return seconds, in total and by step."""
    ours.open()
    ours.settle()
    ours.watch("change", ours.drawn(size))
    ours.upload(path)
    found = ours.watched()
    ours.wait_for_quality(size)
    uploads = [each for each in found["fetched"] if "/upload_file/" in each["url"]]
    arrays = [each for each in found["fetched"] if each["url"].endswith(".bin")]
    uploaded = max(each["end"] for each in uploads)
    requested, received = min(each["start"] for each in arrays), max(each["end"] for each in arrays)
    return {
        "s": found["seconds"], "upload s": uploaded, "server s": requested - uploaded,
        "transfer s": received - requested, "draw s": found["seconds"] - received,
    }  # fmt: skip


def open_plain(plain: Plain, path: Path, size: int) -> dict[str, float]:
    """Open a file in a fresh page of the plain server; return seconds."""
    plain.start()
    plain.watch("change", plain.drawn(size))
    plain.upload(path)
    found = plain.watched()
    plain.settle()
    uploads = [each["end"] for each in found["fetched"] if "/upload_file/" in each["url"]]
    return {"s": found["seconds"], "upload s": max(uploads)}


def in_process(files: list[Path]) -> dict[str, float]:
    """Time the steps on the server: read, hash, layout; return the median of each in seconds."""
    times: dict[str, list[float]] = {"read": [], "hash": [], "layout": []}
    for path in files:
        marks = [time.perf_counter()]
        embedding_set = load(path)
        marks.append(time.perf_counter())
        fingerprint_of(embedding_set.vectors)
        marks.append(time.perf_counter())
        layouts.compute(embedding_set, layouts.LayoutSpec("pca"), with_quality=False)
        marks.append(time.perf_counter())
        loading, hashing, layout = np.diff(marks)
        times["read"].append(loading - hashing)  # load() hashes too
        times["hash"].append(hashing)
        times["layout"].append(layout)
    return {f"{step} s (included)": round(float(np.median(s)), 4) for step, s in times.items()}


def rows_of(
    runs: list[tuple[dict[str, float], dict[str, float]]], inside: dict[str, float], size: int
) -> list[dict[str, Any]]:
    """Return the rows of the table: medians over the runs."""
    medians = [
        {part: round(float(np.median([run[i][part] for run in runs])), 3) for part in runs[0][i]}
        for i in range(2)
    ]
    common = {"rows": size, "runs": len(runs)}
    ratio = round(medians[0]["s"] / medians[1]["s"], 4)
    return [
        {"contender": "ours", **common, **medians[0], **inside, "ours / contender": 1.0},
        {"contender": "plain page", **common, **medians[1], "ours / contender": ratio},
    ]


if __name__ == "__main__":
    main()
