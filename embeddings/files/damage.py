"""Exceptions of libraries that read a damaged file become one clear error."""

from collections.abc import Iterator
from contextlib import contextmanager

from embeddings.errors import EmbeddingError
from embeddings.files.limits import first_line


@contextmanager
def damaged(
    file_format: str, *exceptions: type[Exception], advice: str = "write or copy the file again"
) -> Iterator[None]:
    """Turn the exceptions of a library that reads a damaged file into an EmbeddingError.

    All other exceptions propagate: a KeyError of our own code is a bug, not a damaged file. So
    name the library's own exceptions only, and wrap only its calls.

    Parameters
    ----------
    file_format : what the file is called in the message, such as "Parquet"
    exceptions : what the library raises if the file is damaged
    advice : what the user can do about it

    Raises
    ------
    EmbeddingError
        the library raised one of `exceptions`
    """
    try:
        yield
    except EmbeddingError:
        raise
    except exceptions as error:
        raise EmbeddingError(
            f"damaged or incomplete {file_format} ({first_line(error)}); {advice}"
        ) from error
