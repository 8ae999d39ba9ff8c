"""Clicking a point: bytes and time until its neighbors appear, ours against a plain Streamlit page

Both pages show the same points (PCA) and, after a click, the same ten neighbors. The same points,
well separated on all pages, are clicked on each page in turn. Bytes are everything that the server
sends in response to the click. Time is measured in the browser, from the release of the button
until the panel lists exactly the true neighbors and is painted. st.plotly_chart has no click events
in 3D.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from benchmarks import report
from benchmarks.app import in_page
from benchmarks.app.browser import PAGE, Ours, Plain, side_by_side
from benchmarks.library import data
from embeddings import EmbeddingSet, layouts, neighbors

MAX_BYTES = 20_000
MAX_RATIO = {37_000: 1 / 4, 100_000: 1 / 5}  # to the plain page's time, in 2D
SEPARATION = 6.0  # px to the nearest other point
MARGIN = 30.0  # px to the edges of the page


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((37_000, 100_000), repeat=30))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        embedding_set = data.embedding_set(size)
        with side_by_side() as sites, TemporaryDirectory() as folder:
            report.print_progress(f"opening {size:,} points")
            ours, *plain = sites
            path = data.embedding_file(size, Path(folder))
            ours.upload(path)
            ours.wait_for_quality(size)
            for site in plain:
                site.upload(path)
                site.wait_for_chart(size)
            measured = {
                2: clicks(embedding_set, sites, options.repeat),
                3: clicks_in_3d(embedding_set, ours, options.repeat),
            }
        for dims, found in measured.items():
            results += rows_of(found, size, dims)
            targets += targets_of(found, size, dims)
    libraries = ("streamlit", "plotly", "playwright")
    shapes = data.describe(*options.sizes)
    report.show(__doc__, started, shapes, results, targets, libraries)


def clicks_in_3d(embedding_set: EmbeddingSet, ours: Ours, repeat: int) -> dict[str, np.ndarray]:
    """Measure clicks in 3D, on our page only."""
    ours.page.get_by_role("button", name="Clear").click()
    ours.choose_dims(3)
    ours.wait_for_quality(len(embedding_set), dims=3)
    return clicks(embedding_set, (ours,), repeat)


def clicks(
    embedding_set: EmbeddingSet, sites: tuple[Ours | Plain, ...], repeat: int
) -> dict[str, np.ndarray]:
    """Click the same points on each page in turn.

    Returns, by contender, float64 (clicks, 3): bytes, ms until listed, ms until painted.
    """
    spec = layouts.LayoutSpec("pca")  # which all pages show, in 2D
    plane = layouts.compute(embedding_set, spec, with_quality=False).coordinates
    rows = separate_points(embedding_set, plane, sites, repeat + 1)
    report.print_progress(f"{len(rows)} clicks on each of {len(sites)} pages")
    found: dict[str, list[list[float]]] = {site.name: [] for site in sites}
    for row in rows:
        label = embedding_set.labels[row]
        near = neighbors.query(embedding_set, row, 10).rows
        for site in sites:
            measured = click(site, site.positions(plane)[row], label, near)
            found[site.name].append(measured)
    return {name: np.array(values[1:]) for name, values in found.items()}  # the first warms up


def click(site: Ours | Plain, position: np.ndarray, label: str, near: np.ndarray) -> list[float]:
    """Click at a position in px; return bytes, ms until listed, ms until painted."""
    site.page.mouse.move(*position)
    site.settle()  # plotly.js assigns a click to the point that it found under the mouse before
    site.page.evaluate(in_page.NEIGHBORS_LISTED, [label, ",".join(map(str, near))])
    site.bytes = 0
    site.page.mouse.down()
    site.page.mouse.up()
    times = site.page.evaluate("window.watched")
    site.settle()
    return [site.bytes, *times]


def separate_points(
    embedding_set: EmbeddingSet, plane: np.ndarray, sites: tuple[Ours | Plain, ...], count: int
) -> list[int]:
    """Sample rows, labeled with letters only, that have no other point close by on any page."""
    usable = np.array([label.isalpha() for label in embedding_set.labels])
    for site in sites:
        positions = site.positions(plane)
        distance = cKDTree(positions).query(positions, k=2)[0][:, 1]
        inside = ((positions > MARGIN) & (positions < np.array(PAGE) - MARGIN)).all(axis=1)
        usable &= inside & (distance > SEPARATION)
        candidates = np.flatnonzero(usable)
        usable[candidates] = site.clickable(positions[candidates])
    rows = np.random.default_rng(0).permutation(np.flatnonzero(usable))[:count]
    if len(rows) < count:
        report.print_progress(f"only {len(rows)} of {count} points are well separated")
    return rows.tolist()


def rows_of(found: dict[str, np.ndarray], size: int, dims: int) -> list[dict[str, Any]]:
    """Return the rows of the table."""
    ours = np.median(found["ours"][:, 2])
    return [
        {
            "contender": name, "rows": size, "dims": dims, "clicks": len(values),
            "bytes": int(np.median(values[:, 0])), "max bytes": int(values[:, 0].max()),
            **report.spread("ms", values[:, 2], 1),
            **report.spread("ms until listed", values[:, 1], 1),
            "ours / contender": round(float(ours / np.median(values[:, 2])), 4),
        }
        for name, values in found.items()
    ]  # fmt: skip


def targets_of(found: dict[str, np.ndarray], size: int, dims: int) -> list[dict[str, Any]]:
    """Compare bytes and, in 2D, the time with the targets."""
    where = f"{size:,} points in {dims}D"
    most = float(found["ours"][:, 0].max())
    targets = [report.target(f"max bytes per click, {where}", most, at_most=MAX_BYTES)]
    if "plain page" in found and size in MAX_RATIO:
        ratio = np.median(found["ours"][:, 2]) / np.median(found["plain page"][:, 2])
        targets.append(
            report.target(f"time per click, {where}, ours / plain", float(ratio), MAX_RATIO[size])
        )
    return targets


if __name__ == "__main__":
    main()
