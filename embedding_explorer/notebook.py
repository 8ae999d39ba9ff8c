"""`explore` for notebooks and scripts: vectors become a set that the app of this machine shows."""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as parquet
from filelock import FileLock

from embedding_explorer.command import Options, streamlit_arguments
from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.cache import default_folder
from embeddings.files.atomic import atomic_path

START_SECONDS = 60.0
"""How long the app may take until it answers."""

HOST = "localhost"


@dataclass(frozen=True)
class Server:
    """An app that serves the sets of notebooks.

    Attributes
    ----------
    pid : its process
    started : when the process started, in s since the epoch: a process number is used again
    port : on which it listens
    """

    pid: int
    started: float
    port: int

    @property
    def address(self) -> str:
        """The address of the app's first page."""
        return f"http://{HOST}:{self.port}"

    def is_running(self) -> bool:
        """Return True if the process is alive and answers."""
        try:
            alive = psutil.Process(self.pid).create_time() == self.started
        except psutil.NoSuchProcess:
            return False
        return alive and _answers(self.port)


@dataclass(frozen=True)
class View:
    """A set in the running app; a notebook shows it as a frame.

    Attributes
    ----------
    address : of the page that shows the set
    height : of the frame, in CSS pixels
    """

    address: str
    height: int = 720

    def _repr_html_(self) -> str:
        """Return the frame that a notebook shows."""
        return (
            f'<iframe src="{self.address}" width="100%" height="{self.height}" '
            'style="border: 1px solid #8884; border-radius: 8px"></iframe>'
        )


def explore(
    vectors: Any,
    labels: Sequence[str] | None = None,
    metadata: Any = None,
    *,
    name: str = "notebook",
    metric: str = "cosine",
    height: int = 720,
) -> View:
    """Show embeddings in the app: as a frame in a notebook, in the browser elsewhere.

    The set is written to the cache folder. The first call starts the app on a free port of this
    machine; later ones, from any process of the same user, find the one that runs. It goes on
    after the notebook ends; `stop()` ends it.

    Parameters
    ----------
    vectors : float array of shape (n, d); or a data frame (pandas, polars, pyarrow) with a column
        of vectors, or of numbers only; or an EmbeddingSet; or the path of an embedding file
    labels : a string for each row; by default the data frame's column `label`, or row numbers
    metadata : columns with a value for each row: a data frame or a mapping of sequences
    name : what the app calls the set
    metric : how rows are compared: cosine, dot or euclidean; a file and an EmbeddingSet have their
        own
    height : of the frame, in CSS pixels

    Returns
    -------
    the view, whose `address` opens in any browser of this machine

    Raises
    ------
    EmbeddingError
        vectors that are not an (n, d) array, columns of another length, a file that cannot be
        read, or an app that does not start
    """
    embedding_set = to_set(vectors, labels, metadata, name=name, metric=metric)
    folder = default_folder() / "notebook"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{_file_name(name)}-{embedding_set.fingerprint[:12]}.embedding.parquet"
    save(embedding_set, file)
    server = find_or_start(folder)
    view = View(f"{server.address}/?set={quote(f'file:{file.name}')}", height)
    if not _in_notebook():
        webbrowser.open(view.address)
    return view


def stop() -> bool:
    """End the app that `explore` started; return False if none was running."""
    state = _state_file(default_folder() / "notebook")
    server = _read(state)
    state.unlink(missing_ok=True)
    if server is None or not server.is_running():
        return False
    process = psutil.Process(server.pid)
    process.terminate()
    process.wait(timeout=START_SECONDS)
    return True


def to_set(
    vectors: Any,
    labels: Sequence[str] | None = None,
    metadata: Any = None,
    *,
    name: str = "notebook",
    metric: str = "cosine",
) -> EmbeddingSet:
    """Make an EmbeddingSet of what `explore` takes; its docstring has the parameters."""
    table = as_table(vectors)
    if isinstance(vectors, EmbeddingSet):
        found = vectors
    elif isinstance(vectors, str | Path):
        found = load(vectors)
    elif table is not None:
        found = _load_table(table).with_provenance(name=name, metric=metric)
    else:
        found = EmbeddingSet.of(np.asarray(vectors), name=name, metric=metric)
    if labels is None and metadata is None:
        return found
    columns = found.metadata
    if metadata is not None:
        given = as_table(metadata)
        given = pa.table(dict(metadata)) if given is None else given
        if given.num_rows != len(found):
            raise EmbeddingError(f"{given.num_rows:,} rows of metadata for {len(found):,} vectors")
        for column in given.column_names:
            if column in columns.column_names:
                columns = columns.drop_columns([column])
            columns = columns.append_column(column, given[column])
    texts = found.labels if labels is None else tuple(str(label) for label in labels)
    return EmbeddingSet(found.vectors, texts, columns, found.provenance)


def as_table(frame: Any) -> pa.Table | None:
    """Return a pandas, polars or pyarrow data frame as a table; None for anything else."""
    if isinstance(frame, pa.Table):
        return frame
    if hasattr(frame, "to_arrow"):  # polars
        return frame.to_arrow()
    if hasattr(frame, "iloc") and hasattr(frame, "columns"):  # pandas
        return pa.Table.from_pandas(frame, preserve_index=False)
    return None


def _load_table(table: pa.Table) -> EmbeddingSet:
    """Find vectors, labels and columns in a table as in a Parquet file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.parquet"
        parquet.write_table(table, path)
        return load(path)


def find_or_start(folder: Path) -> Server:
    """Return the app that serves the sets in `folder`; start it where none is running."""
    with FileLock(folder / "server.lock"):
        state = _state_file(folder)
        server = _read(state)
        if server is not None and server.is_running():
            return server
        server = _start(folder)
        with atomic_path(state) as temporary:
            temporary.write_text(json.dumps(asdict(server)))
        return server


def _start(folder: Path) -> Server:
    port = _free_port()
    arguments = streamlit_arguments(Options(root=folder, port=port, host=HOST, headless=True))
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "streamlit", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it outlives the notebook's kernel and its interrupts
        )
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise EmbeddingError(f"the app did not start; {log} says why")
        time.sleep(0.1)
    return Server(process.pid, psutil.Process(process.pid).create_time(), port)


def _answers(port: int) -> bool:
    """Return True if the app on the port says that it is healthy."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _state_file(folder: Path) -> Path:
    return folder / "server.json"


def _read(state: Path) -> Server | None:
    """Return the app that was started last; None where nothing readable says so."""
    try:
        return Server(**json.loads(state.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _file_name(name: str) -> str:
    """Return the name without characters that a file or an address may not have."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "set"


def _in_notebook() -> bool:
    """Return True inside a Jupyter kernel, which shows what a cell returns."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and hasattr(running, "kernel")
