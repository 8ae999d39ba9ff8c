"""umap-learn's compiled functions, cached on disk: otherwise every process compiles them again.

And the number of threads of compiled functions.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_log = logging.getLogger(__name__)


def cache_compiled_umap() -> None:
    """Turn on numba's disk cache for the functions that make UMAP's fuzzy graph.

    The files are where numba writes its cache: beside umap-learn's modules or, if that folder is
    read-only, in the user's cache folder. A new version of umap-learn is compiled again.
    """
    from umap import umap_

    cache_compiled(umap_.smooth_knn_dist, umap_.compute_membership_strengths)


def cache_compiled(*dispatchers: Any) -> None:
    """Turn on numba's disk cache for jitted functions that were made without it.

    numba names the file after the function's source: two functions compiled from one source, with
    and without parallel=True, would read each other's code. The parallel one is therefore renamed
    while numba reads its name.
    """
    for dispatcher in dispatchers:
        function = dispatcher.py_func
        name = function.__qualname__
        try:
            if dispatcher.targetoptions.get("parallel"):
                function.__qualname__ = f"{name}_parallel"
            dispatcher.enable_caching()
        except RuntimeError as error:  # no folder is writable: each process compiles
            _log.warning("the compiled code of %s is not cached (%s)", name, error)
        finally:
            function.__qualname__ = name


@contextmanager
def numba_threads(count: int) -> Iterator[None]:
    """Have compiled functions use so many threads, but no more than they use now."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(min(count, before))
    try:
        yield
    finally:
        numba.set_num_threads(before)
