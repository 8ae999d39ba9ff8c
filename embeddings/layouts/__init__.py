"""Layouts: coordinates in 2D or 3D for the items of a set.

`compute(embedding_set, LayoutSpec("tsne"))` returns a Layout. PCA, axes and precomputed coordinates
need no neighbor graph; t-SNE and UMAP read the set's NeighborGraph, which is computed once. `place`
puts new vectors into a layout that exists.
"""

from embeddings.layouts.axes import Component, Direction, columns_read, resolve_axes
from embeddings.layouts.computation import compute, load_cached, preview, store
from embeddings.layouts.layout import Layout, load_layout, save_layout
from embeddings.layouts.params import (
    UMAP_METRICS,
    AxesParams,
    Params,
    PcaParams,
    PrecomputedParams,
    TsneParams,
    UmapParams,
)
from embeddings.layouts.pca import takes_seconds
from embeddings.layouts.placement import (
    NearestItems,
    Placement,
    check_new_vectors,
    nearest_items,
    place,
    place_by_neighbors,
    project,
)
from embeddings.layouts.precomputed import precomputed_dims
from embeddings.layouts.space import layout_metric
from embeddings.layouts.spec import ALIASES, METHODS, LayoutSpec, Method, find_method

__all__ = [
    "ALIASES",
    "METHODS",
    "UMAP_METRICS",
    "AxesParams",
    "Component",
    "Direction",
    "Layout",
    "LayoutSpec",
    "Method",
    "NearestItems",
    "Params",
    "PcaParams",
    "Placement",
    "PrecomputedParams",
    "TsneParams",
    "UmapParams",
    "check_new_vectors",
    "columns_read",
    "compute",
    "find_method",
    "layout_metric",
    "load_cached",
    "load_layout",
    "nearest_items",
    "place",
    "place_by_neighbors",
    "precomputed_dims",
    "preview",
    "project",
    "resolve_axes",
    "save_layout",
    "store",
    "takes_seconds",
]
