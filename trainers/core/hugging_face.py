"""The library `transformers`, for pretrained models only: imported on demand, used offline."""

import os
from typing import Any

from embeddings.errors import EmbeddingError

INSTALL = "python -m pip install -r requirements-pretrained.txt"


def transformers() -> Any:
    """Return the library, quiet and offline.

    Raises
    ------
    EmbeddingError
        it is not installed
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import transformers as library
    except ImportError as error:
        raise EmbeddingError(
            f"--pretrained needs `transformers` ({error}): install it with {INSTALL}"
        ) from None
    library.utils.logging.disable_progress_bar()
    library.utils.logging.set_verbosity_error()
    return library
