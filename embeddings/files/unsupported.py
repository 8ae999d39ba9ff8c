"""Files that are never read: pickles, which may run code, other formats, and documents for people.

Each is recognized only so that the refusal can say what to do instead.
"""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from embeddings.errors import EmbeddingError

_PICKLE_SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill")
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\(?[ld]p\d|c(?:copy_reg|numpy|pandas|builtins|__main__)")
_FASTTEXT_MODEL = (793712314).to_bytes(4, "little")  # FASTTEXT_FILEFORMAT_MAGIC_INT32
_FAISS = re.compile(rb"I[A-Za-z][A-Za-z0-9]{2}..\0\0", re.DOTALL)  # a kind, then the dimensions
_STATED_BYTES = 4096
_EXPORT = "export its table of vectors as Parquet or CSV, and open that"

_REASONS = (
    (_FAISS, "a FAISS index; if it stores whole vectors, write them with "
     "numpy.save('vectors.npy', index.reconstruct_n(0, index.ntotal))"),
    (rb"version https://git-lfs", "a Git LFS pointer, not the file itself; fetch the file with "
     "git lfs pull"),
    (rb"(?i)\s*<(!doctype html|html)", "a web page, not data; it may say why a download failed"),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?<Error>\s*<[A-Z]",
     "the error page of a server, not data{stated}; download the file again"),
    (rb"PGCOPY\n\xff\r\n\0", "PostgreSQL's binary COPY; export the table as CSV: COPY ... TO ... "
     "(FORMAT csv, HEADER)"),
    (rb"SQLite format 3\0", f"an SQLite database; {_EXPORT}"),
    (rb"(?s).{8}DUCK.*\0", f"a DuckDB database; {_EXPORT}"),
    (rb"MATLAB [57]\.\d MAT-file", "a MATLAB file; write its matrix with "
     "numpy.save('vectors.npy', scipy.io.loadmat(path)['NAME'])"),
    (rb"GGUF[\x01-\x0f]\x00", "the weights of a language model (GGUF), not a table of vectors"),
    (rb"(?s).{4}TFL3", "a TensorFlow Lite model; write its embedding weights with numpy.save"),
    (rb"Obj\x01", f"an Avro file; {_EXPORT}"),
    (rb"RD[AX]\d\n|[XA]\n\0\0\0[\x02\x03]", f"R data; {_EXPORT}"),
    (rb"\xd0\xcf\x11\xe0", "a document in an old Office format; save its sheet as CSV"),
    (rb"%PDF-", "a PDF document; vectors are not read from PDF"),
    (rb"%%MatrixMarket", "a Matrix Market file; write it with numpy.save('vectors.npy', "
     "scipy.io.mmread(path))"),
)  # fmt: skip
"""How files of other formats begin, and what to do with them."""

_SUFFIXES = {
    ".usearch": "a USearch index; write its vectors with numpy.save('vectors.npy', index.vectors)",
    ".hnsw": "an hnswlib index; write its vectors with numpy.save('vectors.npy', index.get_items("
    "index.get_ids_list()))",
    ".ann": "an Annoy index; write its vectors with numpy.save('vectors.npy', "
    "[index.get_item_vector(i) for i in range(index.get_n_items())])",
    ".mat": "a MATLAB file; write its matrix with numpy.save('vectors.npy', "
    "scipy.io.loadmat(path)['NAME'])",
    ".onnx": "an ONNX model; write its embedding weights with numpy.save",
}
"""The same for binary files of which only the name tells the format."""

_DOCUMENT = re.compile(
    r"(readme|licen[cs]e|copying|notice|citation|changelog|authors|contributing|sources)(\.txt)?"
    r"|.*\.(md|markdown|rst|html?|pdf|py|ipynb|ya?ml|toml|cff|bib|log|sh|lock)"
    # settings beside the weights of a model
    r"|(modules|tokenizer_config|special_tokens_map|added_tokens|generation_config"
    r"|preprocessor_config|config_sentence_transformers|sentence_bert_config)\.json|merges\.txt",
    re.IGNORECASE,
)

_FORMATS_IN_ZIP = {
    "model.weights.h5": "a Keras model; write its embedding layer's weights with numpy.save",
    "xl/workbook.xml": "an Excel workbook; save its sheet as CSV",
    "word/document.xml": "a Word document; save its table as CSV",
    "content.xml": "an OpenDocument file; save its sheet as CSV",
    "META-INF/MANIFEST.MF": "a Java archive",
    ".zgroup": "a zarr store; write its array with numpy.save",
    "zarr.json": "a zarr store; write its array with numpy.save",
}
"""What a zip is that has a member of that name; none of these formats is read."""

_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_JUNK, _JUNK_FOLDER, _JUNK_START = (".DS_Store", "Thumbs.db", "desktop.ini"), "__MACOSX", "._"


def refuse(head: bytes, path: Path) -> None:
    """Raise EmbeddingError if the first bytes of a file, or its name, are of an unsupported format.

    Parameters
    ----------
    head : the first bytes of the file
    """
    suffix = path.suffix.lower()
    if _PICKLE.match(head) or suffix in _PICKLE_SUFFIXES or _is_torch_zip(head, path):
        raise EmbeddingError(
            "a pickle (or a PyTorch file, which contains one) can run any code when it is opened, "
            "so it is never opened; if you trust it, write the vectors again as plain numbers: "
            "numpy.save('vectors.npy', array), safetensors, or this project's "
            "embeddings.save(EmbeddingSet.of(array, labels), 'name.embedding.parquet')"
            + "; gensim: vectors.save_word2vec_format('vectors.bin', binary=True)"
            * (b"gensim" in head[:4096])
        )
    if head.startswith(_FASTTEXT_MODEL):
        raise EmbeddingError(
            "a fastText model, not a table of vectors; write its vectors as text (.vec, written "
            "beside the model, or by fasttext print-word-vectors) and open that"
        )
    for start, reason in _REASONS:
        if re.match(start, head):
            raise EmbeddingError(reason.replace("{stated}", _stated(head)))
    if suffix in _SUFFIXES and b"\0" in head:
        raise EmbeddingError(_SUFFIXES[suffix])


def _stated(head: bytes) -> str:
    """Return what an XML error page states, to be quoted: ": NoSuchKey, The key does not exist"."""
    found = re.findall(rb"<(?:Code|Message)>([^<]{1,200})", head[:_STATED_BYTES])
    return ": " + ", ".join(text.decode("utf-8", "replace") for text in found) if found else ""


def refuse_folder(path: Path) -> None:
    """Raise EmbeddingError if a folder is the store of a format that is not read."""
    if (path / "_versions").is_dir() and (path / "data").is_dir():
        raise EmbeddingError(
            f"{path.name}: a Lance data set; write its table with pyarrow.parquet.write_table("
            "lance.dataset(path).to_table(), 'vectors.parquet')"
        )
    if any((path / name).is_file() for name in (".zgroup", ".zarray", "zarr.json")):
        raise EmbeddingError(
            f"{path.name}: a Zarr store; write its matrix with numpy.save('vectors.npy', "
            "zarr.open(path)['NAME'][:])"
        )


def refuse_zip(names: Iterable[str]) -> None:
    """Raise EmbeddingError if the names of a zip's members are those of an unsupported format."""
    found = next((_FORMATS_IN_ZIP[name] for name in names if name in _FORMATS_IN_ZIP), None)
    if found:
        raise EmbeddingError(f"the file is {found}")


def why_left_out(info: zipfile.ZipInfo) -> str:
    """Return why a member of a zip cannot be unpacked, and what to do; "" if it can."""
    mode = info.external_attr >> 28  # Unix's kind of file: 8 a regular one, 10 a link
    if info.flag_bits & 1:
        return "encrypted; pack it without a password"
    if mode not in (0, 8):
        return "a link or a device, not a regular file"
    if info.compress_type not in _ZIP_METHODS:
        return "packed by a rare method; pack it with deflate"
    return ""


def is_junk(name: str) -> bool:
    """Return True if a name is what operating systems leave behind in archives and folders."""
    *folders, last = name.replace("\\", "/").split("/")
    return _JUNK_FOLDER in folders or last in _JUNK or last.startswith(_JUNK_START)


def is_document(name: str) -> bool:
    """Return True if the name of a file beside the data is that of a document for people.

    README, LICENSE, web pages and programs look like tables of one column, so that content does
    not tell them from data.
    """
    return _DOCUMENT.fullmatch(PurePosixPath(name).name) is not None


def _is_torch_zip(head: bytes, path: Path) -> bool:
    """Return True if a zip is what torch.save writes: it has a member ARCHIVE/data.pkl."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return False  # the reader of zips says what is wrong with it
