"""Opening and writing embedding files: one module a format behind load() and save().

The format is sniffed from content, not from the extension. A format module has
`matches(head, path)`; `load(path, context)`, which returns a Draft; and, where it can be written,
`save(embedding_set, path)`, which returns the names of what the format could not carry.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.arrays import npy, npz, safetensors
from embeddings.files.assemble import draft_of
from embeddings.files.delimited import table as delimited
from embeddings.files.detect import FORMATS
from embeddings.files.hdf5 import h5ad_write
from embeddings.files.json import documents as jsonl
from embeddings.files.limits import error_context, raised_size_limit
from embeddings.files.options import ChoiceName, Note, ReadContext, log_note
from embeddings.files.projector import writer as projector_write
from embeddings.files.tabular import arrow, parquet
from embeddings.files.word2vec import binary as word2vec_binary
from embeddings.files.word2vec import text as word2vec_text

__all__ = ["FORMATS", "WRITERS", "load", "read", "save"]

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
    given: dict[ChoiceName, str | None] = {"vector": vector, "label": label}
    selections = {name: selected for name, selected in given.items() if selected is not None}
    paths = [Path(each) for each in (path, *companions)]
    return read(paths, ReadContext(note, selections, leave_out))


def read(paths: Sequence[Path], context: ReadContext) -> EmbeddingSet:
    """Open the files that make up one set, in any order, as load() does; see ReadContext.

    Raises
    ------
    NotFinite
        rows that hold NaN or inf, and are not to be left out
    ChoiceRequired
        a choice that has no default and for which nothing is selected
    EmbeddingError
        as load() does, and for a selection whose choice never came up
    """
    with raised_size_limit(paths) if context.trusted else nullcontext():
        draft = draft_of(paths, context)
        context.check_selections_used()
        with error_context(paths[0]):
            return draft.finish(context)


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
    with error_context(path):
        return WRITERS[max(ends, key=len)](embedding_set, path)
