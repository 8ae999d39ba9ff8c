"""Which format a file is of, by its content; names decide only where nothing else tells."""

from pathlib import Path
from types import ModuleType

from embeddings.errors import EmbeddingError
from embeddings.files.arrays import npy, npz, raw, safetensors
from embeddings.files.delimited import table as delimited
from embeddings.files.hdf5 import elmo, h5ad
from embeddings.files.hdf5 import generic as hdf5
from embeddings.files.json import documents as jsonl
from embeddings.files.limits import check_bytes, error_context
from embeddings.files.options import ReadContext
from embeddings.files.projector import reader as projector
from embeddings.files.tabular import arrow, parquet
from embeddings.files.unsupported import refuse
from embeddings.files.word2vec import binary as word2vec_binary
from embeddings.files.word2vec import text as word2vec_text

HEAD_BYTES = 2**20

FORMATS = {
    "Parquet": parquet,
    "Arrow or Feather": arrow,
    "NumPy .npy": npy,
    "NumPy .npz": npz,
    "safetensors": safetensors,
    "AnnData .h5ad": h5ad,
    "ELMo's HDF5": elmo,
    "HDF5": hdf5,
    "TensorFlow Projector": projector,
    "word2vec or GloVe text": word2vec_text,
    "word2vec binary": word2vec_binary,
    "JSON or JSON Lines": jsonl,
    "CSV or TSV": delimited,
    "bare float32": raw,
}
"""Formats by name, in the order in which they are tried."""


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file; EmbeddingError if it is absent or empty."""
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise EmbeddingError(f"{path.name}: the file is empty")
    return head


def sniff(path: Path, context: ReadContext) -> ModuleType:
    """Return the module that reads the file, after looking at its size and first bytes."""
    head = head_of(path)
    with error_context(path):
        if not context.should_map(path):
            check_bytes(path.stat().st_size, "the file has")
        if not safetensors.matches(head, path):  # its first bytes may look like a pickle's
            refuse(head, path)
        for module in FORMATS.values():
            if module.matches(head, path):
                return module
        raise EmbeddingError(f"not a known format; tried {', '.join(FORMATS)}")
