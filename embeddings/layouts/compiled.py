"""umap-learn's compiled code, kept on disk: numba would compile it anew in every process."""

import logging
from typing import Any

_log = logging.getLogger(__name__)


def keep_umap_compiled() -> None:
    """Have numba keep on disk what UMAP's steps compile (about 5 s of CPU a process).

    The files lie where numba puts its cache: beside umap-learn's modules, or, where that may not
    be written, in the user's cache folder. A new version of umap-learn compiles anew.
    """
    from umap import layouts, umap_

    keep_compiled(
        umap_.smooth_knn_dist,
        umap_.compute_membership_strengths,
        layouts.clip,
        layouts._nb_optimize_layout_euclidean_single_epoch,
        layouts._nb_optimize_layout_euclidean_single_epoch_parallel,
    )


def keep_compiled(*dispatchers: Any) -> None:
    """Turn on numba's cache on disk for jitted functions that were made without it.

    numba names the file by the function's source alone: two functions compiled from one source,
    with and without parallel=True, would read each other's code. The name is therefore told apart
    while numba looks at it.
    """
    for dispatcher in dispatchers:
        function = dispatcher.py_func
        name = function.__qualname__
        try:
            if dispatcher.targetoptions.get("parallel"):
                function.__qualname__ = f"{name}_parallel"
            dispatcher.enable_caching()
        except RuntimeError as error:  # no folder can be written: each process compiles
            _log.warning("compiled code of %s is not kept (%s)", name, error)
        finally:
            function.__qualname__ = name
