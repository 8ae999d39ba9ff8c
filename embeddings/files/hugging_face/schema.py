"""The features of Hugging Face's `datasets`: names of classes, and arrays of a fixed shape.

They are JSON in the schema's metadata (key `huggingface`) and in dataset_info.json:
https://huggingface.co/docs/datasets/about_dataset_features.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import is_list, replace_columns
from embeddings.files.options import Note
from embeddings.text import shorten

METADATA_KEY = b"huggingface"
"""Key of the schema's metadata: {"info": {"features": {column: feature, ...}}}."""

_ARRAYS = ("Array2D", "Array3D", "Array4D", "Array5D")


def with_features(table: pa.Table, features: Mapping[str, Any]) -> pa.Table:
    """Return the table with features in its schema's metadata, in place of its own."""
    described = json.dumps({"info": {"features": features}})
    return table.replace_schema_metadata({**(table.schema.metadata or {}), METADATA_KEY: described})


def decode(table: pa.Table, note: Note) -> tuple[pa.Table, frozenset[str]]:
    """Return a table with its columns decoded by its features, and the names of its class columns.

    Class columns, integers in the file, become dictionaries of class names, with -1 as missing;
    arrays of a fixed shape become lists of as many numbers. Columns that do not fit their feature
    stay as they are, which is noted.
    """
    classes, columns = [], list(table.columns)
    for name, feature in _features(table.schema, note).items():
        positions = table.schema.get_all_field_indices(name)
        if len(positions) != 1 or not isinstance(feature, dict):
            continue
        column, kind = table.column(positions[0]), feature.get("_type")
        if kind == "ClassLabel" and pa.types.is_integer(column.type) and feature.get("names"):
            decoded = _named(column, feature["names"])
            reason = "one of its numbers has no class name"
        elif kind in _ARRAYS:
            decoded = _flat(column, feature.get("shape"))
            shape = shorten(repr(feature.get("shape")), 60)
            reason = f"not all of its arrays have the described shape, {shape}"
        else:
            continue
        if decoded is None:
            note(f"column {name} is left as it is: {reason}")
            continue
        columns[positions[0]] = decoded
        if kind == "ClassLabel":
            classes.append(name)
        else:
            note(f"column {name}: arrays of shape {feature['shape']}, each as one row of numbers")
    return replace_columns(table, columns), frozenset(classes)


def _features(schema: pa.Schema, note: Note) -> dict[str, Any]:
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return {}
    try:
        features = json.loads(text)["info"]["features"]
    except (ValueError, RecursionError, LookupError, TypeError):
        note("its Hugging Face features cannot be read: classes stay numbers")
        return {}
    return features if isinstance(features, dict) else {}


def _named(column: pa.ChunkedArray, names: object) -> pa.ChunkedArray | None:
    """Return class numbers as a dictionary of class names; None if a number has no name."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    numbers = column.cast(pa.int64(), safe=False)
    span = pc.min_max(numbers).as_py()
    if span["min"] is not None and not -1 <= span["min"] <= span["max"] < len(names):
        return None
    present = pc.if_else(pc.equal(numbers, -1), pa.scalar(None, pa.int64()), numbers)
    values = pa.array(names, pa.string())
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.cast(pa.int32()), values) for chunk in present.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string()))


def _flat(column: pa.ChunkedArray, shape: object) -> pa.ChunkedArray | None:
    """Return arrays of a shape, nested lists, as one list each; None if one has another shape."""
    if not isinstance(shape, list) or not all(type(n) is int and n > 0 for n in shape):
        return None
    size = math.prod(shape)
    chunks = []
    for chunk in column.chunks:
        array = chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        for level in range(len(shape)):
            if not is_list(array.type) or (level and array.null_count):
                return None
            if not _lengths_are(array, shape[level]):
                return None
            array = array.flatten()
        offsets = np.concatenate([[0], np.cumsum(valid * size)])
        mask = None if valid.all() else pa.array(~valid)
        chunks.append(pa.LargeListArray.from_arrays(pa.array(offsets), array, mask=mask))
    return pa.chunked_array(chunks) if chunks else None


def _lengths_are(array: pa.Array, length: int) -> bool:
    found = pc.min_max(pc.list_value_length(array)).as_py()
    return found["min"] in (None, length) and found["max"] in (None, length)
