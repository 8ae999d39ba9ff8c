"""TensorFlow Projector's config and the files it names: raw tensors, metadata, sprites of images.

The config is JSON, or TensorBoard's projector_config.pbtxt. Only files that were given, or that lie
in the config's own folder, are read: see addresses.py.
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
from embeddings.files import provenance
from embeddings.files.arrays import npy, raw
from embeddings.files.companions import add_columns
from embeddings.files.delimited import table as delimited
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32, check_bytes, error_context, first_line, shorten
from embeddings.files.options import ReadContext
from embeddings.files.projector import pbtxt
from embeddings.files.projector.addresses import file_name, find
from embeddings.files.projector.sprite import cut_sprite
from embeddings.files.tabular.text_types import typed

_CONFIG_BYTES = 16 * 2**20
_HEAD_BYTES = 2**20
_SHOWN = 20  # names in one message


@dataclass(frozen=True)
class _Tensor:
    """One entry of the config, with the files that are present."""

    name: str
    shape: tuple[int, int] | None
    address: str
    path: Path | None
    metadata: str
    sprite: Mapping[str, Any]


def matches(head: bytes, path: Path) -> bool:
    """Say whether the file is a config."""
    return _is_config(head)


def is_config(path: Path) -> bool:
    """Say whether a file is a config, which is to be opened with the files beside it."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _is_config(file.read(_HEAD_BYTES))


def load(path: Path, context: ReadContext) -> Draft:
    """Open the first tensor of a config that lies beside it.

    Raises
    ------
    EmbeddingError
        as open_config does
    """
    return open_config(path, (), context)[0]


def open_config(
    path: Path, given: Sequence[Path], context: ReadContext
) -> tuple[Draft, list[Path]]:
    """Open the first tensor of a config whose file is given or lies beside it.

    Returns
    -------
    what was found, with its metadata and the cells of its sprite as the column `image`; and those
    of the given files that the config does not name

    Raises
    ------
    EmbeddingError
        no config, none of its tensors present, data that disagree with the shape, or a sprite
        with fewer cells than there are rows
    """
    config = _read_config(path)
    entries = config["embeddings"]
    tensors = [_tensor(entry, path, given) for entry in entries]
    chosen = _choose(tensors, context)
    assert chosen.path is not None
    with error_context(chosen.path):
        draft = _read_tensor(chosen, chosen.path, context)
    header = config.get("embedding")  # the provenance, where we have written it
    known = isinstance(header, dict) and header.get("format") == provenance.FORMAT
    ours = provenance.from_json(json.dumps(header)) if known else {}
    draft = replace(draft, provenance=replace(draft.provenance, **{"name": chosen.name, **ours}))
    if chosen.metadata:
        metadata = find(chosen.metadata, path, given)
        if metadata is None:
            context.note(f"the metadata {shorten(chosen.metadata)} are absent")
        elif ours:
            with error_context(metadata):
                draft = _add_own_columns(draft, metadata)
        else:
            draft = add_columns(draft, [metadata], [delimited], context)
    if chosen.sprite:
        draft = _add_images(draft, chosen.sprite, path, given, context)
    named = {file_name(address) for entry in entries for address in _addresses(entry)}
    return draft, [each for each in given if each.name not in named]


def _is_config(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    is_json = start == b"{" and b'"embeddings"' in head and b'"tensorPath"' in head
    return is_json or pbtxt.is_pbtxt(head)


def _read_config(path: Path) -> dict[str, Any]:
    """Return a config with `embeddings`: at least one, each with a tensorPath."""
    size = path.stat().st_size
    if size > _CONFIG_BYTES:
        raise EmbeddingError(f"a config of {size:,} bytes; expected at most {_CONFIG_BYTES:,}")
    content = path.read_bytes()
    try:
        if pbtxt.is_pbtxt(content[:_HEAD_BYTES]):
            config = pbtxt.parse(content.decode("utf-8", "replace"))
        else:
            config = json.loads(content.decode("utf-8-sig"))
        json.dumps(config, ensure_ascii=False).encode()  # half a character cannot be printed
    except EmbeddingError:
        raise
    except (ValueError, RecursionError) as error:
        raise EmbeddingError(f"the config is not JSON ({first_line(error)})") from error
    entries = config.get("embeddings") if isinstance(config, dict) else None
    if not isinstance(entries, list) or not entries:
        raise EmbeddingError("no list `embeddings` of tensors in the config")
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("tensorPath"), str):
            raise EmbeddingError(
                f"embeddings[{i}] has no tensorPath; expected the name of the tensor's file (a "
                "tensor in a TensorFlow checkpoint is not read: write it as .tsv)"
            )
    return config


def _tensor(entry: Mapping[str, Any], config: Path, given: Sequence[Path]) -> _Tensor:
    address, shape, sprite = entry["tensorPath"], entry.get("tensorShape"), entry.get("sprite")
    name, metadata = entry.get("tensorName"), entry.get("metadataPath")
    return _Tensor(
        name=name if isinstance(name, str) and name else Path(file_name(address)).stem or "tensor",
        shape=(shape[0], shape[1]) if _is_pair(shape) else None,
        address=address,
        path=find(address, config, given),
        metadata=metadata if isinstance(metadata, str) else "",
        sprite=sprite if isinstance(sprite, dict) else {},
    )


def _is_pair(value: object) -> TypeGuard[list[int]]:
    """Say whether a JSON value is two whole numbers above 0."""
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
    """Return a tensor that is present, the first; say which others are, and which are absent."""
    present = [tensor for tensor in tensors if tensor.path]
    absent = [f"{t.name} ({shorten(t.address, 80)})" for t in tensors if not t.path]
    if not present:
        raise EmbeddingError(
            f"none of the files that it names is here: {_listed(absent)}; put the tensor's file "
            "beside the config, or open both together (remote addresses are never fetched)"
        )
    first, *others = present
    assumed = f"took {first.name}; also present: {_listed([t.name for t in others])}"
    names = [tensor.name for tensor in present]
    taken = context.choose("vector", names, first.name, assumed if others else "")
    if absent:
        context.note(f"took {taken}; absent: {_listed(absent)}")
    return next(tensor for tensor in present if tensor.name == taken)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _read_tensor(tensor: _Tensor, path: Path, context: ReadContext) -> Draft:
    """Read a tensor: a table of text, a .npy, or else raw little-endian float32."""
    size = path.stat().st_size
    check_bytes(size, "the file has")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    module = next((each for each in (npy, delimited) if each.matches(head, path)), None)
    if head and module and path.suffix.lower() != ".bytes":
        quiet = ReadContext(context.note, leave_out=context.leave_out)
        found: Draft = module.load(path, quiet)
        if tensor.shape not in (None, found.vectors.shape):
            raise EmbeddingError(
                f"vectors of shape {list(found.vectors.shape)}, but the config says "
                f"{list(tensor.shape or ())}; correct tensorShape"
            )
        return found
    if tensor.shape is None:
        return raw.load(path, context)
    expected = math.prod(tensor.shape)
    if size != 4 * expected:
        numbers = f"{size // 4:,} float32" if size % 4 == 0 else "no whole number of float32"
        raise EmbeddingError(
            f"{size:,} bytes, {numbers}, but the config says {list(tensor.shape)}, "
            f"{expected:,} numbers or {4 * expected:,} bytes; correct tensorShape, or copy the "
            "file again"
        )
    vectors = np.fromfile(path, dtype="<f4").reshape(tensor.shape)
    return Draft.of(as_float32(vectors))


def _add_own_columns(draft: Draft, path: Path) -> Draft:
    """Return the draft with labels and columns as projector_write.py has written them."""
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
            f"{len(rows):,} rows of {len(names)} columns expected, one for each of the "
            f"{len(draft.vectors):,} vectors; the file was changed: write it again"
        )
    labels, *columns = zip(*rows, strict=True)
    table = pa.table(
        [
            typed(pa.chunked_array([[cell or None for cell in column]], pa.string()))
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
    """Return the draft with the column `image`, one cell of the sprite a row."""
    address, size = sprite.get("imagePath"), sprite.get("singleImageDim")
    path = find(address, config, given) if isinstance(address, str) else None
    if path is None:
        context.note(f"the sprite {shorten(str(address))} is absent")
        return draft
    if not _is_pair(size):
        raise EmbeddingError(f"singleImageDim is {size!r:.60}; expected [width, height], in pixels")
    with error_context(path):
        column = cut_sprite(path, size[0], size[1], len(draft.vectors))
    table = draft.metadata
    names = [name for name in table.column_names if name != "image"]
    table = pa.table(
        [*(table.column(name) for name in names), column],
        names=[*names, "image"],
    )
    return replace(draft, metadata=table)
