"""Restarting the app: what is computed again for the same file and layout, and time to the map

The app opens a file and computes a t-SNE; then it is stopped and started again with the same cache,
and the same steps are repeated immediately, while its workers are still warming up. Every computed
layout and graph is written to the cache atomically, as a new file, so inodes show what was written.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import report
from benchmarks.app.browser import Ours, browser, new_page
from benchmarks.library import data
from tests.browser.driver import run_server

TITLE = "t-SNE"


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((37_000,), repeat=1))
    started = report.hardware()
    results, targets = [], []
    with browser() as chromium:
        for size in options.sizes:
            with TemporaryDirectory() as cache, TemporaryDirectory() as folder:
                path = data.embedding_file(size, Path(folder))
                runs = [visit(chromium, Path(cache), path, size) for _ in range(2)]
            for name, run in zip(("first run", "after the restart"), runs, strict=True):
                results.append({"run": name, "rows": size, **run})
            for kind in ("layouts", "graphs"):
                what = f"{kind} computed after the restart at {size:,}"
                targets.append(report.target(what, runs[1][f"{kind} written"], at_most=0))
    shapes = data.describe(*options.sizes)
    report.show(__doc__, started, shapes, results, targets, ("streamlit", "openTSNE"))


def visit(chromium: Any, cache: Path, path: Path, size: int) -> dict[str, Any]:
    """Start the app, open the file, lay it out, and stop the app.

    Returns the seconds from the file to the PCA and from the choice of the layout until it is
    drawn, and how many layouts and graphs were written (in the first run, the gallery's too).
    """
    before = {kind: inodes(cache, kind) for kind in ("layouts", "graphs")}
    with run_server(cache) as address:
        ours = Ours(new_page(chromium), address)
        ours.open()
        ours.settle()
        report.print_progress(f"opening {size:,} points")
        ours.watch("change", ours.drawn(size))
        ours.upload(path)
        to_pca = ours.watched()["seconds"]
        ours.page.get_by_text("of neighbors preserved").first.wait_for()
        ours.settle()
        ours.watch("pointerup", ours.laid_out(TITLE))
        ours.choose("Layout", TITLE)
        ours.settle()
        run = ours.page.get_by_role("button", name=f"Run {TITLE}")
        offered = run.is_visible()
        if offered:
            report.print_progress(f"computing {TITLE}")
            run.click()
        to_layout = ours.watched()["seconds"]
        ours.page.get_by_text("of neighbors preserved").first.wait_for()
        ours.settle()
        ours.page.context.close()
    return {
        "file to PCA s": round(to_pca, 3),
        f"choice to {TITLE} s": round(to_layout, 3),
        "layout had to be run": offered,
        **{f"{kind} written": len(inodes(cache, kind) - old) for kind, old in before.items()},
    }


def inodes(cache: Path, kind: str) -> set[tuple[str, int]]:
    """Return name and inode of each cached file of one kind."""
    return {(path.name, path.stat().st_ino) for path in (cache / kind).glob("*")}


if __name__ == "__main__":
    main()
