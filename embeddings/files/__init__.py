"""Opening and writing embedding files: one module a format behind load() and save().

The format is sniffed from content, not from the extension. A format module has
`matches(head, path)`, `load(path, note)` and, where it can be written, `save(embedding_set, path)`,
which returns the names of what the format could not carry.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import (
    arrow,
    delimited,
    h5ad,
    hdf5,
    jsonl,
    npy,
    npz,
    parquet,
    projector,
    safetensors,
    word2vec_binary,
    word2vec_text,
)
from embeddings.files.companions import add_columns, find_vectors
from embeddings.files.reading import Note, check_bytes, log_note, naming
from embeddings.files.refused import refuse

_HEAD_BYTES = 2**20

FORMATS = {
    "Parquet": parquet,
    "Arrow or Feather": arrow,
    "NumPy .npy": npy,
    "NumPy .npz": npz,
    "safetensors": safetensors,
    "AnnData .h5ad": h5ad,
    "HDF5": hdf5,
    "TensorFlow Projector": projector,
    "word2vec or GloVe text": word2vec_text,
    "word2vec binary": word2vec_binary,
    "JSON or JSON Lines": jsonl,
    "CSV or TSV": delimited,
}
"""Formats by name, in the order in which they are tried."""

WRITERS = {
    ".parquet": parquet.save,
    ".arrow": arrow.save,
    ".arrows": arrow.save,
    ".feather": arrow.save,
    ".npy": npy.save,
    ".npz": npz.save,
    ".safetensors": safetensors.save,
    ".csv": delimited.save,
    ".tsv": delimited.save,
    ".jsonl": jsonl.save,
    ".json": jsonl.save,
    ".vec": word2vec_text.save,
    ".txt": word2vec_text.save,
    ".bin": word2vec_binary.save,
}
"""Formats that are written, by extension."""


def load(
    path: str | Path, companions: Sequence[str | Path] = (), *, note: Note = log_note
) -> EmbeddingSet:
    """Open an embedding file of any known format, or several files that make up one set.

    Parameters
    ----------
    path : the file
    companions : files beside it, such as a metadata.tsv or a list of labels; which one holds the
        vectors is decided by content, so their order does not matter
    note : receives what was assumed or left out, one sentence a call; Python's log by default

    Raises
    ------
    EmbeddingError
        a file is absent, empty, damaged, larger than $EMBEDDING_MAX_BYTES (4 GiB by default), of
        no known format, or does not fit the others; the message names file and place
    """
    paths = [Path(each) for each in (path, *companions)]
    config = next((each for each in paths if projector.is_config(each)), None)
    if config is not None and companions:
        return _load_config(config, [each for each in paths if each != config], note)
    formats = [_sniff(each) for each in paths]
    main = find_vectors(paths, formats) if companions else 0
    with naming(paths[main]):
        embedding_set: EmbeddingSet = formats[main].load(paths[main], note)
    if not companions:
        return embedding_set
    del paths[main], formats[main]
    return add_columns(embedding_set, paths, formats, note)


def save(embedding_set: EmbeddingSet, path: str | Path) -> tuple[str, ...]:
    """Write a set in the format that the name's extension says, atomically.

    Returns
    -------
    names of what the format could not carry: "labels", "provenance", "column NAME"; empty for none

    Raises
    ------
    EmbeddingError
        an extension that is not among WRITERS, or labels that the format would garble
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise EmbeddingError(
            f"{path.name}: cannot write {path.suffix or 'a file without extension'}; "
            f"use one of {', '.join(WRITERS)}"
        )
    with naming(path):
        return writer(embedding_set, path)


def _load_config(config: Path, given: list[Path], note: Note) -> EmbeddingSet:
    """Open a Projector's config with given files; those that it does not name describe the rows."""
    absent = next((each for each in given if not each.is_file()), None)
    if absent is not None:
        raise EmbeddingError(f"{absent}: no such file")
    with naming(config):
        embedding_set, rest = projector.open_config(config, given, note)
    return add_columns(embedding_set, rest, [_sniff(each) for each in rest], note)


def _sniff(path: Path) -> ModuleType:
    """Return the module that reads the file, after looking at its size and first bytes."""
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file")
    with naming(path):
        check_bytes(path.stat().st_size, "the file has")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if not head:
            raise EmbeddingError("the file is empty")
        if not safetensors.matches(head, path):  # its first bytes may look like a pickle's
            refuse(head, path)
        for module in FORMATS.values():
            if module.matches(head, path):
                return module
        raise EmbeddingError(f"not a known format; tried {', '.join(FORMATS)}")
