"""Writing for TensorFlow Projector: a config, raw numbers, metadata.tsv, and a sprite of images.

https://www.tensorflow.org/tensorboard/tensorboard_projector_plugin describes the metadata: cells
are separated by tabs, nothing is quoted, and the first row holds names if there are two columns or
more.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.columns import column_kind
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.atomic import atomic_path
from embeddings.files.projector.sprite import join_sprite
from embeddings.files.tabular.writable_columns import any_match, as_text, writable_columns
from embeddings.text import shorten

_BREAKS = re.compile(r"[\t\n\r\0]")  # characters that no cell of a metadata.tsv can hold
_SUFFIX = "config.json"


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write NAME_config.json, and beside it the files that it names; the config comes last.

    They are NAME.bytes (little-endian float32), NAME_metadata.tsv (labels and columns) and, if a
    column holds images, NAME_sprite.png; NAME is "embedding" for a bare config.json. Existing
    files of these names are replaced. The provenance is the key `embedding` of the config, which
    the Projector ignores.

    Returns
    -------
    what was lost: columns that are nested, or hold tabs, line breaks or NULs; and parts of columns,
    such as images, of which the sprite has small copies

    Raises
    ------
    EmbeddingError
        a label holds a tab, a line break or NUL; or is empty while no other column is written, as
        the Projector skips empty lines
    """
    labels = embedding_set.labels
    columns, image, lost = _sort_out(embedding_set.metadata)
    _check_labels(labels, alone=not columns)
    name = path.name[: -len(_SUFFIX)].rstrip("_-. ") or "embedding"
    entry: dict[str, Any] = {
        "tensorName": embedding_set.provenance.name,
        "tensorShape": [len(embedding_set), embedding_set.dimensions],
        "tensorPath": f"{name}.bytes",
        "metadataPath": f"{name}_metadata.tsv",
    }
    with ExitStack() as stack:  # at its end all are moved into place, the config last
        config = stack.enter_context(atomic_path(path))
        vectors = stack.enter_context(atomic_path(path.parent / f"{name}.bytes"))
        metadata = stack.enter_context(atomic_path(path.parent / f"{name}_metadata.tsv"))
        embedding_set.vectors.astype("<f4", copy=False).tofile(vectors)
        with metadata.open("w", encoding="utf-8", newline="") as file:
            file.writelines(_lines(labels, columns))
        if image is not None:
            sprite = stack.enter_context(atomic_path(path.parent / f"{name}_sprite.png"))
            column = embedding_set.metadata.column(image)
            size, unread = join_sprite(column, sprite)
            entry["sprite"] = {"imagePath": f"{name}_sprite.png", "singleImageDim": list(size)}
            title = embedding_set.metadata.column_names[image]
            unreadable = f"; {unread:,} could not be read" if unread else ""
            lost.append(
                f"column {title}: its images, except for copies of {size[0]} x {size[1]} pixels"
                + unreadable
            )
        header = json.loads(provenance.to_json(embedding_set.provenance))
        config.write_text(json.dumps({"embeddings": [entry], "embedding": header}, indent=2))
    return tuple(lost)


def _sort_out(
    metadata: pa.Table,
) -> tuple[dict[str, pa.ChunkedArray], int | None, list[str]]:
    """Return the columns as texts, the position of the first column of images, and what is lost."""
    images = [i for i, column in enumerate(metadata.columns) if column_kind(column) == "image"]
    image = images[0] if images else None
    rest = metadata if image is None else metadata.remove_column(image)
    columns, lost = writable_columns(
        rest, _cells, ("label", "image"), lambda name: _BREAKS.search(name) is not None
    )
    lost += [
        f"column {name}: which texts are empty and which are missing"
        for name, texts in columns.items()
        if pc.any(pc.equal(texts, "")).as_py()
    ]
    return columns, image, lost


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as texts; None if cells without quotes cannot hold them."""
    texts = as_text(column)
    return None if texts is None or any_match(texts, _BREAKS.pattern) else texts


def _check_labels(labels: tuple[str, ...], alone: bool) -> None:
    for row, label in enumerate(labels):
        if _BREAKS.search(label) or (alone and not label):
            raise EmbeddingError(
                f"row {row}: the label {shorten(label)!r} is empty or holds a tab, a line break "
                "or NUL, which the Projector's metadata cannot hold; write .parquet"
            )


def _lines(labels: tuple[str, ...], columns: Mapping[str, pa.ChunkedArray]) -> Iterable[str]:
    if not columns:
        return (f"{label}\n" for label in labels)
    texts = [column.fill_null("").to_pylist() for column in columns.values()]
    rows = zip(labels, *texts, strict=True)
    return ("\t".join(row) + "\n" for row in (("label", *columns), *rows))
