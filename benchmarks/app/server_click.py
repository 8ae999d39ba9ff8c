"""A click on the server: time, searches and disk reads, against another checkout

    python -m benchmarks server_click [--tree OTHER_CHECKOUT]

Each checkout runs its app without a browser (Streamlit's AppTest) in its own process. A click on an
item reruns the page; the set's trainer can encode queries, and the server has RUNS runs. The
measurements are wall and CPU milliseconds, exact searches, and, from Python's audit events, files
opened and folders listed. The first click, which imports modules, is excluded.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typing_extensions import Doc

from benchmarks import report

CLICKS = 20
RUNS = 50
ROOT = Path(__file__).parents[2]

CLICK = """
import json, os, sys, tempfile, time
from pathlib import Path

folder = Path(tempfile.mkdtemp())
os.environ["EMBEDDING_CACHE"] = str(folder / "cache")
os.environ["EMBEDDING_RUNS"] = str(folder / "runs")
clicks, runs = int(sys.argv[1]), int(sys.argv[2])

import numpy as np
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from embeddings import EmbeddingSet, neighbors, save

for number in range(runs):
    run = folder / "runs" / f"20260101-{number:06d}-abcdef"
    (run / "training").mkdir(parents=True)
    (run / "training" / "best.pt").write_bytes(os.urandom(2**20))
    about = {"folder": run.name, "trainer": "image_text", "arguments": [], "settings": {},
             "data": "x", "created": number}
    (run / "run.json").write_text(json.dumps(about))

random = np.random.default_rng(0)
made = EmbeddingSet.of(random.normal(size=(5_000, 50)), trainer="image_text",
                       config={"checkpoint_sha256": "0" * 64}, name="made")
path = folder / "made.embedding.parquet"
save(made, path)

counts = {"files opened": 0, "folders listed": 0}
def audit(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(str(folder)):
        counts["files opened"] += 1
    elif event in ("os.listdir", "os.scandir") and str(arguments[0]).startswith(str(folder)):
        counts["folders listed"] += 1
sys.addaudithook(audit)

searches = [0]
for name in ("query", "query_vectors"):
    def counted(*given, _search=getattr(neighbors, name), **options):
        searches[0] += 1
        return _search(*given, **options)
    setattr(neighbors, name, counted)

def send(app, event):
    identity = app.get("bidi_component")[0].proto.id
    states = app._tree.get_widget_states()
    key = f"$$STREAMLIT_INTERNAL_KEY_{identity}__events"
    trigger = f'[{{"event":"event","value":{event}}}]'
    states.widgets.append(WidgetState(id=key, json_trigger_value=trigger))
    return app._run(widget_state=states)

app = AppTest.from_file("app.py", default_timeout=300).run()
app.file_uploader(key="uploads").upload(path.name, path.read_bytes(), "").run()
while app.get("progress"):  # the quality of the layout is being measured
    app.run()
measured = []
for row in range(clicks + 1):
    before = dict(counts), searches[0], time.perf_counter(), time.process_time()
    app = send(app, '{"type": "click", "row": %d}' % (row * 7))
    assert not app.exception, app.exception
    measured.append({
        "ms": 1000 * (time.perf_counter() - before[2]),
        "CPU ms": 1000 * (time.process_time() - before[3]),
        "searches": searches[0] - before[1],
        **{name: counts[name] - before[0][name] for name in counts},
    })
print(json.dumps(measured[1:]))
"""


@dataclass(frozen=True)
class Options:
    """The options of this benchmark."""

    tree: Annotated[Path | None, Doc("Another checkout, which is measured first")] = None


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    started = report.hardware()
    trees = {"this checkout": ROOT}
    if options.tree is not None:
        trees = {str(options.tree.name): options.tree, **trees}
    results = [row(name, clicks(tree)) for name, tree in trees.items()]
    data = {"source": f"5,000 x 50 random vectors, {RUNS} runs with checkpoints of 1 MiB"}
    report.show(__doc__, started, data, results, [], ("streamlit",))


def clicks(tree: Path) -> list[dict[str, float]]:
    """Return the measurements of each click, in the app of a checkout."""
    report.print_progress(f"{CLICKS} clicks in {tree}")
    command = [sys.executable, "-c", CLICK, str(CLICKS), str(RUNS)]
    done = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, text=True, check=True)
    found: list[dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(name: str, measured: list[dict[str, float]]) -> dict[str, Any]:
    """Return a row of the table: medians."""
    spreads: dict[str, Any] = {}
    for quantity in measured[0]:
        digits = 1 if "ms" in quantity else 0
        spreads |= report.spread(quantity, [each[quantity] for each in measured], digits)
    return {"contender": name, "clicks": len(measured), **spreads}


if __name__ == "__main__":
    main()
