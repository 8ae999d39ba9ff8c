"""How many values a Parquet file holds in each column of each row group, by its footer.

Equal values take next to nothing on disk, so only their number tells how large a column is in
memory. pyarrow knows it too, but aborts the whole process if that part of the footer is damaged.
So the few fields are read here. The footer is a Thrift structure in the compact protocol:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAGIC = b"PAR1"
_DEEPEST = 32

_BOOLEANS, _BYTE, _INTEGERS, _DOUBLE, _BINARY = (1, 2), 3, (4, 5, 6), 7, 8
_LISTS, _MAP, _STRUCT, _UUID = (9, 10), 11, 12, 13

_ROW_GROUPS = 4  # of FileMetaData
_COLUMNS = 1  # of RowGroup
_META_DATA = 3  # of ColumnChunk
_NUM_VALUES, _TOTAL_UNCOMPRESSED_SIZE = 5, 6  # of ColumnMetaData


@dataclass(frozen=True)
class ColumnChunk:
    """The part of a column that is in a row group.

    Attributes
    ----------
    values : how many there are, missing ones and those within lists included
    size : bytes of its pages, not compressed; dictionaries and repetitions are not expanded
    """

    values: int
    size: int


def read_footer(path: Path) -> list[list[ColumnChunk]]:
    """Return the column chunks of each row group.

    Raises
    ------
    ValueError
        the footer is damaged
    """
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(0, end - 8))
        length = int.from_bytes(file.read(4), "little")
        if file.read(4) != _MAGIC or length > end - 8:
            raise ValueError("no footer")
        file.seek(end - 8 - length)
        content = file.read(length)
    try:
        groups = _Reader(content).structure({_ROW_GROUPS: _row_groups}).get(_ROW_GROUPS, [])
    except IndexError as error:
        raise ValueError("the footer is cut short") from error
    return [[_chunk(column) for column in group.get(_COLUMNS, [])] for group in groups]


def _chunk(column: dict[int, Any]) -> ColumnChunk:
    described = column.get(_META_DATA, {})
    sizes = (described.get(field, 0) for field in (_NUM_VALUES, _TOTAL_UNCOMPRESSED_SIZE))
    return ColumnChunk(*(max(0, size) for size in sizes))


class _Reader:
    """A cursor in a Thrift structure."""

    def __init__(self, content: bytes):
        self._content, self._place = content, 0

    def structure(self, wanted: "dict[int, _Read]", depth: int = 0) -> dict[int, Any]:
        """Read a structure; return the fields that have a function in `wanted`, skip others."""
        if depth > _DEEPEST:
            raise ValueError("the footer is nested too deeply")
        found: dict[int, Any] = {}
        field = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 15
            field = field + step if step else self.integer()
            if field in wanted:
                found[field] = wanted[field](self, kind)
            else:
                self._skip(kind, depth)
        return found

    def structures(self, kind: int, wanted: "dict[int, _Read]") -> list[dict[int, Any]]:
        """Read a list of structures."""
        if kind not in _LISTS:
            raise ValueError("the footer has no list where one is expected")
        count, items = self._list_head()
        if items != _STRUCT:
            raise ValueError("the footer has no structures where they are expected")
        return [self.structure(wanted) for _ in range(count)]

    def integer(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)

    def _byte(self) -> int:
        self._place += 1
        return self._content[self._place - 1]

    def _unsigned(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise ValueError("the footer has a number of more than 64 bits")

    def _list_head(self) -> tuple[int, int]:
        head = self._byte()
        return head >> 4 if head >> 4 < 15 else self._unsigned(), head & 15

    def _skip(self, kind: int, depth: int, inside: bool = False) -> None:
        """Skip a value; a boolean has a byte of its own only inside of a list or a map."""
        if kind in _BOOLEANS:
            self._place += inside
        elif kind in _INTEGERS:
            self._unsigned()
        elif kind in (_BYTE, _DOUBLE, _UUID):
            self._place += {_BYTE: 1, _DOUBLE: 8, _UUID: 16}[kind]
        elif kind == _BINARY:
            length = self._unsigned()
            self._place += length
        elif kind in _LISTS:
            count, items = self._list_head()
            self._skip_items(count, (items,), depth)
        elif kind == _MAP:
            count = self._unsigned()
            kinds = self._byte() if count else 0
            self._skip_items(count, (kinds >> 4, kinds & 15), depth)
        elif kind == _STRUCT:
            self.structure({}, depth + 1)
        else:
            raise ValueError(f"the footer has a value of the unknown type {kind}")

    def _skip_items(self, count: int, kinds: tuple[int, ...], depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("the footer is nested too deeply")
        for _ in range(count):
            for kind in kinds:
                self._skip(kind, depth + 1, inside=True)
            if self._place > len(self._content):
                raise IndexError


_Read = Callable[[_Reader, int], Any]


def _integer(reader: _Reader, kind: int) -> int:
    if kind not in _INTEGERS:
        raise ValueError("the footer has no number where one is expected")
    return reader.integer()


def _meta_data(reader: _Reader, kind: int) -> dict[int, Any]:
    if kind != _STRUCT:
        raise ValueError("the footer does not describe a column")
    return reader.structure({_NUM_VALUES: _integer, _TOTAL_UNCOMPRESSED_SIZE: _integer})


def _columns(reader: _Reader, kind: int) -> list[dict[int, Any]]:
    return reader.structures(kind, {_META_DATA: _meta_data})


def _row_groups(reader: _Reader, kind: int) -> list[dict[int, Any]]:
    return reader.structures(kind, {_COLUMNS: _columns})
