"""The formats that are read, and which of them a file is of: by its content, then by its name.

A format's module is imported when a file of that format is read, so that nobody who reads a CSV
waits for HDF5 or safetensors to be imported.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_bytes, error_context
from embeddings.files.options import ReadContext
from embeddings.files.plain_text import is_text
from embeddings.files.unsupported import refuse

HEAD_BYTES = 2**20
"""How much of a file's beginning is read to find out its format."""

_INDEX = (
    "; the vectors of a search index (hnswlib, Annoy, USearch) can be written with numpy.save, "
    "such as index.get_items(ids)"
)
_WIDE_ENCODINGS = ("utf-16", "utf-32")  # text in which has zero bytes
_HDF5 = (b"\x89HDF\r\n\x1a\n",)


@dataclass(frozen=True)
class Format:
    """A file format, and where the code that reads it is.

    Attributes
    ----------
    name : as messages call it
    module_name : module of embeddings.files. It has `load(path, context)`, which returns a Draft;
        `matches(head, path)`, unless `begins_with` suffices; and, if `describes_rows`,
        `vector_likelihood(path)` and `read_columns(path, rows, note)`
    matched_by : the module that has `matches`, if it is another
    begins_with : byte strings, one of which every file of the format has at `offset`; none if only
        the module can tell
    offset : bytes before them
    suffices : True if no file of another format begins so
    describes_rows : True if a file of the format may describe the rows of another file
    """

    name: str
    module_name: str
    begins_with: tuple[bytes, ...] = ()
    offset: int = 0
    suffices: bool = False
    describes_rows: bool = False
    matched_by: str = ""

    @property
    def module(self) -> ModuleType:
        """The module that reads the format; it is imported here."""
        return import_module(f"embeddings.files.{self.module_name}")

    def begins(self, head: bytes) -> bool:
        """Return True if `head` begins as files of this format do; False if only a module tells."""
        return bool(self.begins_with) and head.startswith(self.begins_with, self.offset)

    def matches(self, head: bytes, path: Path) -> bool:
        """Return True if a file that starts with `head` is of this format."""
        if self.begins_with and not self.begins(head):
            return False
        if self.suffices:
            return True
        module = import_module(f"embeddings.files.{self.matched_by or self.module_name}")
        return bool(module.matches(head, path))


PARQUET = Format("Parquet", "tabular.parquet", (b"PAR1",), suffices=True, describes_rows=True)
ARROW = Format(
    "Arrow or Feather", "tabular.arrow", (b"ARROW1\0\0", b"FEA1", b"\xff" * 4), describes_rows=True
)
NPY = Format("NumPy .npy", "arrays.npy", (b"\x93NUMPY",), suffices=True, describes_rows=True)
NPZ = Format("NumPy .npz", "arrays.npz", (b"PK",), describes_rows=True)
SAFETENSORS = Format("safetensors", "arrays.safetensors", (b"{",), offset=8, describes_rows=True)
H5AD = Format("AnnData .h5ad", "hdf5.h5ad", _HDF5)
ELMO = Format("ELMo's HDF5", "hdf5.elmo", _HDF5)
HDF5 = Format("HDF5", "hdf5.generic", _HDF5, suffices=True)
PROJECTOR = Format("TensorFlow Projector", "projector.reader", matched_by="projector.config")
WORD2VEC_TEXT = Format("word2vec or GloVe text", "word2vec.text_format")
SPARSE_TEXT = Format("sparse vectors as text", "word2vec.sparse_text")
WORD2VEC_BINARY = Format("word2vec binary", "word2vec.binary")
JSON = Format("JSON or JSON Lines", "json.reader", describes_rows=True)
DELIMITED = Format("CSV or TSV", "delimited.reader", describes_rows=True)
RAW = Format("bare float32", "arrays.raw")

FORMATS = (
    PARQUET, ARROW, NPY, NPZ, SAFETENSORS, H5AD, ELMO, HDF5, PROJECTOR, SPARSE_TEXT,
    WORD2VEC_TEXT, WORD2VEC_BINARY, JSON, DELIMITED, RAW,
)  # fmt: skip
"""All formats, in the order in which they are tried."""


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file, HEAD_BYTES at most.

    Raises
    ------
    EmbeddingError
        The file does not exist, or is empty.
    """
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise EmbeddingError(f"{path.name}: the file is empty")
    return head


def first_match(head: bytes, path: Path, formats: Iterable[Format] = FORMATS) -> Format | None:
    """Return the first format that matches a file that starts with `head`; None if none does."""
    return next((each for each in formats if each.matches(head, path)), None)


def detect_format(path: Path, context: ReadContext) -> Format:
    """Return the format of a file.

    Text of which the caller states how it is written is a table.

    Raises
    ------
    EmbeddingError
        The file does not exist, is empty, larger than the limit, of a format that is never opened
        (such as a pickle), or of no known format.
    """
    head = read_head(path)
    with error_context(path):
        if not context.should_map(path):
            check_bytes(path.stat().st_size, "the file has")
        if not SAFETENSORS.matches(head, path):  # its first bytes may look like a pickle's
            refuse(head, path)
        found = first_match(head, path)
        if _is_stated_table(head, found, context):
            return DELIMITED
        if found is None:
            names = ", ".join(each.name for each in FORMATS)
            binary = "" if is_text(head) else _INDEX
            raise EmbeddingError(f"not a known format; tried {names}{binary}")
        return found


def _is_stated_table(head: bytes, found: Format | None, context: ReadContext) -> bool:
    """Return True for text of another format, or of none, that is a table by what is stated."""
    if found not in (None, WORD2VEC_TEXT, RAW):
        return False
    options = context.text_options
    if not options.stated:
        return False
    if found == WORD2VEC_TEXT:
        return options.stated.keys() != {"encoding"}
    return is_text(head) or (options.codec or "").startswith(_WIDE_ENCODINGS)
