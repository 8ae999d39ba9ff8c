"""The order of rows by the values of a column."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_binary, is_list, is_text, value_type
from embeddings.columns import LISTED
from embeddings.errors import EmbeddingError


def sort_order(column: pa.ChunkedArray, descending: bool = False) -> np.ndarray:
    """Return the rows in the order of a column's values.

    Texts are in alphabetical order without regard to case, or in the order of the numbers that they
    are, if all of them are. Lists are in the order of their first five items, which are those that
    are written out, then of their length. Rows without a value, NaN included, come last in both
    directions. Ties are in the order of the rows.

    Parameters
    ----------
    column : n values
    descending : whether the largest value comes first

    Returns
    -------
    int32, shape (n,); row numbers

    Raises
    ------
    EmbeddingError
        if the column holds images, records or bytes, which have no order
    """
    if is_list(column.type):
        keys = _list_keys(_one_array(column))
    elif is_text(value_type(column.type)):
        keys = [_ranks(_encoded(column))]
    elif pa.types.is_nested(column.type) or is_binary(value_type(column.type)):
        raise EmbeddingError(f"values of type {column.type} have no order")
    else:
        return _number_order(_one_array(decoded(column)), descending)
    missing, sign = keys[0] < 0, -1 if descending else 1
    ordered = [sign * key for key in reversed(keys)]  # lexsort's most important key is the last
    return np.lexsort((*ordered, missing)).astype(np.int32)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _number_order(values: pa.Array, descending: bool) -> np.ndarray:
    """Return the order of numbers, booleans, dates, times."""
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    elif pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    order = "descending" if descending else "ascending"
    found = pc.array_sort_indices(values, order=order, null_placement="at_end")
    return found.to_numpy().astype(np.int32)


def _ranks(values: pa.Array) -> np.ndarray:
    """Return the rank of each value, from 0, equal ones the same: int64, shape (n,); missing: -1.

    Each distinct text is compared once.
    """
    if pa.types.is_dictionary(values.type):
        codes = pc.fill_null(values.indices, -1).to_numpy()
        return np.append(_ranks(values.dictionary), -1)[codes]  # a code of -1 is the last
    if is_text(values.type):
        try:
            values = values.cast(pa.float64())
        except pa.ArrowInvalid:  # not all of them are numbers
            values = pc.utf8_lower(values)
    elif pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    ranks = pc.rank(values, sort_keys="ascending", tiebreaker="dense").to_numpy().astype(np.int64)
    missing = values.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    return np.where(missing, -1, ranks - 1)


def _encoded(column: pa.ChunkedArray) -> pa.Array:
    """Return texts as one array with one dictionary; anything else as one array."""
    if not is_text(value_type(column.type)):
        return _one_array(column)
    texts = decoded(column).cast(pa.large_string())
    return _one_array(texts.dictionary_encode().unify_dictionaries())


def _list_keys(lists: pa.Array) -> list[np.ndarray]:
    """Return the ranks of the first items of each list, the length last: int64, shape (n,) each.

    Where a list has no further item its rank is 0; the first is -1 for missing lists.
    """
    items = pa.chunked_array([pc.list_flatten(lists)])
    if pa.types.is_nested(items.type) or is_binary(value_type(items.type)):
        raise EmbeddingError(f"values of type {lists.type} have no order")
    lengths = pc.fill_null(pc.list_value_length(lists), -1).to_numpy().astype(np.int64)
    starts = np.cumsum(np.maximum(lengths, 0)) - np.maximum(lengths, 0)
    ranks = _ranks(_encoded(items))
    ranks = np.where(ranks < 0, ranks.max(initial=0) + 1, ranks)  # missing items come last
    keys = []
    for place in range(LISTED):
        key = np.zeros(len(lengths), np.int64)
        has_item = lengths > place
        key[has_item] = ranks[starts[has_item] + place] + 1
        keys.append(key)
    keys[0][lengths < 0] = -1
    return [*keys, lengths]
