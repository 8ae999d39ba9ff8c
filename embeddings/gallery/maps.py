"""Makes the gallery's maps: a small image of each file, and of what other trainers make."""

from pathlib import Path

from embeddings import layouts
from embeddings.analysis.contexts import last_layer
from embeddings.files import load
from embeddings.layouts.map_image import map_image

ROWS = 1_200
"""Points of an image: with more, its file is larger than 15 kB."""


def paint(path: Path) -> bytes:
    """Return a PNG of the map of an embedding file.

    It is by t-SNE: the layout in NAME.tsne.layout.parquet beside the file, or one that is computed.
    """
    embedding_set = last_layer(load(path))
    ready = path.with_name(f"{path.name.partition('.')[0]}.tsne.layout.parquet")
    if ready.exists():
        layout = layouts.load_layout(ready)
    else:
        layout = layouts.compute(embedding_set, layouts.LayoutSpec("tsne"), with_quality=False)
    return map_image(embedding_set, layout.coordinates, rows=ROWS)
