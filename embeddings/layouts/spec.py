"""The specification of a layout: its method, dimensions, parameters and seed."""

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from typing import Any

import numpy as np
import xxhash

from embeddings.cache import key_hash
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.layouts.axes import axes_key, axes_layout
from embeddings.layouts.params import (
    AxesParams,
    Params,
    PcaParams,
    PrecomputedParams,
    TsneParams,
    UmapParams,
)
from embeddings.layouts.pca import pca_layout
from embeddings.layouts.precomputed import precomputed_coordinates, precomputed_layout
from embeddings.layouts.tsne import tsne_layout
from embeddings.layouts.umap import umap_layout

_LARGEST_SEED = 2**32 - 1  # the largest that numpy's RandomState accepts
_ALWAYS_IN_TITLE = ("perplexity", "n_neighbors", "min_dist", "x", "y")


@dataclass(frozen=True)
class Method:
    """A layout method.

    Attributes
    ----------
    name : in files, in addresses and on the command line
    title : on the screen
    params : the dataclass of its parameters
    library : the distribution that does the work; its version is part of the cache key
    library_3d : likewise in 3D, if that is another one
    function : (embedding_set, graph, params, dims, seed, progress) -> (coordinates, notes), where
        coordinates is float32, shape (n, dims), and notes are phrases for the screen; graph is None
        if params.graph_neighbors is 0
    uses_seed : whether the seed changes the result
    """

    name: str
    title: str
    params: type[Params]
    library: str
    function: Callable[..., tuple[np.ndarray, tuple[str, ...]]]
    uses_seed: bool = False
    library_3d: str = ""


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("pca", "PCA", PcaParams, "numpy", pca_layout),
        Method(
            "tsne",
            "t-SNE",
            TsneParams,
            "numba",
            tsne_layout,
            uses_seed=True,
            library_3d="openTSNE",
        ),
        Method("umap", "UMAP", UmapParams, "umap-learn", umap_layout, uses_seed=True),
        Method("precomputed", "Precomputed", PrecomputedParams, "numpy", precomputed_layout),
        Method("axes", "Axes", AxesParams, "numpy", axes_layout),
    )
}
"""The layout methods by name."""

ALIASES = {"none": "precomputed"}
"""Former names of methods, which old files, addresses and scripts still use."""


def find_method(name: str) -> Method:
    """Return the method of this name, or of this former name.

    Raises
    ------
    EmbeddingError
        if there is no such method
    """
    found = METHODS.get(ALIASES.get(name, name))
    if found is None:
        raise EmbeddingError(f"unknown method {name!r}; expected one of {', '.join(METHODS)}")
    return found


@functools.cache
def _version(library: str) -> str:
    return version(library)


@dataclass(frozen=True)
class LayoutSpec:
    """The specification of a layout, checked on construction.

    Attributes
    ----------
    method : a name in METHODS; a former name is replaced by the current one
    dims : 2 or 3
    params : the method's parameters, an instance of its params class; None means its defaults
    seed : of all random numbers, 0 to 2**32 - 1

    Raises
    ------
    EmbeddingError
        if the method is unknown, the parameters belong to another method, or dims or seed are out
        of range
    """

    method: str
    dims: int = 2
    params: Params = None  # type: ignore[assignment]  # __post_init__ puts the defaults in place
    seed: int = 0

    def __post_init__(self) -> None:
        method = find_method(self.method)
        object.__setattr__(self, "method", method.name)
        if self.dims not in (2, 3):
            raise EmbeddingError(f"{self.dims} dimensions; a layout has 2 or 3")
        if not isinstance(self.seed, int) or not 0 <= self.seed <= _LARGEST_SEED:
            raise EmbeddingError(
                f"seed = {self.seed!r}; expected a whole number from 0 to {_LARGEST_SEED:,}"
            )
        if self.params is None:
            object.__setattr__(self, "params", method.params())
        elif not isinstance(self.params, method.params):
            raise EmbeddingError(
                f"{type(self.params).__name__} for method {method.name}; "
                f"expected {method.params.__name__}"
            )

    @property
    def title(self) -> str:
        """The name on the screen: "t-SNE, perplexity 30, seed 0".

        It lists the best known parameters, those that differ from their defaults, and the seed if
        the method uses it, but never the number of threads.
        """
        method = METHODS[self.method]
        defaults = method.params()
        parts = [method.title]
        for field in fields(self.params):
            value = getattr(self.params, field.name)
            moved = value != getattr(defaults, field.name)
            if field.name != "threads" and (moved or field.name in _ALWAYS_IN_TITLE):
                shown = f"{value:g}" if isinstance(value, float) else value
                parts.append(f"{field.name.replace('_', ' ')} {shown}")
        if method.uses_seed:
            parts.append(f"seed {self.seed}")
        return ", ".join(parts)

    @property
    def libraries(self) -> dict[str, str]:
        """Name and version of the library that computes the layout."""
        method = METHODS[self.method]
        library = (method.library_3d if self.dims == 3 else "") or method.library
        return {library: _version(library)}

    def cache_key(self, embedding_set: EmbeddingSet) -> str:
        """Return the key of this layout of a set: 32 hexadecimal characters.

        It is a hash of everything that the layout depends on: the set's vectors and metric, this
        specification except for the number of threads, and the version of the method's library. It
        identifies the file in the cache, the job that computes the layout, and what is derived from
        the layout.

        Raises
        ------
        EmbeddingError
            if the method is "precomputed" and the set has no such coordinates, or it is "axes" and
            the set does not have such axes
        """
        key: dict[str, Any] = {
            "fingerprint": embedding_set.fingerprint,
            "metric": embedding_set.provenance.metric,
            "method": self.method,
            "dims": self.dims,
            "params": asdict(self.params),
            "seed": self.seed,
            "libraries": self.libraries,
        }
        if self.method == "precomputed":  # the columns x, y[, z] are not part of the fingerprint
            coordinates, _ = precomputed_coordinates(embedding_set, self.dims)
            key["given"] = xxhash.xxh3_128_hexdigest(coordinates.tobytes())
            key["method"] = "none"  # its former name, so that files cached under it are found
        if isinstance(self.params, AxesParams):  # neither are labels and other columns
            key["given"] = axes_key(embedding_set, self.params, self.dims)
        key["params"].pop("threads", None)  # it does not change the result
        return key_hash(key)
