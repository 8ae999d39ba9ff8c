"""Access to HDF5: no links, not even within a path; damaged heaps; texts count as they are read."""

import io

import h5py
import numpy as np
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.hdf5 import access, elmo, generic, h5ad
from embeddings.files.hdf5.access import child, opened, read_column
from embeddings.files.options import ReadContext
from tests.embeddings.files.hdf5.test_h5ad import PCA, new_encoding

TEXT = h5py.string_dtype()


def test_a_name_is_no_path_through_a_link(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["group/vectors"] = np.ones((2, 2))
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["own/vectors"] = np.ones((2, 2))
        file["linked"] = h5py.ExternalLink("secret.h5", "/group")
    with opened(path) as file:
        assert child(file, "linked") is None
        assert child(file, "linked/vectors") is None
        assert child(file, "own/vectors") is None
        assert child(file, "gone") is None
        assert child(child(file, "own"), "vectors").shape == (2, 2)
        assert child(child(child(file, "own"), "vectors"), "x") is None


def test_long_texts_that_take_few_bytes_on_disk_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("labels", (5_000,), TEXT, fillvalue="x" * 1_000)
    assert path.stat().st_size < 20_000
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "2500000")
    with (
        opened(path) as file,
        pytest.raises(EmbeddingError, match="the texts of /labels take 3,012,000 bytes, more"),
    ):
        read_column(file["labels"], 0)


@pytest.mark.parametrize("reader", [generic, h5ad, elmo])
def test_a_heap_that_the_library_would_never_leave_is_found_before_it_is_opened(
    tmp_path, monkeypatch, reader
):
    path = tmp_path / "x.h5ad"
    with h5py.File(path, "w") as file:
        new_encoding(file)
        file["X"] = PCA
    access.check_heaps(path)
    content = bytearray(path.read_bytes())
    here = content.index(b"GCOL") + 16
    while content[here]:  # to the free part at the end: index 0
        here += 16 + -(-int.from_bytes(content[here + 8 : here + 16], "little") // 8) * 8
    content[here + 8 : here + 16] = bytes(8)
    path.write_bytes(content)

    def opened_too_early(path):
        raise AssertionError

    for module in (access, generic, h5ad, elmo):
        if hasattr(module, "opened"):
            monkeypatch.setattr(module, "opened", opened_too_early)
    with pytest.raises(EmbeddingError, match=rf"damaged HDF5 .*at byte {here:,}"):
        reader.load(path, ReadContext(print))


@pytest.mark.parametrize("size", [8, 2**40])
def test_a_heap_whose_parts_do_not_fit_is_damaged(tmp_path, size):
    heap = b"GCOL\1\0\0\0" + (64).to_bytes(8, "little")
    part = bytes(8) + size.to_bytes(8, "little")
    (tmp_path / "x.h5").write_bytes(bytes(100) + heap + part + bytes(100))
    with pytest.raises(EmbeddingError, match="a heap of texts at byte 116"):
        access.check_heaps(tmp_path / "x.h5")


@pytest.mark.parametrize("wanted", [b"ab", b"aab", b"x"])
def test_marks_of_heaps_are_those_of_the_whole(
    wanted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(np.random.default_rng(0).choice(list(b"ab"), 500).astype(np.uint8))
    expected = [i for i in range(len(content)) if content.startswith(wanted, i)]
    for block in (1, 2, 3, 7, 1000):
        monkeypatch.setattr("embeddings.files.hdf5.access._BLOCK", block)
        assert list(access._occurrences(io.BytesIO(content), wanted)) == expected
