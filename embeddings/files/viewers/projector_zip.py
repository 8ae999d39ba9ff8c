"""A zip for TensorFlow's Projector: vectors and labels as text, which all its versions read."""

import io
import json
import re
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from embeddings.embedding_set import EmbeddingSet
from embeddings.files.projector import writer

_BREAKS = re.compile(r"[\t\r\n\0]+")
_CONFIG = "projector_config.json"
_NAMES = {"metadataPath": "metadata.tsv", "imagePath": "sprite.png"}


def projector_zip(embedding_set: EmbeddingSet) -> bytes:
    """Return a zip of tensors.tsv, metadata.tsv, sprite.png if there are images, and configs.

    projector_config.json is for the Projector by itself, projector_config.pbtxt for TensorBoard,
    whose --logdir is the unpacked folder. Tabs and line breaks in labels become blanks, and an
    empty label becomes "(no label)": the Projector has no place for them.
    """
    labels = tuple(_BREAKS.sub(" ", label) or "(no label)" for label in embedding_set.labels)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        writer.save(replace(embedding_set, labels=labels), folder / _CONFIG)
        config = json.loads((folder / _CONFIG).read_text())
        entry = config["embeddings"][0]
        (folder / entry["tensorPath"]).unlink()  # raw numbers; TensorBoard wants text
        entry["tensorPath"] = "tensors.tsv"
        _write_numbers(embedding_set, folder / "tensors.tsv")
        for place in (entry, entry.get("sprite", {})):
            for key in _NAMES.keys() & place.keys():
                (folder / place[key]).rename(folder / _NAMES[key])
                place[key] = _NAMES[key]
        (folder / _CONFIG).write_text(json.dumps(config, indent=2))
        (folder / "projector_config.pbtxt").write_text(_as_pbtxt(entry))
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
    return content.getvalue()


def _write_numbers(embedding_set: EmbeddingSet, path: Path) -> None:
    """Write a line of numbers for each vector, separated by tabs."""
    columns = [pa.array(values) for values in embedding_set.vectors.T.copy()]
    table = pa.table(columns, names=[str(i) for i in range(len(columns))])
    options = pa.csv.WriteOptions(include_header=False, delimiter="\t")
    pa.csv.write_csv(table, path, options)


def _as_pbtxt(entry: dict) -> str:
    """Write an entry of the config in protobuf's text format, as TensorBoard reads it."""
    lines = [
        f"  tensor_name: {json.dumps(entry['tensorName'])}",
        f"  tensor_path: {json.dumps(entry['tensorPath'])}",
        f"  metadata_path: {json.dumps(entry['metadataPath'])}",
    ]
    if "sprite" in entry:
        width, height = entry["sprite"]["singleImageDim"]
        image = json.dumps(entry["sprite"]["imagePath"])
        lines += [
            "  sprite {",
            f"    image_path: {image}",
            f"    single_image_dim: {width}",
            f"    single_image_dim: {height}",
            "  }",
        ]
    return "\n".join(["embeddings {", *lines, "}", ""])
