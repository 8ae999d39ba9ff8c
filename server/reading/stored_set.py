"""A set that a worker has read, as files that the server maps instead of copying.

vectors.npy     float32, unless the file that was read is mapped itself
columns.arrows  an Arrow stream: the labels, then the metadata
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet, Provenance
from embeddings.files import read
from embeddings.files.options import Choice, ReadContext

_VECTORS, _COLUMNS = "vectors.npy", "columns.arrows"


@dataclass(frozen=True)
class MappedVectors:
    """Where the vectors are: float32, row after row.

    Attributes
    ----------
    path : the file
    offset : bytes before them
    shape : rows, dimensions
    """

    path: Path
    offset: int
    shape: tuple[int, int]

    def open(self) -> np.ndarray:
        """Map the vectors into memory."""
        return np.memmap(self.path, np.float32, "r", self.offset, self.shape)


@dataclass(frozen=True, eq=False)
class ReadResult:
    """A set with what its reader reports.

    Attributes
    ----------
    embedding_set : the set
    notes : what was assumed or left out
    choices : the choices that came up
    left_out : int64, the rows that were skipped
    """

    embedding_set: EmbeddingSet
    notes: tuple[str, ...]
    choices: tuple[Choice, ...]
    left_out: np.ndarray


@dataclass(frozen=True, eq=False)
class StoredResult:
    """A result in files, which can be passed between processes; see ReadResult."""

    vectors: MappedVectors
    columns: Path
    provenance: Provenance
    notes: tuple[str, ...]
    choices: tuple[Choice, ...]
    left_out: np.ndarray

    def open(self) -> ReadResult:
        """Map the files; they may be deleted afterwards (POSIX)."""
        with pa.memory_map(str(self.columns)) as file:
            table = pa.ipc.open_stream(file).read_all()
        labels = tuple(table.column(0).to_pylist())
        embedding_set = EmbeddingSet(
            self.vectors.open(), labels, table.remove_column(0), self.provenance
        )
        return ReadResult(embedding_set, self.notes, self.choices, self.left_out)


def read_and_store(paths: Sequence[Path], context: ReadContext, folder: Path) -> StoredResult:
    """Read the files of one set and write the result to a folder.

    Raises
    ------
    EmbeddingError
        as `read` does
    """
    notes: list[str] = []
    context.note = notes.append
    embedding_set = read(paths, context)
    vectors = _mapped(embedding_set.vectors, paths, context)
    if vectors is None:
        np.save(folder / _VECTORS, embedding_set.vectors)
        shape = embedding_set.vectors.shape
        offset = (folder / _VECTORS).stat().st_size - embedding_set.vectors.nbytes
        vectors = MappedVectors(folder / _VECTORS, offset, (shape[0], shape[1]))
    labels = pa.chunked_array([pa.array(embedding_set.labels, pa.large_string())])
    table = embedding_set.metadata.add_column(0, "label", labels)
    with pa.ipc.new_stream(folder / _COLUMNS, table.schema) as stream:
        stream.write_table(table)
    return StoredResult(
        vectors,
        folder / _COLUMNS,
        embedding_set.provenance,
        tuple(notes),
        tuple(context.choices.values()),
        context.left_out,
    )


def _mapped(
    vectors: np.ndarray, paths: Sequence[Path], context: ReadContext
) -> MappedVectors | None:
    """Return the place of vectors that are mapped from a private copy of a file, or None.

    All others are written: nobody can cut a file that has no name any more while it is mapped.
    """
    base = vectors
    while isinstance(base.base, np.ndarray):
        base = base.base
    if not isinstance(base, np.memmap) or base.filename is None:
        return None
    path = Path(base.filename).resolve()
    copies = [context.path_to_map(each) for each in paths if context.should_map(each)]
    if context.copy is None or path not in [each.resolve() for each in copies]:
        return None
    offset = base.offset + vectors.ctypes.data - base.ctypes.data
    return MappedVectors(path, offset, (vectors.shape[0], vectors.shape[1]))
