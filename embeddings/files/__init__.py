"""Opening and writing embedding files: one module a format behind load() and save().

The format is sniffed from content, not from the extension. A format module has
`matches(head, path)`; `load(path, dialogue)`, which returns a Draft; and, where it can be written,
`save(embedding_set, path)`, which returns the names of what the format could not carry.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import (
    arrow,
    delimited,
    h5ad,
    h5ad_write,
    hdf5,
    jsonl,
    npy,
    npz,
    parquet,
    projector,
    projector_write,
    raw,
    safetensors,
    word2vec_binary,
    word2vec_text,
)
from embeddings.files.companions import add_columns, find_vectors
from embeddings.files.dialogue import Dialogue, Note, What, log_note
from embeddings.files.draft import Draft
from embeddings.files.reading import check_bytes, naming, trusting
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
    "float32 without a header": raw,
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
    ".h5ad": h5ad_write.save,
    "config.json": projector_write.save,
}
"""Formats that are written, by how the file's name ends; the longest end counts."""


def load(
    path: str | Path,
    companions: Sequence[str | Path] = (),
    *,
    vector: str | None = None,
    label: str | None = None,
    leave_out: bool = False,
    note: Note = log_note,
) -> EmbeddingSet:
    """Open an embedding file of any known format, or several files that make up one set.

    Parameters
    ----------
    path : the file
    companions : files beside it, such as a metadata.tsv or a list of labels; which one holds the
        vectors is decided by content, so their order does not matter
    vector, label : name of the column, array or tensor to take instead of the best one
    leave_out : whether rows that hold NaN or inf are left out; else they are refused
    note : receives what was assumed or left out, one sentence a call; Python's log by default

    Raises
    ------
    EmbeddingError
        a file is absent, empty, damaged, larger than $EMBEDDING_MAX_BYTES (4 GiB by default), of
        no known format, or does not fit the others; the message names file and place
    """
    given: dict[What, str | None] = {"vector": vector, "label": label}
    answers = {what: answer for what, answer in given.items() if answer is not None}
    paths = [Path(each) for each in (path, *companions)]
    return read(paths, Dialogue(note, answers, leave_out))


def read(paths: Sequence[Path], dialogue: Dialogue) -> EmbeddingSet:
    """Open the files that make up one set, in any order, as load() does; see Dialogue.

    Raises
    ------
    NotFinite
        rows that hold NaN or inf, and are not to be left out
    Unanswered
        a choice that nobody has made and that has no default
    EmbeddingError
        as load() does, and for an answer to no question
    """
    with trusting() if dialogue.trusted else nullcontext():
        draft, main = _read_files(paths, dialogue)
        dialogue.check_answers_used()
        with naming(main):
            return draft.finish(dialogue)


def _read_files(paths: Sequence[Path], dialogue: Dialogue) -> tuple[Draft, Path]:
    """Return what the files hold together, and the one with the vectors."""
    config = next((each for each in paths if projector.is_config(each)), None)
    if config is not None and len(paths) > 1:
        return _read_config(config, [each for each in paths if each != config], dialogue), config
    formats = [_sniff(each, dialogue) for each in paths]
    main = find_vectors(paths, formats) if len(paths) > 1 else 0
    with naming(paths[main]):
        draft: Draft = formats[main].load(paths[main], dialogue)
    others = [path for i, path in enumerate(paths) if i != main]
    if others:
        modules = [module for i, module in enumerate(formats) if i != main]
        draft = add_columns(draft, others, modules, dialogue)
    return draft, paths[main]


def save(embedding_set: EmbeddingSet, path: str | Path) -> tuple[str, ...]:
    """Write a set in the format that the end of the name says, atomically.

    Returns
    -------
    names of what the format could not carry: "labels", "provenance", "column NAME", "column NAME:
    what of it"; empty for none

    Raises
    ------
    EmbeddingError
        an extension that is not among WRITERS, or labels that the format would garble
    """
    path = Path(path)
    ends = [end for end in WRITERS if path.name.lower().endswith(end)]
    if not ends:
        raise EmbeddingError(
            f"{path.name}: cannot write {path.suffix or 'a file without extension'}; "
            f"use one of {', '.join(WRITERS)}"
        )
    with naming(path):
        return WRITERS[max(ends, key=len)](embedding_set, path)


def _read_config(config: Path, given: list[Path], dialogue: Dialogue) -> Draft:
    """Read a Projector's config with given files; those that it does not name describe the rows."""
    absent = next((each for each in given if not each.is_file()), None)
    if absent is not None:
        raise EmbeddingError(f"{absent}: no such file")
    with naming(config):
        draft, rest = projector.open_config(config, given, dialogue)
    return add_columns(draft, rest, [_sniff(each, dialogue) for each in rest], dialogue)


def _sniff(path: Path, dialogue: Dialogue) -> ModuleType:
    """Return the module that reads the file, after looking at its size and first bytes."""
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file")
    with naming(path):
        if not dialogue.mapped(path):
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
