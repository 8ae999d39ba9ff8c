"""The same file and layout again after a restart of the app: what is computed; seconds to the map

The app opens a file and computes a t-SNE; then it is ended and started again with the same cache,
and a person does the same at once, while its workers still warm up. Every layout and every graph
that is computed is written to the cache, atomically, as a new file: their inodes tell.
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
    options = report.arguments(__doc__, (37_000,), repeat=1)
    started = report.hardware()
    results, targets = [], []
    with browser() as chromium:
        for size in options.sizes:
            with TemporaryDirectory() as cache, TemporaryDirectory() as folder:
                path = data.embedding_file(size, Path(folder))
                runs = [visit(chromium, Path(cache), path, size) for _ in range(2)]
            for name, run in zip(("first time", "after the restart"), runs, strict=True):
                results.append({"run": name, "rows": size, **run})
            for kind in ("layouts", "graphs"):
                what = f"{kind} computed after the restart at {size:,}"
                targets.append(report.target(what, runs[1][f"{kind} written"], at_most=0))
    shapes = data.describe(*options.sizes)
    report.show(__doc__, started, shapes, results, targets, ("streamlit", "openTSNE"))


def visit(chromium: Any, cache: Path, path: Path, size: int) -> dict[str, Any]:
    """Start the app, open the file, have it laid out, and end the app.

    Returns seconds from the file to the PCA, from the choice of the layout until it is drawn, and
    how many layouts and graphs were written (the first time also the gallery's own layout).
    """
    before = {kind: inodes(cache, kind) for kind in ("layouts", "graphs")}
    with run_server(cache) as address:
        ours = Ours(new_page(chromium), address)
        ours.open()
        ours.settle()
        report.say(f"opening {size:,} points")
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
            report.say(f"computing {TITLE}")
            run.click()
        to_layout = ours.watched()["seconds"]
        ours.page.get_by_text("of neighbors preserved").first.wait_for()
        ours.settle()
        ours.page.context.close()
    return {
        "file to PCA s": round(to_pca, 3),
        f"choice to {TITLE} s": round(to_layout, 3),
        "had to be run": offered,
        **{f"{kind} written": len(inodes(cache, kind) - old) for kind, old in before.items()},
    }


def inodes(cache: Path, kind: str) -> set[tuple[str, int]]:
    """Return name and inode of each kept file of one kind."""
    return {(path.name, path.stat().st_ino) for path in (cache / kind).glob("*")}


if __name__ == "__main__":
    main()
