"""Files that are told apart only to be refused: pickles above all, with what to do instead."""

import re
import zipfile
from pathlib import Path

from embeddings.errors import EmbeddingError

_PICKLE_SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill")
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\(?[ld]p\d|c(?:copy_reg|numpy|pandas|builtins|__main__)")
_FASTTEXT_MODEL = (793712314).to_bytes(4, "little")  # FASTTEXT_FILEFORMAT_MAGIC_INT32
_FAISS = re.compile(rb"I[A-Za-z][A-Za-z0-9]{2}..\0\0", re.DOTALL)  # a kind, then the dimensions
_TABLE = "write its table of vectors as Parquet or CSV, and open that"

_REASONS = (
    (_FAISS, "a FAISS index; where it keeps whole vectors, write them: "
     "numpy.save('vectors.npy', index.reconstruct_n(0, index.ntotal))"),
    (rb"version https://git-lfs", "a pointer of Git LFS, not the file itself; fetch that: "
     "git lfs pull"),
    (rb"(?i)\s*<(!doctype html|html)", "a web page, not data; it may say why a download failed"),
    (rb"SQLite format 3\0", f"an SQLite database; {_TABLE}"),
    (rb"(?s).{8}DUCK.*\0", f"a DuckDB database; {_TABLE}"),
    (rb"MATLAB [57]\.\d MAT-file", "a MATLAB file; write its matrix: numpy.save('vectors.npy', "
     "scipy.io.loadmat(path)['NAME'])"),
    (rb"GGUF[\x01-\x0f]\x00", "the weights of a language model (GGUF), not a table of vectors"),
    (rb"(?s).{4}TFL3", "a TensorFlow Lite model; write its embedding's weights with numpy.save"),
    (rb"Obj\x01", f"an Avro file; {_TABLE}"),
    (rb"RD[AX]\d\n|[XA]\n\0\0\0[\x02\x03]", f"data of R; {_TABLE}"),
    (rb"\xd0\xcf\x11\xe0", "a document of Office's old format; save its sheet as CSV"),
    (rb"%PDF-", "a PDF document; vectors are not read from it"),
    (rb"%%MatrixMarket", "a Matrix Market file; write it with numpy.save('vectors.npy', "
     "scipy.io.mmread(path))"),
)  # fmt: skip
"""How files begin that are no tables of vectors, and what to do with them."""

_SUFFIXES = {
    ".ann": "an Annoy index; write its vectors: numpy.save('vectors.npy', "
    "[index.get_item_vector(i) for i in range(index.get_n_items())])",
    ".mat": "a MATLAB file; write its matrix: numpy.save('vectors.npy', "
    "scipy.io.loadmat(path)['NAME'])",
    ".onnx": "an ONNX model; write its embedding's weights with numpy.save",
}


def refuse(head: bytes, path: Path) -> None:
    """Raise EmbeddingError where the file's beginning, or its name, says that we never open it."""
    suffix = path.suffix.lower()
    if _PICKLE.match(head) or suffix in _PICKLE_SUFFIXES or _is_torch_zip(head, path):
        raise EmbeddingError(
            "a pickle (or a PyTorch file, which holds one) can run any code when it is opened, so "
            "it never is; where you trust it, write the vectors again as plain numbers: "
            "numpy.save('vectors.npy', array), safetensors, or this project's "
            "embeddings.save(EmbeddingSet.of(array, labels), 'name.embedding.parquet')"
            + "; gensim: vectors.save_word2vec_format('vectors.bin', binary=True)"
            * (b"gensim" in head[:4096])
        )
    if head.startswith(_FASTTEXT_MODEL):
        raise EmbeddingError(
            "a fastText model, not a table of vectors; write its vectors as text (.vec, made "
            "beside the model, or fasttext print-word-vectors) and open that"
        )
    for start, reason in _REASONS:
        if re.match(start, head):
            raise EmbeddingError(reason)
    if suffix in _SUFFIXES and b"\0" in head:
        raise EmbeddingError(_SUFFIXES[suffix])


def _is_torch_zip(head: bytes, path: Path) -> bool:
    """Say whether a zip is what torch.save writes: it holds ARCHIVE/data.pkl."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return False  # the readers of zips say what is wrong with it
