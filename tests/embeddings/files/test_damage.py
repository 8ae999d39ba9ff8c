"""A library's exception over a damaged file becomes one clear error; bugs of ours propagate."""

import pytest

from embeddings import EmbeddingError
from embeddings.files.damage import damaged


def test_an_exception_of_the_library_becomes_one_error():
    with (
        pytest.raises(EmbeddingError, match=r"^damaged or incomplete Parquet \(no footer\); write"),
        damaged("Parquet", OSError),
    ):
        raise OSError("no footer\nat byte 7")


def test_the_advice_can_be_the_format_s_own():
    with (
        pytest.raises(EmbeddingError, match=r"; write it again with numpy.savez$"),
        damaged(".npz", ValueError, advice="write it again with numpy.savez"),
    ):
        raise ValueError("bad magic")


def test_our_own_errors_pass_unchanged():
    with pytest.raises(EmbeddingError, match=r"^no vectors$"), damaged("Parquet", ValueError):
        raise EmbeddingError("no vectors")


@pytest.mark.parametrize("error", [KeyError("vector"), MemoryError(), TypeError("a bug")])
def test_bugs_and_a_full_memory_are_not_called_damage(error):
    with pytest.raises(type(error)), damaged("Parquet", OSError):
        raise error
