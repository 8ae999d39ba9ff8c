"""Access to HDF5: no links, not even within a path; texts count as they are read."""

import h5py
import numpy as np
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.hdf5.access import child, opened, read_column

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
        pytest.raises(EmbeddingError, match="the texts of /labels take 3,000,000 bytes, more"),
    ):
        read_column(file["labels"])
