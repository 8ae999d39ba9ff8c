"""Tensors in checkpoints of TensorFlow, with and without a Projector's config."""

import contextlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from embeddings import EmbeddingError, load

VECTORS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
KERNEL = np.ones((9, 2), np.float32)
TYPES = {"float32": 1, "float64": 2, "int32": 3, "float16": 19}
VARIABLE = "/.ATTRIBUTES/VARIABLE_VALUE"
LABELS = "label\tn\na\t1\nb\t2\nc\t3\nd\t4\n"


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: dict[bytes, bytes]) -> bytes:
    out, previous = b"", b""
    for key, value in sorted(entries.items()):
        shared = len(key) - len(key.removeprefix(previous)) if key.startswith(previous) else 0
        shared = min(shared, len(previous))
        rest = key[shared:]
        out += varint(shared) + varint(len(rest)) + varint(len(value)) + rest + value
        previous = key
    return out + bytes(4) + (1).to_bytes(4, "little")


def write(folder: Path, tensors: dict[str, np.ndarray], name: str = "model.ckpt-7") -> Path:
    """Write a checkpoint as TensorFlow does: the index, and the bytes of the tensors."""
    entries, data = {b"": field(1, 1)}, b""
    for key, array in tensors.items():
        shape = b"".join(field(2, field(1, length)) for length in array.shape)
        entries[key.encode()] = (
            field(1, TYPES[str(array.dtype)]) + field(2, shape) + field(4, len(data))
            + field(5, array.nbytes)
        )  # fmt: skip
        data += array.tobytes()
    entries[b"_CHECKPOINTABLE_OBJECT_GRAPH"] = field(1, 7) + field(2, b"") + field(5, 9)
    content, handles = b"", []
    for part in (block(entries), block({})):
        handles.append(varint(len(content)) + varint(len(part)))
        content += part + bytes(5)
    index = block({b"~": handles[0]})
    handles.append(varint(len(content)) + varint(len(index)))
    content += index + bytes(5)
    footer = (handles[1] + handles[2]).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")
    (folder / f"{name}.index").write_bytes(content + footer)
    (folder / f"{name}.data-00000-of-00001").write_bytes(data)
    (folder / f"{name}.meta").write_bytes(b"\x0a\x07graph")
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{name}"\n')
    return folder / f"{name}.index"


def opened(path, companions=(), **choices):
    notes: list[str] = []
    return load(path, companions, note=notes.append, **choices), notes


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_a_folder_with_a_config(tmp_path, dtype):
    """As TensorBoard's tutorials write it: the tensor is in the checkpoint, its labels beside."""
    vectors = VECTORS.astype(dtype)
    write(tmp_path, {f"embedding{VARIABLE}": vectors, "kernel": KERNEL})
    write(tmp_path, {f"embedding{VARIABLE}": vectors * 0}, "model.ckpt-6")
    (tmp_path / "metadata.tsv").write_text(LABELS)
    (tmp_path / "projector_config.pbtxt").write_text(
        f'embeddings {{\n tensor_name: "embedding{VARIABLE}"\n metadata_path: "metadata.tsv"\n}}\n'
    )
    for path in (tmp_path, tmp_path / "projector_config.pbtxt"):
        found, _ = opened(path)
        np.testing.assert_array_equal(found.vectors, vectors.astype(np.float32))
        assert found.labels == tuple("abcd") and found.metadata.column_names == ["n"]


def test_a_config_may_name_the_checkpoint(tmp_path):
    write(tmp_path, {"words": VECTORS}, "old.ckpt-1")
    write(tmp_path, {"words": VECTORS + 1}, "other.ckpt-2")
    (tmp_path / "p.pbtxt").write_text(
        'model_checkpoint_path: "/tmp/logs/old.ckpt-1"\nembeddings { tensor_name: "words:0" }\n'
    )
    np.testing.assert_array_equal(opened(tmp_path / "p.pbtxt")[0].vectors, VECTORS)
    (tmp_path / "p.pbtxt").write_text('embeddings { tensor_name: "wrods" }\n')
    with pytest.raises(EmbeddingError, match="no tensor wrods; the checkpoint has words"):
        opened(tmp_path / "p.pbtxt")


@pytest.mark.parametrize("form", ["folder", "zip", "files"])
def test_without_a_config_the_embedding_is_found(tmp_path, form):
    folder = tmp_path / "logs"
    folder.mkdir()
    slot = f"embedding/.OPTIMIZER_SLOT/optimizer/m{VARIABLE}"
    tensors = {f"layer/embedding{VARIABLE}": VECTORS, f"kernel{VARIABLE}": KERNEL, slot: VECTORS}
    write(folder, tensors)
    (folder / "metadata.tsv").write_text(LABELS)
    files = [path for path in sorted(folder.iterdir()) if path.name != "checkpoint"]
    if form == "zip":
        with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
            for path in files:
                archive.write(path, path.name)
        found, notes = opened(tmp_path / "logs.zip")
    else:
        found, notes = opened(folder) if form == "folder" else opened(files[0], files[1:])
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == tuple("abcd")
    assert any("several matrices: took layer/embedding" in note for note in notes)


def test_another_tensor_can_be_chosen(tmp_path):
    path = write(tmp_path, {"embedding": VECTORS, "kernel": KERNEL})
    np.testing.assert_array_equal(opened(path, vector="kernel")[0].vectors, KERNEL)


def test_a_missing_or_short_file_of_numbers_is_named(tmp_path):
    path = write(tmp_path, {"embedding": VECTORS})
    part = tmp_path / "model.ckpt-7.data-00000-of-00001"
    part.write_bytes(part.read_bytes()[:-4])
    with pytest.raises(EmbeddingError, match=r"of-00001: embedding of shape \[4, 3\].*44"):
        load(path)
    part.unlink()
    with pytest.raises(EmbeddingError, match=r"data-00000-of-00001 is missing, which"):
        load(path)


def test_a_damaged_index_is_an_error(tmp_path):
    path = write(tmp_path, {f"embedding{i}": VECTORS for i in range(9)})
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content) - 8, 3):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(EmbeddingError):
            load(path, note=lambda _: None)
