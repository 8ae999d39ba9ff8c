"""Reading and writing embedding files: load() and save(), with one module for each format.

The format of a file is detected from its content, not from its extension (see detect.py), and its
module is imported when it is needed.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.limits import error_context, limited_reading, raised_size_limit
from embeddings.files.options import CHOICE_NAMES, Note, ReadContext, log_note

__all__ = ["WRITERS", "load", "read", "save"]

WRITERS = {
    ".parquet": "tabular.parquet",
    ".arrow": "tabular.arrow",
    ".arrows": "tabular.arrow",
    ".feather": "tabular.arrow",
    ".npy": "arrays.npy",
    ".npz": "arrays.npz",
    ".safetensors": "arrays.safetensors",
    ".csv": "delimited.writer",
    ".tsv": "delimited.writer",
    ".jsonl": "json.writer",
    ".json": "json.writer",
    ".vec": "word2vec.text_format",
    ".txt": "word2vec.text_format",
    ".bin": "word2vec.binary",
    ".h5ad": "hdf5.h5ad_writer",
    "config.json": "projector.writer",
}
"""The module that writes a file, by how the file's name ends; the longest end counts.

It has `save(embedding_set, path)`, which returns the names of what the format could not hold.
"""


def load(
    path: str | Path,
    companions: Sequence[str | Path] = (),
    *,
    vector: str | None = None,
    label: str | None = None,
    leave_out: bool = False,
    note: Note = log_note,
    **choices: str,
) -> EmbeddingSet:
    """Read an embedding file of any known format, or several files that make up one set.

    Parameters
    ----------
    path : the file, a folder, or an archive
    companions : files beside it, such as a metadata.tsv or a list of labels; which one holds the
        vectors is decided by content, so their order does not matter
    vector, label : name of the column, array or tensor to read instead of the best candidate
    leave_out : True to skip rows that hold NaN or infinite numbers; False to refuse them
    note : receives what was assumed or left out, one sentence per call; Python's log by default
    choices : other choices by name, such as separator=";", header="no", encoding="shift_jis",
        decimal=",", quotes="single", or ignore="a,b" (see files.options.ChoiceName)

    Returns
    -------
    the set: its vectors as float32, shape (rows, dimensions), its labels and its metadata

    Raises
    ------
    EmbeddingError
        a file does not exist, is empty, damaged, larger than $EMBEDDING_MAX_BYTES (4 GiB by
        default), of no known format, or does not fit the others; the message names the file and
        the place in it
    """
    unknown = next((name for name in choices if name not in CHOICE_NAMES), None)
    if unknown is not None:
        raise TypeError(f"load() has no argument {unknown!r}")
    given: dict[Any, str | None] = {"vector": vector, "label": label, **choices}
    selections = {name: selected for name, selected in given.items() if selected is not None}
    paths = [Path(each) for each in (path, *companions)]
    return read(paths, ReadContext(note, selections, leave_out))


def read(paths: Sequence[Path], context: ReadContext) -> EmbeddingSet:
    """Read the files that make up one set, in any order, as load() does.

    Parameters
    ----------
    context : the choices made beforehand; it receives notes, the choices that came up, and the
        numbers of the rows that were skipped

    Raises
    ------
    NotFinite
        some rows hold NaN or infinite numbers, and are not to be skipped
    ChoiceRequired
        a choice has no default, and nothing is selected for it
    EmbeddingError
        as load() does, and for a selection whose choice never came up; its `choices` are those that
        came up before
    """
    from embeddings.files.assemble import read_draft  # which imports archives and tables
    from embeddings.files.tabular.column_kinds import with_selected_kinds

    try:
        with limited_reading(paths), raised_size_limit(paths) if context.trusted else nullcontext():
            draft = with_selected_kinds(read_draft(paths, context), context)
            context.check_selections_used()
            with error_context(paths[0]):
                return draft.finish(context)
    except EmbeddingError as error:
        error.choices = tuple(context.choices.values())
        raise


def save(embedding_set: EmbeddingSet, path: str | Path) -> tuple[str, ...]:
    """Write a set in the format that the end of the file's name states, atomically.

    Returns
    -------
    names of what the format cannot hold: "labels", "provenance", "column NAME", or "column NAME:
    which part of it"; empty if it holds everything

    Raises
    ------
    EmbeddingError
        an extension that is not among WRITERS, or labels that the format would change
    """
    path = Path(path)
    ends = [end for end in WRITERS if path.name.lower().endswith(end)]
    if not ends:
        raise EmbeddingError(
            f"{path.name}: cannot write {path.suffix or 'a file without extension'}; "
            f"use one of {', '.join(WRITERS)}"
        )
    writer = import_module(f"embeddings.files.{WRITERS[max(ends, key=len)]}")
    with error_context(path):
        lost: tuple[str, ...] = writer.save(embedding_set, path)
    return lost
