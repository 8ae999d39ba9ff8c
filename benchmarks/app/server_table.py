"""The table under the map on the server: time and bytes of opening, sorting and turning pages

    python -m benchmarks server_table [--rows 100000]

The app runs without a browser (Streamlit's AppTest) on random vectors with four columns. Each
action reruns the whole page, while in a browser it reruns the panels only. The first sort by a
column sorts it; later ones take its order from memory. The bytes are of the table's message.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from typing_extensions import Doc

from benchmarks import report
from embeddings import EmbeddingSet, save

APP = Path(__file__).parents[2] / "app.py"
DIMENSIONS = 50
REPEAT = 9
TARGET_MS = 300


@dataclass(frozen=True)
class Options:
    """The options of this benchmark."""

    rows: Annotated[int, Doc("Rows of the set")] = 100_000


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    started = report.hardware()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EMBEDDING_CACHE"] = folder
        app = open_app(Path(folder) / "made.embedding.parquet", options.rows)
        results = [row(name, act) for name, act in actions(app).items()]
    data = {"source": f"{options.rows:,} x {DIMENSIONS} random vectors, four columns"}
    targets = [report.target(f"ms, {r['contender']}", r["ms"], TARGET_MS) for r in results]
    report.show(__doc__, started, data, results, targets, ("streamlit", "pyarrow"))


def open_app(path: Path, rows: int) -> AppTest:
    """Open a set of so many rows, with the table; nothing else is being computed."""
    random = np.random.default_rng(0)
    days = [date(2000, 1, 1) + timedelta(days=int(day)) for day in random.integers(0, 9_000, 365)]
    columns = {
        "kind": pa.array([f"kind {i}" for i in random.integers(0, 30, rows)]),
        "text": pa.array([f"{i:x} of words" for i in random.integers(0, 2**40, rows)]),
        "number": pa.array(random.normal(size=rows)),
        "day": pa.array([days[i] for i in random.integers(0, 365, rows)]),
    }
    save(EmbeddingSet.of(random.normal(size=(rows, DIMENSIONS)), metadata=columns), path)
    app = AppTest.from_file(str(APP), default_timeout=600).run()
    app.file_uploader(key="uploads").upload(path.name, path.read_bytes(), "").run()
    while app.get("progress"):  # the quality of the layout would be measured meanwhile
        app.button(key="cancel").click().run()
    (toggle,) = (each for each in app.toggle if each.label == "Table")
    return toggle.set_value(True).run()


def actions(app: AppTest) -> dict[str, Callable[[int], AppTest]]:
    """Return what is measured; each gets the number of the repetition."""

    def sort(column: str, i: int) -> AppTest:
        return send(app, {"type": "sort", "column": column, "descending": bool(i % 2)})

    def click(i: int) -> AppTest:
        return send(app, {"type": "click", "row": 7 * i})

    return {
        "page turn": lambda _: app.button(key="table_forward").click().run(),
        **{
            f"sort by {name}, {which}": partial(sort, name)
            for which in ("first", "again")
            for name in ("kind", "text", "number", "day")
        },
        "page turn, sorted": lambda _: app.button(key="table_forward").click().run(),
        "click on a row": click,
        "sort by similarity": partial(sort, "(similarity)"),
        "click on a row, sorted by similarity": click,
    }


def send(app: AppTest, event: dict[str, Any]) -> AppTest:
    """Send an event of the table, as the browser does."""
    states = app._tree.get_widget_states()
    key = f"$$STREAMLIT_INTERNAL_KEY_{table_of(app).id}__events"
    trigger = json.dumps([{"event": "event", "value": event}])
    states.widgets.append(WidgetState(id=key, json_trigger_value=trigger))
    return app._run(widget_state=states)


def table_of(app: AppTest) -> Any:
    """Return the table's message."""
    (found,) = (c.proto for c in app.get("bidi_component") if c.proto.id.endswith("-rows"))
    return found


def row(name: str, act: Callable[[int], AppTest]) -> dict[str, Any]:
    """Return a row of the results: medians; of first sorts, only two are first."""
    report.print_progress(name)
    measured, sizes = [], []
    for i in range(2 if name.endswith("first") else REPEAT):
        start = time.perf_counter()
        app = act(i)
        measured.append(1000 * (time.perf_counter() - start))
        assert not app.exception, app.exception
        sizes.append(table_of(app).ByteSize())
    return {
        "contender": name,
        **report.spread("ms", measured, 1),
        "bytes": statistics.median(sizes),
    }


if __name__ == "__main__":
    main()
