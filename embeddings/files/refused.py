"""Files that are told apart only to be refused: pickles above all, with what to do instead."""

import re
import zipfile
from pathlib import Path

from embeddings.errors import EmbeddingError

_PICKLE_SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill")
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\(?[ld]p\d|c(?:copy_reg|numpy|pandas|builtins|__main__)")
_FASTTEXT_MODEL = (793712314).to_bytes(4, "little")  # FASTTEXT_FILEFORMAT_MAGIC_INT32


def refuse(head: bytes, path: Path) -> None:
    """Raise EmbeddingError where the file's beginning, or its name, says that we never open it."""
    if _PICKLE.match(head) or path.suffix.lower() in _PICKLE_SUFFIXES or _is_torch_zip(head, path):
        raise EmbeddingError(
            "a pickle (or a PyTorch file, which holds one) can run any code when it is opened, so "
            "it never is; where you trust it, write the vectors again as plain numbers: "
            "numpy.save('vectors.npy', array), safetensors, or this project's "
            "embeddings.save(EmbeddingSet.of(array, labels), 'name.embedding.parquet')"
        )
    if head.startswith(_FASTTEXT_MODEL):
        raise EmbeddingError(
            "a fastText model, not a table of vectors; write its vectors as text (.vec, made "
            "beside the model, or fasttext print-word-vectors) and open that"
        )


def _is_torch_zip(head: bytes, path: Path) -> bool:
    """Say whether a zip is what torch.save writes: it holds ARCHIVE/data.pkl."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return False  # the readers of zips say what is wrong with it
