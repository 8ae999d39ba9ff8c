"""Kinds of Arrow types, whatever their encoding."""

import pyarrow as pa
import pytest

from embeddings.arrow_types import decoded, is_binary, is_list, is_number, is_text, value_type

KINDS = {
    is_text: [pa.string(), pa.large_string(), pa.string_view()],
    is_binary: [pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(3)],
    is_number: [pa.int8(), pa.uint64(), pa.float16(), pa.float64()],
    is_list: [pa.list_(pa.int8()), pa.large_list(pa.string()), pa.list_(pa.float32(), 3)],
}
OTHERS = [
    pa.bool_(),
    pa.null(),
    pa.date32(),
    pa.decimal128(5),
    pa.dictionary(pa.int8(), pa.string()),
]


@pytest.mark.parametrize("kind", [kind for kinds in KINDS.values() for kind in kinds] + OTHERS)
def test_each_type_is_of_one_kind_at_most(kind: pa.DataType) -> None:
    expected = [test for test, kinds in KINDS.items() if kind in kinds]
    assert [test for test in KINDS if test(kind)] == expected


def test_a_dictionary_column_is_decoded_and_others_are_unchanged() -> None:
    column = pa.chunked_array([["a", "b", None, "a"]])
    encoded = column.dictionary_encode()
    assert value_type(encoded.type) == pa.string()
    assert decoded(encoded).equals(column)
    assert decoded(column) is column
