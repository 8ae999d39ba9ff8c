"""TensorFlow Projector: a config, and the files it names: raw tensors, metadata, an image sprite.

https://www.tensorflow.org/tensorboard/tensorboard_projector_plugin
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.arrays import raw
from embeddings.files.companions import add_columns, count_rows
from embeddings.files.detect import DELIMITED, HEAD_BYTES, NPY, first_match
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, error_context
from embeddings.files.options import TEXT_CHOICES, ChoiceName, Note, ReadContext
from embeddings.files.projector import checkpoint
from embeddings.files.projector.config import file_name, find_file, read_config
from embeddings.files.tabular.table_draft import with_unique_names
from embeddings.files.tabular.text_types import infer_type
from embeddings.files.tabular.vector_bytes import looks_like
from embeddings.text import count_noun, listed, shorten


@dataclass(frozen=True)
class _Tensor:
    """One entry of the config.

    Attributes
    ----------
    shape : rows and dimensions; None where the config does not state them
    address : tensorPath of the config; "" for a tensor in a checkpoint
    path : the file that the address means, or the index of the checkpoint; None if it is missing
    metadata : metadataPath of the config, "" for none
    sprite : the config's entry for the images, {} for none
    """

    name: str
    shape: tuple[int, int] | None
    address: str
    path: Path | None
    metadata: str
    sprite: Mapping[str, Any]


def load(path: Path, context: ReadContext) -> Draft:
    """Read the first tensor of a config whose file is beside it.

    Raises
    ------
    EmbeddingError
        as open_config does
    """
    return open_config(path, (), context)[0]


def open_config(
    path: Path, given: Sequence[Path], context: ReadContext
) -> tuple[Draft, list[Path]]:
    """Read the first tensor of a config whose file is given or is beside the config.

    Parameters
    ----------
    given : files that were given together with the config

    Returns
    -------
    the vectors, with their metadata, and the cells of the sprite as the column `image`; and the
    given files that the config does not name

    Raises
    ------
    EmbeddingError
        a damaged config, no file of any of its tensors, data that disagree with the stated shape,
        or a sprite with fewer cells than there are rows
    """
    config = read_config(path)
    entries = config["embeddings"]
    index = _find_checkpoint(config, path, given)
    tensors = [_tensor(entry, path, given, index) for entry in entries]
    chosen = _choose(tensors, context)
    assert chosen.path is not None
    metadata = find_file(chosen.metadata, path, given) if chosen.metadata else None
    if chosen.address:
        with error_context(chosen.path):
            draft = _read_tensor(chosen, chosen.path, metadata, context)
    else:
        draft = checkpoint.load(chosen.path, given, context, chosen.name)
    header = config.get("embedding")  # the provenance, if writer.py wrote the config
    known = isinstance(header, dict) and header.get("format") == provenance.FORMAT
    ours = provenance.from_json(json.dumps(header)) if known else {}
    about = replace(draft.provenance, **{"name": chosen.name, **ours})
    draft = replace(draft, provenance=about, typed=bool(ours))
    if chosen.metadata:
        if metadata is None:
            context.note(f"the metadata file {shorten(chosen.metadata, 40)} is missing")
        elif ours:
            with error_context(metadata):
                draft = _add_own_columns(draft, metadata)
        else:
            draft = add_columns(draft, [(metadata, DELIMITED)], context)
    if chosen.sprite:
        draft = _add_images(draft, chosen.sprite, path, given, context)
    named = {file_name(address) for entry in entries for address in _addresses(entry)}
    if index is not None:
        given = [each for each in given if not checkpoint.is_part(each.name)]
    return draft, [each for each in given if each.name not in named]


def _find_checkpoint(config: Mapping[str, Any], path: Path, given: Sequence[Path]) -> Path | None:
    """Return the index of the checkpoint that a config names, or else of the latest one beside it.

    None if every tensor has a file of its own.
    """
    if all(isinstance(entry.get("tensorPath"), str) for entry in config["embeddings"]):
        return None
    named = config.get("modelCheckpointPath")
    found = find_file(f"{named}.index", path, given) if isinstance(named, str) and named else None
    beside = [each for each in path.parent.glob("*.index") if not each.is_symlink()]
    return found or checkpoint.latest(given) or checkpoint.latest(beside)


def _tensor(
    entry: Mapping[str, Any], config: Path, given: Sequence[Path], index: Path | None
) -> _Tensor:
    path, shape, sprite = entry.get("tensorPath"), entry.get("tensorShape"), entry.get("sprite")
    address = path if isinstance(path, str) else ""
    name, metadata = entry.get("tensorName"), entry.get("metadataPath")
    return _Tensor(
        name=name if isinstance(name, str) and name else Path(file_name(address)).stem or "tensor",
        shape=(shape[0], shape[1]) if _is_pair(shape) else None,
        address=address,
        path=find_file(address, config, given) if address else index,
        metadata=metadata if isinstance(metadata, str) else "",
        sprite=sprite if isinstance(sprite, dict) else {},
    )


def _is_pair(value: object) -> TypeGuard[list[int]]:
    """Return True if a JSON value is a list of two whole numbers above 0."""
    return (
        isinstance(value, list) and len(value) == 2 and all(type(n) is int and n > 0 for n in value)
    )


def _addresses(entry: Mapping[str, Any]) -> list[str]:
    """Return all addresses in one entry of the config."""
    sprite = entry.get("sprite")
    found = [entry.get(key) for key in ("tensorPath", "metadataPath", "bookmarksPath")]
    found.append(sprite.get("imagePath") if isinstance(sprite, dict) else None)
    return [address for address in found if isinstance(address, str)]


def _choose(tensors: Sequence[_Tensor], context: ReadContext) -> _Tensor:
    """Return the first tensor whose file is present; note which others are, and which are not."""
    present = [tensor for tensor in tensors if tensor.path]
    missing = [
        f"{t.name} ({shorten(t.address, 80) or 'in a checkpoint'})" for t in tensors if not t.path
    ]
    if not present:
        raise EmbeddingError(
            f"none of the files that it names is here: {listed(missing)}; put the tensor's file "
            "beside the config, or open both together, of a checkpoint its .index and .data files "
            "(remote addresses are never fetched)"
        )
    first, *others = present
    assumed = f"took {first.name}; also present: {listed(t.name for t in others)}"
    names = [tensor.name for tensor in present]
    selected = context.choose("vector", names, first.name, assumed if others else "")
    if missing:
        context.note(f"took {selected}; missing: {listed(missing)}")
    return next(tensor for tensor in present if tensor.name == selected)


def _read_tensor(tensor: _Tensor, path: Path, metadata: Path | None, context: ReadContext) -> Draft:
    """Read a tensor: a table of text, a .npy, or else raw little-endian float32.

    Parameters
    ----------
    metadata : the file that describes its rows, if there is one
    """
    size = path.stat().st_size
    check_bytes(size, "the file has")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    table = first_match(head, path, (NPY, DELIMITED))
    if head and table and path.suffix.lower() != ".bytes":
        stated: dict[ChoiceName, str] = {
            name: value for name, value in context.selections.items() if name in TEXT_CHOICES
        }
        apart = ReadContext(context.note, stated, context.leave_out)  # no other choices
        found: Draft = table.module.load(path, apart)
        context.choices |= {name: c for name, c in apart.choices.items() if name in TEXT_CHOICES}
        if tensor.shape not in (None, found.vectors.shape):
            context.note(
                f"{path.name}: vectors of shape {list(found.vectors.shape)}, although the config "
                f"says {list(tensor.shape or ())}"
            )
        return found
    if tensor.shape is None:
        rows = None if metadata is None else count_rows(metadata, DELIMITED, size // 4)
        return raw.load(path, context, rows)
    if size == 4 * math.prod(tensor.shape):
        vectors = np.fromfile(path, dtype="<f4").reshape(tensor.shape)
        return Draft.of(as_float32(vectors))
    return Draft.of(as_float32(_read_misstated(tensor.shape, path, metadata, context.note)))


def _read_misstated(
    shape: tuple[int, int], path: Path, metadata: Path | None, note: Note
) -> np.ndarray:
    """Return raw numbers whose size disagrees with the config, if the rest of the set tells more.

    They are float64 or float16 if exactly as many of these were stated. Otherwise the rows of the
    metadata, or else the stated dimensions, or the stated rows, divide them.

    Raises
    ------
    EmbeddingError
        none of these explains the size
    """
    size = path.stat().st_size
    for dtype in ("<f8", "<f2"):
        if size == np.dtype(dtype).itemsize * math.prod(shape):
            content = path.read_bytes()
            if looks_like(content, dtype) and not looks_like(content, "<f4"):
                note(
                    f"{path.name}: read as {np.dtype(dtype).name}, although Projectors have float32"
                )
                return np.frombuffer(content, dtype).reshape(shape)
    count = size // 4
    rows = None if metadata is None or size % 4 else count_rows(metadata, DELIMITED, count)
    if rows is None and size % 4 == 0 and count:
        whole = [(count // shape[1], shape[1]), (shape[0], count // shape[0])]
        rows = next((n for n, d in whole if n * d == count), None)
    if rows is None:
        numbers = f"{count:,} float32" if size % 4 == 0 else "not a whole number of float32"
        expected = math.prod(shape)
        raise EmbeddingError(
            f"{size:,} bytes, {numbers}, but the config says {list(shape)}, {expected:,} numbers "
            f"or {4 * expected:,} bytes; correct tensorShape, or copy the file again"
        )
    vectors = np.fromfile(path, dtype="<f4").reshape(rows, -1)
    note(
        f"{path.name}: {count:,} numbers, read as {list(vectors.shape)}, although the config says "
        f"{list(shape)}"
    )
    return vectors


def _add_own_columns(draft: Draft, path: Path) -> Draft:
    """Return the draft with the labels and the columns that writer.py wrote."""
    check_bytes(path.stat().st_size, "the file has")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise EmbeddingError(
            f"not UTF-8 ({error}); the file was changed: write it again"
        ) from error
    rows = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    names = rows.pop(0) if len(rows[0]) > 1 else ["label"]
    if len(rows) != len(draft.vectors) or any(len(row) != len(names) for row in rows):
        raise EmbeddingError(
            f"{len(rows):,} rows; expected {len(draft.vectors):,}, one for each vector, and "
            f"{count_noun(len(names), 'column')} in each; the file was changed: write it again"
        )
    labels, *columns = zip(*rows, strict=True)
    table = pa.table(
        [
            infer_type(pa.chunked_array([[cell or None for cell in column]], pa.string()))
            for column in columns
        ],
        names=names[1:],
    )
    return replace(draft, labels=labels, metadata=table if columns else draft.metadata, typed=True)


def _add_images(
    draft: Draft,
    sprite: Mapping[str, Any],
    config: Path,
    given: Sequence[Path],
    context: ReadContext,
) -> Draft:
    """Return the draft with a column of images, one cell of the sprite for each row.

    It is called `image`, or `image_2` if the metadata has a column of that name.
    """
    address, size = sprite.get("imagePath"), sprite.get("singleImageDim")
    path = find_file(address, config, given) if isinstance(address, str) else None
    if path is None:
        context.note(f"the sprite {shorten(str(address), 40)} is missing")
        return draft
    if not _is_pair(size):
        raise EmbeddingError(f"singleImageDim is {size!r:.60}; expected [width, height], in pixels")
    from embeddings.files.projector.sprite import cut_sprite  # imports Pillow

    with error_context(path):
        column = cut_sprite(path, size[0], size[1], len(draft.vectors))
    names = [*draft.metadata.column_names, "image"]
    table = pa.table([*draft.metadata.columns, column], names=names)
    return replace(draft, metadata=with_unique_names(table, range(len(names))))
